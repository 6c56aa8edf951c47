/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/judge.h"

/* The public report of one PC: what `epagent --status --json` and `epagent check --json` print (docs/policy.md). */
struct report_about {
	const struct policy *policy;
	const char *host; /* the id given at enrolment; NULL: none */
	int64_t now_utc;
	bool all;           /* every row; else only the PC's and those of `viewer_uid` */
	int64_t viewer_uid; /* the verdict and the exit status cover all rows all the same */
};

/* False: another user's row, which this viewer is not shown. */
bool report_shows(const struct report_about *about, const struct verdict *verdict);

/* {schema, at, host, verdict, policy{id, version}, controls[...], hidden} */
json_t *report_encode(const struct verdicts *verdicts, const struct report_about *about);

/* 0 nothing to mend, 1 something fails, 2 nothing fails but something is unknown. */
int report_exit_status(const struct verdicts *verdicts);
