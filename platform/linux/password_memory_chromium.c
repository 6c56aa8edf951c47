/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chromium and its kin: every file in <folder>/managed, hidden ones and .bak included but no subfolder's, in the order of names
 * (bytes); <folder>/recommended is only a proposal. A file that the user's browser may not read does not exist for it.
 */
#include "platform/linux/password_memory.h"

#include "platform/linux/own.h"
#include "platform/linux/read/chromium_policy.h"
#include "platform/linux/read/lenient_json.h"

#include <stdio.h>
#include <string.h>

#define POLICY    "PasswordManagerEnabled"
#define DROP_IN   "managed/90-epagent.json"
#define FILES_MAX 1000

struct reading {
	const struct host *host;
	struct facts *out;
	struct fact *fact;
	struct chromium_folder folder;
	bool loose, broken, unreadable;
	const char *unknown; /* why it cannot be said */
};

static void show(const struct reading *reading, const char *path, const char *key, const char *word)
{
	fact_show_word(reading->out, reading->fact, path, key, word);
}

static void cannot_say(struct reading *reading, const char *path, const char *reason, const struct err *err)
{
	if (!reading->unknown)
		reading->unknown = reason;
	fact_show_error(reading->out, reading->fact, path, err);
}

static void read_content(struct reading *reading, const char *path)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	enum policy_word word;
	struct err err;

	if (!host_read(reading->host, path, LENIENT_JSON_BYTES_MAX, &text, NULL, &err)) {
		cannot_say(reading, path, err.kind == ERR_LIMIT ? "too_large" : "policy_not_read", &err);
		return;
	}
	if (!chromium_policy_read(buf_text(&text), text.size, POLICY, &word, &err)) {
		if (err.kind != ERR_INVALID) {
			cannot_say(reading, path, "too_large", &err);
			return;
		}
		reading->broken = true;
		show(reading, path, "file", "broken");
		return;
	}
	chromium_folder_add(&reading->folder, word);
	if (word != POLICY_UNSAID)
		show(reading, path, POLICY, policy_word_name(word));
}

/* A link that leads nowhere or in a circle is skipped by the browser too. */
static void refused(struct reading *reading, const char *path, const struct err *err)
{
	bool closed = err->kind == ERR_DENIED && program_path_is_closed(reading->host, path);

	if (closed) {
		reading->unreadable = true;
		show(reading, path, "way", "not_readable_by_user");
	} else if (err->kind == ERR_DENIED) {
		reading->loose = true;
		show(reading, path, "owner", "ordinary_user");
	} else if (err->kind != ERR_ABSENT && err->kind != ERR_LIMIT) {
		cannot_say(reading, path, "policy_not_read", err);
	}
}

static void read_one(struct reading *reading, const char *path)
{
	struct file_info info;
	struct err err;

	if (!host_info(reading->host, path, &info, &err)) {
		refused(reading, path, &err);
		return;
	}
	if (info.kind == FILE_FOLDER)
		return;
	if (info.kind == FILE_OTHER) {
		/* The browser would wait for a pipe's other end. */
		err_set(&err, ERR_INVALID, "no file");
		cannot_say(reading, path, "not_a_file", &err);
		return;
	}
	if (!info.fixed) {
		reading->loose = true;
		show(reading, path, "writable_by", "ordinary_user");
	}
	if (info.world_readable) {
		read_content(reading, path);
	} else {
		reading->unreadable = true;
		show(reading, path, "file", "not_readable_by_user");
	}
}

static void read_all(struct reading *reading, const char *folder)
{
	AUTO(names_fini) struct names names = {NULL, 0};
	char path[512];
	struct err err;

	if (!host_list(reading->host, folder, FILES_MAX, &names, &err)) {
		cannot_say(reading, folder, err.kind == ERR_LIMIT ? "too_large" : "policy_not_read", &err);
		return;
	}
	fact_show_number(reading->out, reading->fact, folder, "entries", (int64_t)names.count);
	for (size_t i = 0; i < names.count; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, names.items[i]);
		read_one(reading, path);
	}
}

static void read_folder(struct reading *reading, const char *folder)
{
	struct file_info info;
	struct err err;

	if (!host_info(reading->host, folder, &info, &err)) {
		if (err.kind == ERR_ABSENT)
			show(reading, folder, "folder", "absent");
		else
			refused(reading, folder, &err);
		return;
	}
	if (info.kind != FILE_FOLDER) {
		show(reading, folder, "folder", "absent");
		return;
	}
	if (!info.fixed) {
		reading->loose = true;
		show(reading, folder, "writable_by", "ordinary_user");
	}
	/* To list it takes r, to look at what is in it x. */
	if (info.world_readable && (info.mode & 01)) {
		read_all(reading, folder);
	} else {
		reading->unreadable = true;
		show(reading, folder, "folder", "not_readable_by_user");
	}
}

static struct reading read_level(const struct host *host, const struct program *program, const char *level, struct facts *out,
                                 struct fact *fact)
{
	struct reading reading = {.host = host, .out = out, .fact = fact};
	char folder[128];

	(void)snprintf(folder, sizeof folder, "%s/%s", program->folder, level);
	read_folder(&reading, folder);
	return reading;
}

/* A machine that is enrolled with the vendor's cloud console may get the policy from there; that copy is not read here. */
static bool is_cloud_managed(const struct host *host, const struct program *program, struct facts *out, struct fact *fact)
{
	char token[160];

	(void)snprintf(token, sizeof token, "%s/enrollment/CloudManagementEnrollmentToken", program->folder);
	if (!host_exists(host, token))
		return false;
	fact_show_word(out, fact, token, "enrolled", "yes");
	return true;
}

static void say(struct facts *out, struct fact *fact, bool on, const char *reason)
{
	fact_known(fact, value_switch(on));
	if (reason)
		fact_reason(out, fact, reason);
}

static void probe_unsaid(const struct host *host, const struct program *program, struct reading *managed)
{
	struct facts *out = managed->out;
	struct fact *fact = managed->fact;
	struct reading recommended = read_level(host, program, "recommended", out, fact);

	if (recommended.folder.word == POLICY_OFF && !recommended.folder.conflict)
		say(out, fact, false, "recommended_only");
	else if (managed->broken)
		say(out, fact, true, "broken_json");
	else if (managed->unreadable)
		say(out, fact, true, "not_readable_by_user");
	else if (is_cloud_managed(host, program, out, fact))
		fact_unknown(out, fact, "cloud_managed");
	else
		say(out, fact, true, "no_policy");
}

static void probe(const struct host *host, const struct program *program, struct facts *out, struct fact *fact)
{
	struct reading managed = read_level(host, program, "managed", out, fact);
	enum policy_word word = managed.folder.word;

	if (managed.unknown)
		fact_unknown(out, fact, managed.unknown);
	else if (managed.loose)
		say(out, fact, word != POLICY_OFF || managed.folder.conflict, "user_writable");
	else if (managed.folder.conflict)
		say(out, fact, true, "conflict");
	else if (word == POLICY_WRONG_TYPE)
		say(out, fact, true, "wrong_type");
	else if (word == POLICY_UNSAID)
		probe_unsaid(host, program, &managed);
	else
		say(out, fact, word == POLICY_ON, NULL);
	fact->fixed = fact->state == FACT_KNOWN && !managed.loose && !managed.folder.conflict && (word == POLICY_OFF || word == POLICY_ON);
}

static bool enforce(const struct host *host, const struct program *program, const struct value *want, struct err *err)
{
	char path[160], text[64];

	(void)snprintf(path, sizeof path, "%s/%s", program->folder, DROP_IN);
	if (!want)
		return own_withdraw(host, path, err);
	(void)snprintf(text, sizeof text, "{\"%s\": %s}\n", POLICY, want->number ? "true" : "false");
	return own_set(host, path, text, strlen(text), 0644, err);
}

const struct family password_chromium = {.via = "chromium", .probe = probe, .enforce = enforce};
