/* SPDX-License-Identifier: Apache-2.0 */
/* What the shared cases in tests/judge cannot show: `next` to the second, who is shown what, and limits. */
#include "tests/unit/test.h"

#include "base/json.h"
#include "policy/judge.h"
#include "policy/report.h"

#include <string.h>

#define NOW INT64_C(1795306800) /* 2026-11-22T00:20:00Z: Sunday 09:20 in Tokyo */
#define DAY 86400

struct trial {
	struct policy policy;
	struct media_register media;
	struct orders orders;
	struct facts facts;
	struct verdicts verdicts;
	struct err err;
};

static void trial_init(struct trial *trial, const char *rules)
{
	AUTO(buf_fini) struct buf text;

	policy_init(&trial->policy);
	media_register_init(&trial->media);
	orders_init(&trial->orders);
	facts_init(&trial->facts);
	verdicts_init(&trial->verdicts);
	buf_init(&text, 1u << 16);
	buf_printf(&text, "{\"policy\":\"p\",\"version\":3,\"format\":1,\"title\":{\"en\":\"t\"},\"rules\":[%s]}", rules);
	if (!policy_parse(&trial->policy, text.data, text.size, &trial->err))
		fail_msg("%s", trial->err.text);
}

static void trial_fini(struct trial *trial)
{
	verdicts_fini(&trial->verdicts);
	facts_fini(&trial->facts);
	orders_fini(&trial->orders);
	media_register_fini(&trial->media);
	policy_fini(&trial->policy);
}

static bool judge_at(struct trial *trial, int64_t now)
{
	verdicts_fini(&trial->verdicts);
	verdicts_init(&trial->verdicts);
	return judge(&trial->verdicts, &(struct judge_input){&trial->policy, &trial->media, &trial->orders, &trial->facts, now},
	             &trial->err);
}

#define LOCK         "{\"control\":\"screen_lock\",\"require\":{\"at_most\":600}}"
#define HOURS(hours) "{\"control\":\"screen_lock\",\"when\":{\"hours\":\"" hours "\"},\"require\":{\"at_most\":60}}," LOCK

static void test_next_of_hours(void **state)
{
	static const struct {
		const char *rules;
		int64_t next;
	} cases[] = {
		{LOCK, JUDGE_NO_NEXT},
		{HOURS("08:30-17:15"), NOW + 7 * 3600 + 55 * 60}, /* it ends at 17:15 */
		{HOURS("09:20-09:21"), NOW + 60},
		{HOURS("09:21-09:22"), NOW + 60},
		{HOURS("09:00-09:20"), NOW + DAY - 20 * 60},         /* it has just ended */
		{HOURS("Sun 09:00-09:20"), NOW + 7 * DAY - 20 * 60}, /* and comes again in a week */
		{HOURS("Mon-Fri 08:30-17:15"), NOW + DAY - 50 * 60},
		{HOURS("Sat 22:00-10:00"), NOW + 40 * 60},
		{HOURS("Sun 00:00-24:00"), NOW + 14 * 3600 + 40 * 60},
		{"{\"control\":\"disk_encryption\",\"when\":{\"users\":[\"a\"]},\"require\":{\"is\":\"on\"}}", JUDGE_NO_NEXT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(trial_fini) struct trial trial;
		trial_init(&trial, cases[i].rules);
		assert_true(judge_at(&trial, NOW));
		if (trial.verdicts.next != cases[i].next)
			fail_msg("%s: next is %lld s away", cases[i].rules, (long long)(trial.verdicts.next - NOW));
	}
}

#define SIGNATURES "{\"control\":\"antivirus_signatures\",\"require\":{\"at_most\":86400}}"

static void expect_age(int64_t instant, enum verdict_kind verdict, int64_t next)
{
	AUTO(trial_fini) struct trial trial;

	trial_init(&trial, SIGNATURES);
	fact_known(facts_add(&trial.facts, CONTROL_antivirus_signatures, "product:clamav"), value_instant(instant));
	assert_true(judge_at(&trial, NOW));
	assert_int_equal(trial.verdicts.items[0].verdict, verdict);
	assert_int_equal(trial.verdicts.next, next);
}

static void test_next_of_ages(void **state)
{
	(void)state;
	expect_age(NOW - 1, VERDICT_PASS, NOW + DAY);
	expect_age(NOW - DAY, VERDICT_PASS, NOW + 1);
	expect_age(NOW - DAY - 1, VERDICT_FAIL, JUDGE_NO_NEXT);
	expect_age(NOW + DAY, VERDICT_PASS, NOW + 2 * DAY + 1);
	expect_age(NOW + DAY + 1, VERDICT_UNKNOWN, NOW + 1);
}

#define ISSUED "\"issued_at\":\"2026-11-22T00:00:00Z\""
#define MEDIUM "\"vendor\":\"0781\",\"product\":\"5567\",\"serial\":\"A\",\"access\":\"read_write\""

static void add_medium(struct trial *trial)
{
	static const struct medium medium = {
		.vendor = 0x0781, .product = 0x5567, .serial = "A", .port = "1-1", .name = "", .interfaces = "", .digest = ""};
	struct fact *fact = facts_add(&trial->facts, CONTROL_usb_storage, "medium:0781:5567:A");

	fact_known(fact, value_access(ACCESS_OPEN));
	fact->medium = &medium;
}

static void test_next_of_documents(void **state)
{
	static const char reg[] =
		"{\"register\":1,\"version\":1," ISSUED ",\"entries\":[{\"id\":\"m\"," MEDIUM ",\"ends_at\":\"2026-11-25T00:20:00Z\"}]}";
	static const char orders[] =
		"{\"orders\":1,\"version\":1," ISSUED ",\"exemptions\":[{\"id\":\"e\",\"control\":\"usb_storage\","
		"\"subject\":\"medium:0781:5567:A\",\"ends_at\":\"2026-11-24T00:20:00Z\"}],\"grants\":[{\"id\":\"g\"," MEDIUM
		",\"ends_at\":\"2026-11-23T00:20:00Z\"}]}";
	AUTO(trial_fini) struct trial trial;

	(void)state;
	trial_init(&trial, "{\"control\":\"usb_storage\",\"require\":{\"only\":\"registered\",\"access\":\"read_only\"}}");
	add_medium(&trial);
	assert_true(media_register_parse(&trial.media, reg, strlen(reg), &trial.err));
	assert_true(judge_at(&trial, NOW));
	assert_int_equal(trial.verdicts.next, NOW + 3 * DAY);
	assert_true(orders_parse(&trial.orders, orders, strlen(orders), &trial.err));
	assert_true(judge_at(&trial, NOW));
	assert_string_equal(trial.verdicts.items[0].granted_by, "order:g");
	assert_int_equal(trial.verdicts.next, NOW + DAY);
	assert_true(judge_at(&trial, NOW + DAY)); /* the order has ended; the medium may only be read; exempt */
	assert_int_equal(trial.verdicts.items[0].verdict, VERDICT_EXEMPT);
	assert_int_equal(trial.verdicts.items[0].allowed, ACCESS_READ_ONLY);
	assert_int_equal(trial.verdicts.next, NOW + 2 * DAY);
	assert_true(judge_at(&trial, NOW + 2 * DAY));
	assert_int_equal(trial.verdicts.items[0].verdict, VERDICT_FAIL);
}

static size_t count_shown(const struct trial *trial, bool all, int64_t viewer, json_int_t *hidden)
{
	struct report_about about = {&trial->policy, "0011", NOW, all, viewer};
	AUTO(json_drop) json_t *report = report_encode(&trial->verdicts, &about);

	assert_non_null(report);
	assert_string_equal(json_text(report, "host"), "0011");
	assert_string_equal(json_text(report, "verdict"), "fail");
	assert_int_equal(json_number(json_object_get(report, "policy"), "version", 0), 3);
	*hidden = json_number(report, "hidden", -1);
	return json_array_size(json_object_get(report, "controls"));
}

/* Another's row is hidden, yet counts for the verdict and the exit status. */
static void test_report_hides_other_users(void **state)
{
	static const char *const subjects[] = {"user:1000", "user:1001", "user:10000", "user:*", "host", "program:firefox"};
	AUTO(trial_fini) struct trial trial;
	json_int_t hidden;

	(void)state;
	trial_init(&trial, LOCK);
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++)
		fact_known(facts_add(&trial.facts, CONTROL_screen_lock, "%s", subjects[i]), value_seconds(i == 1 ? 900 : 60));
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++)
		trial.facts.items[i].fixed = true;
	assert_true(judge_at(&trial, NOW));
	assert_int_equal(count_shown(&trial, false, 1000, &hidden), 4);
	assert_int_equal(hidden, 2);
	assert_int_equal(count_shown(&trial, true, 0, &hidden), 6);
	assert_int_equal(hidden, 0);
	assert_int_equal(report_exit_status(&trial.verdicts), 1);
}

static void test_exit_status(void **state)
{
	static const int status[] = {
		[VERDICT_PASS] = 0, [VERDICT_FAIL] = 1, [VERDICT_UNKNOWN] = 2, [VERDICT_NOT_APPLICABLE] = 0, [VERDICT_EXEMPT] = 0};

	(void)state;
	for (int kind = VERDICT_PASS; kind <= VERDICT_EXEMPT; kind++)
		assert_int_equal(report_exit_status(&(struct verdicts){.worst = (enum verdict_kind)kind}), status[kind]);
}

static void test_too_many_facts(void **state)
{
	AUTO(trial_fini) struct trial trial;

	(void)state;
	trial_init(&trial, LOCK);
	trial.facts.overflow = true;
	assert_false(judge_at(&trial, NOW));
	assert_int_equal(trial.err.kind, ERR_LIMIT);
	trial.facts.overflow = false;
	assert_true(judge_at(&trial, NOW));
	verdicts_fini(&trial.verdicts);
	verdicts_init(&trial.verdicts);
	trial.verdicts.arena.max = 64; /* as if the verdicts did not fit */
	assert_false(judge(&trial.verdicts, &(struct judge_input){&trial.policy, NULL, NULL, &trial.facts, NOW}, &trial.err));
	assert_int_equal(trial.err.kind, ERR_LIMIT);
}

#define MANY 10000

static void test_many_facts(void **state)
{
	AUTO(trial_fini) struct trial trial;

	(void)state;
	trial_init(&trial, LOCK);
	for (unsigned i = 0; i < MANY; i++)
		fact_known(facts_add(&trial.facts, CONTROL_screen_lock, "user:%u", i), value_seconds(900));
	assert_false(trial.facts.overflow);
	assert_true(judge_at(&trial, NOW));
	assert_int_equal(trial.verdicts.count, MANY);
}

/* A fact's parameter of the same name gives way to the judge's, which is the one that its sentence means. */
static void test_parameters_once(void **state)
{
	AUTO(trial_fini) struct trial trial;

	(void)state;
	trial_init(&trial, LOCK);
	struct fact *fact = facts_add(&trial.facts, CONTROL_screen_lock, "user:1");
	fact_known(fact, value_seconds(900));
	fact_param_text(&trial.facts, fact, "limit", "none");
	fact_param_number(&trial.facts, fact, "idle", 5);
	assert_true(judge_at(&trial, NOW));
	const struct verdict *row = &trial.verdicts.items[0];
	assert_int_equal(row->param_count, 3);
	assert_string_equal(row->params[0].name, "limit");
	assert_null(row->params[0].text);
	assert_int_equal(row->params[0].number, 10);
}

/* The loader refuses such a policy; should one ever be judged all the same, the strictest of its rules holds. */
static void test_medium_without_a_rule(void **state)
{
	static const char *other[] = {"nobody"};
	static const struct when when = {.has_users = true, .users = other, .user_count = 1};
	AUTO(trial_fini) struct trial trial;

	(void)state;
	trial_init(&trial, LOCK ",{\"control\":\"usb_storage\",\"when\":{\"users\":[\"nobody\"]},\"require\":{\"is\":\"allowed\"}},"
	                        "{\"control\":\"usb_storage\",\"require\":{\"is\":\"read_only\"}}");
	add_medium(&trial);
	for (int64_t uid = 0; uid < 50; uid++) /* far more users than rules */
		(void)facts_add_session(&trial.facts, uid);
	assert_true(judge_at(&trial, NOW));
	assert_int_equal(trial.verdicts.items[1].allowed, ACCESS_READ_ONLY);
	trial.policy.rules[2].when = when;
	assert_true(judge_at(&trial, NOW));
	assert_int_equal(trial.verdicts.items[1].allowed, ACCESS_READ_ONLY);
	assert_ptr_equal(trial.verdicts.items[1].rule, &trial.policy.rules[2]);
	trial.policy.rules[0].when = when; /* others have no rule then */
	assert_true(judge_at(&trial, NOW));
	assert_string_equal(trial.verdicts.items[0].code, "screen_lock.no_rule_now");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_of_hours),
		cmocka_unit_test(test_next_of_ages),
		cmocka_unit_test(test_next_of_documents),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_report_hides_other_users),
		cmocka_unit_test(test_too_many_facts),
		cmocka_unit_test(test_many_facts),
		cmocka_unit_test(test_parameters_once),
		cmocka_unit_test(test_medium_without_a_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
