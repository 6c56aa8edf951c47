/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory that lives and dies together: everything in one policy, one set of facts, one set of verdicts.
 * Born with its maximum. Once it is reached (or memory is out), `failed` is set and every later call gives NULL.
 */
struct arena {
	struct arena_block *blocks;
	size_t used, max;
	bool failed;
};

void arena_init(struct arena *arena, size_t max_bytes);
void arena_fini(struct arena *arena);

/* Zeroed, aligned for any type. NULL once the arena has failed. */
void *arena_alloc(struct arena *arena, size_t size);

/* NUL-terminated copies. `size` bytes of `text`; NULs inside end the string early for its readers. */
char *arena_strndup(struct arena *arena, const char *text, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for one more element: an array that doubles inside the arena. `*items` may move. NULL once failed.
 * `*count` is raised by one; the new last element, zeroed, is returned. */
void *arena_push(struct arena *arena, void **items, size_t *count, size_t item_size);
#define ARENA_PUSH(arena, items, count) ((__typeof__(*(items)) *)arena_push((arena), (void **)&(items), &(count), sizeof *(items)))
