/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firefox: /etc/firefox/policies/policies.json if it exists (Debian's ESR reads it too, not /etc/firefox-esr), and only without it
 * <install>/distribution/policies.json. The first is never merged with the second, and a broken one does not fall back.
 */
#include "platform/linux/password_memory.h"

#include "platform/linux/own.h"
#include "platform/linux/password_memory_merge.h"
#include "platform/linux/read/firefox_policy.h"
#include "platform/linux/read/lenient_json.h"

#include <stdio.h>
#include <string.h>

struct finding {
	enum fact_state state;
	bool on, fixed;
	const char *reason;
};

static struct finding known(bool on, const char *reason)
{
	return (struct finding){.state = FACT_KNOWN, .on = on, .reason = reason};
}

static bool is_good(const struct finding *finding)
{
	return finding->state == FACT_KNOWN && !finding->on && finding->fixed;
}

static void show_logins(struct facts *out, struct fact *fact, const char *path, const struct firefox_logins *logins)
{
	const struct {
		const char *key;
		enum policy_word word;
	} rows[] = {
		{"PasswordManagerEnabled", logins->enabled},
		{"OfferToSaveLogins", logins->offer},
		{"OfferToSaveLoginsDefault", logins->offer_default},
		{"Preferences/signon.rememberSignons", logins->preference},
	};
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].word != POLICY_UNSAID) {
			fact_show_word(out, fact, path, rows[i].key, policy_word_name(rows[i].word));
			any = true;
		}
	if (!any)
		fact_show_word(out, fact, path, rows[0].key, policy_word_name(POLICY_UNSAID));
}

static bool any_is(const struct firefox_logins *logins, enum policy_word word)
{
	return logins->enabled == word || logins->offer == word || logins->offer_default == word || logins->preference == word;
}

static bool disagree(const struct firefox_logins *logins)
{
	return (logins->enabled == POLICY_OFF && logins->offer == POLICY_ON) ||
	       (logins->enabled == POLICY_ON && logins->offer == POLICY_OFF);
}

static struct finding judge_logins(const struct firefox_logins *logins)
{
	struct finding finding;

	if (logins->locked && logins->value)
		finding = known(true, any_is(logins, POLICY_OFF) ? "firefox_locked_on" : NULL);
	else if (logins->locked)
		/* Off by the order of two keys alone: nobody promises that. */
		finding = disagree(logins) ? known(true, "conflict") : known(false, NULL);
	else if (!logins->value)
		finding = known(false, "recommended_only");
	else
		finding = known(true, any_is(logins, POLICY_WRONG_TYPE) ? "wrong_type" : "no_policy");
	finding.fixed = logins->locked && !(finding.reason && strcmp(finding.reason, "conflict") == 0);
	return finding;
}

static struct finding cannot_say(struct facts *out, struct fact *fact, const char *path, const struct err *err)
{
	fact_show_error(out, fact, path, err);
	return (struct finding){.state = FACT_UNKNOWN,
	                        .reason = err->kind == ERR_LIMIT     ? "too_large"
	                                  : err->kind == ERR_INVALID ? "not_a_file"
	                                                             : "policy_not_read"};
}

static struct finding read_content(const struct host *host, const char *path, struct facts *out, struct fact *fact)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct firefox_logins logins;
	struct err err;

	if (!host_read(host, path, LENIENT_JSON_BYTES_MAX, &text, NULL, &err))
		return cannot_say(out, fact, path, &err);
	if (!firefox_policy_read(buf_text(&text), text.size, &logins, &err)) {
		if (err.kind != ERR_INVALID)
			return cannot_say(out, fact, path, &err);
		fact_show_word(out, fact, path, "file", "broken");
		return known(true, "broken_json");
	}
	show_logins(out, fact, path, &logins);
	return judge_logins(&logins);
}

static struct finding read_file(const struct host *host, const char *path, const struct file_info *info, struct facts *out,
                                struct fact *fact)
{
	struct err err;

	if (info->kind == FILE_OTHER) {
		err_set(&err, ERR_INVALID, "no file");
		return cannot_say(out, fact, path, &err);
	}
	if (info->kind == FILE_FOLDER) {
		fact_show_word(out, fact, path, "file", "folder");
		return known(true, "broken_json");
	}
	if (!info->world_readable) {
		fact_show_word(out, fact, path, "file", "not_readable_by_user");
		return known(true, "not_readable_by_user");
	}
	struct finding finding = read_content(host, path, out, fact);
	if (!info->fixed && finding.state == FACT_KNOWN) {
		fact_show_word(out, fact, path, "writable_by", "ordinary_user");
		finding.fixed = false;
		finding.reason = "user_writable";
	}
	return finding;
}

/* What the program of this place makes of `path`; false if for it there is no such file. */
static bool try_file(const struct host *host, const char *path, struct facts *out, struct fact *fact, struct finding *finding)
{
	struct file_info info;
	struct err err;

	if (host_info(host, path, &info, &err)) {
		/* To a user who may not pass the folder the file does not exist [tried]. */
		if (info.reachable)
			*finding = read_file(host, path, &info, out, fact);
		else
			fact_show_word(out, fact, path, "folder", "not_readable_by_user");
		return info.reachable;
	}
	if (err.kind == ERR_ABSENT || err.kind == ERR_LIMIT || (err.kind == ERR_DENIED && program_path_is_closed(host, path))) {
		fact_show_word(out, fact, path, "file", err.kind == ERR_DENIED ? "not_readable_by_user" : "absent");
		return false;
	}
	if (err.kind == ERR_DENIED) {
		fact_show_word(out, fact, path, "owner", "ordinary_user");
		*finding = known(true, "user_writable");
	} else {
		*finding = cannot_say(out, fact, path, &err);
	}
	return true;
}

static struct finding probe_place(const struct host *host, const struct program *program, const struct place *place, struct facts *out,
                                  struct fact *fact)
{
	char path[192];
	struct finding finding = known(true, "no_policy");

	(void)snprintf(path, sizeof path, "%s/policies.json", program->folder);
	if (try_file(host, path, out, fact, &finding))
		return finding;
	if (place->install) {
		(void)snprintf(path, sizeof path, "%s/distribution/policies.json", place->install);
		(void)try_file(host, path, out, fact, &finding);
	}
	/* A file made here would win over what was just read. */
	if (finding.state == FACT_KNOWN && !program_folder_is_fixed(host, program->folder)) {
		fact_show_word(out, fact, program->folder, "writable_by", "ordinary_user");
		finding.fixed = false;
		finding.reason = "user_writable";
	}
	return finding;
}

static void probe(const struct host *host, const struct program *program, struct facts *out, struct fact *fact)
{
	struct finding worst = {.state = FACT_KNOWN, .fixed = true};
	const char *last = "";

	/* The same program may lie in two places; one bad one is enough. */
	for (size_t i = 0; i < PLACES_MAX && is_good(&worst); i++) {
		const struct place *place = &program->places[i];
		const char *install = place->install ? place->install : "";
		if (!program_has_place(host, place) || (i > 0 && last[0] && strcmp(install, last) == 0) || (last[0] && !install[0]))
			continue;
		worst = probe_place(host, program, place, out, fact);
		last = install;
	}
	if (worst.state == FACT_UNKNOWN) {
		fact_unknown(out, fact, worst.reason);
		return;
	}
	fact_known(fact, value_switch(worst.on));
	fact->fixed = worst.fixed;
	if (worst.reason)
		fact_reason(out, fact, worst.reason);
}

/* There is no drop-in: the one file is merged. Without it, what `distribution` says would be lost by making it, so it is the base. */
static bool read_base(const struct host *host, const struct program *program, const char *path, struct buf *out, struct err *err)
{
	struct err why;

	if (host_read(host, path, LENIENT_JSON_BYTES_MAX, out, NULL, &why))
		return true;
	if (why.kind != ERR_ABSENT) {
		*err = why;
		return false;
	}
	for (size_t i = 0; i < password_program_count; i++) {
		const struct program *other = &password_programs[i];
		for (size_t j = 0; j < PLACES_MAX && other->folder && strcmp(other->folder, program->folder) == 0; j++) {
			char file[192];
			AUTO(buf_fini) struct buf text = {.data = NULL};
			if (!other->places[j].install)
				continue;
			(void)snprintf(file, sizeof file, "%s/distribution/policies.json", other->places[j].install);
			if (!host_read(host, file, LENIENT_JSON_BYTES_MAX, &text, NULL, &why)) {
				if (why.kind == ERR_ABSENT)
					continue;
				*err = why;
				return false;
			}
			if (out->size > 0 && (out->size != text.size || memcmp(out->data, text.data, text.size) != 0))
				return err_set(err, ERR_INVALID, "two programs that would read %s have different policies of their own",
				               path);
			buf_fini(out);
			*out = text;
			text = (struct buf){.data = NULL};
		}
	}
	return true;
}

/* Whoever is no longer installed holds nothing. */
static bool still_holds(const char *id, void *data)
{
	const struct host *host = data;

	for (size_t i = 0; i < password_program_count; i++)
		if (strcmp(password_programs[i].id, id) == 0)
			return program_is_installed(host, &password_programs[i]);
	return false;
}

static bool set(const struct host *host, const struct program *program, const char *path, bool on, struct err *err)
{
	AUTO(buf_fini) struct buf base = {.data = NULL}, merged = {.data = NULL};

	return read_base(host, program, path, &base, err) &&
	       firefox_merge(&base, &(struct firefox_wish){.holder = program->id, .on = on}, &merged, err) &&
	       own_set(host, path, merged.data, merged.size, 0644, err);
}

static bool withdraw(const struct host *host, const struct program *program, const char *path, struct err *err)
{
	AUTO(buf_fini) struct buf ours = {.data = NULL}, rest = {.data = NULL};
	bool others = false;

	if (!host_read(host, path, LENIENT_JSON_BYTES_MAX, &ours, NULL, err) ||
	    !firefox_release(&ours, program->id, &(struct firefox_holders){still_holds, (void *)(uintptr_t)host}, &rest, &others, err))
		return false;
	return others ? own_set(host, path, rest.data, rest.size, 0644, err) : own_withdraw(host, path, err);
}

static bool enforce(const struct host *host, const struct program *program, const struct value *want, struct err *err)
{
	char path[160];
	bool changed = false;

	(void)snprintf(path, sizeof path, "%s/policies.json", program->folder);
	bool ours = own_is_set(host, path, &changed);
	/* Changed since: own.c tells whether that is the original again or somebody else's, and leaves his alone. */
	if (!want)
		return ours && !changed ? withdraw(host, program, path, err) : own_withdraw(host, path, err);
	if (ours && changed) {
		if (!own_withdraw(host, path, err))
			return false;
	}
	return set(host, program, path, want->number != 0, err);
}

const struct family password_firefox = {.via = "firefox", .probe = probe, .enforce = enforce};
