/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t max_bytes)
{
	*buf = (struct buf){.max = max_bytes};
}

void buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){.max = buf->max, .failed = buf->failed};
}

static void fail(struct buf *buf)
{
	buf_fini(buf);
	buf->failed = true;
}

char *buf_reserve(struct buf *buf, size_t size)
{
	if (buf->failed)
		return NULL;
	if (size > buf->max - buf->size) {
		fail(buf);
		return NULL;
	}
	size_t need = buf->size + size + 1;
	if (need > buf->capacity) {
		size_t capacity = buf->capacity ? buf->capacity * 2 : 256;
		if (capacity < need)
			capacity = need;
		char *data = realloc(buf->data, capacity);
		if (!data) {
			fail(buf);
			return NULL;
		}
		buf->data = data;
		buf->capacity = capacity;
	}
	return buf->data + buf->size;
}

void buf_append(struct buf *buf, const void *bytes, size_t size)
{
	char *room = buf_reserve(buf, size);

	if (!room)
		return;
	if (size)
		memcpy(room, bytes, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void buf_add(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, fmt, args);
	char *room = size < 0 ? NULL : buf_reserve(buf, (size_t)size);
	if (room) {
		(void)vsnprintf(room, (size_t)size + 1, fmt, again);
		buf->size += (size_t)size;
	}
	va_end(again);
	va_end(args);
}

char *buf_take(struct buf *buf)
{
	if (buf->failed || !buf_reserve(buf, 0))
		return NULL;
	char *data = buf->data;
	data[buf->size] = '\0';
	*buf = (struct buf){.max = buf->max};
	return data;
}

const char *buf_text(const struct buf *buf)
{
	return buf->data && buf->size ? buf->data : "";
}
