/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal does for its callers, on a disk in memory. What happens when the disk misbehaves: test_journal_crash.c. */
#include "agent/journal.h"
#include "agent/journal_verify.h"
#include "tests/unit/memory_disk.h"
#include "tests/unit/test.h"

#include <inttypes.h>

#define DIR "/state/journal"

static struct memory_disk m;
static struct journal *j;
static struct journal_key *key;
static struct record_stamp now = {.at_ms = 1795306800000, .boot_ms = 7, .clock = CLOCK_FREE};
static char snapshot_text[64];
static struct err err;

static void snapshot(void *context, struct buf *out)
{
	(void)context;
	buf_add(out, snapshot_text);
}

static void open_with(bool keep)
{
	struct journal_options options = {.disk = &m.disk,
	                                  .dir = DIR,
	                                  .key = key,
	                                  .size_bytes = JOURNAL_SIZE_MIN,
	                                  .keep_unsent = keep,
	                                  .snapshot = snapshot,
	                                  .stamp = now};

	j = journal_open(&options, &err);
	assert_non_null(j);
}

static int setup(void **state)
{
	bool made;

	(void)state;
	memory_disk_init(&m, 1);
	key = journal_key_open(&m.disk, "/state/key", &made, &err);
	(void)snprintf(snapshot_text, sizeof snapshot_text, "{\"state\":1}");
	open_with(true);
	return key ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	journal_close(j);
	journal_key_free(key);
	memory_disk_fini(&m);
	return 0;
}

static struct journal_state state_now(void)
{
	struct journal_state state;

	journal_state(j, &state);
	return state;
}

static void put(enum record_kind kind, const char *text)
{
	if (!journal_append_one(j, kind, text, &now, &err))
		fail_msg("%s", err.text);
}

/* Until it is refused; how many were taken. */
static unsigned fill(enum record_kind kind, unsigned most)
{
	static char text[3001];
	unsigned count = 0;

	memset(text, ' ', sizeof text - 1);
	text[0] = '{';
	text[sizeof text - 2] = '}';
	while (count < most && journal_append_one(j, kind, text, &now, &err))
		count++;
	return count;
}

static void reopen(void)
{
	journal_close(j);
	open_with(true);
}

static bool verify(struct journal_report *report)
{
	uint8_t point[RECORD_KEY_SIZE];
	struct journal_anchors anchors = {.key = point};

	journal_key_public(key, point);
	assert_true(journal_verify(&m.disk, DIR, &anchors, report, &err));
	return report->ok;
}

static void begins_an_epoch_and_says_so(void **state)
{
	struct journal_state s = state_now();

	(void)state;
	assert_string_equal(s.why, "absent");
	assert_int_equal(s.last.number, 2);
	assert_true(s.last.epoch != 0);
	reopen();
	assert_null(state_now().why);
	assert_true(state_now().clean);
	assert_int_equal(state_now().last.epoch, s.last.epoch);
}

struct replayed {
	char text[1024];
	unsigned count;
};

static bool collect(void *context, const struct record *record)
{
	struct replayed *r = context;
	size_t size = strlen(r->text);

	r->count++;
	if (record->kind == RECORD_snapshot || record->kind == RECORD_fact)
		(void)snprintf(r->text + size, sizeof r->text - size, "%.*s;", (int)record->payload_size, record->payload);
	return true;
}

static void replay_is_snapshot_and_what_followed(void **state)
{
	struct replayed r = {.count = 0};

	(void)state;
	put(RECORD_fact, "{\"f\":1}");
	(void)fill(RECORD_verdict, 12);
	(void)snprintf(snapshot_text, sizeof snapshot_text, "{\"state\":2}");
	(void)fill(RECORD_verdict, 10);
	put(RECORD_fact, "{\"f\":2}");
	put(RECORD_fact, "{\"f\":3}");
	reopen();
	assert_true(journal_replay(j, collect, &r, &err));
	assert_string_equal(r.text, "{\"state\":2};{\"f\":2};{\"f\":3};");
}

static void a_snapshot_that_is_too_large_is_left_out(void **state)
{
	struct journal_options options = {.disk = &m.disk, .dir = "/state/other", .size_bytes = JOURNAL_SIZE_MIN, .stamp = now};
	struct replayed r = {.count = 0};

	(void)state;
	journal_close(j);
	j = journal_open(&options, &err);
	assert_non_null(j);
	put(RECORD_fact, "{\"f\":1}");
	(void)fill(RECORD_verdict, 15);
	put(RECORD_fact, "{\"f\":2}");
	assert_true(journal_replay(j, collect, &r, &err));
	assert_string_equal(r.text, "{\"f\":1};{\"f\":2};");
}

static void full_refuses_and_counts_and_goes_on(void **state)
{
	struct journal_report report;
	struct journal_state s;

	(void)state;
	unsigned taken = fill(RECORD_permission, 1000);
	assert_true(taken > 100 && taken < 160);
	assert_int_equal(err.kind, ERR_LIMIT);
	s = state_now();
	assert_int_equal(s.health, JOURNAL_FULL);
	assert_int_equal(s.free_bytes, 0);
	/* Small ones are refused as well: first come does not mean small goes through. */
	assert_false(journal_append_one(j, RECORD_permission, "{}", &now, &err));
	/* The reserve takes what cannot be flooded; it ends, too. */
	put(RECORD_stop, "{}");
	journal_count(j, "permission", &now);
	journal_count(j, "permission", &now);
	assert_int_equal(journal_counted(j, "permission"), 2);
	unsigned reserve = fill(RECORD_alarm, 1000);
	assert_int_equal(reserve, 20); /* two segments, and what was left of the one before */
	reopen();
	assert_int_equal(state_now().health, JOURNAL_FULL);
	assert_false(journal_append_one(j, RECORD_permission, "{}", &now, &err));
	assert_int_equal(journal_counted(j, "permission"), 2);
	/* The centre has half of it: there is room again, and what was counted becomes a record, once. */
	AUTO(buf_fini) struct buf bytes = {.max = 1 << 20};
	struct record record;
	size_t used, at = 0;
	assert_true(journal_read_unsent(j, 200000, &bytes, &err));
	while (at < bytes.size) {
		assert_true(record_parse((const uint8_t *)bytes.data + at, bytes.size - at, &record, &used, &err));
		at += used;
	}
	assert_true(journal_acknowledge(j, &record.name, 1795306800, &err));
	put(RECORD_permission, "{}");
	assert_int_equal(state_now().health, JOURNAL_OK);
	assert_int_equal(journal_counted(j, "permission"), 0);
	assert_true(verify(&report));
	assert_true(report.acknowledged_found);
	assert_int_equal(report.alone, report.records); /* no head was signed: all of it */
}

static void counters_survive_and_saturate(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof name, "key-%d", i);
		journal_count(j, name, &now);
	}
	reopen();
	assert_int_equal(journal_counted(j, "key-0"), 1);
	assert_int_equal(journal_counted(j, "key-46"), 1);
	assert_int_equal(journal_counted(j, "key-47"), 0);
	assert_int_equal(journal_counted(j, "other"), 13);
	put(RECORD_fact, "{}");
	assert_int_equal(journal_counted(j, "other"), 0);
}

static void heads_are_signed_and_named(void **state)
{
	struct journal_report report;
	struct journal_state s;

	(void)state;
	put(RECORD_fact, "{\"f\":1}");
	assert_true(journal_sign_head(j, &now, &err));
	s = state_now();
	assert_true(verify(&report));
	assert_int_equal(report.head.number, 3);
	assert_int_equal(s.head.number, 3);
	assert_int_equal(report.acknowledged.epoch, 0);
	assert_int_equal(report.alone, report.records);
	put(RECORD_fact, "{\"f\":2}");
	assert_true(journal_acknowledge(j, &s.last, 1795306800, &err));
	put(RECORD_fact, "{\"f\":3}");
	assert_true(verify(&report));
	assert_true(report.acknowledged_found);
	assert_int_equal(report.acknowledged.number, s.last.number);
	assert_int_equal(report.acknowledged_head.number, 3);
	assert_int_equal(report.alone, 3); /* the head's own record, and two facts */
	assert_int_equal(report.acknowledged_at, 1795306800);
}

static void acknowledging_is_checked_and_lasts(void **state)
{
	struct record_name name;

	(void)state;
	put(RECORD_fact, "{\"f\":1}");
	name = state_now().last;
	name.hash[0] ^= 1;
	assert_false(journal_acknowledge(j, &name, 5, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	name.hash[0] ^= 1;
	name.number++;
	assert_false(journal_acknowledge(j, &name, 5, &err));
	name.number--;
	name.epoch++;
	assert_false(journal_acknowledge(j, &name, 5, &err));
	name.epoch--;
	assert_int_equal(state_now().unsent, 3);
	assert_true(journal_acknowledge(j, &name, 5, &err));
	assert_int_equal(state_now().unsent, 0);
	reopen();
	assert_int_equal(state_now().acknowledged.number, name.number);
	assert_int_equal(state_now().acknowledged_at, 5);
	put(RECORD_fact, "{\"f\":2}");
	AUTO(buf_fini) struct buf bytes = {.max = 1 << 20};
	assert_true(journal_read_unsent(j, 1 << 20, &bytes, &err));
	assert_int_equal(bytes.size, RECORD_OVERHEAD + strlen("{\"f\":2}"));
}

static void reading_pages_through_segments_and_epochs(void **state)
{
	struct record_name at;
	struct record record = {0};
	uint64_t read = 0;
	size_t used;
	bool first = true;

	(void)state;
	(void)fill(RECORD_verdict, 30);
	assert_true(journal_begin_epoch(j, "ordered", &now, &err));
	assert_string_equal(state_now().why, "ordered");
	(void)fill(RECORD_verdict, 30);
	for (;;) {
		AUTO(buf_fini) struct buf bytes = {.max = 1 << 20};
		assert_true(journal_read(j, first ? NULL : &at, 10000, &bytes, &err));
		if (!bytes.size)
			break;
		for (size_t offset = 0; offset < bytes.size; offset += used, read++) {
			assert_true(record_parse((const uint8_t *)bytes.data + offset, bytes.size - offset, &record, &used, &err));
			assert_true(first || record.name.number == at.number + 1 || record.name.number == 1);
			at = record.name;
			first = false;
		}
		assert_true(bytes.size <= 10000);
	}
	assert_int_equal(read, state_now().count);
	assert_memory_equal(&at, &(struct record_name){0}, 0);
	assert_int_equal(at.number, state_now().last.number);
	at.epoch ^= 1;
	AUTO(buf_fini) struct buf none = {.max = 1 << 20};
	assert_false(journal_read(j, &at, 10000, &none, &err));
	assert_int_equal(err.kind, ERR_ABSENT);
}

static void without_a_centre_the_ring_wraps(void **state)
{
	struct journal_report report;

	(void)state;
	journal_keep_unsent(j, false);
	for (int lap = 0; lap < 5; lap++) {
		assert_int_equal(fill(RECORD_permission, 120), 120);
		assert_true(verify(&report));
		journal_close(j);
		open_with(false);
		assert_null(state_now().why);
		assert_true(verify(&report));
	}
	assert_true(state_now().first.number > 400);
}

static void a_deleted_journal_begins_a_new_epoch(void **state)
{
	struct journal_report report;
	struct record_name last;

	(void)state;
	put(RECORD_fact, "{\"f\":1}");
	last = state_now().last;
	for (size_t i = 0; i < m.count; i++)
		if (strncmp(m.files[i].name, DIR "/", strlen(DIR) + 1) == 0)
			m.files[i].name[0] = '\0';
	put(RECORD_permission, "{\"p\":1}");
	assert_string_equal(state_now().why, "deleted");
	assert_true(state_now().last.epoch != last.epoch);
	assert_int_equal(state_now().count, last.number + 3);
	/* The hole is told for as long as the epoch's first record is here. */
	assert_false(verify(&report));
	assert_int_equal(report.findings[0].fault, JOURNAL_GAP);
	reopen();
	assert_null(state_now().why);
	put(RECORD_fact, "{\"f\":2}");
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct journal_options options = {.disk = &m.disk, .dir = "relative", .stamp = now};
	static char large[RECORD_PAYLOAD_MAX + 2];

	(void)state;
	assert_null(journal_open(&options, &err));
	options = (struct journal_options){.disk = &m.disk, .dir = "/x", .size_bytes = 1000, .stamp = now};
	assert_null(journal_open(&options, &err));
	memset(large, 'x', sizeof large - 1);
	assert_false(journal_append_one(j, RECORD_fact, large, &now, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(journal_append_one(j, RECORD_snapshot, "{}", &now, &err));
	assert_false(journal_append_one(j, RECORD_segment, "{}", &now, &err));
	assert_int_equal(state_now().last.number, 2);
}

static void a_broken_key_is_set_aside(void **state)
{
	struct memory_file *file = memory_find(&m, "/state/key");
	struct err ignored;
	bool made;

	(void)state;
	struct journal_key *again = journal_key_open(&m.disk, "/state/key", &made, &ignored);
	assert_non_null(again);
	assert_false(made);
	journal_key_free(again);
	for (size_t at = 40; at < file->size - 30; at += 7) {
		uint8_t was = file->live[at];
		file->live[at] = '!';
		again = journal_key_open(&m.disk, "/state/key", &made, &ignored);
		assert_non_null(again);
		journal_key_free(again);
		if (!made) { /* the byte carried nothing */
			file->live[at] = was;
			continue;
		}
		assert_non_null(memory_find(&m, "/state/key.aside-1"));
		return;
	}
	fail_msg("no byte of the key mattered");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(begins_an_epoch_and_says_so),
		TEST(replay_is_snapshot_and_what_followed),
		TEST(a_snapshot_that_is_too_large_is_left_out),
		TEST(full_refuses_and_counts_and_goes_on),
		TEST(counters_survive_and_saturate),
		TEST(heads_are_signed_and_named),
		TEST(acknowledging_is_checked_and_lasts),
		TEST(reading_pages_through_segments_and_epochs),
		TEST(without_a_centre_the_ring_wraps),
		TEST(a_deleted_journal_begins_a_new_epoch),
		TEST(what_makes_no_sense_is_refused),
		TEST(a_broken_key_is_set_aside),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
