/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file in the folder, before it is known whether it belongs to the chain. */
struct found {
	char name[NAME_SIZE];
	bool blank, foreign;
	bool unopened; /* its opening is unfinished, and it cannot be blanked */
	bool chained;
	struct segment_header header;
};

struct scan {
	struct journal *j;
	struct found files[FILES_MAX];
	size_t count;
	bool mark_known;
	bool blocked; /* the system would not let us look: nothing is known, nothing is touched */
	/* while walking */
	struct record_name reached; /* the last good record, in the chain's order */
	uint64_t reached_count;
	bool mentions_mark; /* an epoch record names the epoch that the mark knows */
	bool contradicted;  /* a record that the mark knows has another hash */
	const char *damage; /* what is wrong, NULL: nothing */
	struct walk newest;
};

static void see_name(void *arg, const char *name)
{
	struct scan *scan = arg;

	if (text_starts(name, "aside-")) {
		scan->j->aside++;
		return;
	}
	if (!text_starts(name, "segment-") && !text_starts(name, "abandoned-"))
		return;
	if (scan->count == FILES_MAX || strlen(name) >= NAME_SIZE) {
		scan->blocked = true;
		return;
	}
	(void)snprintf(scan->files[scan->count++].name, NAME_SIZE, "%.*s", NAME_SIZE - 1, name);
}

static void set_slot(struct journal *j, const char *name, enum slot state)
{
	char own[SLOT_NAME_SIZE];

	for (unsigned i = 0; i < JOURNAL_SEGMENTS; i++) {
		slot_name(own, i);
		if (strcmp(own, name) == 0)
			j->slots[i] = state;
	}
}

/* Out of descriptors or memory, or forbidden: that is no damage, and later it may work. A medium that fails to read is. */
static bool is_block(const struct err *err)
{
	return err->kind == ERR_LIMIT || err->kind == ERR_DENIED;
}

/* A file that cannot be read at all is a foreign one: it is set aside like damage. */
static void read_header(struct scan *scan, struct found *file)
{
	const struct disk *disk = scan->j->options.disk;
	uint8_t bytes[SEGMENT_HEADER_SIZE] = {0};
	char path[PATH_SIZE];
	struct disk_info info = {0};
	struct err err;

	journal_path(scan->j, file->name, path);
	int handle = disk->open(disk->context, path, DISK_READ, &err);
	bool read = handle >= 0 && disk->info(disk->context, handle, &info, &err) &&
	            disk->read(disk->context, handle, 0, bytes, info.size_bytes < sizeof bytes ? info.size_bytes : sizeof bytes, &err);
	if (handle >= 0)
		disk->close(disk->context, handle);
	scan->blocked |= !read && is_block(&err);
	file->blank = read && bytes_are_zero(bytes, sizeof bytes);
	file->foreign = !file->blank && (!read || !segment_header_decode(bytes, &file->header) || file->header.size != info.size_bytes);
	set_slot(scan->j, file->name, file->blank ? SLOT_BLANK : SLOT_USED);
	if (file->blank && !scan->mark_known && info.size_bytes >= SEGMENT_SIZE_MIN && info.size_bytes <= SEGMENT_SIZE_MAX)
		scan->j->segment_size = (uint32_t)info.size_bytes;
	if (!file->blank && !file->foreign) {
		scan->j->segment_size = file->header.size;
		if (file->header.sequence >= scan->j->next_sequence)
			scan->j->next_sequence = file->header.sequence + 1;
	}
}

static struct found *find_sequence(struct scan *scan, uint64_t sequence)
{
	for (size_t i = 0; i < scan->count; i++)
		if (!scan->files[i].blank && !scan->files[i].foreign && scan->files[i].header.sequence == sequence)
			return &scan->files[i];
	return NULL;
}

static struct found *find_newest(struct scan *scan)
{
	struct found *newest = NULL;

	for (size_t i = 0; i < scan->count; i++) {
		struct found *file = &scan->files[i];
		if (file->blank || file->foreign || file->unopened)
			continue;
		if (newest && newest->header.sequence == file->header.sequence)
			scan->damage = "two segments have the same sequence";
		if (!newest || file->header.sequence > newest->header.sequence)
			newest = file;
	}
	return newest;
}

static bool same_name(const struct record_name *a, const struct record_name *b)
{
	return a->epoch == b->epoch && a->number == b->number;
}

static bool mentions(const struct record *record, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= record->payload_size; i++)
		if (memcmp(record->payload + i, word, size) == 0)
			return true;
	return false;
}

static void see_record(void *context, const struct record *record, size_t offset)
{
	struct scan *scan = context;
	const struct mark *mark = &scan->j->mark;
	const struct record_name *known[] = {&mark->acknowledged, &mark->head, &mark->last};
	char epoch[20];

	(void)offset;
	if (record->kind == RECORD_snapshot)
		return;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (same_name(known[i], &record->name) && memcmp(known[i]->hash, record->name.hash, SHA256_SIZE) != 0)
			scan->contradicted = true;
	counters_seen(scan->j, record);
	(void)snprintf(epoch, sizeof epoch, "\"%016llx\"", (unsigned long long)mark->last.epoch);
	if (record->kind == RECORD_epoch && mentions(record, epoch))
		scan->mentions_mark = true;
}

static void walk_file(struct scan *scan, const struct found *file, uint64_t until, struct walk *out)
{
	uint8_t *bytes;
	size_t size;
	char path[PATH_SIZE];
	struct err err;

	*out = (struct walk){.state = WALK_FOREIGN};
	journal_path(scan->j, file->name, path);
	if (!journal_load(scan->j->options.disk, path, &bytes, &size, &err)) {
		journal_note(scan->j, &err);
		scan->blocked |= is_block(&err);
		return;
	}
	walk_segment(bytes, size, until, out, see_record, scan);
	free(bytes);
}

/* The chain by each segment's word for the one before it, newest first; then turned round. */
static size_t collect(struct scan *scan, struct found *newest, struct found *chain[FILES_MAX])
{
	size_t count = 0;

	for (struct found *file = newest; file && count < FILES_MAX;) {
		chain[count++] = file;
		file->chained = true;
		uint64_t after = file->header.after;
		bool ends = after == 0 || (scan->mark_known && after < scan->j->mark.oldest);
		file = ends ? NULL : find_sequence(scan, after);
		if (!ends && !file && scan->mark_known)
			scan->damage = "a segment is missing";
	}
	for (size_t i = 0; i < count / 2; i++) {
		struct found *other = chain[i];
		chain[i] = chain[count - 1 - i];
		chain[count - 1 - i] = other;
	}
	return count;
}

static bool links(const struct walk *walk, const struct segment_header *next)
{
	if (next->epoch != walk->header.epoch)
		return next->first == 1;
	return next->first == walk->last.number + 1 && memcmp(next->prev, walk->last.hash, SHA256_SIZE) == 0;
}

static void enter(struct journal *j, const struct found *file, const struct walk *walk, bool abandoned)
{
	struct segment *segment = &j->segments[j->segment_count++];

	*segment = (struct segment){.header = file->header,
	                            .last = walk->last.number,
	                            .end = walk->end,
	                            .has_snapshot = walk->snapshot_size > 0,
	                            .abandoned = abandoned};
	memcpy(segment->name, file->name, NAME_SIZE);
}

static void walk_chain(struct scan *scan, struct found *chain[FILES_MAX], size_t count)
{
	struct journal *j = scan->j;
	struct walk walk;

	for (size_t i = 0; i < count; i++) {
		const struct segment_header *next = i + 1 < count ? &chain[i + 1]->header : NULL;
		bool abandoned = next && next->abandoned;
		walk_file(scan, chain[i], abandoned ? next->first : UINT64_MAX, &walk);
		if (walk.state != WALK_FOREIGN && walk.state != WALK_BLANK) {
			scan->reached = walk.last;
			scan->reached_count = walk.header.count_before + walk.last.number;
		}
		bool good = walk.state == WALK_WHOLE || (walk.state == WALK_TORN && !next);
		if (!good)
			scan->damage = walk.why ? walk.why : "a segment cannot be read";
		else if (next && !links(&walk, next))
			scan->damage = "a segment does not follow the one before it";
		if (scan->damage)
			return;
		enter(j, chain[i], &walk, abandoned);
		scan->newest = walk;
	}
}

/* What the mark knows must be in the chain, or lie before what is kept. */
static void check_mark(struct scan *scan)
{
	const struct journal *j = scan->j;
	const struct mark *mark = &j->mark;
	const struct record_name *known[] = {&mark->acknowledged, &mark->head, &mark->last};
	bool has_epoch = false;

	for (size_t i = 0; i < j->segment_count; i++)
		has_epoch |= j->segments[i].header.epoch == mark->last.epoch;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i]->epoch == j->last.epoch && known[i]->number > j->last.number)
			scan->damage = "the end is missing: the mark knows later records";
	if (scan->contradicted)
		scan->damage = "a record is not the one that the mark knows";
	if (mark->last.epoch && !has_epoch && !scan->mentions_mark)
		scan->damage = "this is not the journal that the mark knows";
	if (mark->clean && (!same_name(&mark->last, &j->last) || scan->newest.state == WALK_TORN))
		scan->damage = "it was closed in order and has been changed since";
}

/* Files that are no part of the chain: void ones and leftovers are set aside; what the ring was about to overwrite is blank. */
static void clear_rest(struct scan *scan)
{
	struct journal *j = scan->j;
	struct err err;

	for (size_t i = 0; i < scan->count; i++) {
		const struct found *file = &scan->files[i];
		if (file->chained || file->blank)
			continue;
		bool overwritten = scan->mark_known && !file->foreign && file->header.sequence < j->mark.oldest;
		if (overwritten && text_starts(file->name, "segment-") && journal_zero(j, file->name, 0, SEGMENT_HEADER_SIZE, &err))
			set_slot(j, file->name, SLOT_BLANK);
		else if (journal_set_aside(j, file->name, &err))
			set_slot(j, file->name, SLOT_MISSING);
		else
			set_slot(j, file->name, SLOT_BAD);
	}
}

static void set_all_aside(struct scan *scan)
{
	struct journal *j = scan->j;
	struct err err;

	for (size_t i = 0; i < scan->count; i++) {
		if (scan->files[i].blank)
			continue;
		bool ok = journal_set_aside(j, scan->files[i].name, &err);
		set_slot(j, scan->files[i].name, ok ? SLOT_MISSING : SLOT_BAD);
		if (!ok)
			journal_note(j, &err);
	}
	j->segment_count = 0;
	j->mark.oldest = 0;
	(void)snprintf(j->error, sizeof j->error, "unreadable, set aside: %s", scan->damage);
}

static void begin_anew(struct scan *scan, const char *why)
{
	struct journal *j = scan->j;
	const struct opening opening = {0};
	struct record_name last = scan->reached;
	uint64_t count = scan->reached_count;
	struct err err;

	if (scan->mark_known && (!last.epoch || (last.epoch == j->mark.last.epoch && last.number < j->mark.last.number)))
		last = j->mark.last;
	if (scan->mark_known && j->mark.count > count)
		count = j->mark.count;
	/* The old story is written down once more as not closed in order, so that the new one does not contradict it. */
	j->last = last;
	j->count_before = count - last.number;
	if (j->clean_on_disk && !journal_mark(j, false, &err))
		journal_note(j, &err);
	j->last = (struct record_name){0};
	j->count_before = count;
	if (j->mark.oldest >= j->next_sequence)
		j->next_sequence = j->mark.oldest + 1;
	j->mark.oldest = 0;
	if (!ring_begin_epoch(j, why, &last, &opening, &j->options.stamp, &err))
		journal_note(j, &err);
}

/* The end of an unfinished append becomes zeros again; a record keeps how many bytes there were. */
static void cut_tail(struct scan *scan)
{
	struct journal *j = scan->j;
	const struct segment *current = &j->segments[j->segment_count - 1];
	size_t size = scan->newest.dirty_end - scan->newest.end;
	const struct opening opening = {.after_failure = true, .abandon = true};
	char text[96];
	struct err err;

	j->tail_cut_bytes = size;
	if (!journal_zero(j, current->name, current->end, scan->newest.dirty_end, &err)) {
		journal_note(j, &err);
		if (!ring_open_segment(j, &opening, &j->options.stamp, &err))
			return;
	}
	(void)snprintf(text, sizeof text, "{\"sequence\":%llu,\"offset\":%zu,\"bytes\":%zu}",
	               (unsigned long long)scan->newest.header.sequence, scan->newest.end, size);
	(void)journal_append_one(j, RECORD_tail_cut, text, &j->options.stamp, &err);
}

static void go_on(struct scan *scan)
{
	static const char lost[] = "{\"abandoned\":0,\"error\":\"the file of marks was missing or damaged\"}";
	struct journal *j = scan->j;
	const struct segment *current = &j->segments[j->segment_count - 1];
	const struct disk *disk = j->options.disk;
	const struct opening opening = {.after_failure = true, .abandon = true};
	char path[PATH_SIZE];
	struct err err;

	if (!j->mark.oldest)
		j->mark.oldest = j->segments[0].header.sequence;
	clear_rest(scan);
	if (!journal_mark(j, false, &err))
		journal_note(j, &err);
	journal_path(j, current->name, path);
	journal_use(j, disk->open(disk->context, path, DISK_WRITE, &err));
	if (j->file < 0) {
		journal_note(j, &err);
		if (!ring_open_segment(j, &opening, &j->options.stamp, &err))
			return;
	} else if (scan->newest.state == WALK_TORN) {
		cut_tail(scan);
	}
	if (!scan->mark_known)
		(void)journal_append_one(j, RECORD_storage_error, lost, &j->options.stamp, &err);
}

/* The opening of a segment that was never finished: as if it had not been begun. */
static struct found *drop_unopened(struct scan *scan, struct found *newest)
{
	struct walk walk;
	struct err err;

	walk_file(scan, newest, UINT64_MAX, &walk);
	if (walk.state != WALK_UNOPENED)
		return newest;
	newest->blank = journal_zero(scan->j, newest->name, 0, SEGMENT_HEADER_SIZE, &err);
	newest->unopened = !newest->blank; /* then clear_rest sets it aside */
	if (newest->unopened)
		journal_note(scan->j, &err);
	set_slot(scan->j, newest->name, newest->blank ? SLOT_BLANK : SLOT_BAD);
	return find_newest(scan);
}

static void load_mark(struct scan *scan)
{
	struct journal *j = scan->j;
	char path[PATH_SIZE];
	struct err err;

	journal_path(j, "mark", path);
	if (!cell_load(j->options.disk, path, &j->mark_cell, &err)) {
		journal_note(j, &err);
		scan->blocked |= is_block(&err);
	}
	scan->mark_known = mark_decode(&j->mark_cell, &j->mark) && j->mark.segment_size >= SEGMENT_SIZE_MIN &&
	                   j->mark.segment_size <= SEGMENT_SIZE_MAX;
	if (!scan->mark_known)
		j->mark = (struct mark){0};
	else
		j->segment_size = j->mark.segment_size;
	j->was_clean = j->clean_on_disk = j->mark.clean;
}

static void read_folder(struct scan *scan)
{
	struct journal *j = scan->j;
	const struct disk *disk = j->options.disk;
	struct found *newest, *chain[FILES_MAX];
	struct err err;

	load_mark(scan);
	counters_load(j);
	if (!disk->list(disk->context, j->dir, see_name, scan, &err)) {
		journal_note(j, &err);
		scan->blocked = true;
	}
	for (size_t i = 0; i < scan->count; i++)
		read_header(scan, &scan->files[i]);
	newest = find_newest(scan);
	if (newest && !scan->blocked)
		newest = drop_unopened(scan, newest);
	for (size_t i = 0; i < scan->count; i++)
		if (scan->files[i].foreign)
			scan->damage = "a file is no segment";
	size_t count = scan->damage ? 0 : collect(scan, newest, chain);
	if (!scan->damage)
		walk_chain(scan, chain, count);
	j->last = scan->reached;
	if (j->segment_count && !scan->damage) {
		j->count_before = scan->newest.header.count_before;
		if (scan->mark_known)
			check_mark(scan);
	}
}

void journal_scan(struct journal *j)
{
	struct scan *scan = calloc(1, sizeof *scan);
	const struct disk *disk = j->options.disk;
	struct err err;

	if (!scan) {
		j->health = JOURNAL_CANNOT_RECORD;
		return;
	}
	scan->j = j;
	j->segment_count = 0;
	j->aside = 0;
	memset(j->slots, 0, sizeof j->slots);
	if (!disk->make_folder(disk->context, j->dir, &err)) {
		journal_note(j, &err);
		j->health = JOURNAL_CANNOT_RECORD;
	} else {
		read_folder(scan);
		if (scan->damage && !scan->blocked)
			set_all_aside(scan);
		if (scan->blocked) {
			j->health = JOURNAL_CANNOT_RECORD;
			j->segment_count = 0;
		} else if (j->segment_count)
			go_on(scan);
		else
			begin_anew(scan, scan->damage ? "unreadable" : "absent");
	}
	free(scan);
}
