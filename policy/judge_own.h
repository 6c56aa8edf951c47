/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/judge.h"

/* What the judge's files share: judge.c (rows), judge_when.c (which rules), judge_value.c (values), judge_media.c (media). */
struct judging {
	struct verdicts *out;
	const struct judge_input *in;
	const struct rule **rules; /* those that hold now for this control: the strictest of them counts */
	size_t rule_count;
};

/* The answer can change at `at`; kept if it is the earliest of those still to come. */
void judge_may_change(struct judging *judging, int64_t at);

/* Fills `rules` for this control, and lowers `next` to the edges of its hours. */
void judge_choose_rules(struct judging *judging, enum control_id id);

/* "<control>.<word>" in the verdicts' arena. */
const char *judge_code(struct judging *judging, enum control_id id, const char *word);
void judge_param_number(struct judging *judging, struct verdict *verdict, const char *name, int64_t number);
void judge_param_text(struct judging *judging, struct verdict *verdict, const char *name, const char *text);

/* Both fill verdict->verdict and ->code (and ->allowed, ->granted_by) of a KNOWN fact, with verdict->rule and ->fact given. */
void judge_value(struct judging *judging, struct verdict *verdict);
/* An UNKNOWN fact that is at_best: a fail if even its bound fails, else the verdict stays as it is. */
void judge_bound(struct judging *judging, struct verdict *verdict);
void judge_medium(struct judging *judging, struct verdict *verdict);
