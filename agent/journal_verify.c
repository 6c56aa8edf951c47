/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_verify.h"

#include "agent/journal_cell.h"
#include "agent/journal_format.h"
#include "agent/journal_key.h"
#include "agent/journal_mark.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 256
#define NAME_SIZE 64
/* A head that comes to lie in a new segment has that segment's opening between itself and the record it names. */
#define HEAD_REACH 4

struct file {
	char name[NAME_SIZE];
	struct segment_header header;
	bool good, chained;
};

struct checker {
	const struct disk *disk;
	const char *dir;
	const struct journal_anchors *anchors;
	struct journal_report *report;
	struct file files[FILES_MAX], *chain[FILES_MAX];
	size_t count, chain_count;
	struct mark mark;
	bool mark_known;
	struct record_name acknowledged; /* the anchor that is used */
	/* while walking */
	const struct file *file;
	struct record_name before;             /* the last good record of the chain */
	struct record_name recent[HEAD_REACH]; /* and those before it */
	size_t recent_at;
	uint64_t count_before;
	bool broken; /* the segment before had a finding: its end is not known */
	bool key_known;
	uint8_t key[RECORD_KEY_SIZE];
	uint64_t since_head; /* records after acknowledged_head */
	bool acknowledged_passed;
	bool seen[3], mentioned[3]; /* of the mark's names: acknowledged, head, last */
};

static const char *const fault_names[] = {
	[JOURNAL_EDITED] = "edited",
	[JOURNAL_GAP] = "gap",
	[JOURNAL_CUT] = "cut",
	[JOURNAL_DOUBLED] = "doubled",
	[JOURNAL_UNREADABLE] = "unreadable",
	[JOURNAL_HEAD_WRONG] = "head_wrong",
	[JOURNAL_ACK_WRONG] = "ack_wrong",
	[JOURNAL_MARK_WRONG] = "mark_wrong",
	[JOURNAL_TORN] = "torn",
};

const char *journal_fault_name(enum journal_fault fault)
{
	return fault_names[fault];
}

static PRINTF_LIKE(4, 5) void find(struct checker *c, enum journal_fault fault, const struct journal_finding *where, const char *fmt, ...)
{
	struct journal_report *report = c->report;
	va_list args;

	report->ok &= fault == JOURNAL_TORN;
	if (report->finding_count++ >= JOURNAL_FINDINGS_MAX)
		return;
	struct journal_finding *finding = &report->findings[report->finding_count - 1];
	*finding = *where;
	finding->fault = fault;
	va_start(args, fmt);
	(void)vsnprintf(finding->text, sizeof finding->text, fmt, args);
	va_end(args);
}

static struct journal_finding at(const char *name, uint64_t offset, uint64_t epoch, uint64_t number)
{
	struct journal_finding where = {.offset = offset, .epoch = epoch, .number = number};

	(void)snprintf(where.file, sizeof where.file, "%.*s", (int)sizeof where.file - 1, name);
	return where;
}

static bool same(const struct record_name *a, const struct record_name *b)
{
	return a->epoch == b->epoch && a->number == b->number && memcmp(a->hash, b->hash, SHA256_SIZE) == 0;
}

static void see_name(void *arg, const char *name)
{
	struct checker *c = arg;

	c->report->aside += text_starts(name, "aside-");
	c->report->abandoned += text_starts(name, "abandoned-");
	if ((text_starts(name, "segment-") || text_starts(name, "abandoned-")) && strlen(name) < NAME_SIZE && c->count < FILES_MAX)
		(void)snprintf(c->files[c->count++].name, NAME_SIZE, "%.*s", NAME_SIZE - 1, name);
}

static bool load(struct checker *c, const char *name, uint8_t **bytes, size_t *size)
{
	char path[4096];
	struct disk_info info;
	struct err err;

	(void)snprintf(path, sizeof path, "%.4000s/%s", c->dir, name);
	int file = c->disk->open(c->disk->context, path, DISK_READ, &err);
	if (file < 0)
		return false;
	bool ok = c->disk->info(c->disk->context, file, &info, &err) && info.size_bytes <= SEGMENT_SIZE_MAX;
	*bytes = ok ? malloc(info.size_bytes + 1) : NULL;
	*size = (size_t)info.size_bytes;
	ok = *bytes && c->disk->read(c->disk->context, file, 0, *bytes, *size, &err);
	c->disk->close(c->disk->context, file);
	if (!ok)
		free(*bytes);
	return ok;
}

/* Blank files are no part of the journal; what cannot be read or is no segment is a finding. */
static void read_headers(struct checker *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct file *file = &c->files[i];
		struct journal_finding where = at(file->name, 0, 0, 0);
		uint8_t *bytes;
		size_t size;
		if (!load(c, file->name, &bytes, &size)) {
			find(c, JOURNAL_UNREADABLE, &where, "the file cannot be read");
			continue;
		}
		bool blank = size < SEGMENT_HEADER_SIZE || bytes_are_zero(bytes, SEGMENT_HEADER_SIZE);
		file->good = !blank && segment_header_decode(bytes, &file->header) && file->header.size == size;
		if (!blank && !file->good)
			find(c, JOURNAL_UNREADABLE, &where, "the file does not begin with a segment's header, or has another size");
		free(bytes);
	}
}

/* The good one with the highest sequence below `limit`. */
static struct file *highest_below(struct checker *c, uint64_t limit)
{
	struct file *best = NULL;

	for (size_t i = 0; i < c->count; i++) {
		struct file *file = &c->files[i];
		if (file->good && file->header.sequence < limit && (!best || file->header.sequence > best->header.sequence))
			best = file;
	}
	return best;
}

static struct file *find_sequence(struct checker *c, uint64_t sequence)
{
	struct file *file = highest_below(c, sequence + 1);

	return file && file->header.sequence == sequence ? file : NULL;
}

static bool is_unopened(struct checker *c, const struct file *file)
{
	uint8_t *bytes;
	size_t size;
	struct walk walk;

	if (!load(c, file->name, &bytes, &size))
		return false;
	walk_segment(bytes, size, UINT64_MAX, &walk, NULL, NULL);
	free(bytes);
	return walk.state == WALK_UNOPENED;
}

/* From the newest back, by each segment's word for the one before it. */
static void build_chain(struct checker *c)
{
	struct file *file = highest_below(c, UINT64_MAX);

	if (file && is_unopened(c, file)) {
		struct journal_finding where = at(file->name, 0, file->header.epoch, file->header.first);
		find(c, JOURNAL_TORN, &where, "a segment was being begun and is unfinished");
		file->chained = true;
		file = highest_below(c, file->header.sequence);
	}
	while (file) {
		uint64_t after = file->header.after;
		file->chained = true;
		c->chain[c->chain_count++] = file;
		if (after == 0 || (c->mark_known && after < c->mark.oldest))
			break;
		struct file *before = find_sequence(c, after);
		if (!before && (c->mark_known || highest_below(c, after))) {
			struct journal_finding where = at(file->name, 0, file->header.epoch, file->header.first);
			find(c, JOURNAL_GAP, &where, "segment %llu, which comes before this one, is missing", (unsigned long long)after);
			before = highest_below(c, after);
			if (before && c->mark_known && before->header.sequence < c->mark.oldest)
				before = NULL;
		}
		file = before;
	}
	for (size_t i = 0; i < c->chain_count / 2; i++) {
		file = c->chain[i];
		c->chain[i] = c->chain[c->chain_count - 1 - i];
		c->chain[c->chain_count - 1 - i] = file;
	}
}

/* What is not in the chain: void segments between two that follow each other, and the one the ring was about to overwrite. */
static void check_rest(struct checker *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct file *file = &c->files[i];
		bool expected = false;
		if (!file->good || file->chained)
			continue;
		for (size_t k = 0; k < c->chain_count; k++) {
			const struct segment_header *next = &c->chain[k]->header;
			bool skipped = file->header.sequence > next->after && file->header.sequence < next->sequence;
			expected |= (k > 0 && skipped) || (k == 0 && file->header.sequence == next->after);
		}
		if (expected || text_starts(file->name, "abandoned-"))
			continue;
		struct journal_finding where = at(file->name, 0, file->header.epoch, file->header.first);
		find(c, JOURNAL_DOUBLED, &where, "segment %llu has no place in the chain: an old one was put back",
		     (unsigned long long)file->header.sequence);
	}
}

static void check_head(struct checker *c, const struct record *record, const struct journal_finding *where)
{
	struct record_head head;
	struct err err;

	if (!record_head_parse(record->payload, record->payload_size, &head, &err)) {
		find(c, JOURNAL_HEAD_WRONG, where, "the head cannot be read");
		return;
	}
	if (!c->key_known)
		memcpy(c->key, head.key, RECORD_KEY_SIZE);
	c->key_known = true;
	bool named = false;
	for (size_t i = 0; i < HEAD_REACH; i++)
		named |= same(&head.at, &c->recent[i]);
	if (!named || head.count != c->count_before + head.at.number)
		find(c, JOURNAL_HEAD_WRONG, where, "the head names none of the records before it");
	else if (memcmp(head.key, c->key, RECORD_KEY_SIZE) != 0)
		find(c, JOURNAL_HEAD_WRONG, where, "the head is signed by another key");
	else if (!journal_key_verify(&head))
		find(c, JOURNAL_HEAD_WRONG, where, "the head's signature is wrong");
	else {
		c->report->head = head.at;
		c->report->head_at_ms = record->stamp.at_ms;
		if (c->acknowledged.epoch && !c->acknowledged_passed) {
			c->report->acknowledged_head = head.at;
			c->since_head = record->name.number - head.at.number; /* the head's own record is not under it */
		}
	}
}

static bool name_from_json(const json_t *json, struct record_name *out)
{
	uint8_t bytes[8];
	const char *epoch = json_text(json, "epoch"), *hash = json_text(json, "hash");
	json_int_t number = json_number(json, "number", -1);

	*out = (struct record_name){0};
	if (!epoch || !hash || number < 0 || !hex_parse(bytes, sizeof bytes, epoch) || !hex_parse(out->hash, SHA256_SIZE, hash))
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		out->epoch = out->epoch << 8 | bytes[i];
	out->number = (uint64_t)number;
	return true;
}

/* An epoch says what came before it; what of that is not here is a hole, and stays one until somebody has accounted for it. */
static void check_epoch(struct checker *c, const struct record *record, const struct journal_finding *where)
{
	struct err err;
	struct record_name last, names[2];
	const struct record_name *known[3] = {&c->acknowledged, &c->mark.head, &c->mark.last};
	AUTO(json_drop) json_t *json = json_parse(record->payload, record->payload_size, &err);

	if (!json) {
		find(c, JOURNAL_EDITED, where, "the record of the epoch cannot be read");
		return;
	}
	bool has_last = name_from_json(json_object_get(json, "last"), &last);
	bool has_ack = name_from_json(json_object_get(json, "acknowledged"), &names[1]);
	names[0] = last;
	for (size_t i = 0; i < 3; i++)
		c->mentioned[i] |= (has_last && names[0].epoch == known[i]->epoch) || (has_ack && names[1].epoch == known[i]->epoch);
	if (has_last && !c->broken && !same(&last, &c->before))
		find(c, JOURNAL_GAP, where, "before this epoch (%.12s) record %016llx/%llu was the last known; it is not here",
		     json_text(json, "why") ? json_text(json, "why") : "?", (unsigned long long)last.epoch,
		     (unsigned long long)last.number);
}

static void check_known(struct checker *c, const struct record *record, const struct journal_finding *where)
{
	const struct record_name *known[3] = {&c->acknowledged, &c->mark.head, &c->mark.last};

	for (size_t i = 0; i < 3; i++) {
		if (known[i]->epoch != record->name.epoch || known[i]->number != record->name.number)
			continue;
		c->seen[i] = true;
		if (same(known[i], &record->name))
			c->report->acknowledged_found |= i == 0;
		else
			find(c, i == 0 ? JOURNAL_ACK_WRONG : JOURNAL_EDITED, where, "the %s knows this record with another hash",
			     i == 0 ? "acknowledgement" : "mark");
		c->acknowledged_passed |= i == 0;
	}
}

static void see_record(void *context, const struct record *record, size_t offset)
{
	struct checker *c = context;
	struct journal_finding where = at(c->file->name, offset, record->name.epoch, record->name.number);

	if (record->kind == RECORD_snapshot)
		return;
	c->report->records++;
	c->since_head++;
	if (record->kind == RECORD_epoch)
		check_epoch(c, record, &where);
	if (record->kind == RECORD_head)
		check_head(c, record, &where);
	check_known(c, record, &where);
	if (!c->report->first.epoch)
		c->report->first = record->name;
	c->before = record->name;
	c->recent[c->recent_at++ % HEAD_REACH] = record->name;
}

/* The segment continues where the one before ended. */
static void check_link(struct checker *c, const struct segment_header *header)
{
	struct journal_finding where = at(c->file->name, 0, header->epoch, header->first);
	bool first = c->chain[0] == c->file, new_epoch = first || header->epoch != c->before.epoch;

	if (!first && !new_epoch && !c->broken) {
		if (header->first > c->before.number + 1)
			find(c, JOURNAL_GAP, &where, "records %llu to %llu are missing", (unsigned long long)c->before.number + 1,
			     (unsigned long long)header->first - 1);
		else if (header->first <= c->before.number)
			find(c, JOURNAL_DOUBLED, &where, "numbers from %llu on are there twice", (unsigned long long)header->first);
		else if (memcmp(header->prev, c->before.hash, SHA256_SIZE) != 0 || header->count_before != c->count_before)
			find(c, JOURNAL_EDITED, &where, "the segment does not follow the one before it");
	} else if (!first && new_epoch && header->first != 1) {
		find(c, JOURNAL_GAP, &where, "an epoch does not begin with its first record");
	}
	c->count_before = header->count_before;
	/* The first one is taken at its word: what was before it is no longer here. */
	if (header->first > 1 && (new_epoch || c->broken)) {
		c->before = (struct record_name){.epoch = header->epoch, .number = header->first - 1};
		memcpy(c->before.hash, header->prev, SHA256_SIZE);
		c->recent[c->recent_at++ % HEAD_REACH] = c->before;
	}
}

static void report_walk(struct checker *c, const struct walk *walk, bool newest)
{
	struct journal_finding where = at(c->file->name, walk->end, walk->last.epoch, walk->last.number + 1);

	c->broken = false;
	if (walk->state == WALK_WHOLE)
		return;
	if (walk->state == WALK_TORN && newest) {
		find(c, JOURNAL_TORN, &where, "%s", walk->why);
		return;
	}
	c->broken = true;
	find(c, JOURNAL_EDITED, &where, "%s",
	     walk->state == WALK_TORN ? "bytes after the last record that are no record"
	     : walk->why              ? walk->why
	                              : "the file changed while it was read");
}

static void walk_chain(struct checker *c)
{
	for (size_t i = 0; i < c->chain_count; i++) {
		const struct segment_header *next = i + 1 < c->chain_count ? &c->chain[i + 1]->header : NULL;
		struct walk walk;
		uint8_t *bytes;
		size_t size;
		c->file = c->chain[i];
		struct journal_finding where = at(c->file->name, 0, c->file->header.epoch, c->file->header.first);
		if (!load(c, c->file->name, &bytes, &size)) {
			find(c, JOURNAL_UNREADABLE, &where, "the file cannot be read");
			c->broken = true;
			continue;
		}
		check_link(c, &c->file->header);
		/* Within the segment the walk itself compares hashes; here only heads need the record before. */
		bool ends = next && next->abandoned && next->epoch == c->file->header.epoch;
		walk_segment(bytes, size, ends ? next->first : UINT64_MAX, &walk, see_record, c);
		free(bytes);
		report_walk(c, &walk, !next);
		c->report->segments++;
	}
	c->report->last = c->before;
}

static void check_anchor(struct checker *c, size_t i, const struct record_name *name, const char *what)
{
	struct journal_finding where = at("", 0, name->epoch, name->number);
	const struct journal_report *report = c->report;
	bool has_epoch = false;
	uint64_t first = UINT64_MAX;

	if (!name->epoch || c->seen[i])
		return;
	for (size_t k = 0; k < c->chain_count; k++)
		if (c->chain[k]->header.epoch == name->epoch) {
			has_epoch = true;
			first = c->chain[k]->header.first < first ? c->chain[k]->header.first : first;
		}
	if (!has_epoch && !c->mentioned[i])
		find(c, JOURNAL_CUT, &where, "the %s knows epoch %016llx, of which nothing is here", what, (unsigned long long)name->epoch);
	else if (has_epoch && name->epoch == report->last.epoch && name->number > report->last.number)
		find(c, JOURNAL_CUT, &where, "the %s knows record %llu, the last one here is %llu", what, (unsigned long long)name->number,
		     (unsigned long long)report->last.number);
	else if (has_epoch && i == 0 && name->number + 1 < first)
		find(c, JOURNAL_GAP, &where, "records %llu to %llu, which nobody acknowledged, are no longer here",
		     (unsigned long long)name->number + 1, (unsigned long long)first - 1);
}

static void check_anchors(struct checker *c)
{
	struct journal_finding where = at("mark", 0, c->mark.last.epoch, c->mark.last.number);

	check_anchor(c, 0, &c->acknowledged, "acknowledgement");
	check_anchor(c, 1, &c->mark.head, "mark's head");
	check_anchor(c, 2, &c->mark.last, "mark");
	if (c->mark.clean && !same(&c->mark.last, &c->report->last))
		find(c, JOURNAL_EDITED, &where, "the journal was closed in order after record %llu and is not as it was then",
		     (unsigned long long)c->mark.last.number);
	c->report->alone = c->report->acknowledged_head.epoch ? c->since_head : c->report->records;
}

static void load_mark(struct checker *c)
{
	struct journal_finding where = at("mark", 0, 0, 0);
	char path[4096];
	struct cell cell;
	struct err err;

	(void)snprintf(path, sizeof path, "%.4000s/mark", c->dir);
	c->mark_known = cell_load(c->disk, path, &cell, &err) && mark_decode(&cell, &c->mark);
	if (!c->mark_known)
		find(c, JOURNAL_MARK_WRONG, &where, "the file of marks is missing or damaged");
	c->acknowledged = c->anchors->acknowledged ? *c->anchors->acknowledged : c->mark.acknowledged;
	c->report->acknowledged = c->acknowledged;
	c->report->acknowledged_at = c->mark.acknowledged_at;
	if (c->anchors->key) {
		c->key_known = true;
		memcpy(c->key, c->anchors->key, RECORD_KEY_SIZE);
	}
}

static void check_doubles(struct checker *c)
{
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < i; k++)
			if (c->files[i].good && c->files[k].good && c->files[i].header.sequence == c->files[k].header.sequence) {
				struct journal_finding where = at(c->files[i].name, 0, c->files[i].header.epoch, c->files[i].header.first);
				find(c, JOURNAL_DOUBLED, &where, "%.*s has the same sequence", NAME_SIZE - 1, c->files[k].name);
				c->files[i].chained = true;
				break;
			}
}

bool journal_verify(const struct disk *disk, const char *dir, const struct journal_anchors *anchors, struct journal_report *out,
                    struct err *err)
{
	struct checker *c = calloc(1, sizeof *c);

	if (!c)
		return err_set(err, ERR_LIMIT, "no memory to verify the journal");
	*out = (struct journal_report){.ok = true};
	*c = (struct checker){.disk = disk, .dir = dir, .anchors = anchors, .report = out};
	bool listed = disk->list(disk->context, dir, see_name, c, err);
	if (listed) {
		load_mark(c);
		read_headers(c);
		check_doubles(c);
		build_chain(c);
		walk_chain(c);
		check_rest(c);
		check_anchors(c);
	}
	free(c);
	return listed || err_wrap(err, "verify");
}
