/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trigger.h"
#include "tests/unit/test.h"

static struct trigger_set set;
static bool due[TRIGGER_COUNT];

static int taken(int64_t now)
{
	int count = 0;

	(void)trigger_take(&set, now, due);
	for (int id = 0; id < TRIGGER_COUNT; id++)
		count += due[id];
	return count;
}

static int written(void)
{
	int count = 0;

	for (int id = 0; id < CONTROL_COUNT; id++)
		count += catalogue[id].written;
	return count;
}

static void everything_is_dirty_at_first(void **state)
{
	(void)state;
	trigger_init(&set, 1000);
	assert_int_equal(trigger_next(&set), 1000);
	assert_int_equal(taken(999), 0);
	assert_int_equal(taken(1000), written() + 2); /* the logins, and the judge */
	assert_false(due[CONTROL_mtp]);               /* not written: never looked at */
	assert_int_equal(taken(1001), 0);
}

static void periods_come_without_any_event(void **state)
{
	(void)state;
	trigger_init(&set, 0);
	(void)taken(0);
	assert_int_equal(trigger_next(&set), 300 * 1000); /* antivirus_running and the logins */
	assert_int_equal(taken(300 * 1000), 2);
	assert_true(due[CONTROL_antivirus_running] && due[TRIGGER_LOGINS]);
	/* A row of events is looked at hourly all the same: an event can get lost. */
	assert_int_equal(set.due[CONTROL_usb_storage], 3600 * 1000);
}

static void a_burst_is_one_look(void **state)
{
	int looks = 0;

	(void)state;
	trigger_init(&set, 0);
	(void)taken(0);
	/* 100 events a second for ten seconds. */
	for (int64_t now = 10000; now < 20000; now += 10) {
		trigger_event(&set, CONTROL_usb_storage, now);
		(void)taken(now);
		looks += due[CONTROL_usb_storage];
	}
	assert_in_range(looks, 4, 6);
}

static void the_last_event_is_never_lost(void **state)
{
	(void)state;
	trigger_init(&set, 0);
	(void)taken(0);
	trigger_event(&set, CONTROL_screen_lock, 10000);
	assert_int_equal(trigger_next(&set), 10000 + TRIGGER_SETTLE_MS);
	(void)taken(10100);
	assert_true(due[CONTROL_screen_lock]);
	trigger_event(&set, CONTROL_screen_lock, 10101); /* while it is being looked at */
	(void)taken(10201);
	assert_false(due[CONTROL_screen_lock]);
	(void)taken(10100 + TRIGGER_SPACE_MS);
	assert_true(due[CONTROL_screen_lock]);
}

static void an_earlier_time_wins(void **state)
{
	(void)state;
	trigger_init(&set, 0);
	(void)taken(0);
	trigger_at(&set, TRIGGER_JUDGE, 5000);
	trigger_at(&set, TRIGGER_JUDGE, 9000);
	assert_int_equal(trigger_next(&set), 5000);
	trigger_at(&set, TRIGGER_JUDGE, 4000);
	assert_int_equal(trigger_next(&set), 4000);
	assert_int_equal(taken(4000), 1);
	assert_int_equal(set.due[TRIGGER_JUDGE], INT64_MAX);
	trigger_at(&set, CONTROL_mtp, 1); /* not written */
	assert_int_equal(set.due[CONTROL_mtp], INT64_MAX);
}

static void all_is_all(void **state)
{
	(void)state;
	trigger_init(&set, 0);
	(void)taken(0);
	trigger_all(&set, 50);
	assert_int_equal(taken(50), written() + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_dirty_at_first), cmocka_unit_test(periods_come_without_any_event),
		cmocka_unit_test(a_burst_is_one_look),          cmocka_unit_test(the_last_event_is_never_lost),
		cmocka_unit_test(an_earlier_time_wins),         cmocka_unit_test(all_is_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
