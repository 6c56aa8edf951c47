/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GNOME's lock, set: an own database with the keys and their locks, and its line at the end of the profile. At the end, because the lowest
 * database that locks a key decides: anywhere else an older lock below ours would win. The mandatory profile of each user keeps
 * DCONF_PROFILE out; /run is empty after a start, so tmpfiles.d makes it again.
 */
#include "platform/linux/screen_lock_gnome.h"

#include "platform/linux/own.h"
#include "platform/linux/read/dconf_profile.h"
#include "platform/linux/screen_lock_set.h"

#include <stdio.h>
#include <string.h>

#define DATABASE LOCK_GNOME_DATABASES "epagent"
#define TMPFILES "/etc/tmpfiles.d/epagent-dconf.conf"
#define OUR_LINE "system-db:epagent\n"

static bool ends_with_ours(const struct buf *text)
{
	struct dconf_profile profile;
	struct err ignored;

	if (!dconf_profile_parse(&profile, buf_text(text), text->size, &ignored) || profile.count == 0)
		return false;
	const struct dconf_source *last = &profile.sources[profile.count - 1];
	return last->kind == DCONF_SYSTEM_DB && strcmp(last->name, "epagent") == 0;
}

/* The first of `paths` that exists; "user-db:user" if there is none. */
static bool read_profile(const struct host *host, const char *const *paths, size_t count, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (host_read(host, paths[i], 64u << 10, out, NULL, err))
			return true;
		if (err->kind != ERR_ABSENT)
			return false;
	}
	buf_init(out, 1024);
	buf_add(out, "user-db:user\n");
	return true;
}

/* `path` gets what `paths` say and our line behind it. A line of ours that stands elsewhere locks nothing the more. */
static bool set_profile(const struct host *host, const char *path, const char *const *paths, size_t count, struct err *err)
{
	struct buf text = {.data = NULL}, profile;

	if (!read_profile(host, paths, count, &text, err))
		return false;
	buf_init(&profile, 80u << 10);
	buf_append(&profile, buf_text(&text), text.size);
	if (!ends_with_ours(&text))
		buf_printf(&profile, "%s" OUR_LINE, text.size && buf_text(&text)[text.size - 1] != '\n' ? "\n" : "");
	bool good = !profile.failed ? own_set(host, path, profile.data, profile.size, 0644, err)
	                            : err_set(err, ERR_LIMIT, "%s is too large", path);
	buf_fini(&text);
	buf_fini(&profile);
	return good;
}

static void mandatory_path(char out[64], int64_t uid)
{
	(void)snprintf(out, 64, LOCK_GNOME_MANDATORY "%lld", (long long)uid);
}

static bool set_users(const struct host *host, const int64_t *uids, size_t count, struct err *err)
{
	struct buf rules;
	bool good = true;
	char path[64];

	buf_init(&rules, 1u << 20);
	buf_add(&rules, "# epagent: DCONF_PROFILE must not lead past the locks\n");
	for (size_t i = 0; good && i < count; i++) {
		mandatory_path(path, uids[i]);
		const char *const paths[] = {path, LOCK_GNOME_PROFILE};
		good = set_profile(host, path, paths, 2, err);
		buf_printf(&rules, "C %s - - - - " LOCK_GNOME_PROFILE "\n", path);
	}
	if (good && rules.failed)
		good = err_set(err, ERR_LIMIT, "too many users");
	good = good && own_set(host, TMPFILES, buf_text(&rules), rules.size, 0644, err);
	buf_fini(&rules);
	return good;
}

bool lock_gnome_set(const struct host *host, int64_t seconds, const int64_t *uids, size_t uid_count, struct err *err)
{
	static const char *const profiles[] = {LOCK_GNOME_PROFILE, "/usr/local/share/dconf/profile/user", "/usr/share/dconf/profile/user"};
	const uint32_t numbers[LOCK_GNOME_KEYS] = {(uint32_t)seconds, 0, 1, 0};
	struct buf database;

	buf_init(&database, 16u << 10);
	bool good = lock_gnome_database(&database, numbers, err) && own_set(host, DATABASE, database.data, database.size, 0644, err) &&
	            set_profile(host, LOCK_GNOME_PROFILE, profiles, ARRAY_LEN(profiles), err) && set_users(host, uids, uid_count, err);
	buf_fini(&database);
	return good;
}

bool lock_gnome_release(const struct host *host, int64_t uid, struct err *err)
{
	char path[64];

	mandatory_path(path, uid);
	return own_withdraw(host, path, err);
}

/* All three are tried, whatever becomes of the others; the last error counts. */
bool lock_gnome_withdraw(const struct host *host, struct err *err)
{
	bool rules = own_withdraw(host, TMPFILES, err);
	bool profile = own_withdraw(host, LOCK_GNOME_PROFILE, err);
	bool database = own_withdraw(host, DATABASE, err);

	return rules && profile && database;
}
