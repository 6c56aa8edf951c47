/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_format.h"

#include "base/attr.h"

#include <string.h>

/* How much a search for records behind a broken one may hash: hostile bytes can claim a record at every offset. */
#define SEARCH_BYTES_MAX (64u << 20)

enum opening { EXPECT_SNAPSHOT, EXPECT_EPOCH, EXPECT_SEGMENT, OPENED };

struct walker {
	const uint8_t *bytes;
	size_t size;
	struct walk *walk;
	enum opening opening;
	uint8_t snapshot_hash[SHA256_SIZE];
};

static bool is_segment_record(const struct walker *w, const struct record *record)
{
	AUTO(buf_fini) struct buf want = {0};

	buf_init(&want, 512);
	segment_print(&want, &w->walk->header, w->snapshot_hash);
	return !want.failed && record->kind == RECORD_segment && record->payload_size == want.size &&
	       memcmp(record->payload, want.data, want.size) == 0;
}

/* The opening's records in their order; afterwards anything but a second opening. */
static bool is_in_place(struct walker *w, const struct record *record, size_t offset)
{
	switch (w->opening) {
	case EXPECT_SNAPSHOT:
		if (record->kind != RECORD_snapshot)
			return false;
		w->walk->snapshot = offset + RECORD_HEADER_SIZE;
		w->walk->snapshot_size = record->payload_size;
		memcpy(w->snapshot_hash, record->name.hash, SHA256_SIZE);
		w->opening = w->walk->header.first == 1 ? EXPECT_EPOCH : EXPECT_SEGMENT;
		return true;
	case EXPECT_EPOCH:
		w->opening = EXPECT_SEGMENT;
		return record->kind == RECORD_epoch;
	case EXPECT_SEGMENT:
		w->opening = OPENED;
		return is_segment_record(w, record);
	default:
		return record->kind != RECORD_snapshot && record->kind != RECORD_segment && record->kind != RECORD_epoch;
	}
}

/* A whole record in what lies behind `from` that is not of the append which wrote the missing one: then something was changed by
 * hand or by decay (the file was zeros before). One of the same append proves nothing: sectors of one write reach the medium in
 * any order. */
static bool has_stranger(const struct walker *w, size_t from, uint64_t missing)
{
	size_t hashed = 0;
	struct record record;
	struct err err;

	for (size_t at = from; at + RECORD_OVERHEAD <= w->size; at++) {
		const uint8_t *next = memchr(w->bytes + at, 'E', w->size - at - RECORD_OVERHEAD + 1);
		if (!next)
			return false;
		at = (size_t)(next - w->bytes);
		size_t whole = record_size(next, w->size - at), used;
		if (!whole || whole > w->size - at)
			continue;
		hashed += whole;
		if (hashed > SEARCH_BYTES_MAX)
			return true;
		if (!record_parse(next, w->size - at, &record, &used, &err))
			continue;
		if (at == w->walk->end || record.name.epoch != w->walk->header.epoch || record.name.number < missing ||
		    record.name.number - record.group > missing)
			return true;
	}
	return false;
}

static void judge_rest(struct walker *w)
{
	struct walk *walk = w->walk;
	size_t dirty = w->size;

	while (dirty > walk->end && w->bytes[dirty - 1] == 0)
		dirty--;
	walk->dirty_end = dirty;
	if (has_stranger(w, walk->end, walk->last.number + 1)) {
		walk->state = WALK_EDITED;
		walk->why = "a record is changed, missing or out of place";
	} else if (w->opening != OPENED) {
		walk->state = WALK_UNOPENED;
		walk->why = "the opening of the segment is unfinished";
	} else if (dirty > walk->end) {
		walk->state = WALK_TORN;
		walk->why = "an unfinished append, or the last record was changed: the bytes cannot tell";
	} else {
		walk->state = WALK_WHOLE;
	}
}

void walk_segment(const uint8_t *bytes, size_t size, uint64_t until, struct walk *out,
                  void (*each)(void *context, const struct record *record, size_t offset), void *context)
{
	struct walker w = {.bytes = bytes, .size = size, .walk = out};
	struct record record;
	struct err err;
	size_t used;

	*out = (struct walk){.state = WALK_FOREIGN, .end = SEGMENT_HEADER_SIZE};
	if (size < SEGMENT_HEADER_SIZE)
		return;
	if (bytes_are_zero(bytes, SEGMENT_HEADER_SIZE)) {
		out->state = WALK_BLANK;
		return;
	}
	if (!segment_header_decode(bytes, &out->header) || out->header.size != size)
		return;
	out->last = (struct record_name){.epoch = out->header.epoch, .number = out->header.first - 1};
	memcpy(out->last.hash, out->header.prev, SHA256_SIZE);
	while (out->last.number + 1 < until || w.opening == EXPECT_SNAPSHOT) {
		if (!record_parse(bytes + out->end, size - out->end, &record, &used, &err) || !record_follows(&out->last, &record) ||
		    !is_in_place(&w, &record, out->end)) {
			judge_rest(&w);
			return;
		}
		if (each)
			each(context, &record, out->end);
		if (record.kind != RECORD_snapshot)
			out->last = record.name;
		out->end += used;
	}
	out->dirty_end = out->end;
	out->state = w.opening == OPENED ? WALK_WHOLE : WALK_UNOPENED;
}
