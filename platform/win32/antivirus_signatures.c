/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows tells by WMI MSFT_MpComputerStatus.AntivirusSignatureLastUpdated. Wine has no such namespace, so a reader could not be run
 * before a real Windows is at hand: until then the truth is unknown, and said so.
 */
#include "platform/control.h"

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	struct fact *fact = facts_add(out, CONTROL_antivirus_signatures, "host");

	(void)host;
	(void)err;
	fact_unknown(out, fact, "windows_not_read");
	fact_show_word(out, fact, "root/Microsoft/Windows/Defender", "not asked", "windows_not_read");
	return true;
}

const struct control control_antivirus_signatures = {.probe = probe};
