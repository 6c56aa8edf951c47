/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a journal by lines on standard input and answers each with one line on standard output, only after the call has returned: what
 * was answered "ok" is what the journal has promised. tests/integration/journal_*.py use it.
 *
 *   journal_driver DIR [--size BYTES] [--keep] [--fixed-time]
 *     append KIND PAYLOAD      -> ok EPOCH NUMBER HASH | refused MEANING TEXT
 *     group N KIND PAYLOAD     N records at once
 *     fill N SIZE              N verdict records of SIZE bytes each, one append each
 *     head | ack N | count KEY | counted KEY | recover | epoch | state | replay | read EPOCH NUMBER MAX | verify | stop
 *   journal_driver --verify DIR [KEY-HEX] [ACK-EPOCH ACK-NUMBER ACK-HASH]
 */
#include "agent/journal.h"
#include "agent/journal_verify.h"
#include "base/hex.h"
#include "base/text.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t appended;

static void snapshot(void *context, struct buf *out)
{
	(void)context;
	buf_printf(out, "{\"appended\":%" PRIu64 "}", appended);
}

static void print_name(const struct record_name *name)
{
	char hash[2 * SHA256_SIZE + 1];

	hex_print(hash, name->hash, SHA256_SIZE);
	printf("%016" PRIx64 " %" PRIu64 " %s", name->epoch, name->number, hash);
}

static void answer(struct journal *j, bool ok, const struct err *err)
{
	struct journal_state state;

	journal_state(j, &state);
	if (ok) {
		printf("ok ");
		print_name(&state.last);
		printf("\n");
	} else {
		printf("refused %s %s\n", err_kind_name(err->kind), err->text);
	}
}

static bool show(void *context, const struct record *record)
{
	const char *kind = record_kind_name(record->kind);

	(void)context;
	printf("record %" PRIu64 " %s %.*s\n", record->name.number, kind ? kind : "?", (int)record->payload_size, record->payload);
	return true;
}

static int verify(const char *dir, char **more)
{
	static struct journal_report report;
	uint8_t key[RECORD_KEY_SIZE];
	struct record_name ack = {0};
	struct journal_anchors anchors = {0};
	struct err err;

	if (more[0] && hex_parse(key, sizeof key, more[0]))
		anchors.key = key;
	if (more[0] && more[1] && more[2] && more[3]) {
		ack.epoch = strtoull(more[1], NULL, 16);
		ack.number = strtoull(more[2], NULL, 10);
		if (hex_parse(ack.hash, SHA256_SIZE, more[3]))
			anchors.acknowledged = &ack;
	}
	if (!journal_verify(&disk_real, dir, &anchors, &report, &err)) {
		printf("error %s\n", err.text);
		return 3;
	}
	for (uint64_t i = 0; i < report.finding_count && i < JOURNAL_FINDINGS_MAX; i++) {
		const struct journal_finding *f = &report.findings[i];
		printf("%s %s offset %" PRIu64 " record %016" PRIx64 "/%" PRIu64 ": %s\n", journal_fault_name(f->fault),
		       f->file[0] ? f->file : "-", f->offset, f->epoch, f->number, f->text);
	}
	printf("ok=%d records=%" PRIu64 " segments=%" PRIu64 " first=%" PRIu64 " last=%" PRIu64 " head=%" PRIu64 " acknowledged=%" PRIu64
	       " found=%d acknowledged_head=%" PRIu64 " alone=%" PRIu64 "\n",
	       report.ok, report.records, report.segments, report.first.number, report.last.number, report.head.number,
	       report.acknowledged.number, report.acknowledged_found, report.acknowledged_head.number, report.alone);
	return report.ok ? 0 : 1;
}

static void stamp_now(struct record_stamp *stamp, bool fixed)
{
	static int64_t tick;

	clock_stamp(stamp);
	if (fixed)
		stamp->at_ms = 1795306800000 + 1000 * tick++;
}

static bool group(struct journal *j, const char *line, const struct record_stamp *stamp, struct err *err)
{
	struct journal_entry entries[256];
	char kind_name[32], payload[4096];
	unsigned count;
	enum record_kind kind;

	if (sscanf(line, "group %u %31s %4095[^\n]", &count, kind_name, payload) != 3 || count > 256 || !record_kind_find(kind_name, &kind))
		return err_set(err, ERR_INVALID, "group N KIND PAYLOAD");
	for (unsigned i = 0; i < count; i++)
		entries[i] = (struct journal_entry){kind, payload, strlen(payload)};
	bool ok = journal_append(j, entries, count, stamp, err);
	appended += ok ? count : 0;
	return ok;
}

static bool append(struct journal *j, const char *line, const struct record_stamp *stamp, struct err *err)
{
	char kind_name[32], payload[8192];
	enum record_kind kind;

	if (sscanf(line, "append %31s %8191[^\n]", kind_name, payload) != 2 || !record_kind_find(kind_name, &kind))
		return err_set(err, ERR_INVALID, "append KIND PAYLOAD");
	bool ok = journal_append_one(j, kind, payload, stamp, err);
	appended += ok;
	return ok;
}

static bool fill(struct journal *j, const char *line, const struct record_stamp *stamp, struct err *err)
{
	unsigned count, size;
	bool ok = true;

	if (sscanf(line, "fill %u %u", &count, &size) != 2 || size < 16 || size > RECORD_PAYLOAD_MAX)
		return err_set(err, ERR_INVALID, "fill N SIZE");
	char *text = malloc(size + 1);
	if (!text)
		return err_set(err, ERR_LIMIT, "no memory");
	memset(text, 'x', size);
	memcpy(text, "{\"f\":\"", 6);
	memcpy(text + size - 2, "\"}", 3);
	for (unsigned i = 0; ok && i < count; i++) {
		ok = journal_append_one(j, RECORD_verdict, text, stamp, err);
		appended += ok;
	}
	free(text);
	return ok;
}

static bool acknowledge(struct journal *j, const char *line, struct err *err)
{
	AUTO(buf_fini) struct buf bytes = {0};
	struct journal_state state;
	struct record record;
	size_t used;

	journal_state(j, &state);
	struct record_name before = {.epoch = state.last.epoch, .number = strtoull(line + 4, NULL, 10) - 1};
	buf_init(&bytes, RECORD_OVERHEAD + RECORD_PAYLOAD_MAX);
	if (!journal_read(j, &before, 1, &bytes, err) || !record_parse((const uint8_t *)bytes.data, bytes.size, &record, &used, err))
		return false;
	return journal_acknowledge(j, &record.name, 1795306800, err);
}

static bool print_read(struct journal *j, const char *line, struct err *err)
{
	AUTO(buf_fini) struct buf bytes = {0};
	struct record_name after = {0};
	struct record record;
	size_t max = 0, used;

	if (sscanf(line, "read %" SCNx64 " %" SCNu64 " %zu", &after.epoch, &after.number, &max) != 3)
		return err_set(err, ERR_INVALID, "read EPOCH NUMBER MAX");
	buf_init(&bytes, 16u << 20);
	if (!(after.epoch ? journal_read(j, &after, max, &bytes, err) : journal_read_unsent(j, max, &bytes, err)))
		return false;
	for (size_t offset = 0; offset < bytes.size; offset += used) {
		if (!record_parse((const uint8_t *)bytes.data + offset, bytes.size - offset, &record, &used, err))
			return false;
		(void)show(NULL, &record);
	}
	return true;
}

static void print_state(const struct journal *j)
{
	static const char *const health[] = {"ok", "full", "cannot_record"};
	struct journal_state s;

	journal_state(j, &s);
	printf("state health=%s why=%s first=%" PRIu64 " last=%" PRIu64 " acknowledged=%" PRIu64 " head=%" PRIu64 " count=%" PRIu64
	       " unsent=%" PRIu64 " free=%" PRIu64 " tail_cut=%" PRIu64 " segments=%u abandoned=%u aside=%u clean=%d error=%s\n",
	       health[s.health], s.why ? s.why : "-", s.first.number, s.last.number, s.acknowledged.number, s.head.number, s.count,
	       s.unsent, s.free_bytes, s.tail_cut_bytes, s.segments, s.abandoned, s.aside, s.clean, s.error);
}

static void obey(struct journal *j, const char *line, const struct record_stamp *stamp)
{
	struct err err = {0};
	char key[64] = "";

	if (text_starts(line, "append "))
		answer(j, append(j, line, stamp, &err), &err);
	else if (text_starts(line, "group "))
		answer(j, group(j, line, stamp, &err), &err);
	else if (text_starts(line, "fill "))
		answer(j, fill(j, line, stamp, &err), &err);
	else if (text_starts(line, "head"))
		answer(j, journal_sign_head(j, stamp, &err), &err);
	else if (text_starts(line, "ack "))
		answer(j, acknowledge(j, line, &err), &err);
	else if (text_starts(line, "epoch"))
		answer(j, journal_begin_epoch(j, "ordered", stamp, &err), &err);
	else if (text_starts(line, "recover"))
		answer(j, journal_recover(j, stamp, &err), &err);
	else if (text_starts(line, "replay"))
		answer(j, journal_replay(j, show, NULL, &err), &err);
	else if (text_starts(line, "read "))
		answer(j, print_read(j, line, &err), &err);
	else if (text_starts(line, "state"))
		print_state(j);
	else if (sscanf(line, "count %63s", key) == 1) {
		journal_count(j, key, stamp);
		printf("ok counted\n");
	} else if (sscanf(line, "counted %63s", key) == 1)
		printf("counted %" PRIu64 "\n", journal_counted(j, key));
	else
		printf("unknown\n");
}

static int serve(struct journal_options *options, bool fixed)
{
	static char line[16384];
	struct err err = {0};
	struct record_stamp stamp;

	struct journal *j = journal_open(options, &err);
	if (!j) {
		printf("error %s\n", err.text);
		return 3;
	}
	print_state(j);
	(void)fflush(stdout);
	while (fgets(line, sizeof line, stdin) && !text_starts(line, "stop")) {
		stamp_now(&stamp, fixed);
		obey(j, line, &stamp);
		(void)fflush(stdout);
	}
	if (feof(stdin))
		_Exit(0); /* input that ends without "stop" is a crash: nothing is closed */
	journal_close(j);
	printf("stopped\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct journal_options options = {.disk = &disk_real, .snapshot = snapshot};
	char key_path[4096], key_hex[2 * RECORD_KEY_SIZE + 1];
	uint8_t point[RECORD_KEY_SIZE];
	struct err err;
	bool made, fixed = false;

	if (argc > 2 && strcmp(argv[1], "--verify") == 0)
		return verify(argv[2], argv + 3);
	if (argc < 2)
		return 3;
	options.dir = argv[1];
	for (int i = 2; i < argc; i++) {
		options.keep_unsent |= strcmp(argv[i], "--keep") == 0;
		fixed |= strcmp(argv[i], "--fixed-time") == 0;
		if (strcmp(argv[i], "--size") == 0 && i + 1 < argc)
			options.size_bytes = strtoull(argv[++i], NULL, 10);
	}
	stamp_now(&options.stamp, fixed);
	(void)snprintf(key_path, sizeof key_path, "%s.key", options.dir);
	struct journal_key *key = journal_key_open(&disk_real, key_path, &made, &err);
	if (key) {
		journal_key_public(key, point);
		hex_print(key_hex, point, sizeof point);
		printf("key %s\n", key_hex);
	} else {
		printf("key none %s\n", err.text);
	}
	options.key = key;
	int status = serve(&options, fixed);
	journal_key_free(key);
	return status;
}
