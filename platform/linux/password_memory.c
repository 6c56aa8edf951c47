/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether browsers may remember passwords. Facts come from the files that each program reads as mandatory policy, never from a user's
 * profile. The folders are compiled into the programs; what each really reads was tried with Debian's Chromium and Firefox ESR,
 * and is taken from their vendors' pages for Chrome, Edge, Mozilla's own Firefox and the snaps (docs/controls/password_memory.md).
 */
#include "platform/linux/password_memory.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void probe_flatpak(const struct host *host, const struct program *program, struct facts *out, struct fact *fact);
static void probe_other(const struct host *host, const struct program *program, struct facts *out, struct fact *fact);

/* A flatpak sees the host's /etc not at all and its own extension points instead, which have moved more than once. */
static const struct family flatpak = {.via = "flatpak", .probe = probe_flatpak};

/* They remember passwords too; what they read as policy has not been tried here. */
static const struct family other = {.via = "other", .probe = probe_other};

const struct program password_programs[] = {
	{"chromium",
         &password_chromium,
         "/etc/chromium/policies",
         {{"/usr/lib/chromium/chromium", NULL, NULL},
          {"/usr/bin/chromium", NULL, NULL},
          {"/usr/lib64/chromium-browser/chromium-browser", NULL, NULL}}},
	{"chromium-snap", &password_chromium, "/etc/chromium-browser/policies", {{"/snap/bin/chromium", NULL, NULL}}},
	{"chrome",
         &password_chromium,
         "/etc/opt/chrome/policies",
         {{"/opt/google/chrome/chrome", NULL, NULL},
          {"/usr/bin/google-chrome-stable", NULL, NULL},
          {"/opt/google/chrome-beta/chrome", NULL, NULL},
          {"/opt/google/chrome-unstable/chrome", NULL, NULL}}},
	{"edge",
         &password_chromium,
         "/etc/opt/edge/policies",
         {{"/opt/microsoft/msedge/msedge", NULL, NULL},
          {"/usr/bin/microsoft-edge-stable", NULL, NULL},
          {"/opt/microsoft/msedge-beta/msedge", NULL, NULL},
          {"/opt/microsoft/msedge-dev/msedge", NULL, NULL}}},
	{"firefox",
         &password_firefox,
         "/etc/firefox/policies",
         {{"/usr/lib/firefox/firefox", "/usr/lib/firefox", NULL},
          {"/usr/lib64/firefox/firefox", "/usr/lib64/firefox", NULL},
          {"/opt/firefox/firefox", "/opt/firefox", NULL},
          {"/snap/bin/firefox", "/snap/firefox/current/usr/lib/firefox", NULL},
          {"/usr/bin/firefox", NULL, "/usr/bin/firefox-esr"}}},
	{"firefox-esr",
         &password_firefox,
         "/etc/firefox/policies",
         {{"/usr/lib/firefox-esr/firefox-esr", "/usr/lib/firefox-esr", NULL}, {"/usr/bin/firefox-esr", "/usr/lib/firefox-esr", NULL}}},
	{"chromium-flatpak", &flatpak, NULL, {{"/var/lib/flatpak/app/org.chromium.Chromium", NULL, NULL}}},
	{"chrome-flatpak", &flatpak, NULL, {{"/var/lib/flatpak/app/com.google.Chrome", NULL, NULL}}},
	{"edge-flatpak", &flatpak, NULL, {{"/var/lib/flatpak/app/com.microsoft.Edge", NULL, NULL}}},
	{"firefox-flatpak", &flatpak, NULL, {{"/var/lib/flatpak/app/org.mozilla.firefox", NULL, NULL}}},
	{"brave", &other, NULL, {{"/opt/brave.com/brave/brave", NULL, NULL}}},
	{"vivaldi", &other, NULL, {{"/opt/vivaldi/vivaldi-bin", NULL, NULL}}},
	{"opera", &other, NULL, {{"/usr/lib/x86_64-linux-gnu/opera/opera", NULL, NULL}}},
	{"thunderbird", &other, NULL, {{"/usr/lib/thunderbird/thunderbird", NULL, NULL}}},
};
const size_t password_program_count = ARRAY_LEN(password_programs);

bool program_has_place(const struct host *host, const struct place *place)
{
	return place->file && host_exists(host, place->file) && !(place->unless && host_exists(host, place->unless));
}

bool program_is_installed(const struct host *host, const struct program *program)
{
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (program_has_place(host, &program->places[i]))
			return true;
	return false;
}

bool program_path_is_closed(const struct host *host, const char *path)
{
	char above[512];
	struct file_info info;
	struct err err;

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
		if (!host_info(host, above, &info, &err))
			return false;
		if (!(info.mode & 01))
			return true;
	}
	return false;
}

bool program_folder_is_fixed(const struct host *host, const char *folder)
{
	char path[256];
	struct file_info info;
	struct err err;

	(void)snprintf(path, sizeof path, "%s", folder);
	while (path[0]) {
		if (host_info(host, path, &info, &err))
			return info.fixed;
		if (err.kind != ERR_ABSENT)
			return false;
		*strrchr(path, '/') = '\0';
	}
	return true;
}

static void probe_flatpak(const struct host *host, const struct program *program, struct facts *out, struct fact *fact)
{
	(void)host;
	fact_unknown(out, fact, "flatpak");
	fact_show_path(out, fact, "flatpak", "installed", program->places[0].file);
}

static void probe_other(const struct host *host, const struct program *program, struct facts *out, struct fact *fact)
{
	(void)host;
	fact_unknown(out, fact, "program_not_written");
	fact_show_path(out, fact, program->id, "installed", program->places[0].file);
}

static void show_what_was_looked_for(struct facts *out, struct fact *fact)
{
	for (size_t i = 0; i < password_program_count && i < EVIDENCE_MAX; i++)
		fact_show_word(out, fact, password_programs[i].places[0].file, "program", "absent");
}

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	bool any = false;

	(void)err;
	for (size_t i = 0; i < password_program_count; i++) {
		const struct program *program = &password_programs[i];
		if (!program_is_installed(host, program))
			continue;
		any = true;
		struct fact *fact = facts_add(out, CONTROL_password_memory, "program:%s", program->id);
		program->family->probe(host, program, out, fact);
		fact_via(out, fact, program->family->via);
	}
	if (!any) {
		struct fact *fact = facts_add(out, CONTROL_password_memory, "host");
		fact_unsupported(out, fact, "no_browser");
		show_what_was_looked_for(out, fact);
	}
	return true;
}

static bool enforce(const struct host *host, const char *subject, const struct value *want, struct err *err)
{
	static const char prefix[] = "program:";
	const char *id = text_starts(subject, prefix) ? subject + sizeof prefix - 1 : "";

	if (want && want->kind != VALUE_SWITCH)
		return err_set(err, ERR_INVALID, "%s: passwords are remembered or not; no other value", subject);
	for (size_t i = 0; i < password_program_count; i++) {
		const struct program *program = &password_programs[i];
		if (strcmp(program->id, id) != 0)
			continue;
		if (!program->family->enforce)
			return err_set(err, ERR_UNSUPPORTED, "%s: no way to set a %s program's policy", subject, program->family->via);
		return program->family->enforce(host, program, want, err) || err_wrap(err, "%s", subject);
	}
	return err_set(err, ERR_INVALID, "%s is no program that is known here", subject);
}

static const struct trigger triggers[] = {
	{TRIGGER_PATH, "/etc/chromium/policies/managed"},
	{TRIGGER_PATH, "/etc/chromium-browser/policies/managed"},
	{TRIGGER_PATH, "/etc/opt/chrome/policies/managed"},
	{TRIGGER_PATH, "/etc/opt/edge/policies/managed"},
	{TRIGGER_PATH, "/etc/firefox/policies"},
	{TRIGGER_PATH, "/usr/lib/firefox/distribution"},
	{TRIGGER_PATH, "/usr/lib/firefox-esr/distribution"},
	{TRIGGER_PATH, "/usr/bin"},
	TRIGGERS_END,
};

const struct control control_password_memory = {.probe = probe, .enforce = enforce, .triggers = triggers};
