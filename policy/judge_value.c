/* SPDX-License-Identifier: Apache-2.0 */
/* A value against a limit: the word of what is wrong, or NULL. */
#include "policy/judge_own.h"

/*
 * A PC without a battery starts in 1970, and a product may write local time without its zone: up to a day is such a
 * mistake, and the thing is as good as new. More than that says nothing about its age, and must not make old signatures
 * young.
 */
#define FUTURE_MAX_S 86400 /* a clock may be this wrong before an instant still to come is nonsense */

/* Shown so that the sentence is true: what is too long is rounded up, its limit down. */
static int64_t up(int64_t number, int64_t unit)
{
	return number / unit + (number % unit != 0);
}

static const char *compare_duration(struct judging *judging, struct verdict *verdict)
{
	const struct require *require = &verdict->rule->require;
	const struct value *value = &verdict->fact->value;

	if (value->never)
		return "off";
	if (require->kind == REQUIRE_AT_MOST && value->number > require->limit) {
		judge_param_number(judging, verdict, "minutes", up(value->number, 60));
		judge_param_number(judging, verdict, "limit", require->limit / 60);
		return "too_long";
	}
	if (require->kind == REQUIRE_AT_LEAST && value->number < require->limit) {
		judge_param_number(judging, verdict, "minutes", value->number / 60);
		judge_param_number(judging, verdict, "limit", up(require->limit, 60));
		return "too_short";
	}
	return NULL;
}

static const char *compare_age(struct judging *judging, struct verdict *verdict)
{
	const struct value *value = &verdict->fact->value;
	int64_t limit = verdict->rule->require.limit, now = judging->in->now_utc;

	if (value->never)
		return "never";
	if (now - value->number <= limit) { /* exactly the limit is within it; the next second is not */
		judge_may_change(judging, value->number + limit + 1);
		return NULL;
	}
	judge_param_number(judging, verdict, "hours", up(now - value->number, 3600));
	judge_param_number(judging, verdict, "limit", limit / 3600);
	return "too_old";
}

static const char *compare_switch(const struct verdict *verdict)
{
	bool on = verdict->fact->value.number != 0, wanted = verdict->rule->require.is == IS_ON;

	return on == wanted ? NULL : on ? "is_on" : "is_off";
}

static const char *compare_coverage(const struct verdict *verdict)
{
	static const char *const words[] = {[COVERAGE_NONE] = "none", [COVERAGE_PARTIAL] = "partial", [COVERAGE_FULL] = NULL};

	return words[verdict->fact->value.number];
}

static const char *compare(struct judging *judging, struct verdict *verdict)
{
	switch (verdict->fact->value.kind) {
	case VALUE_DURATION:
		return compare_duration(judging, verdict);
	case VALUE_AGE:
		return compare_age(judging, verdict);
	case VALUE_COVERAGE:
		return compare_coverage(verdict);
	default:
		break;
	}
	return compare_switch(verdict); /* no other kind has a written control */
}

static bool is_future(struct judging *judging, const struct value *value)
{
	if (value->kind != VALUE_AGE || value->never || value->number - judging->in->now_utc <= FUTURE_MAX_S)
		return false;
	judge_may_change(judging, value->number - FUTURE_MAX_S);
	return true;
}

/* Its words are those of the value: why it could not be read does not matter once even the best case fails. */
void judge_bound(struct judging *judging, struct verdict *verdict)
{
	const char *word = is_future(judging, &verdict->fact->value) ? NULL : compare(judging, verdict);

	if (!word)
		return;
	verdict->verdict = VERDICT_FAIL;
	verdict->code = judge_code(judging, verdict->control, word);
}

void judge_value(struct judging *judging, struct verdict *verdict)
{
	const struct fact *fact = verdict->fact;
	const char *word = NULL;

	if (is_future(judging, &fact->value)) {
		verdict->verdict = VERDICT_UNKNOWN;
		verdict->code = judge_code(judging, verdict->control, "future");
		return;
	}
	word = compare(judging, verdict);
	if (!word && verdict->rule->require.enforced && !fact->fixed)
		word = "not_enforced";
	verdict->verdict = word ? VERDICT_FAIL : VERDICT_PASS;
	verdict->code = judge_code(judging, verdict->control, !word ? "ok" : fact->reason ? fact->reason : word);
}
