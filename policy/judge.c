/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of verdicts: every control of the policy, every fact of it, the strictest of the rules that hold. Nothing here looks
 * at a clock, a file or a global: PC, server and tests must come to the same answer, and a recorded case must be judged
 * again years later.
 */
#include "policy/judge_own.h"

#include <string.h>

#define VERDICTS_MAX_BYTES (32u << 20) /* rows for the largest set of facts under several rules each */

void verdicts_init(struct verdicts *verdicts)
{
	*verdicts = (struct verdicts){.worst = VERDICT_NOT_APPLICABLE, .next = JUDGE_NO_NEXT};
	arena_init(&verdicts->arena, VERDICTS_MAX_BYTES);
}

void verdicts_fini(struct verdicts *verdicts)
{
	arena_fini(&verdicts->arena);
	*verdicts = (struct verdicts){.worst = VERDICT_NOT_APPLICABLE, .next = JUDGE_NO_NEXT};
}

int verdict_rank(enum verdict_kind kind)
{
	static const int ranks[] = {
		[VERDICT_NOT_APPLICABLE] = 0, [VERDICT_PASS] = 1, [VERDICT_EXEMPT] = 2, [VERDICT_UNKNOWN] = 3, [VERDICT_FAIL] = 4};

	return ranks[kind];
}

void judge_may_change(struct judging *judging, int64_t at)
{
	if (at > judging->in->now_utc && at < judging->out->next)
		judging->out->next = at;
}

const char *judge_code(struct judging *judging, enum control_id id, const char *word)
{
	return arena_printf(&judging->out->arena, "%s.%s", catalogue[id].name, word);
}

/* The judge's own parameter wins over one of the fact with that name. */
static struct param *set_param(struct judging *judging, struct verdict *verdict, const char *name)
{
	static struct param spill;

	for (size_t i = 0; i < verdict->param_count; i++)
		if (strcmp(verdict->params[i].name, name) == 0)
			return &verdict->params[i];
	struct param *param = ARENA_PUSH(&judging->out->arena, verdict->params, verdict->param_count);
	return param ? param : &spill;
}

void judge_param_number(struct judging *judging, struct verdict *verdict, const char *name, int64_t number)
{
	*set_param(judging, verdict, name) = (struct param){.name = name, .number = number};
}

void judge_param_text(struct judging *judging, struct verdict *verdict, const char *name, const char *text)
{
	*set_param(judging, verdict, name) = (struct param){.name = name, .text = text};
}

static const char *mend_code(struct judging *judging, const struct fact *fact)
{
	const char *name = catalogue[fact->control].name;

	if (fact->via)
		return arena_printf(&judging->out->arena, "%s.mend_%s", name, fact->via);
	return arena_printf(&judging->out->arena, "%s.mend", name);
}

/* One fact under one rule. What is not known stays so under any rule; a medium is decided even then, for enforcing needs it. */
static struct verdict judge_by_rule(struct judging *judging, const struct fact *fact, const struct rule *rule)
{
	struct verdict verdict = {.control = fact->control, .subject = fact->subject, .fact = fact, .rule = rule};
	bool media = catalogue_is_media(fact->control);

	for (size_t i = 0; i < fact->param_count; i++)
		*set_param(judging, &verdict, fact->params[i].name) = fact->params[i];
	if (fact->state != FACT_KNOWN) {
		verdict.verdict = fact->state == FACT_UNKNOWN ? VERDICT_UNKNOWN : VERDICT_NOT_APPLICABLE;
		verdict.code = judge_code(judging, fact->control, fact->reason);
	}
	if (media)
		judge_medium(judging, &verdict);
	else if (fact->state == FACT_KNOWN)
		judge_value(judging, &verdict);
	else if (fact->state == FACT_UNKNOWN && fact->at_best)
		judge_bound(judging, &verdict);
	if (verdict.verdict == VERDICT_FAIL)
		verdict.mend = mend_code(judging, fact);
	return verdict;
}

/* The one that opens less; for others the worse verdict. Where both say the same, the one that is enforced. */
static bool is_stricter(const struct verdict *a, const struct verdict *b)
{
	if (a->allowed != b->allowed)
		return a->allowed < b->allowed;
	if (a->verdict != b->verdict)
		return verdict_rank(a->verdict) > verdict_rank(b->verdict);
	return a->rule->mode > b->rule->mode;
}

/* What fails or is not known, and was permitted for a time. A pass stays one. */
static void apply_exemption(struct judging *judging, struct verdict *verdict)
{
	const struct orders *orders = judging->in->orders;

	if (!orders || (verdict->verdict != VERDICT_FAIL && verdict->verdict != VERDICT_UNKNOWN))
		return;
	for (size_t i = 0; i < orders->exemption_count; i++) {
		const struct exemption *exemption = &orders->exemptions[i];
		if (exemption->control != verdict->control || exemption->ends_at <= judging->in->now_utc ||
		    (exemption->subject && strcmp(exemption->subject, verdict->subject) != 0))
			continue;
		judge_may_change(judging, exemption->ends_at);
		if (!verdict->exemption || exemption->ends_at > verdict->exemption->ends_at)
			verdict->exemption = exemption;
	}
	if (verdict->exemption) {
		verdict->verdict = VERDICT_EXEMPT;
		verdict->mend = NULL;
	}
}

static void add_row(struct judging *judging, struct verdict verdict)
{
	struct verdicts *out = judging->out;

	apply_exemption(judging, &verdict);
	struct verdict *slot = ARENA_PUSH(&out->arena, out->items, out->count);
	if (!slot)
		return;
	*slot = verdict;
	if (verdict_rank(verdict.verdict) > verdict_rank(out->worst))
		out->worst = verdict.verdict;
}

/* Rows of facts come once: which of several rules made it is in the row. */
static void judge_fact(struct judging *judging, const struct fact *fact)
{
	struct verdict strictest = judge_by_rule(judging, fact, judging->rules[0]);

	for (size_t i = 1; i < judging->rule_count; i++) {
		struct verdict other = judge_by_rule(judging, fact, judging->rules[i]);
		if (is_stricter(&other, &strictest))
			strictest = other;
	}
	add_row(judging, strictest);
}

/* The one row of a control that has no fact to judge. */
static void add_bare_row(struct judging *judging, const struct rule *rule, enum verdict_kind kind, const char *word)
{
	add_row(judging, (struct verdict){.control = rule->control,
	                                  .subject = "host",
	                                  .verdict = kind,
	                                  .code = judge_code(judging, rule->control, word),
	                                  .rule = rule});
}

static void judge_control(struct judging *judging, const struct rule *first)
{
	const struct facts *facts = judging->in->facts;
	size_t found = 0;

	if (!catalogue[first->control].written) {
		add_bare_row(judging, first, VERDICT_UNKNOWN, "not_written");
		return;
	}
	judge_choose_rules(judging, first->control);
	if (judging->rule_count == 0) {
		add_bare_row(judging, first, VERDICT_NOT_APPLICABLE, "no_rule_now");
		return;
	}
	for (size_t i = 0; i < facts->count; i++)
		if (facts->items[i].control == first->control) {
			judge_fact(judging, &facts->items[i]);
			found++;
		}
	if (found == 0)
		add_bare_row(judging, judging->rules[0], VERDICT_UNKNOWN, "nothing_found");
}

bool judge(struct verdicts *out, const struct judge_input *in, struct err *err)
{
	struct judging judging = {.out = out, .in = in};
	bool seen[CONTROL_COUNT] = {false};

	if (in->facts->overflow)
		return err_set(err, ERR_LIMIT, "there are more facts than can be judged");
	/* Room for all rules: judge_choose_rules takes each at most once. */
	judging.rules = arena_alloc(&out->arena, in->policy->rule_count * sizeof(struct rule *));
	for (size_t i = 0; judging.rules && i < in->policy->rule_count; i++) {
		const struct rule *rule = &in->policy->rules[i];
		if (!seen[rule->control])
			judge_control(&judging, rule);
		seen[rule->control] = true;
	}
	if (out->arena.failed)
		return err_set(err, ERR_LIMIT, "there is more to judge than fits %u MiB", VERDICTS_MAX_BYTES >> 20);
	return true;
}
