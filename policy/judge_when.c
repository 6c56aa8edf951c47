/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules hold: hours in the policy's timezone, and the groups of whoever is logged in. */
#include "policy/judge_own.h"

#include "base/text.h"

#define DAY_S  86400
#define DAYS   7
#define MINUTE 60

/* Days since 1970-01-01 of the local day, which was a Thursday; bit 0 of `days` is Monday. */
static bool begins_on(const struct when *when, int64_t local_day)
{
	int64_t weekday = ((local_day + 3) % DAYS + DAYS) % DAYS;

	return (when->days >> weekday) & 1;
}

static int64_t local_day(const struct judging *judging)
{
	int64_t local = judging->in->now_utc + judging->in->policy->utc_offset_s;

	return local >= 0 ? local / DAY_S : (local - DAY_S + 1) / DAY_S;
}

/* The window that begins on that day, in UTC. */
static void window(const struct judging *judging, const struct when *when, int64_t day, int64_t edges[2])
{
	int64_t midnight = day * DAY_S - judging->in->policy->utc_offset_s;
	bool over_midnight = when->to_min <= when->from_min;

	edges[0] = midnight + when->from_min * MINUTE;
	edges[1] = midnight + when->to_min * MINUTE + (over_midnight ? DAY_S : 0);
}

static bool hours_hold(const struct judging *judging, const struct when *when)
{
	int64_t today = local_day(judging), edges[2];

	if (!when->has_hours)
		return true;
	for (int64_t day = today - 1; day <= today; day++) {
		window(judging, when, day, edges);
		if (begins_on(when, day) && edges[0] <= judging->in->now_utc && judging->in->now_utc < edges[1])
			return true;
	}
	return false;
}

/* A week ahead always has an edge. */
static void note_edges(struct judging *judging, const struct when *when)
{
	int64_t today = local_day(judging), edges[2];

	for (int64_t day = today - 1; when->has_hours && day <= today + DAYS; day++) {
		if (!begins_on(when, day))
			continue;
		window(judging, when, day, edges);
		judge_may_change(judging, edges[0]);
		judge_may_change(judging, edges[1]);
	}
}

static bool is_member(const struct session *session, const struct when *when)
{
	for (size_t i = 0; i < session->group_count; i++)
		for (size_t j = 0; j < when->user_count; j++)
			if (text_equal(session->groups[i], when->users[j]))
				return true;
	return false;
}

static void add_rule(struct judging *judging, const struct rule *rule)
{
	for (size_t i = 0; i < judging->rule_count; i++)
		if (judging->rules[i] == rule)
			return;
	judging->rules[judging->rule_count++] = rule;
}

/*
 * The first rule that holds for one session; session NULL: nobody is logged in. With `unknown` users every rule up to the
 * first that does not ask for users may be the one, so all of them are taken. A medium is never without a rule.
 */
static void add_first(struct judging *judging, enum control_id id, const struct session *session, bool unknown)
{
	const struct policy *policy = judging->in->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->control != id || !hours_hold(judging, &rule->when))
			continue;
		bool member = rule->when.has_users && session && is_member(session, &rule->when);
		if (rule->when.has_users && !member && !unknown)
			continue;
		add_rule(judging, rule);
		if (!rule->when.has_users || !unknown)
			return;
	}
	for (size_t i = 0; catalogue_is_media(id) && i < policy->rule_count; i++)
		if (policy->rules[i].control == id)
			add_rule(judging, &policy->rules[i]);
}

void judge_choose_rules(struct judging *judging, enum control_id id)
{
	const struct facts *facts = judging->in->facts;

	judging->rule_count = 0;
	for (size_t i = 0; i < judging->in->policy->rule_count; i++)
		if (judging->in->policy->rules[i].control == id)
			note_edges(judging, &judging->in->policy->rules[i].when);
	for (size_t i = 0; facts->sessions_known && i < facts->session_count; i++)
		add_first(judging, id, &facts->sessions[i], false);
	if (!facts->sessions_known || facts->session_count == 0)
		add_first(judging, id, NULL, !facts->sessions_known);
}
