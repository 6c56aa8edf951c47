/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

int version_run(const struct options *options, struct err *err)
{
	AUTO(buf_fini) struct buf text;

	(void)options;
	buf_init(&text, 64);
	buf_add(&text, "epagent " EPAGENT_VERSION "\n");
	return cli_print(&text, err) ? CLI_FINE : CLI_ERROR;
}
