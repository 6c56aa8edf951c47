/* SPDX-License-Identifier: Apache-2.0 */
/* A fact that is not known but bounded: fails when even the bound fails, is else unknown, never passes; and survives JSON. */
#include "tests/unit/test.h"

#include "base/json.h"
#include "policy/judge.h"

#include <string.h>

#define NOW 1795306800

static const char rules[] = "{\"policy\":\"t\",\"format\":1,\"title\":{\"en\":\"t\"},\"rules\":[{\"control\":\"antivirus_signatures\","
			    "\"require\":{\"at_most\":\"24h\"}}]}";

static enum verdict_kind judge_one(struct facts *facts, char *code, size_t code_size)
{
	AUTO(policy_fini) struct policy policy;
	AUTO(verdicts_fini) struct verdicts verdicts;
	struct err err = {ERR_NONE, ""};

	policy_init(&policy);
	verdicts_init(&verdicts);
	assert_true(policy_parse(&policy, rules, strlen(rules), &err));
	assert_true(judge(&verdicts, &(struct judge_input){.policy = &policy, .facts = facts, .now_utc = NOW}, &err));
	assert_int_equal(verdicts.count, 1);
	(void)snprintf(code, code_size, "%s", verdicts.items[0].code);
	return verdicts.items[0].verdict;
}

static void expect(struct value bound, enum verdict_kind verdict, const char *code)
{
	AUTO(facts_fini) struct facts facts, again;
	struct err err = {ERR_NONE, ""};
	char got[80];

	facts_init(&facts);
	facts_init(&again);
	struct fact *fact = facts_add(&facts, CONTROL_antivirus_signatures, "product:clamav");
	fact_unknown(&facts, fact, "no_answer");
	fact_at_best(fact, bound);
	assert_int_equal(judge_one(&facts, got, sizeof got), verdict);
	assert_string_equal(got, code);
	AUTO(json_drop) json_t *json = facts_encode(&facts);
	assert_true(facts_decode(&again, json, &err));
	assert_true(again.items[0].at_best && value_equal(&again.items[0].value, &bound));
	assert_int_equal(judge_one(&again, got, sizeof got), verdict);
}

static void test_bounds(void **state)
{
	(void)state;
	expect(value_instant(NOW - 86400), VERDICT_UNKNOWN, "antivirus_signatures.no_answer");
	expect(value_instant(NOW - 86401), VERDICT_FAIL, "antivirus_signatures.too_old");
	expect(value_never(VALUE_AGE), VERDICT_FAIL, "antivirus_signatures.never");
	expect(value_instant(NOW + 10 * 86400), VERDICT_UNKNOWN, "antivirus_signatures.no_answer");
}

static void test_only_unknown_facts_have_one(void **state)
{
	static const char *const bad[] = {
		"{\"schema\":1,\"facts\":[{\"control\":\"antivirus_signatures\",\"subject\":\"host\",\"state\":\"known\",\"value\":"
	        "\"never\","
		"\"at_best\":\"never\"}]}",
		"{\"schema\":1,\"facts\":[{\"control\":\"antivirus_signatures\",\"subject\":\"host\",\"state\":\"unsupported\","
		"\"reason\":\"x\",\"at_best\":\"never\"}]}",
		"{\"schema\":1,\"facts\":[{\"control\":\"antivirus_signatures\",\"subject\":\"host\",\"state\":\"unknown\",\"reason\":"
	        "\"x\","
		"\"at_best\":5}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(facts_fini) struct facts facts;
		struct err err = {ERR_NONE, ""};
		AUTO(json_drop) json_t *json = json_parse(bad[i], strlen(bad[i]), &err);
		facts_init(&facts);
		assert_non_null(json);
		assert_false(facts_decode(&facts, json, &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_only_unknown_facts_have_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
