/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Preallocation: what is not there yet is written with zeros now, while there is room. */
static void fill_ring(struct journal *j)
{
	char name[SLOT_NAME_SIZE];
	struct err err;

	for (unsigned i = 0; i < JOURNAL_SEGMENTS; i++) {
		if (j->slots[i] != SLOT_MISSING)
			continue;
		slot_name(name, i);
		j->slots[i] = journal_blank_slot(j, name, &err) ? SLOT_BLANK : SLOT_BAD;
		if (j->slots[i] == SLOT_BAD) {
			journal_note(j, &err);
			return;
		}
	}
}

static bool take_lock(struct journal *j, struct err *err)
{
	const struct disk *disk = j->options.disk;
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof path, "%s.lock", j->dir);
	j->lock = disk->lock(disk->context, path, err);
	/* A folder that cannot be written must not keep core from starting: it cannot be written by another one either. */
	return j->lock >= 0 || err->kind != ERR_DENIED;
}

struct journal *journal_open(const struct journal_options *options, struct err *err)
{
	uint64_t size = options->size_bytes ? options->size_bytes : JOURNAL_SIZE;
	struct journal *j = calloc(1, sizeof *j);

	if (!j) {
		err_set(err, ERR_LIMIT, "no memory for the journal");
		return NULL;
	}
	*j = (struct journal){
		.options = *options, .lock = -1, .file = -1, .next_sequence = 1, .segment_size = (uint32_t)(size / JOURNAL_SEGMENTS)};
	if (size < JOURNAL_SIZE_MIN || size / JOURNAL_SEGMENTS > SEGMENT_SIZE_MAX || options->dir[0] != '/' ||
	    strlen(options->dir) >= sizeof j->dir) {
		err_set(err, ERR_INVALID, "journal: size or folder makes no sense");
		free(j);
		return NULL;
	}
	memcpy(j->dir, options->dir, strlen(options->dir) + 1);
	if (!take_lock(j, err)) {
		free(j);
		return NULL;
	}
	journal_scan(j);
	if (j->health != JOURNAL_CANNOT_RECORD)
		fill_ring(j);
	ring_judge(j);
	return j;
}

void journal_close(struct journal *j)
{
	const struct disk *disk;
	struct err err;

	if (!j)
		return;
	disk = j->options.disk;
	if (j->health != JOURNAL_CANNOT_RECORD)
		(void)journal_mark(j, true, &err);
	journal_use(j, -1);
	if (j->lock >= 0)
		disk->close(disk->context, j->lock);
	free(j);
}

static uint64_t unsent(const struct journal *j)
{
	const struct record_name *name = &j->mark.acknowledged;
	uint64_t count = 0;

	for (size_t i = 0; i < j->segment_count; i++) {
		const struct segment *s = &j->segments[i];
		uint64_t from = s->header.first;
		if (ring_is_acknowledged(j, s))
			continue;
		if (s->header.epoch == name->epoch && name->number >= from)
			from = name->number + 1;
		count += s->last + 1 - from;
	}
	return count;
}

static uint64_t free_bytes(const struct journal *j)
{
	unsigned slots = ring_free(j);
	const struct segment *current = j->segment_count ? &j->segments[j->segment_count - 1] : NULL;

	if (j->health != JOURNAL_OK || !current)
		return 0;
	return (slots > JOURNAL_RESERVE ? (uint64_t)(slots - JOURNAL_RESERVE) * j->segment_size : 0) + j->segment_size - current->end;
}

void journal_state(const struct journal *j, struct journal_state *out)
{
	*out = (struct journal_state){.health = j->health,
	                              .why = j->why,
	                              .last = j->last,
	                              .acknowledged = j->mark.acknowledged,
	                              .acknowledged_at = j->mark.acknowledged_at,
	                              .head = j->mark.head,
	                              .count = j->count_before + j->last.number,
	                              .unsent = unsent(j),
	                              .size_bytes = (uint64_t)j->segment_size * JOURNAL_SEGMENTS,
	                              .free_bytes = free_bytes(j),
	                              .tail_cut_bytes = j->tail_cut_bytes,
	                              .segments = (unsigned)j->segment_count,
	                              .aside = j->aside,
	                              .clean = j->was_clean};
	if (j->segment_count) {
		out->first.epoch = j->segments[0].header.epoch;
		out->first.number = j->segments[0].header.first;
	}
	for (size_t i = 0; i < j->segment_count; i++)
		out->abandoned += j->segments[i].abandoned;
	memcpy(out->error, j->error, sizeof out->error);
}

void journal_keep_unsent(struct journal *j, bool keep)
{
	j->options.keep_unsent = keep;
	ring_judge(j);
}
