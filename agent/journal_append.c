/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include <stdio.h>
#include <string.h>

enum outcome { WRITTEN, REFUSED, FAILED, DELETED };

/* One write, one sync, and a look whether the file still has its name: bytes in a deleted file are lost with this process. */
static enum outcome write_batch(struct journal *j, const struct journal_entry *entries, size_t count, const struct record_stamp *stamp,
                                struct err *err)
{
	const struct disk *disk = j->options.disk;
	struct segment *current = &j->segments[j->segment_count - 1];
	struct disk_info info;
	struct batch batch;
	enum outcome outcome = FAILED;

	batch_init(&batch, &j->last, stamp, j->segment_size);
	for (size_t i = 0; i < count; i++)
		batch_add(&batch, entries[i].kind, entries[i].payload, entries[i].size);
	if (batch.bytes.failed) {
		outcome = REFUSED;
		err_set(err, ERR_LIMIT, "no memory for the records");
	} else if (disk->write(disk->context, j->file, current->end, batch.bytes.data, batch.bytes.size, err) &&
	           disk->sync(disk->context, j->file, err) && disk->info(disk->context, j->file, &info, err)) {
		outcome = info.linked ? WRITTEN : DELETED;
	}
	if (outcome == WRITTEN) {
		current->end += batch.bytes.size;
		current->last = batch.last.number;
		j->last = batch.last;
	}
	batch_fini(&batch);
	return outcome;
}

static bool all_reserved(const struct journal_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!record_may_use_reserve((uint16_t)entries[i].kind))
			return false;
	return true;
}

/* Segments whose file is gone leave the chain's index: nothing can be read from them any more. */
static void forget_deleted(struct journal *j)
{
	const struct disk *disk = j->options.disk;
	size_t kept = 0;
	char path[PATH_SIZE];
	struct err err;

	for (size_t i = 0; i < j->segment_count; i++) {
		journal_path(j, j->segments[i].name, path);
		int file = disk->open(disk->context, path, DISK_READ, &err);
		if (file >= 0) {
			disk->close(disk->context, file);
			j->segments[kept++] = j->segments[i];
		}
	}
	j->segment_count = kept;
	for (unsigned i = 0; i < JOURNAL_SEGMENTS; i++) {
		char name[SLOT_NAME_SIZE];
		bool used = false;
		slot_name(name, i);
		for (size_t k = 0; k < kept; k++)
			used |= strcmp(j->segments[k].name, name) == 0;
		if (j->slots[i] == SLOT_USED && !used)
			j->slots[i] = SLOT_MISSING;
	}
	if (!kept)
		j->mark.oldest = 0;
}

/* The file that failed gets a name of its own, so that nobody takes it for a part of the ring. */
static void name_abandoned(struct journal *j, uint64_t sequence)
{
	const struct disk *disk = j->options.disk;
	char from[PATH_SIZE], to[PATH_SIZE], name[NAME_SIZE], own[SLOT_NAME_SIZE];
	struct err err;

	for (size_t i = 0; i + 1 < j->segment_count; i++) {
		struct segment *s = &j->segments[i];
		if (s->header.sequence != sequence || strncmp(s->name, "segment-", 8) != 0)
			continue;
		(void)snprintf(name, sizeof name, "abandoned-%016llx", (unsigned long long)sequence);
		journal_path(j, s->name, from);
		journal_path(j, name, to);
		if (!disk->rename(disk->context, from, to, &err) || !disk->sync_folder(disk->context, j->dir, &err))
			return;
		for (unsigned slot = 0; slot < JOURNAL_SEGMENTS; slot++) {
			slot_name(own, slot);
			if (strcmp(own, s->name) == 0)
				j->slots[slot] = SLOT_MISSING;
		}
		memcpy(s->name, name, sizeof name);
	}
}

static bool become_full(struct journal *j, const struct record_stamp *stamp, struct err *err)
{
	char text[64];
	struct err ignored;
	struct journal_state state;

	journal_state(j, &state);
	j->health = JOURNAL_FULL;
	(void)snprintf(text, sizeof text, "{\"unsent\":%llu}", (unsigned long long)state.unsent);
	(void)journal_append_one(j, RECORD_journal_full, text, stamp, &ignored);
	return err_set(err, ERR_LIMIT, "the journal is full: %llu records wait for the centre", (unsigned long long)state.unsent);
}

/* The chain goes on in a new file, with a record of what happened; what was to be written comes after it. */
static bool fail_over(struct journal *j, const struct journal_entry *entries, size_t count, const struct record_stamp *stamp,
                      struct err *err)
{
	const struct opening opening = {.entries = entries, .count = count, .after_failure = true, .abandon = true};
	const struct opening alone = {.after_failure = true, .abandon = true};
	uint64_t sequence = j->segments[j->segment_count - 1].header.sequence;
	bool room = ring_free(j) > JOURNAL_RESERVE || (all_reserved(entries, count) && ring_free(j) > 0);

	journal_note(j, err);
	journal_use(j, -1);
	if (!ring_open_segment(j, room ? &opening : &alone, stamp, err))
		return false;
	name_abandoned(j, sequence);
	return room || become_full(j, stamp, err);
}

static bool start_after_deletion(struct journal *j, const struct journal_entry *entries, size_t count, const struct record_stamp *stamp,
                                 struct err *err)
{
	const struct opening opening = {.entries = entries, .count = count};
	struct record_name last = j->last;

	(void)snprintf(j->error, sizeof j->error, "the journal's files were deleted while it was open");
	journal_use(j, -1);
	forget_deleted(j);
	return ring_begin_epoch(j, "deleted", &last, &opening, stamp, err);
}

static bool place(struct journal *j, const struct journal_entry *entries, size_t count, const struct record_stamp *stamp, struct err *err)
{
	const struct opening opening = {.entries = entries, .count = count};
	bool reserved = all_reserved(entries, count);

	if (j->segments[j->segment_count - 1].end + batch_size(entries, count) > j->segment_size) {
		unsigned room = ring_free(j);
		if (!reserved && room <= JOURNAL_RESERVE)
			return become_full(j, stamp, err);
		if (!room)
			return err_set(err, ERR_LIMIT, "the journal and its reserve are full");
		return ring_open_segment(j, &opening, stamp, err);
	}
	switch (write_batch(j, entries, count, stamp, err)) {
	case WRITTEN:
		return true;
	case REFUSED:
		return false;
	case DELETED:
		return start_after_deletion(j, entries, count, stamp, err);
	default:
		return fail_over(j, entries, count, stamp, err);
	}
}

bool journal_append(struct journal *j, const struct journal_entry *entries, size_t count, const struct record_stamp *stamp, struct err *err)
{
	if (!count)
		return true;
	if (batch_size(entries, count) > j->segment_size / 3)
		return err_set(err, ERR_LIMIT, "records of %zu bytes at once are too many", batch_size(entries, count));
	for (size_t i = 0; i < count; i++)
		if (entries[i].size > RECORD_PAYLOAD_MAX || entries[i].kind == RECORD_snapshot || entries[i].kind == RECORD_epoch ||
		    entries[i].kind == RECORD_segment)
			return err_set(err, ERR_LIMIT, "a record of this size or kind cannot be appended");
	if (j->health == JOURNAL_CANNOT_RECORD || !j->segment_count || j->file < 0)
		return err_set(err, ERR_IO, "cannot record: %s", j->error);
	if (j->clean_on_disk && !journal_mark(j, false, err))
		return err_wrap(err, "cannot record");
	ring_judge(j);
	if (j->health == JOURNAL_FULL && !all_reserved(entries, count))
		return err_set(err, ERR_LIMIT, "the journal is full of records that wait for the centre");
	if (!place(j, entries, count, stamp, err))
		return false;
	counters_flush(j, stamp);
	return true;
}

void journal_look(struct journal *j, const struct record_stamp *stamp)
{
	const struct disk *disk = j->options.disk;
	struct disk_info info;
	struct err ignored;

	if (j->health == JOURNAL_CANNOT_RECORD || !j->segment_count || j->file < 0)
		return;
	if (disk->info(disk->context, j->file, &info, &ignored) && !info.linked)
		(void)start_after_deletion(j, NULL, 0, stamp, &ignored);
}

bool journal_append_one(struct journal *j, enum record_kind kind, const char *payload, const struct record_stamp *stamp, struct err *err)
{
	const struct journal_entry entry = {kind, payload, strlen(payload)};

	return journal_append(j, &entry, 1, stamp, err);
}

bool journal_sign_head(struct journal *j, const struct record_stamp *stamp, struct err *err)
{
	AUTO(buf_fini) struct buf text = {0};
	struct record_head head = {.at = j->last, .count = j->count_before + j->last.number};

	if (!j->options.key)
		return err_set(err, ERR_ABSENT, "no key to sign with");
	if (!journal_key_sign(j->options.key, &head, err))
		return false;
	buf_init(&text, 1024);
	record_head_print(&text, &head);
	if (!journal_append_one(j, RECORD_head, buf_text(&text), stamp, err))
		return false;
	j->mark.head = head.at;
	return journal_mark(j, false, err);
}

/* Files that could not be made for want of room are tried again; those that failed are not. */
static void look_again(struct journal *j)
{
	for (unsigned i = 0; i < JOURNAL_SEGMENTS; i++) {
		char name[SLOT_NAME_SIZE];
		bool used = false;
		slot_name(name, i);
		for (size_t k = 0; k < j->segment_count; k++)
			used |= strcmp(j->segments[k].name, name) == 0;
		if (j->slots[i] == SLOT_BAD && !used)
			j->slots[i] = SLOT_MISSING;
	}
}

bool journal_recover(struct journal *j, const struct record_stamp *stamp, struct err *err)
{
	const struct opening opening = {.after_failure = true, .abandon = true};
	uint64_t sequence = j->segment_count ? j->segments[j->segment_count - 1].header.sequence : 0;

	if (j->health == JOURNAL_CANNOT_RECORD) {
		look_again(j);
		journal_use(j, -1);
		if (!j->segment_count) {
			/* Nothing was ever open: begin as at start. */
			j->options.stamp = *stamp;
			j->health = JOURNAL_OK;
			journal_scan(j);
			if (j->health == JOURNAL_CANNOT_RECORD)
				return err_set(err, ERR_IO, "cannot record: %s", j->error);
		} else if (ring_open_segment(j, &opening, stamp, err)) {
			name_abandoned(j, sequence);
		} else {
			return false;
		}
	}
	counters_flush(j, stamp);
	return true;
}

bool journal_begin_epoch(struct journal *j, const char *why, const struct record_stamp *stamp, struct err *err)
{
	const struct opening opening = {0};
	struct record_name last = j->last;

	if (j->health == JOURNAL_CANNOT_RECORD && !journal_recover(j, stamp, err))
		return false;
	if (!ring_free(j))
		return err_set(err, ERR_LIMIT, "the journal and its reserve are full");
	return ring_begin_epoch(j, why, &last, &opening, stamp, err);
}
