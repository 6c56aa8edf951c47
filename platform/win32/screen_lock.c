/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Interactive logon: Machine inactivity limit": HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\InactivityTimeoutSecs, seconds,
 * for every user of the PC; absent or 0: never. It locks, so the password is asked for. A screen saver that asks for the password, set
 * per user, is another way to the same end and is not read yet: without the machine's limit the truth is unknown.
 */
#include "platform/control.h"
#include "platform/win32/registry.h"

#define SYSTEM_POLICIES "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System"

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	struct err why = {ERR_NONE, ""};
	struct fact *fact = facts_add(out, CONTROL_screen_lock, "user:*");
	uint32_t seconds = 0;

	(void)host;
	(void)err;
	if (registry_machine_number(SYSTEM_POLICIES, "InactivityTimeoutSecs", &seconds, &why) && seconds > 0) {
		fact_known(fact, value_seconds(seconds));
		fact->fixed = true;
		fact_via(out, fact, "windows");
		fact_show_number(out, fact, SYSTEM_POLICIES, "InactivityTimeoutSecs", seconds);
		return true;
	}
	fact_unknown(out, fact, "screen_saver_not_read");
	if (why.kind != ERR_NONE)
		fact_show_error(out, fact, SYSTEM_POLICIES, &why);
	else
		fact_show_number(out, fact, SYSTEM_POLICIES, "InactivityTimeoutSecs", seconds);
	return true;
}

const struct control control_screen_lock = {.probe = probe};
