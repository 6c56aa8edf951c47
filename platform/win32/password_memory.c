/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Browsers on Windows take their policies from HKLM\SOFTWARE\Policies\<vendor>\<program>: PasswordManagerEnabled, REG_DWORD 0 (vendors'
 * policy lists; admx.help). Mandatory there; "Recommended" is a subkey and does not count. A browser is installed if Windows can
 * start it by name (App Paths, machine-wide).
 */
#include "platform/control.h"
#include "platform/win32/registry.h"

#include <stdio.h>

#define APP_PATHS "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\App Paths\\"

static const struct program {
	const char *id, *via, *executable, *policies;
} programs[] = {
	{"chrome", "chromium", "chrome.exe", "SOFTWARE\\Policies\\Google\\Chrome"},
	{"chromium", "chromium", "chromium.exe", "SOFTWARE\\Policies\\Chromium"},
	{"edge", "chromium", "msedge.exe", "SOFTWARE\\Policies\\Microsoft\\Edge"},
	{"firefox", "firefox", "firefox.exe", "SOFTWARE\\Policies\\Mozilla\\Firefox"},
};

static void tell(struct facts *out, const struct program *program)
{
	struct err err = {ERR_NONE, ""};
	struct fact *fact = facts_add(out, CONTROL_password_memory, "program:%s", program->id);
	uint32_t enabled = 1;
	bool found = registry_machine_number(program->policies, "PasswordManagerEnabled", &enabled, &err);

	if (!found && err.kind != ERR_ABSENT && err.kind != ERR_INVALID) {
		fact_unknown(out, fact, "not_read");
		fact_show_error(out, fact, program->policies, &err);
		return;
	}
	fact_known(fact, value_switch(!found || enabled != 0));
	fact->fixed = found && enabled == 0;
	fact_via(out, fact, program->via);
	if (found)
		fact_show_number(out, fact, program->policies, "PasswordManagerEnabled", enabled);
	else
		fact_show_word(out, fact, program->policies, "PasswordManagerEnabled", err_kind_name(err.kind));
	if (!found)
		fact_reason(out, fact, err.kind == ERR_INVALID ? "wrong_type" : "no_policy");
}

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	size_t before = out->count;
	char key[160];

	(void)host;
	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		(void)snprintf(key, sizeof key, APP_PATHS "%s", programs[i].executable);
		if (registry_machine_has(key))
			tell(out, &programs[i]);
	}
	if (out->count == before) {
		struct fact *fact = facts_add(out, CONTROL_password_memory, "host");
		fact_unsupported(out, fact, "no_browser");
		fact_show_path(out, fact, APP_PATHS, "looked in", "HKLM");
	}
	return true;
}

const struct control control_password_memory = {.probe = probe};
