/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/control.h"

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	(void)host;
	(void)out;
	return err_set(err, ERR_UNSUPPORTED, "being written");
}

const struct control control_antivirus_running = {.probe = probe};
