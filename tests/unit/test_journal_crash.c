/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One script of a journal's life, run again and again with something going wrong at its 1st, 2nd, ... nth operation on the disk: the
 * power, an error, no room, a disk that is gone for a while. After each: what append promised is there, nothing is there
 * twice, the chain verifies, and it goes on. Every tenth operation here; all of them, each with several seeds, with
 * EPAGENT_SOAK=1 (make soak). EPAGENT_SEED repeats a run.
 */
#include "agent/journal.h"
#include "agent/journal_verify.h"
#include "tests/unit/memory_disk.h"
#include "tests/unit/test.h"

#include <inttypes.h>
#include <time.h>

#define PROMISES_MAX 1024
#define DIR          "/state/journal"

struct run {
	struct memory_disk m;
	struct journal *j;
	struct journal_key *key;
	struct record_name promised[PROMISES_MAX];
	uint64_t ids[PROMISES_MAX];
	size_t promises, next_id;
	unsigned opens;
	int64_t now_ms;
	size_t acknowledged; /* how many promises the centre has: the ring may overwrite them, oldest first */
};

static uint64_t seed;
static bool soak;
static struct journal_key *shared_key;

static struct record_stamp stamp_of(struct run *r)
{
	return (struct record_stamp){.at_ms = r->now_ms++, .boot_ms = 5, .clock = CLOCK_FREE};
}

static void snapshot(void *context, struct buf *out)
{
	const struct run *r = context;

	buf_printf(out, "{\"promises\":%zu}", r->promises);
}

static void open_journal(struct run *r)
{
	struct err err;
	struct journal_options options = {.disk = &r->m.disk,
	                                  .dir = DIR,
	                                  .key = r->key,
	                                  .size_bytes = JOURNAL_SIZE_MIN,
	                                  .keep_unsent = true,
	                                  .snapshot = snapshot,
	                                  .context = r,
	                                  .stamp = stamp_of(r)};

	r->j = journal_open(&options, &err);
	assert_non_null(r->j);
}

static void close_journal(struct run *r)
{
	journal_close(r->j);
	r->j = NULL;
}

static void append(struct run *r, size_t count, size_t size)
{
	static char text[8][4096];
	struct journal_entry entries[8];
	struct record_stamp stamp = stamp_of(r);
	struct journal_state state;
	struct err err;

	for (size_t i = 0; i < count; i++) {
		memset(text[i], ' ', sizeof text[i]);
		int used = snprintf(text[i], sizeof text[i], "{\"id\":%zu}", r->next_id + i);
		text[i][used] = ' ';
		entries[i] = (struct journal_entry){RECORD_verdict, text[i], (size_t)used > size ? (size_t)used : size};
	}
	if (journal_append(r->j, entries, count, &stamp, &err)) {
		journal_state(r->j, &state);
		assert_true(r->promises + count < PROMISES_MAX);
		for (size_t i = 0; i < count; i++) {
			/* The hash is known of the last one only. */
			r->promised[r->promises] = state.last;
			r->promised[r->promises].number = state.last.number - (count - 1 - i);
			r->ids[r->promises++] = r->next_id + i;
		}
	}
	r->next_id += count;
}

static void acknowledge(struct run *r)
{
	struct journal_state state;
	struct err err;

	journal_state(r->j, &state);
	if (state.last.number && journal_acknowledge(r->j, &state.last, 1795306800, &err))
		r->acknowledged = r->promises;
}

/* Goes round the ring once and a half. */
static void live(struct run *r)
{
	struct record_stamp stamp;
	struct err err;

	open_journal(r);
	append(r, 1, 100);
	append(r, 5, 700);
	append(r, 1, 0);
	stamp = stamp_of(r);
	(void)journal_sign_head(r->j, &stamp, &err);
	for (int i = 0; i < 12; i++)
		append(r, 2, 3000);
	journal_count(r->j, "permission", &stamp);
	append(r, 1, 50);
	close_journal(r);
	open_journal(r);
	for (int lap = 0; lap < 6; lap++) {
		for (int i = 0; i < 18; i++)
			append(r, 2, 3500);
		acknowledge(r);
	}
	stamp = stamp_of(r);
	(void)journal_begin_epoch(r->j, "ordered", &stamp, &err);
	append(r, 3, 200);
	stamp = stamp_of(r);
	(void)journal_sign_head(r->j, &stamp, &err);
	(void)journal_recover(r->j, &stamp, &err);
	append(r, 1, 10);
}

static void print_findings(const struct journal_report *report, const char *when, const struct run *r)
{
	for (uint64_t i = 0; i < report->finding_count && i < JOURNAL_FINDINGS_MAX; i++)
		print_message("# %s operation %u fault %d: %s %s %" PRIu64 "/%" PRIu64 " %s\n", when, r->m.fault_at, (int)r->m.fault,
		              journal_fault_name(report->findings[i].fault), report->findings[i].file, report->findings[i].offset,
		              report->findings[i].number, report->findings[i].text);
}

static bool verifies(struct run *r, const char *when)
{
	static struct journal_report report;
	uint8_t point[RECORD_KEY_SIZE];
	struct journal_anchors anchors = {.key = point};
	struct err err;

	journal_key_public(r->key, point);
	assert_true(journal_verify(&r->m.disk, DIR, &anchors, &report, &err));
	if (!report.ok)
		print_findings(&report, when, r);
	return report.ok;
}

/* Every promise is there once, but for the oldest ones that were acknowledged. */
static bool keeps_promises(struct run *r)
{
	AUTO(buf_fini) struct buf bytes;
	struct err err;
	size_t used, found = 0;
	uint64_t seen[PROMISES_MAX * 2] = {0};

	buf_init(&bytes, 4u << 20);
	if (!journal_read(r->j, NULL, SIZE_MAX / 2, &bytes, &err)) {
		print_message("# read: %s\n", err.text);
		return false;
	}
	for (size_t offset = 0; offset < bytes.size; offset += used) {
		struct record record;
		if (!record_parse((const uint8_t *)bytes.data + offset, bytes.size - offset, &record, &used, &err))
			return false;
		uint64_t id;
		if (record.kind == RECORD_verdict && sscanf(record.payload, "{\"id\":%" SCNu64, &id) == 1 && seen[id]++) {
			print_message("# id %" PRIu64 " is there twice\n", id);
			return false;
		}
	}
	size_t first = 0;
	while (first < r->promises && first < r->acknowledged && !seen[r->ids[first]])
		first++;
	for (size_t i = first; i < r->promises; i++)
		found += seen[r->ids[i]] == 1;
	if (found != r->promises - first)
		print_message("# operation %u fault %d: %zu promised, %zu kept\n", r->m.fault_at, (int)r->m.fault, r->promises - first,
		              found);
	return found == r->promises - first;
}

static void goes_on(struct run *r)
{
	struct record_stamp stamp = stamp_of(r);
	struct journal_state state;
	struct err err;
	size_t before = r->promises;

	(void)journal_recover(r->j, &stamp, &err);
	acknowledge(r);
	append(r, 1, 20);
	journal_state(r->j, &state);
	if (r->promises != before + 1)
		print_message("# operation %u fault %d: does not go on: %s\n", r->m.fault_at, (int)r->m.fault, state.error);
	assert_int_equal(r->promises, before + 1);
	assert_true(keeps_promises(r));
}

static unsigned count_operations(void)
{
	struct run *r = calloc(1, sizeof *r);

	memory_disk_init(&r->m, seed);
	r->key = shared_key;
	r->m.fault = MEMORY_FAIL_ONCE;
	live(r);
	assert_true(verifies(r, "undisturbed"));
	assert_true(keeps_promises(r));
	close_journal(r);
	assert_true(verifies(r, "closed"));
	unsigned count = r->m.operation;
	memory_disk_fini(&r->m);
	free(r);
	return count;
}

static void run_one(enum memory_fault fault, unsigned at, uint64_t salt)
{
	struct run *r = calloc(1, sizeof *r);
	struct journal_state state;

	memory_disk_init(&r->m, seed + at + 7919 * salt);
	r->key = shared_key;
	r->now_ms = 1795306800000;
	r->m.fault = fault;
	r->m.fault_at = at;
	live(r);
	if (fault == MEMORY_FAIL_ON)
		memory_disk_mend(&r->m);
	if (fault == MEMORY_CRASH) {
		journal_close(r->j);
		memory_disk_reboot(&r->m);
		assert_true(verifies(r, "after the crash") || r->promises == 0);
		open_journal(r);
		journal_state(r->j, &state);
		if (r->promises && state.why && strcmp(state.why, "unreadable") == 0)
			print_message("# operation %u: %s\n", at, state.error);
		assert_false(r->promises && state.why && strcmp(state.why, "unreadable") == 0);
	}
	assert_true(keeps_promises(r));
	goes_on(r);
	assert_true(verifies(r, "going on"));
	close_journal(r);
	open_journal(r);
	journal_state(r->j, &state);
	assert_null(state.why);
	assert_true(keeps_promises(r));
	assert_true(verifies(r, "opened again"));
	close_journal(r);
	memory_disk_fini(&r->m);
	free(r);
}

static void at_every_operation(enum memory_fault fault)
{
	unsigned count = count_operations();
	unsigned step = soak ? 1 : 10;
	unsigned runs = 0;

	for (unsigned at = 1 + (soak ? 0 : (unsigned)(seed % step)); at <= count; at += step)
		for (uint64_t salt = 0; salt < (soak ? 5 : 1); salt++, runs++)
			run_one(fault, at, salt);
	print_message("# fault %d: %u runs over %u operations, seed %" PRIu64 "\n", (int)fault, runs, count, seed);
}

static void power_goes_at_every_operation(void **state)
{
	(void)state;
	at_every_operation(MEMORY_CRASH);
}

static void every_operation_fails_once(void **state)
{
	(void)state;
	at_every_operation(MEMORY_FAIL_ONCE);
}

static void no_room_at_every_operation(void **state)
{
	(void)state;
	at_every_operation(MEMORY_FULL_ONCE);
}

static void the_disk_is_gone_for_a_while(void **state)
{
	(void)state;
	at_every_operation(MEMORY_FAIL_ON);
}

static int make_key(void **state)
{
	struct memory_disk m;
	struct err err;
	bool made;

	(void)state;
	memory_disk_init(&m, 1);
	shared_key = journal_key_open(&m.disk, "/state/key", &made, &err);
	memory_disk_fini(&m);
	return shared_key && made ? 0 : -1;
}

static int drop_key(void **state)
{
	(void)state;
	journal_key_free(shared_key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_goes_at_every_operation),
		cmocka_unit_test(every_operation_fails_once),
		cmocka_unit_test(no_room_at_every_operation),
		cmocka_unit_test(the_disk_is_gone_for_a_while),
	};
	const char *given = getenv("EPAGENT_SEED");

	soak = getenv("EPAGENT_SOAK") != NULL;
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	return cmocka_run_group_tests_name("journal_crash", tests, make_key, drop_key);
}
