/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include "base/hex.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

void slot_name(char out[SLOT_NAME_SIZE], unsigned slot)
{
	(void)snprintf(out, SLOT_NAME_SIZE, "segment-%02u", slot % 100);
}

/* Epochs follow each other in the ring: what lies before the acknowledged one's first segment is acknowledged too. */
bool ring_is_acknowledged(const struct journal *j, const struct segment *segment)
{
	const struct record_name *name = &j->mark.acknowledged;

	if (segment->header.epoch == name->epoch)
		return segment->last <= name->number;
	for (const struct segment *s = segment; s < j->segments + j->segment_count; s++)
		if (s->header.epoch == name->epoch)
			return true;
	return false;
}

static bool may_go(const struct journal *j, size_t i)
{
	return i + 1 < j->segment_count && (!j->options.keep_unsent || ring_is_acknowledged(j, &j->segments[i]));
}

unsigned ring_free(const struct journal *j)
{
	unsigned count = 0;

	for (unsigned i = 0; i < JOURNAL_SEGMENTS; i++)
		count += j->slots[i] == SLOT_BLANK || j->slots[i] == SLOT_MISSING;
	for (size_t i = 0; may_go(j, i); i++)
		count += !j->segments[i].abandoned;
	return count;
}

/* With exactly the reserve left, the current segment is the last ordinary one: it may be filled. */
void ring_judge(struct journal *j)
{
	unsigned room = ring_free(j);

	if (j->health == JOURNAL_FULL && room > JOURNAL_RESERVE)
		j->health = JOURNAL_OK;
	else if (j->health == JOURNAL_OK && room < JOURNAL_RESERVE)
		j->health = JOURNAL_FULL;
}

static bool slot_of(const char *name, unsigned *slot)
{
	char own[SLOT_NAME_SIZE];

	for (*slot = 0; *slot < JOURNAL_SEGMENTS; (*slot)++) {
		slot_name(own, *slot);
		if (strcmp(own, name) == 0)
			return true;
	}
	return false;
}

static bool find_slot(const struct journal *j, enum slot state, unsigned *slot)
{
	for (*slot = 0; *slot < JOURNAL_SEGMENTS; (*slot)++)
		if (j->slots[*slot] == state)
			return true;
	return false;
}

/* The oldest segments leave the chain, up to the first that can be used again. The mark says so before a byte is overwritten. */
static bool drop_oldest(struct journal *j, unsigned *slot, struct err *err)
{
	size_t i = 0;
	struct err ignored;

	unsigned own;

	while (may_go(j, i) && j->segments[i].abandoned)
		i++;
	if (!may_go(j, i) || !slot_of(j->segments[i].name, &own))
		return err_set(err, ERR_LIMIT, "the journal is full of records that are not acknowledged");
	uint64_t before = j->mark.oldest;
	j->mark.oldest = j->segments[i + 1].header.sequence;
	if (!journal_mark(j, false, err)) {
		j->mark.oldest = before;
		return false;
	}
	for (size_t k = 0; k < i; k++)
		(void)journal_set_aside(j, j->segments[k].name, &ignored);
	j->segment_count -= i + 1;
	memmove(j->segments, j->segments + i + 1, j->segment_count * sizeof *j->segments);
	j->slots[own] = SLOT_DROPPED;
	*slot = own;
	return true;
}

/* A file of zeros to write into: blank ones first, then one that is not there, then the oldest. */
static bool take_slot(struct journal *j, unsigned *slot, struct err *err)
{
	char name[SLOT_NAME_SIZE];

	if (!find_slot(j, SLOT_BLANK, slot) && !find_slot(j, SLOT_MISSING, slot) && !drop_oldest(j, slot, err))
		return false;
	slot_name(name, *slot);
	return journal_blank_slot(j, name, err);
}

static void add_snapshot(struct journal *j, struct batch *batch)
{
	AUTO(buf_fini) struct buf snapshot = {0};

	buf_init(&snapshot, j->segment_size / 3 < RECORD_SNAPSHOT_MAX ? j->segment_size / 3 : RECORD_SNAPSHOT_MAX);
	if (j->options.snapshot)
		j->options.snapshot(j->options.context, &snapshot);
	batch_add(batch, RECORD_snapshot, buf_text(&snapshot), snapshot.failed ? 0 : snapshot.size);
}

static void add_storage_error(const struct journal *j, struct batch *batch, uint64_t sequence)
{
	char shown[3 * sizeof j->error], text[3 * sizeof j->error + 64];
	size_t size = 0;

	for (const char *c = j->error; *c; c++)
		if (*c >= ' ' && *c < 0x7f && *c != '"' && *c != '\\')
			shown[size++] = *c;
	shown[size] = '\0';
	(void)snprintf(text, sizeof text, "{\"abandoned\":%llu,\"error\":\"%s\"}", (unsigned long long)sequence, shown);
	batch_add(batch, RECORD_storage_error, text, strlen(text));
}

/* Everything that a new segment starts with, as one append. */
static void compose(struct journal *j, const struct opening *opening, struct segment *segment, struct batch *batch)
{
	AUTO(buf_fini) struct buf text = {0};
	uint8_t header[SEGMENT_HEADER_SIZE], snapshot_hash[SHA256_SIZE];

	segment_header_encode(header, &segment->header);
	buf_append(&batch->bytes, header, sizeof header);
	add_snapshot(j, batch);
	if (batch->bytes.failed)
		return;
	segment->has_snapshot = batch->bytes.size > SEGMENT_HEADER_SIZE + RECORD_OVERHEAD;
	memcpy(snapshot_hash, batch->bytes.data + batch->bytes.size - SHA256_SIZE, SHA256_SIZE);
	if (opening->first)
		batch_add(batch, RECORD_epoch, opening->first, strlen(opening->first));
	buf_init(&text, 512);
	segment_print(&text, &segment->header, snapshot_hash);
	batch_add(batch, RECORD_segment, buf_text(&text), text.size);
	if (opening->after_failure)
		add_storage_error(j, batch, segment->header.after);
	for (size_t i = 0; i < opening->count; i++)
		batch_add(batch, opening->entries[i].kind, opening->entries[i].payload, opening->entries[i].size);
	segment->end = batch->bytes.size;
	segment->last = batch->last.number;
}

static bool write_opening(struct journal *j, const char *name, const struct batch *batch, bool *touched, struct err *err)
{
	const struct disk *disk = j->options.disk;
	char path[PATH_SIZE];

	journal_path(j, name, path);
	int file = disk->open(disk->context, path, DISK_WRITE, err);
	*touched = file >= 0;
	if (file < 0)
		return false;
	if (disk->write(disk->context, file, 0, batch->bytes.data, batch->bytes.size, err) && disk->sync(disk->context, file, err)) {
		journal_use(j, file);
		return true;
	}
	disk->close(disk->context, file);
	return false;
}

/* The new segment's place in the chain. */
static struct segment describe(struct journal *j, const struct opening *opening, unsigned slot)
{
	struct segment segment = {0};
	const struct segment *before = j->segment_count ? &j->segments[j->segment_count - 1] : NULL;

	slot_name(segment.name, slot);
	segment.header = (struct segment_header){.size = j->segment_size,
	                                         .sequence = j->next_sequence++,
	                                         .epoch = opening->epoch ? opening->epoch : j->last.epoch,
	                                         .first = opening->epoch ? 1 : j->last.number + 1,
	                                         .count_before = j->count_before + (opening->epoch ? j->last.number : 0),
	                                         .after = before ? before->header.sequence : 0,
	                                         .abandoned = opening->abandon && before};
	if (!opening->epoch)
		memcpy(segment.header.prev, j->last.hash, SHA256_SIZE);
	return segment;
}

static void enter(struct journal *j, const struct segment *segment, const struct record_name *last, bool abandon)
{
	if (abandon && j->segment_count)
		j->segments[j->segment_count - 1].abandoned = true;
	unsigned slot;
	if (slot_of(segment->name, &slot))
		j->slots[slot] = SLOT_USED;
	j->segments[j->segment_count++] = *segment;
	j->last = *last;
	j->count_before = segment->header.count_before;
	if (!j->mark.oldest)
		j->mark.oldest = segment->header.sequence;
}

/* A file that failed is never tried again: it is set aside. Want of room is no failure of the file, which holds nothing yet. */
static void give_up_slot(struct journal *j, unsigned slot, bool blank, const struct err *err)
{
	char name[SLOT_NAME_SIZE];
	struct err ignored;

	journal_note(j, err);
	slot_name(name, slot);
	bool leave = blank && err->kind == ERR_LIMIT && j->slots[slot] != SLOT_DROPPED;
	j->slots[slot] = !leave && journal_set_aside(j, name, &ignored) ? SLOT_MISSING : SLOT_BAD;
}

static bool try_slot(struct journal *j, const struct opening *opening, const struct record_stamp *stamp, bool *again, struct err *err)
{
	unsigned slot = JOURNAL_SEGMENTS;
	struct batch batch;

	*again = false;
	if (j->segment_count == FILES_MAX)
		return err_set(err, ERR_LIMIT, "too many segments");
	bool touched = false, ok = take_slot(j, &slot, err);
	struct segment segment = describe(j, opening, slot);
	struct record_name before = {.epoch = segment.header.epoch, .number = segment.header.first - 1};
	memcpy(before.hash, segment.header.prev, SHA256_SIZE);
	batch_init(&batch, &before, stamp, j->segment_size);
	if (ok) {
		compose(j, opening, &segment, &batch);
		ok = (!batch.bytes.failed || err_set(err, ERR_LIMIT, "a new segment's records do not fit into it")) &&
		     write_opening(j, segment.name, &batch, &touched, err);
	}
	if (ok)
		enter(j, &segment, &batch.last, opening->abandon);
	else if ((*again = slot < JOURNAL_SEGMENTS && !batch.bytes.failed))
		give_up_slot(j, slot, !touched, err);
	batch_fini(&batch);
	return ok;
}

bool ring_open_segment(struct journal *j, const struct opening *opening, const struct record_stamp *stamp, struct err *err)
{
	struct opening now = *opening;
	bool again = true;

	if (j->clean_on_disk && !journal_mark(j, false, err))
		again = false;
	for (int tries = 0, failures = 0; again && failures < 2 && tries < JOURNAL_SEGMENTS; tries++) {
		if (try_slot(j, &now, stamp, &again, err)) {
			if (j->health == JOURNAL_CANNOT_RECORD)
				j->health = JOURNAL_OK;
			return true;
		}
		failures += err->kind != ERR_LIMIT;
		now.after_failure |= err->kind != ERR_LIMIT;
	}
	journal_note(j, err);
	j->health = JOURNAL_CANNOT_RECORD;
	return err_wrap(err, "cannot record");
}

static void print_name(struct buf *out, const char *key, const struct record_name *name)
{
	char hash[2 * SHA256_SIZE + 1];

	hex_print(hash, name->hash, SHA256_SIZE);
	if (name->epoch)
		buf_printf(out, "\"%s\":{\"epoch\":\"%016llx\",\"number\":%llu,\"hash\":\"%s\"},", key, (unsigned long long)name->epoch,
		           (unsigned long long)name->number, hash);
	else
		buf_printf(out, "\"%s\":null,", key);
}

bool ring_begin_epoch(struct journal *j, const char *why, const struct record_name *last, const struct opening *more,
                      const struct record_stamp *stamp, struct err *err)
{
	AUTO(buf_fini) struct buf text = {0};
	struct opening opening = *more;
	uint8_t random[8];

	do {
		if (RAND_bytes(random, sizeof random) != 1) {
			j->health = JOURNAL_CANNOT_RECORD;
			return err_set(err, ERR_IO, "libcrypto gives no random numbers");
		}
		opening.epoch = 0;
		for (size_t i = 0; i < sizeof random; i++)
			opening.epoch = opening.epoch << 8 | random[i];
	} while (!opening.epoch);
	buf_init(&text, 1024);
	buf_printf(&text, "{\"why\":\"%s\",", why);
	print_name(&text, "last", last);
	print_name(&text, "acknowledged", &j->mark.acknowledged);
	buf_printf(&text, "\"count\":%llu}", (unsigned long long)(j->count_before + j->last.number));
	opening.first = buf_text(&text);
	if (j->options.anew)
		j->options.anew(j->options.context);
	if (!ring_open_segment(j, &opening, stamp, err))
		return false;
	j->why = why;
	/* The epoch stands without it: a mark that is behind is only a weaker anchor. */
	if (!journal_mark(j, false, err))
		journal_note(j, err);
	return true;
}
