/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_mark.h"

#include "base/little.h"

#include <string.h>

static void put_name(uint8_t *at, const struct record_name *name)
{
	little_put(at, name->epoch, 8);
	little_put(at + 8, name->number, 8);
	memcpy(at + 16, name->hash, SHA256_SIZE);
}

static void get_name(const uint8_t *at, struct record_name *name)
{
	name->epoch = little_get(at, 8);
	name->number = little_get(at + 8, 8);
	memcpy(name->hash, at + 16, SHA256_SIZE);
}

void mark_encode(uint8_t out[MARK_SIZE], const struct mark *mark)
{
	little_put(out, 1, 4);
	little_put(out + 4, mark->clean, 4);
	little_put(out + 8, mark->slots, 4);
	little_put(out + 12, mark->segment_size, 4);
	little_put(out + 16, mark->oldest, 8);
	put_name(out + 24, &mark->acknowledged);
	little_put(out + 72, (uint64_t)mark->acknowledged_at, 8);
	put_name(out + 80, &mark->head);
	put_name(out + 128, &mark->last);
	little_put(out + 176, mark->count, 8);
}

bool mark_decode(const struct cell *cell, struct mark *out)
{
	const uint8_t *at = cell->payload;

	if (!cell->generation || cell->size != MARK_SIZE || little_get(at, 4) != 1)
		return false;
	*out = (struct mark){.clean = little_get(at + 4, 4) == 1,
	                     .slots = (uint32_t)little_get(at + 8, 4),
	                     .segment_size = (uint32_t)little_get(at + 12, 4),
	                     .oldest = little_get(at + 16, 8),
	                     .acknowledged_at = (int64_t)little_get(at + 72, 8),
	                     .count = little_get(at + 176, 8)};
	get_name(at + 24, &out->acknowledged);
	get_name(at + 80, &out->head);
	get_name(at + 128, &out->last);
	return true;
}
