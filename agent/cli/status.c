/* SPDX-License-Identifier: Apache-2.0 */
/* epagent --status: the running agent's own verdicts. Needs no privilege and no network. */
#include "agent/cli/ask.h"
#include "agent/cli/show.h"

int status_run(const struct options *options, struct err *err)
{
	AUTO(json_drop) json_t *report = ask_core(options, MESSAGE_status, NULL, err);

	return report && show_report(report, options, err) ? show_exit(report) : CLI_ERROR;
}
