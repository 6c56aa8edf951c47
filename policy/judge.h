/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/bundle.h"
#include "policy/fact.h"
#include "policy/policy.h"

/*
 * The judge: facts + policy + register + orders + time -> verdicts. Pure: the same input gives the same output, on the PC, on
 * the server and in a test. Unknown is never pass and never fail. Several users: the strictest. First rule whose `when` holds.
 */
enum verdict_kind { VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_NOT_APPLICABLE, VERDICT_EXEMPT };

struct verdict {
	enum control_id control;
	const char *subject;
	enum verdict_kind verdict;
	const char *code; /* "screen_lock.too_long": a key of the messages */
	struct param *params;
	size_t param_count;
	const char *mend;                  /* "screen_lock.mend_gnome", or NULL when there is nothing to mend */
	const struct fact *fact;           /* borrowed from the facts; NULL: there was none for this control */
	const struct rule *rule;           /* borrowed from the policy */
	enum access allowed;               /* media: what the rules allow; enforcing gives exactly this */
	const char *granted_by;            /* media: "register:<id>", "order:<id>", "policy", "lifeline" */
	const struct exemption *exemption; /* EXEMPT */
};

#define JUDGE_NO_NEXT INT64_MAX

struct verdicts {
	struct arena arena;
	struct verdict *items;
	size_t count;
	enum verdict_kind worst; /* fail, unknown, exempt, pass, not_applicable, in this order; no rows: NOT_APPLICABLE */
	int64_t next;            /* the earliest instant at which the answer can change by itself; JUDGE_NO_NEXT: never */
};

struct judge_input {
	const struct policy *policy;
	const struct media_register *media; /* may be NULL: empty */
	const struct orders *orders;        /* may be NULL: empty */
	const struct facts *facts;
	int64_t now_utc;
};

void verdicts_init(struct verdicts *verdicts);
void verdicts_fini(struct verdicts *verdicts);

/* Rows come in the order of the policy's first rule for a control, then of the facts. False only on LIMIT. */
bool judge(struct verdicts *out, const struct judge_input *in, struct err *err);

const char *verdict_name(enum verdict_kind kind);

/* Fail, unknown, exempt, pass, not_applicable: the larger of two ranks is the worse. */
int verdict_rank(enum verdict_kind kind);

/*
 * One row of the public report (docs/policy.md): control, subject, verdict, code, params, found,
 * required, mend, mode, severity, clauses, since (null), exemption, evidence. AGE is shown as seconds of age at `now_utc`.
 */
json_t *verdict_encode(const struct verdict *verdict, int64_t now_utc);
