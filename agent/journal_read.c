/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include <stdlib.h>
#include <string.h>

struct replay {
	bool (*each)(void *context, const struct record *record);
	void *context;
	bool snapshots, stopped;
};

static void hand_over(void *context, const struct record *record, size_t offset)
{
	struct replay *replay = context;

	(void)offset;
	if (replay->stopped || (record->kind == RECORD_snapshot && !(replay->snapshots && record->payload_size)))
		return;
	replay->snapshots = false;
	replay->stopped = !replay->each(replay->context, record);
}

bool journal_replay(struct journal *j, bool (*each)(void *context, const struct record *record), void *context, struct err *err)
{
	struct replay replay = {.each = each, .context = context, .snapshots = true};
	size_t from = j->segment_count;
	char path[PATH_SIZE];
	struct walk walk;
	uint8_t *bytes;
	size_t size;

	while (from > 0 && !(from < j->segment_count && j->segments[from].has_snapshot))
		from--;
	for (size_t i = from; i < j->segment_count && !replay.stopped; i++) {
		const struct segment *s = &j->segments[i];
		journal_path(j, s->name, path);
		if (!journal_load(j->options.disk, path, &bytes, &size, err))
			return err_wrap(err, "replay");
		walk_segment(bytes, size, s->last + 1, &walk, hand_over, &replay);
		bool whole = walk.last.number == s->last;
		free(bytes);
		if (!whole)
			return err_set(err, ERR_INVALID, "replay: %s has changed since it was opened", s->name);
	}
	return true;
}

static size_t find_segment(const struct journal *j, const struct record_name *after)
{
	for (size_t i = 0; i < j->segment_count; i++) {
		const struct segment *s = &j->segments[i];
		if (s->header.epoch == after->epoch && after->number + 1 >= s->header.first && after->number <= s->last)
			return i;
	}
	return SIZE_MAX;
}

struct reading {
	struct journal *j;
	struct buf *out;
	size_t max_bytes, taken;
	uint64_t after; /* in the segment being read */
	bool full;
};

/* The record at `offset`, read and checked: header first, for its size. */
static bool read_record(int file, struct journal *j, size_t offset, struct buf *bytes, struct record *record, struct err *err)
{
	const struct disk *disk = j->options.disk;
	uint8_t header[RECORD_HEADER_SIZE];
	size_t used;

	if (!disk->read(disk->context, file, offset, header, sizeof header, err))
		return false;
	size_t size = record_size(header, sizeof header);
	char *room = NULL;
	if (size) {
		buf_init(bytes, size);
		room = buf_reserve(bytes, size);
	}
	if (!room)
		return err_set(err, ERR_INVALID, "no record where one was written");
	if (!disk->read(disk->context, file, offset, room, size, err))
		return false;
	bytes->size = size;
	return record_parse((const uint8_t *)room, size, record, &used, err);
}

static bool read_segment(struct reading *r, int file, const struct segment *s, struct err *err)
{
	size_t offset = SEGMENT_HEADER_SIZE;

	if (r->j->hint.sequence == s->header.sequence && r->j->hint.number <= r->after)
		offset = r->j->hint.offset;
	while (offset < s->end) {
		AUTO(buf_fini) struct buf bytes = {0};
		struct record record;
		if (!read_record(file, r->j, offset, &bytes, &record, err))
			return false;
		if (record.kind != RECORD_snapshot && record.name.number > s->last)
			return true;
		if (record.kind != RECORD_snapshot && record.name.number > r->after) {
			if (r->taken && r->taken + bytes.size > r->max_bytes) {
				r->full = true;
				return true;
			}
			buf_append(r->out, bytes.data, bytes.size);
			r->taken += bytes.size;
			r->after = record.name.number;
		}
		offset += bytes.size;
		r->j->hint.sequence = s->header.sequence;
		r->j->hint.number = record.name.number;
		r->j->hint.offset = offset;
	}
	return true;
}

static bool read_from(struct reading *r, size_t first, struct err *err)
{
	const struct disk *disk = r->j->options.disk;
	char path[PATH_SIZE];

	for (size_t i = first; i < r->j->segment_count && !r->full; i++) {
		const struct segment *s = &r->j->segments[i];
		if (i > first)
			r->after = s->header.first - 1;
		if (r->after >= s->last)
			continue;
		journal_path(r->j, s->name, path);
		int file = disk->open(disk->context, path, DISK_READ, err);
		if (file < 0)
			return err_wrap(err, "journal");
		bool ok = read_segment(r, file, s, err);
		disk->close(disk->context, file);
		if (!ok)
			return err_wrap(err, "journal %s", s->name);
	}
	return !r->out->failed || err_set(err, ERR_LIMIT, "no memory for the records");
}

bool journal_read(struct journal *j, const struct record_name *after, size_t max_bytes, struct buf *out, struct err *err)
{
	struct reading reading = {.j = j, .out = out, .max_bytes = max_bytes};
	size_t first = 0;

	if (after) {
		first = find_segment(j, after);
		if (first == SIZE_MAX)
			return err_set(err, ERR_ABSENT, "record %016llx/%llu is not in the journal", (unsigned long long)after->epoch,
			               (unsigned long long)after->number);
		reading.after = after->number;
	} else if (j->segment_count) {
		reading.after = j->segments[0].header.first - 1;
	}
	return read_from(&reading, first, err);
}

bool journal_read_unsent(struct journal *j, size_t max_bytes, struct buf *out, struct err *err)
{
	const struct record_name *name = &j->mark.acknowledged;

	/* What the centre has of an epoch that is no longer here says nothing about what is. */
	return journal_read(j, find_segment(j, name) == SIZE_MAX ? NULL : name, max_bytes, out, err);
}

bool journal_acknowledge(struct journal *j, const struct record_name *name, int64_t server_time, struct err *err)
{
	struct mark before = j->mark;
	AUTO(buf_fini) struct buf bytes = {0};
	struct record_name previous = {.epoch = name->epoch, .number = name->number - 1};
	struct record record;
	size_t used;

	buf_init(&bytes, RECORD_OVERHEAD + RECORD_PAYLOAD_MAX);
	if (!name->number || find_segment(j, &previous) == SIZE_MAX || find_segment(j, name) == SIZE_MAX)
		return err_set(err, ERR_INVALID, "acknowledged: no such record here");
	if (!journal_read(j, &previous, 1, &bytes, err) || !record_parse((const uint8_t *)bytes.data, bytes.size, &record, &used, err))
		return err_wrap(err, "acknowledged");
	if (record.name.number != name->number || memcmp(record.name.hash, name->hash, SHA256_SIZE) != 0)
		return err_set(err, ERR_INVALID, "acknowledged: record %llu has another hash here", (unsigned long long)name->number);
	j->mark.acknowledged = *name;
	j->mark.acknowledged_at = server_time;
	if (!journal_mark(j, false, err)) {
		j->mark.acknowledged = before.acknowledged;
		j->mark.acknowledged_at = before.acknowledged_at;
		return false;
	}
	ring_judge(j);
	return true;
}
