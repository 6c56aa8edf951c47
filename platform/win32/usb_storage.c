/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows tells by the configuration manager (CM_Get_Device_Interface_List of GUID_DEVINTERFACE_DISK, then the parents up to USB\\VID_). Wine has
 * no USB devices, so a reader could not be run before a real Windows is at hand: until then the truth is unknown, and said so.
 */
#include "platform/control.h"

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	struct fact *fact = facts_add(out, CONTROL_usb_storage, "host");

	(void)host;
	(void)err;
	fact_unknown(out, fact, "windows_not_read");
	fact_show_word(out, fact, "cfgmgr32", "not asked", "windows_not_read");
	return true;
}

const struct control control_usb_storage = {.probe = probe};
