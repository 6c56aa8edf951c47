/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decision for each medium: how far the rules open it; and whether the kernel agrees. `allowed` is what enforcing sets,
 * so all doubt ends in BLOCKED here: not inspected, not known who is there, not to be told from another medium.
 */
#include "policy/judge_own.h"

#include <string.h>

struct decision {
	enum access allowed;
	const char *by;  /* verdict.granted_by */
	const char *why; /* BLOCKED: what closes it, the end of its code */
};

static bool names_medium(const struct grant *grant, const struct medium *medium)
{
	if (grant->vendor != medium->vendor || grant->product != medium->product)
		return false;
	/* A serial that two attached media bear names neither. */
	return !grant->serial || (!medium->shared_serial && strcmp(grant->serial, medium->serial) == 0);
}

/* The widest of those that count; ended ones stay in the document until the centre sends the next. */
static const struct grant *find_grant(const struct judging *judging, const struct medium *medium)
{
	const struct orders *orders = judging->in->orders;
	const struct grant *best = NULL;

	for (size_t i = 0; orders && i < orders->grant_count; i++) {
		const struct grant *grant = &orders->grants[i];
		if (grant->ends_at > judging->in->now_utc && names_medium(grant, medium) && (!best || grant->access > best->access))
			best = grant;
	}
	return best;
}

static void decide_registered(struct judging *judging, const struct medium *medium, struct decision *decision)
{
	int64_t next = JUDGE_NO_NEXT;
	const struct register_entry *entry =
		judging->in->media ? media_register_find(judging->in->media, medium, judging->in->now_utc, &next) : NULL;

	judge_may_change(judging, next);
	if (!entry) {
		*decision = (struct decision){ACCESS_BLOCKED, "policy", medium->shared_serial ? "shared_serial" : "not_registered"};
		return;
	}
	if (entry->access < decision->allowed)
		decision->allowed = entry->access;
	decision->by = arena_printf(&judging->out->arena, "register:%s", entry->id);
}

static struct decision decide_by_rule(struct judging *judging, const struct require *require, const struct medium *medium)
{
	static const enum access by_word[] = {[IS_BLOCKED] = ACCESS_BLOCKED, [IS_READ_ONLY] = ACCESS_READ_ONLY, [IS_ALLOWED] = ACCESS_OPEN};
	struct decision decision = {require->kind == REQUIRE_MEDIA ? require->access : by_word[require->is], "policy", "rule"};

	if (require->kind == REQUIRE_MEDIA && require->only_registered)
		decide_registered(judging, medium, &decision);
	return decision;
}

/* Whoever sits at the PC: each active local session; none, or not known, is a locked screen. */
static bool screen_is_unlocked(const struct facts *facts)
{
	bool unlocked = false;

	for (size_t i = 0; facts->sessions_known && i < facts->session_count; i++) {
		const struct session *session = &facts->sessions[i];
		if (!session->active || session->remote)
			continue;
		if (session->locked)
			return false;
		unlocked = true;
	}
	return unlocked;
}

static const char *unmet(const struct judging *judging, const struct require *require, const struct medium *medium)
{
	if (require->encrypted && medium->encrypted != TRI_YES)
		return "not_encrypted";
	if (require->scanned && medium->scanned != TRI_YES)
		return "not_scanned";
	if (require->unlocked_screen && !screen_is_unlocked(judging->in->facts))
		return "screen_locked";
	return NULL;
}

/* The rule, then the register, then an order's grant; what the rule asks of a medium's state holds for all of them. */
static struct decision decide(struct judging *judging, const struct require *require, const struct medium *medium)
{
	if (medium->lifeline)
		return (struct decision){ACCESS_OPEN, "lifeline", NULL};
	struct decision decision = decide_by_rule(judging, require, medium);
	const struct grant *grant = find_grant(judging, medium);
	if (grant && grant->access > decision.allowed) { /* an order opens; it never takes away */
		decision.allowed = grant->access;
		decision.by = arena_printf(&judging->out->arena, "order:%s", grant->id);
		judge_may_change(judging, grant->ends_at);
	}
	const char *why = decision.allowed == ACCESS_BLOCKED ? NULL : unmet(judging, require, medium);
	if (why)
		decision = (struct decision){ACCESS_BLOCKED, "policy", why};
	return decision;
}

static const char *closed_code(struct judging *judging, enum control_id id, const char *verb, const char *why)
{
	if (strcmp(why, "rule") == 0)
		return judge_code(judging, id, verb);
	return arena_printf(&judging->out->arena, "%s.%s_%s", catalogue[id].name, verb, why);
}

/* Less than is allowed is a fault only where nothing is left: a medium may be write-protected by itself. */
static void compare(struct judging *judging, struct verdict *verdict, const struct decision *decision)
{
	const struct fact *fact = verdict->fact;
	int64_t found = fact->value.number;
	bool more = found > (int64_t)decision->allowed, less = found == ACCESS_BLOCKED && decision->allowed != ACCESS_BLOCKED;
	enum control_id id = verdict->control;

	verdict->verdict = more || less ? VERDICT_FAIL : VERDICT_PASS;
	if ((more || less) && fact->reason)
		verdict->code = judge_code(judging, id, fact->reason);
	else if (decision->allowed == ACCESS_BLOCKED)
		verdict->code = closed_code(judging, id, more ? "open" : "blocked", decision->why);
	else
		verdict->code = judge_code(judging, id, more ? "writable" : less ? "closed" : !decision->why ? "lifeline" : "ok");
}

/* A row without a medium: nothing is attached. Any other such row cannot be judged. */
static void judge_no_medium(struct judging *judging, struct verdict *verdict)
{
	bool nothing = verdict->fact->value.number == ACCESS_BLOCKED;

	verdict->verdict = nothing ? VERDICT_PASS : VERDICT_UNKNOWN;
	verdict->code = judge_code(judging, verdict->control, nothing ? "nothing_attached" : "no_identity");
}

void judge_medium(struct judging *judging, struct verdict *verdict)
{
	static const char *const names[] = {"blocked", "read_only", "open"};
	const struct fact *fact = verdict->fact;
	bool known = fact->state == FACT_KNOWN;

	if (!fact->medium) {
		if (known)
			judge_no_medium(judging, verdict);
		return;
	}
	struct decision decision = decide(judging, &verdict->rule->require, fact->medium);
	verdict->allowed = decision.allowed;
	verdict->granted_by = decision.by;
	judge_param_text(judging, verdict, "allowed", names[decision.allowed]);
	judge_param_text(judging, verdict, "by", decision.by);
	if (known)
		compare(judging, verdict, &decision);
}
