/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows tells by WMI, Win32_EncryptableVolume: ConversionStatus, ProtectionStatus (suspended is 0 and fails), one row a fixed volume. Wine has no
 * such namespace, so a reader of it could not be run before a real Windows is at hand: until then the truth is unknown, and said so.
 */
#include "platform/control.h"

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	struct fact *fact = facts_add(out, CONTROL_disk_encryption, "host");

	(void)host;
	(void)err;
	fact_unknown(out, fact, "windows_not_read");
	fact_show_word(out, fact, "root/CIMV2/Security/MicrosoftVolumeEncryption", "not asked", "windows_not_read");
	return true;
}

const struct control control_disk_encryption = {.probe = probe};
