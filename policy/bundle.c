/* SPDX-License-Identifier: Apache-2.0 */
/* What the two documents share, and looking things up. The documents' own parts: bundle_read.c. */
#include "policy/bundle.h"

#include <string.h>

#define BUNDLE_ARENA_BYTES (8u << 20)

void media_register_init(struct media_register *reg)
{
	*reg = (struct media_register){.version = 0};
	arena_init(&reg->arena, BUNDLE_ARENA_BYTES);
}

void media_register_fini(struct media_register *reg)
{
	arena_fini(&reg->arena);
	*reg = (struct media_register){.version = 0};
}

void orders_init(struct orders *orders)
{
	*orders = (struct orders){.version = 0};
	arena_init(&orders->arena, BUNDLE_ARENA_BYTES);
}

void orders_fini(struct orders *orders)
{
	arena_fini(&orders->arena);
	*orders = (struct orders){.version = 0};
}

static bool names_medium(const struct register_entry *entry, const struct medium *medium)
{
	if (entry->vendor != medium->vendor || entry->product != medium->product)
		return false;
	/* Two attached media with one serial cannot be told apart: no entry of a single medium is about either. */
	return !entry->serial || (!medium->shared_serial && strcmp(entry->serial, medium->serial) == 0);
}

/* An entry of its own says what this very medium may, even if that is less than its whole product may. */
static bool is_better(const struct register_entry *a, const struct register_entry *b)
{
	if ((a->serial != NULL) != (b->serial != NULL))
		return a->serial != NULL;
	return a->access > b->access;
}

const struct register_entry *media_register_find(const struct media_register *reg, const struct medium *medium, int64_t now_utc,
                                                 int64_t *next)
{
	const struct register_entry *best = NULL;

	for (size_t i = 0; i < reg->count; i++) {
		const struct register_entry *entry = &reg->entries[i];
		if (entry->ends_at > now_utc && names_medium(entry, medium) && (!best || is_better(entry, best)))
			best = entry;
	}
	if (best && best->ends_at < *next)
		*next = best->ends_at;
	return best;
}
