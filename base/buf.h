/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing byte buffer that is born with its maximum. Reaching the maximum (or running out of memory) sets `failed`
 * and frees the bytes; later appends do nothing, so callers append freely and look once at the end.
 * `data` always ends in a NUL that `size` does not count.
 */
struct buf {
	char *data;
	size_t size;
	size_t capacity;
	size_t max;
	bool failed;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_fini(struct buf *buf);

void buf_append(struct buf *buf, const void *bytes, size_t size);
void buf_add(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for `size` more bytes at data + size, to be filled by the caller, who then adds to `size`; NULL on failure. */
char *buf_reserve(struct buf *buf, size_t size);

/* The bytes leave the buffer: the caller frees them with free(). NULL if the buffer failed. */
char *buf_take(struct buf *buf);

/* "" while nothing has been appended or the buffer failed. */
const char *buf_text(const struct buf *buf);
