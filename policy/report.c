/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/report.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

/* "user:*" is what a first login would get: the PC's own affair. */
bool report_shows(const struct report_about *about, const struct verdict *verdict)
{
	char own[32];

	if (about->all || !text_starts(verdict->subject, "user:") || text_equal(verdict->subject, "user:*"))
		return true;
	(void)snprintf(own, sizeof own, "user:%" PRId64, about->viewer_uid);
	return text_equal(verdict->subject, own);
}

json_t *report_encode(const struct verdicts *verdicts, const struct report_about *about)
{
	json_t *rows = json_array();
	json_int_t hidden = 0;
	char at[TEXT_INSTANT_SIZE];

	for (size_t i = 0; i < verdicts->count; i++)
		if (report_shows(about, &verdicts->items[i]))
			json_array_append_new(rows, verdict_encode(&verdicts->items[i], about->now_utc));
		else
			hidden++;
	text_from_instant(at, about->now_utc);
	return json_pack("{s:i, s:s, s:s?, s:s, s:{s:s, s:I}, s:o, s:I}", "schema", 1, "at", at, "host", about->host, "verdict",
	                 verdict_name(verdicts->worst), "policy", "id", about->policy->id, "version", (json_int_t)about->policy->version,
	                 "controls", rows, "hidden", hidden);
}

int report_exit_status(const struct verdicts *verdicts)
{
	return verdicts->worst == VERDICT_FAIL ? 1 : verdicts->worst == VERDICT_UNKNOWN ? 2 : 0;
}
