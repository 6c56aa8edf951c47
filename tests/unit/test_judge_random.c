/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of every judgement, tried on random policies, facts, registers, orders and times. EPAGENT_SEED repeats a run. */
#include "tests/unit/test.h"

#include "base/json.h"
#include "base/text.h"
#include "policy/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 1500
#define BASE   INT64_C(1795300000) /* a Sunday in November 2026 */
#define DAY    86400

static uint64_t seed;

/* xorshift: the same on every system. */
static unsigned below(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % limit;
}

static bool chance(unsigned percent)
{
	return below(100) < percent;
}

static const enum control_id controls[] = {CONTROL_screen_lock,       CONTROL_password_memory,      CONTROL_disk_encryption,
                                           CONTROL_antivirus_running, CONTROL_antivirus_signatures, CONTROL_usb_storage};

struct trial {
	struct policy policy;
	struct media_register media;
	struct orders orders;
	struct facts facts;
	int64_t now;
};

static void trial_init(struct trial *trial)
{
	policy_init(&trial->policy);
	media_register_init(&trial->media);
	orders_init(&trial->orders);
	facts_init(&trial->facts);
	trial->now = BASE + below(14 * DAY);
}

static void trial_fini(struct trial *trial)
{
	policy_fini(&trial->policy);
	media_register_fini(&trial->media);
	orders_fini(&trial->orders);
	facts_fini(&trial->facts);
}

static void add_requirement(struct buf *out, enum control_id id)
{
	static const char *const is_media[] = {"blocked", "read_only", "allowed"};

	switch (catalogue[id].value) {
	case VALUE_DURATION:
		buf_printf(out, "{\"%s\":%u,\"enforced\":%s}", chance(80) ? "at_most" : "at_least", 60 * below(20),
		           chance(50) ? "true" : "false");
		break;
	case VALUE_AGE:
		buf_printf(out, "{\"at_most\":%u}", 3600 * below(60));
		break;
	case VALUE_ACCESS:
		if (chance(40))
			buf_printf(out, "{\"is\":\"%s\"}", is_media[below(3)]);
		else
			buf_printf(out, "{%s\"access\":\"%s\",\"encrypted\":%s,\"scanned\":%s,\"unlocked_screen\":%s}",
			           chance(70) ? "\"only\":\"registered\"," : "", chance(50) ? "read_only" : "read_write",
			           chance(20) ? "true" : "false", chance(20) ? "true" : "false", chance(20) ? "true" : "false");
		break;
	default:
		buf_printf(out, "{\"is\":\"%s\"}", catalogue[id].value == VALUE_SWITCH && chance(30) ? "off" : "on");
	}
}

static void add_when(struct buf *out)
{
	static const char *const days[] = {"", "Mon-Fri ", "Sat,Sun ", "Wed ", "Fri-Mon "};
	unsigned from = below(1440), to = below(1440);
	bool hours = chance(60);

	buf_add(out, "\"when\":{");
	if (hours)
		buf_printf(out, "\"hours\":\"%s%02u:%02u-%02u:%02u\"", days[below(5)], from / 60, from % 60, (to == from ? 1440 : to) / 60,
		           (to == from ? 1440 : to) % 60);
	if (!hours || chance(40))
		buf_printf(out, "%s\"users\":[\"%s\"]", hours ? "," : "", chance(50) ? "clerks" : "chiefs");
	buf_add(out, "},");
}

static void add_rules(struct buf *out, enum control_id id, bool last)
{
	for (unsigned i = below(3); i > 0; i--) {
		buf_printf(out, ",{\"control\":\"%s\",", catalogue[id].name);
		add_when(out);
		buf_add(out, "\"require\":");
		add_requirement(out, id);
		buf_add(out, "}");
	}
	if (!last && id != CONTROL_usb_storage && chance(50))
		return;
	buf_printf(out, ",{\"control\":\"%s\",\"mode\":\"%s\",\"require\":", catalogue[id].name, chance(50) ? "enforce" : "observe");
	add_requirement(out, id);
	buf_add(out, "}");
}

/* `last`: every control ends in a rule without `when`. */
static void make_policy(struct trial *trial, bool last)
{
	static const char *const zones[] = {"Asia/Tokyo", "UTC", "-03:30"};
	AUTO(buf_fini) struct buf out;
	struct err err;

	buf_init(&out, 1u << 16);
	buf_printf(&out,
	           "{\"policy\":\"p\",\"format\":1,\"title\":{\"en\":\"t\"},\"timezone\":\"%s\",\"rules\":[{\"control\":\"firewall\","
	           "\"require\":{\"is\":\"on\"}}",
	           zones[below(3)]);
	for (size_t i = 0; i < ARRAY_LEN(controls); i++)
		if (chance(70))
			add_rules(&out, controls[i], last);
	buf_add(&out, "]}");
	if (!policy_parse(&trial->policy, out.data, out.size, &err))
		fail_msg("%s in %s", err.text, out.data);
}

static void end(struct buf *out, int64_t at)
{
	char text[TEXT_INSTANT_SIZE];

	text_from_instant(text, at);
	buf_printf(out, "\"ends_at\":\"%s\"}", text);
}

static void add_medium_entries(struct buf *out, const struct trial *trial, const char *extra)
{
	for (unsigned i = 0, count = below(4); i < count; i++) {
		buf_printf(out, "%s{\"id\":\"i%u\",\"vendor\":\"0781\",\"product\":\"000%u\",\"access\":\"%s\",", i ? "," : "", i, below(2),
		           chance(50) ? "read_only" : "read_write");
		if (!extra || chance(70))
			buf_printf(out, "\"serial\":\"S%u\",", below(3));
		else
			buf_add(out, extra);
		end(out, trial->now - DAY / 2 + below(2 * DAY));
	}
}

static void make_documents(struct trial *trial)
{
	AUTO(buf_fini) struct buf reg, orders;
	char issued[TEXT_INSTANT_SIZE];
	struct err err;

	buf_init(&reg, 1u << 16);
	buf_init(&orders, 1u << 16);
	text_from_instant(issued, trial->now - DAY);
	buf_printf(&reg, "{\"register\":1,\"version\":1,\"issued_at\":\"%s\",\"entries\":[", issued);
	add_medium_entries(&reg, trial, "\"section\":\"s\",");
	buf_add(&reg, "]}");
	buf_printf(&orders, "{\"orders\":1,\"version\":1,\"issued_at\":\"%s\",\"grants\":[", issued);
	add_medium_entries(&orders, trial, NULL);
	buf_add(&orders, "],\"exemptions\":[");
	for (unsigned i = 0, count = below(3); i < count; i++) {
		buf_printf(&orders, "%s{\"id\":\"e%u\",\"control\":\"%s\",\"subject\":\"%s\",", i ? "," : "", i,
		           catalogue[controls[below(6)]].name, chance(50) ? "s:0" : "s:1");
		end(&orders, trial->now - DAY / 2 + below(2 * DAY));
	}
	buf_add(&orders, "]}");
	if (!media_register_parse(&trial->media, reg.data, reg.size, &err) || !orders_parse(&trial->orders, orders.data, orders.size, &err))
		fail_msg("%s", err.text);
}

static struct value random_value(const struct trial *trial, enum value_kind kind)
{
	switch (kind) {
	case VALUE_DURATION:
		return value_seconds((int64_t)(30 * below(50)));
	case VALUE_AGE:
		return chance(10) ? value_never(VALUE_AGE) : value_instant(trial->now + 3 * DAY - below(8 * DAY));
	case VALUE_COVERAGE:
		return value_coverage((enum coverage)below(3));
	case VALUE_ACCESS:
		return value_access((enum access)below(3));
	default:
		return value_switch(chance(50));
	}
}

static const struct medium *random_medium(struct facts *facts)
{
	struct medium *medium = arena_alloc(&facts->arena, sizeof *medium);

	*medium = (struct medium){.vendor = 0x0781,
	                          .product = (uint16_t)below(2),
	                          .serial = chance(20) ? "" : arena_printf(&facts->arena, "S%u", below(3)),
	                          .port = "1-2",
	                          .name = "",
	                          .interfaces = "08:06:50",
	                          .digest = "",
	                          .lifeline = chance(5),
	                          .shared_serial = chance(10),
	                          .encrypted = (enum tristate)below(3),
	                          .scanned = (enum tristate)below(3)};
	return medium;
}

static void add_fact(struct trial *trial, enum control_id id, unsigned number)
{
	struct fact *fact = facts_add(&trial->facts, id, "s:%u", number);

	if (chance(15))
		fact_unknown(&trial->facts, fact, "denied");
	else if (chance(10))
		fact_unsupported(&trial->facts, fact, "absent");
	else
		fact_known(fact, random_value(trial, catalogue[id].value));
	if (fact->state == FACT_UNKNOWN && catalogue[id].value == VALUE_AGE && chance(50))
		fact_at_best(fact, random_value(trial, VALUE_AGE));
	fact->fixed = fact->state == FACT_KNOWN && chance(50);
	if (catalogue[id].value == VALUE_ACCESS && chance(90))
		fact->medium = random_medium(&trial->facts);
}

static void add_session(struct trial *trial, bool present)
{
	static const char *groups[] = {"clerks", "chiefs", "guests"};
	struct session *session = facts_add_session(&trial->facts, 1000 + (int64_t)trial->facts.session_count);

	session->groups = &groups[below(3)];
	session->group_count = 1;
	session->active = present || chance(70);
	session->locked = chance(30);
	session->remote = !present && chance(20);
}

static void make(struct trial *trial, bool last, unsigned sessions)
{
	trial_init(trial);
	make_policy(trial, last);
	make_documents(trial);
	for (size_t i = 0; i < ARRAY_LEN(controls); i++)
		for (unsigned j = 0, count = below(4); j < count; j++)
			add_fact(trial, controls[i], j);
	for (unsigned i = 0; i < sessions; i++)
		add_session(trial, last);
	trial->facts.sessions_known = sessions > 0 || chance(50);
}

static void judge_at(const struct trial *trial, struct verdicts *out, int64_t now)
{
	struct judge_input in = {&trial->policy, &trial->media, &trial->orders, &trial->facts, now};
	struct err err;

	verdicts_init(out);
	if (!judge(out, &in, &err))
		fail_msg("%s", err.text);
}

/* Parameters count hours and so change with time; all else must be equal. */
static bool same_row(const struct verdict *a, const struct verdict *b)
{
	return a->control == b->control && text_equal(a->subject, b->subject) && a->verdict == b->verdict && text_equal(a->code, b->code) &&
	       text_equal(a->mend, b->mend) && a->allowed == b->allowed && text_equal(a->granted_by, b->granted_by) &&
	       text_equal(a->exemption ? a->exemption->id : NULL, b->exemption ? b->exemption->id : NULL) &&
	       a->rule->require.kind == b->rule->require.kind && a->rule->mode == b->rule->mode;
}

static bool same(const struct verdicts *a, const struct verdicts *b)
{
	if (a->count != b->count || a->worst != b->worst)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same_row(&a->items[i], &b->items[i]))
			return false;
	return true;
}

#define TRIAL(name, last, sessions)                                                                                                        \
	AUTO(trial_fini) struct trial name;                                                                                                \
	uint64_t trial_seed = seed;                                                                                                        \
	make(&(name), (last), (sessions))
#define HOLDS(what)                                                                                                                        \
	do {                                                                                                                               \
		if (!(what))                                                                                                               \
			fail_msg("EPAGENT_SEED=%" PRIu64 ": " #what, trial_seed);                                                          \
	} while (0)

static void test_unrelated_fact_changes_nothing(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, chance(50), below(3));
		AUTO(verdicts_fini) struct verdicts before, after;
		judge_at(&trial, &before, trial.now);
		fact_known(facts_add(&trial.facts, CONTROL_secure_boot, "host"), value_switch(chance(50)));
		fact_unknown(&trial.facts, facts_add(&trial.facts, CONTROL_firewall, "host"), "denied");
		judge_at(&trial, &after, trial.now);
		HOLDS(same(&before, &after) && before.next == after.next);
	}
}

static void test_unknown_never_becomes_pass_or_fail(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, chance(50), below(3));
		AUTO(verdicts_fini) struct verdicts verdicts;
		for (size_t i = 0; i < trial.facts.count; i++)
			fact_unknown(&trial.facts, &trial.facts.items[i], "denied");
		for (size_t i = 0; i < trial.facts.count; i++)
			trial.facts.items[i].at_best = false;
		judge_at(&trial, &verdicts, trial.now);
		for (size_t i = 0; i < verdicts.count; i++) {
			const struct verdict *row = &verdicts.items[i];
			bool open = row->verdict == VERDICT_UNKNOWN || (row->verdict == VERDICT_EXEMPT && row->exemption);
			HOLDS(open || text_ends(row->code, ".no_rule_now"));
			HOLDS(!row->mend);
		}
		HOLDS(verdicts.worst != VERDICT_PASS && verdicts.worst != VERDICT_FAIL);
	}
}

static bool is_unknown_fact(const struct verdict *row)
{
	return row->fact && row->fact->state == FACT_UNKNOWN;
}

static void test_a_bound_never_passes(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, chance(50), below(3));
		AUTO(verdicts_fini) struct verdicts verdicts;
		judge_at(&trial, &verdicts, trial.now);
		for (size_t i = 0; i < verdicts.count; i++)
			HOLDS(!is_unknown_fact(&verdicts.items[i]) ||
			      (verdicts.items[i].verdict != VERDICT_PASS && verdicts.items[i].verdict != VERDICT_NOT_APPLICABLE));
	}
}

/* Two users at their seats: each row is the worse of what either alone would give; each medium opens as far as for both. */
static void test_strictest_of_several_users(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, true, 2);
		AUTO(verdicts_fini) struct verdicts both, first, second;
		struct session *sessions = trial.facts.sessions;
		judge_at(&trial, &both, trial.now);
		trial.facts.session_count = 1;
		judge_at(&trial, &first, trial.now);
		trial.facts.sessions = sessions + 1;
		judge_at(&trial, &second, trial.now);
		HOLDS(both.count == first.count && both.count == second.count);
		for (size_t i = 0; i < both.count; i++) {
			const struct verdict *a = &first.items[i], *b = &second.items[i], *ab = &both.items[i];
			enum access least = a->allowed < b->allowed ? a->allowed : b->allowed;
			/* A locked screen of one holds for the rule of the other too. */
			if (catalogue_is_media(ab->control))
				HOLDS(sessions[0].locked || sessions[1].locked ? ab->allowed <= least : ab->allowed == least);
			else
				HOLDS(verdict_rank(ab->verdict) == (verdict_rank(a->verdict) > verdict_rank(b->verdict)
				                                            ? verdict_rank(a->verdict)
				                                            : verdict_rank(b->verdict)));
		}
	}
}

/* Not known who is there: never milder than with anybody there. */
static void test_unknown_users_are_the_strictest(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, true, 1);
		AUTO(verdicts_fini) struct verdicts known, unknown;
		judge_at(&trial, &known, trial.now);
		trial.facts.sessions_known = false;
		judge_at(&trial, &unknown, trial.now);
		HOLDS(known.count == unknown.count);
		for (size_t i = 0; i < known.count; i++)
			if (catalogue_is_media(known.items[i].control))
				HOLDS(unknown.items[i].allowed <= known.items[i].allowed);
			else
				HOLDS(verdict_rank(unknown.items[i].verdict) >= verdict_rank(known.items[i].verdict));
	}
}

/* The hours once more, by the C library's calendar. */
static bool hours_hold(const struct policy *policy, const struct when *when, int64_t now)
{
	time_t local = (time_t)(now + policy->utc_offset_s);
	struct tm tm;

	if (!when->has_hours)
		return true;
	gmtime_r(&local, &tm);
	int minute = tm.tm_hour * 60 + tm.tm_min, today = (tm.tm_wday + 6) % 7, yesterday = (tm.tm_wday + 5) % 7;
	if (when->from_min < when->to_min)
		return (when->days >> today & 1) && minute >= when->from_min && minute < when->to_min;
	return ((when->days >> today & 1) && minute >= when->from_min) || ((when->days >> yesterday & 1) && minute < when->to_min);
}

static const struct rule *first_that_holds(const struct trial *trial, enum control_id id)
{
	for (size_t i = 0; i < trial->policy.rule_count; i++) {
		const struct rule *rule = &trial->policy.rules[i];
		bool member = !rule->when.has_users || strcmp(trial->facts.sessions[0].groups[0], rule->when.users[0]) == 0;
		if (rule->control == id && member && hours_hold(&trial->policy, &rule->when, trial->now))
			return rule;
	}
	return NULL;
}

static void test_first_rule_whose_when_holds(void **state)
{
	unsigned held = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, chance(50), 1);
		AUTO(verdicts_fini) struct verdicts verdicts;
		judge_at(&trial, &verdicts, trial.now);
		for (size_t i = 0; i < verdicts.count; i++) {
			const struct verdict *row = &verdicts.items[i];
			const struct rule *rule = first_that_holds(&trial, row->control);
			HOLDS(rule ? row->rule == rule : text_ends(row->code, ".no_rule_now"));
			held += rule && rule->has_when;
		}
	}
	assert_true(held > ROUNDS / 10);
}

static int by_subject(const void *a, const void *b)
{
	const struct verdict *left = a, *right = b;

	return left->control != right->control ? (int)left->control - (int)right->control : strcmp(left->subject, right->subject);
}

static void test_order_of_facts_does_not_matter(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, chance(50), below(3));
		AUTO(verdicts_fini) struct verdicts before, after;
		judge_at(&trial, &before, trial.now);
		for (size_t i = trial.facts.count; i > 1; i--) {
			struct fact *other = &trial.facts.items[below((unsigned)i)], swap = *other;
			*other = trial.facts.items[i - 1];
			trial.facts.items[i - 1] = swap;
		}
		judge_at(&trial, &after, trial.now);
		qsort(before.items, before.count, sizeof *before.items, by_subject);
		qsort(after.items, after.count, sizeof *after.items, by_subject);
		HOLDS(same(&before, &after) && before.next == after.next);
	}
}

/* Recorded and judged again: facts through JSON, the policy through its canonical JSON. */
static void test_replay(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, chance(50), below(3));
		AUTO(trial_fini) struct trial again;
		AUTO(verdicts_fini) struct verdicts before, after;
		AUTO(buf_fini) struct buf text, once_more;
		AUTO(json_drop) json_t *facts = facts_encode(&trial.facts);
		struct err err;
		trial_init(&again);
		buf_init(&text, POLICY_MAX_BYTES);
		buf_init(&once_more, POLICY_MAX_BYTES);
		policy_print(&text, &trial.policy);
		HOLDS(policy_parse(&again.policy, text.data, text.size, &err));
		policy_print(&once_more, &again.policy);
		HOLDS(strcmp(text.data, once_more.data) == 0);
		HOLDS(facts_decode(&again.facts, facts, &err));
		struct judge_input in = {&again.policy, &trial.media, &trial.orders, &again.facts, trial.now};
		judge_at(&trial, &before, trial.now);
		verdicts_init(&after);
		HOLDS(judge(&after, &in, &err));
		HOLDS(same(&before, &after) && before.next == after.next);
	}
}

static void test_next(void **state)
{
	unsigned changed = 0, never = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		TRIAL(trial, chance(50), below(3));
		AUTO(verdicts_fini) struct verdicts now, just_before, between, then;
		judge_at(&trial, &now, trial.now);
		HOLDS(now.next > trial.now);
		int64_t end_of_sameness = now.next == JUDGE_NO_NEXT ? trial.now + 500 * DAY : now.next;
		never += now.next == JUDGE_NO_NEXT;
		judge_at(&trial, &just_before, end_of_sameness - 1);
		HOLDS(same(&now, &just_before));
		judge_at(&trial, &between, trial.now + below((unsigned)(end_of_sameness - trial.now)));
		HOLDS(same(&now, &between));
		judge_at(&trial, &then, end_of_sameness);
		changed += !same(&now, &then);
	}
	/* Not merely "always soon": it often is the very second. */
	assert_true(changed > ROUNDS / 20);
	assert_true(never > 0);
}

/* Each test begins anew, so that a printed seed is the first round of all of them. */
static int set_seed(void **state)
{
	const char *given = getenv("EPAGENT_SEED");

	(void)state;
	seed = given ? strtoull(given, NULL, 10) : 20261122;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_unrelated_fact_changes_nothing, set_seed),
		cmocka_unit_test_setup(test_unknown_never_becomes_pass_or_fail, set_seed),
		cmocka_unit_test_setup(test_a_bound_never_passes, set_seed),
		cmocka_unit_test_setup(test_strictest_of_several_users, set_seed),
		cmocka_unit_test_setup(test_unknown_users_are_the_strictest, set_seed),
		cmocka_unit_test_setup(test_first_rule_whose_when_holds, set_seed),
		cmocka_unit_test_setup(test_order_of_facts_does_not_matter, set_seed),
		cmocka_unit_test_setup(test_replay, set_seed),
		cmocka_unit_test_setup(test_next, set_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
