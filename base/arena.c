/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 8192
#define ALIGN       (sizeof(max_align_t))

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	max_align_t bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
	*arena = (struct arena){.max = max_bytes};
}

void arena_fini(struct arena *arena)
{
	for (struct arena_block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){.max = arena->max};
}

static struct arena_block *grow(struct arena *arena, size_t size)
{
	size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof *block + room);

	if (!block)
		return NULL;
	block->size = room;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (arena->failed || size > arena->max - arena->used) {
		arena->failed = true;
		return NULL;
	}
	size_t rounded = (size + ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *block = arena->blocks;
	if (!block || rounded > block->size - block->used)
		block = grow(arena, rounded);
	if (!block) {
		arena->failed = true;
		return NULL;
	}
	void *at = (char *)block->bytes + block->used;
	block->used += rounded;
	arena->used += rounded < arena->max - arena->used ? rounded : arena->max - arena->used;
	return at;
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
	char *copy = size < (size_t)-1 ? arena_alloc(arena, size + 1) : NULL;

	if (copy && size)
		memcpy(copy, text, size);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, fmt, args);
	char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
	if (text)
		(void)vsnprintf(text, (size_t)size + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

void *arena_push(struct arena *arena, void **items, size_t *count, size_t item_size)
{
	/* Capacity is the next power of two, so it needs no field of its own: at a power of two the array is full. */
	if ((*count & (*count - 1)) == 0) {
		size_t capacity = *count ? *count * 2 : 1;
		void *moved = arena_alloc(arena, capacity * item_size);
		if (!moved)
			return NULL;
		if (*count)
			memcpy(moved, *items, *count * item_size);
		*items = moved;
	}
	char *slot = (char *)*items + *count * item_size;
	memset(slot, 0, item_size);
	++*count;
	return slot;
}
