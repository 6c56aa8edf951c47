/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GNOME locks `lock-delay` seconds after the screen went blank, which it does after `idle-delay` seconds without input. What holds is in
 * compiled dconf databases, in the order of the user's profile (dconf(7), dconf_engine_read): the lowest database that locks a key
 * decides; without a lock, the first that has it; a value of another type than the schema's counts as none (GSettings), and a
 * key that nobody sets has the schema's default. Text files below /etc/dconf/db/NAME.d are nothing until somebody compiles them.
 */
#include "platform/linux/screen_lock.h"

#include "base/text.h"
#include "platform/linux/read/dconf_profile.h"
#include "platform/linux/read/gschema.h"
#include "platform/linux/read/keyfile.h"
#include "platform/linux/screen_lock_gnome.h"

#include <stdio.h>
#include <string.h>

const struct lock_gnome_key lock_gnome_keys[LOCK_GNOME_KEYS] = {
	{{"org.gnome.desktop.session", "idle-delay"}, "/org/gnome/desktop/session/idle-delay", false, 300},
	{{"org.gnome.desktop.screensaver", "lock-delay"}, "/org/gnome/desktop/screensaver/lock-delay", false, 0},
	{{"org.gnome.desktop.screensaver", "lock-enabled"}, "/org/gnome/desktop/screensaver/lock-enabled", true, 1},
	{{"org.gnome.desktop.lockdown", "disable-lock-screen"}, "/org/gnome/desktop/lockdown/disable-lock-screen", true, 0},
};
_Static_assert(LOCK_GNOME_KEYS <= LOCK_DEFAULTS_MAX, "a default for each key");
enum { IDLE_DELAY, LOCK_DELAY, LOCK_ENABLED, NO_LOCK_SCREEN };

struct layer { /* one database of the profile */
	enum dconf_source_kind kind;
	char path[LOCK_PATH_SIZE];
	struct buf bytes;
	struct gvdb_table values, locks;
	bool present, has_locks, fixed;
	const char *unknown; /* why nothing is known of it */
};

struct gnome {
	struct lock_pc *pc;
	struct lock_login *login;
	const struct user *user;
	struct fact *fact;
	struct layer layers[DCONF_SOURCES_MAX];
	size_t count;
	bool fixed;          /* profile and databases are nobody's to change */
	const char *unknown; /* the profile itself could not be read */
	bool not_compiled;
};

struct reading {
	bool known, locked;
	uint32_t number;
};

static void gnome_fini(struct gnome *gnome)
{
	for (size_t i = 0; i < gnome->count; i++)
		buf_fini(&gnome->layers[i].bytes);
}

/* --- the profile --- */

static void take_profile(struct gnome *gnome, struct dconf_profile *profile, struct buf *text, const char *path)
{
	struct err err = {ERR_NONE, ""};

	fact_show_path(gnome->pc->facts, gnome->fact, path, "profile", path);
	if (!dconf_profile_parse(profile, buf_text(text), text->size, &err))
		gnome->unknown = "settings_not_read";
	buf_fini(text);
}

/* Only where root has put a file for this uid does nothing in the user's session (DCONF_PROFILE) come before it. */
static bool mandatory_profile(struct gnome *gnome, struct dconf_profile *profile)
{
	char path[64];
	struct buf text = {.data = NULL};
	struct err err = {ERR_NONE, ""};

	if (!gnome->user)
		return false;
	(void)snprintf(path, sizeof path, LOCK_GNOME_MANDATORY "%lld", (long long)gnome->user->uid);
	bool there = lock_read_system(gnome->pc->host, path, &text, &gnome->fixed, &err);
	fact_show_switch(gnome->pc->facts, gnome->fact, path, "mandatory_profile", there);
	if (there)
		take_profile(gnome, profile, &text, path);
	else if (err.kind != ERR_ABSENT)
		gnome->unknown = "settings_not_read";
	return there;
}

/* $XDG_RUNTIME_DIR/dconf/profile: the user's own, and before everything but the mandatory one. */
static bool runtime_profile(struct gnome *gnome, struct dconf_profile *profile)
{
	char folder[64], path[LOCK_PATH_SIZE];
	struct buf text = {.data = NULL};
	struct err err = {ERR_NONE, ""};

	if (!gnome->user)
		return false;
	(void)snprintf(folder, sizeof folder, "/run/user/%lld", (long long)gnome->user->uid);
	struct user runtime = {gnome->user->uid, gnome->user->name, folder};
	if (lock_read_home(gnome->pc, &runtime, "dconf/profile", path, &text, &err)) {
		gnome->fixed = false;
		take_profile(gnome, profile, &text, path);
		return true;
	}
	if (err.kind != ERR_ABSENT) {
		fact_show_error(gnome->pc->facts, gnome->fact, path, &err);
		gnome->unknown = "home_not_read";
	}
	return false;
}

/* The first that exists counts; if users may not read it, dconf goes on as if there were none at all. */
static void common_profile(struct gnome *gnome, struct dconf_profile *profile)
{
	static const char *const paths[] = {LOCK_GNOME_PROFILE, "/usr/local/share/dconf/profile/user", "/usr/share/dconf/profile/user"};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct buf text = {.data = NULL};
		struct file_info info;
		struct err err = {ERR_NONE, ""};
		if (lock_read_system(gnome->pc->host, paths[i], &text, &gnome->fixed, &err)) {
			take_profile(gnome, profile, &text, paths[i]);
			return;
		}
		if (err.kind != ERR_ABSENT) {
			fact_show_error(gnome->pc->facts, gnome->fact, paths[i], &err);
			gnome->unknown = "settings_not_read";
		}
		if (host_info(gnome->pc->host, paths[i], &info, &err)) {
			fact_show_word(gnome->pc->facts, gnome->fact, paths[i], "profile", "unreadable");
			break;
		}
	}
	gnome->fixed = true;
	fact_show_word(gnome->pc->facts, gnome->fact, LOCK_GNOME_PROFILE, "profile", "none");
	dconf_profile_default(profile);
}

/* --- the databases --- */

static void open_layer(struct gnome *gnome, struct layer *layer)
{
	struct err err;

	if (!gvdb_open(&layer->values, layer->bytes.data, layer->bytes.size, &err)) {
		/* dconf warns and goes on without it; in a home it is more likely a file that is just being written. */
		fact_show_word(gnome->pc->facts, gnome->fact, layer->path, "database", "damaged");
		if (layer->kind == DCONF_USER_DB)
			layer->unknown = "home_not_read";
		return;
	}
	layer->present = true;
	layer->has_locks = gvdb_get_table(&layer->values, ".locks", &layer->locks);
}

static void load_system(struct gnome *gnome, struct layer *layer)
{
	struct err err = {ERR_NONE, ""};

	if (lock_read_system(gnome->pc->host, layer->path, &layer->bytes, &layer->fixed, &err)) {
		gnome->fixed = gnome->fixed && layer->fixed;
		open_layer(gnome, layer);
		return;
	}
	fact_show_error(gnome->pc->facts, gnome->fact, layer->path, &err);
	if (err.kind != ERR_ABSENT)
		layer->unknown = "settings_not_read";
}

static void load_user(struct gnome *gnome, struct layer *layer, const char *name)
{
	char relative[DCONF_NAME_MAX + 20];
	struct err err = {ERR_NONE, ""};

	(void)snprintf(relative, sizeof relative, ".config/dconf/%s", name);
	if (lock_read_home(gnome->pc, gnome->user, relative, layer->path, &layer->bytes, &err)) {
		open_layer(gnome, layer);
		return;
	}
	if (err.kind == ERR_ABSENT)
		return;
	fact_show_error(gnome->pc->facts, gnome->fact, layer->path, &err);
	layer->unknown = "home_not_read";
}

static bool locks(const struct layer *layer, const char *key)
{
	struct gvdb_value ignored;

	return layer->has_locks && gvdb_get_value(&layer->locks, key, &ignored);
}

/* Locks of the first database are not looked at by dconf: it is the one that is written to. */
static size_t lock_level(const struct gnome *gnome, const char *key)
{
	size_t level = gnome->count ? gnome->count - 1 : 0;

	while (level > 0 && !locks(&gnome->layers[level], key))
		level--;
	return level;
}

static void load_layers(struct gnome *gnome, const struct dconf_profile *profile)
{
	size_t unlocked = 0;

	gnome->count = profile->count;
	for (size_t i = 0; i < profile->count; i++) {
		const struct dconf_source *source = &profile->sources[i];
		struct layer *layer = &gnome->layers[i];
		layer->kind = source->kind;
		if (source->kind == DCONF_SYSTEM_DB || source->kind == DCONF_FILE_DB) {
			(void)snprintf(layer->path, sizeof layer->path, "%s%s", source->kind == DCONF_SYSTEM_DB ? LOCK_GNOME_DATABASES : "",
			               source->name);
			load_system(gnome, layer);
		} else if (source->kind == DCONF_SERVICE_DB) {
			/* A daemon of the session keeps it where it likes. */
			(void)snprintf(layer->path, sizeof layer->path, "service-db:%s", source->name);
			fact_show_word(gnome->pc->facts, gnome->fact, layer->path, "database", "not_read");
			layer->unknown = "other_store";
		}
	}
	for (size_t i = 0; i < LOCK_GNOME_KEYS; i++)
		unlocked += lock_level(gnome, lock_gnome_keys[i].path) == 0;
	/* Where everything is locked above it, what is in the home does not matter and is not opened. */
	for (size_t i = 0; i < profile->count; i++)
		if (profile->sources[i].kind == DCONF_USER_DB && (i > 0 || unlocked))
			load_user(gnome, &gnome->layers[i], profile->sources[i].name);
}

/* --- one key --- */

static void show(const struct gnome *gnome, const struct lock_gnome_key *key, const char *source, uint32_t number)
{
	if (key->is_switch)
		fact_show_switch(gnome->pc->facts, gnome->fact, source, key->path + 1, number != 0);
	else
		fact_show_number(gnome->pc->facts, gnome->fact, source, key->path + 1, number);
}

/* gschemas.compiled has the packages' and the administrator's overrides in it. */
static struct lock_default find_default(const struct gnome *gnome, const struct lock_gnome_key *key)
{
	static const char *const paths[] = {"/usr/local/share/glib-2.0/schemas/gschemas.compiled",
	                                    "/usr/share/glib-2.0/schemas/gschemas.compiled"};
	struct gschema_default found;
	struct gvdb_table root;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct buf bytes = {.data = NULL};
		struct err err = {ERR_NONE, ""};
		bool fixed;
		bool good = lock_read_system(gnome->pc->host, paths[i], &bytes, &fixed, &err) &&
		            gvdb_open(&root, bytes.data, bytes.size, &err) &&
		            gschema_get(&found, &root, &key->schema, gnome->login->names, &err) && found.is_switch == key->is_switch;
		buf_fini(&bytes);
		if (good)
			return (struct lock_default){paths[i], found.number};
		if (err.kind != ERR_ABSENT)
			fact_show_error(gnome->pc->facts, gnome->fact, paths[i], &err);
	}
	return (struct lock_default){"default", key->otherwise};
}

/* Looked for once a session: the file is large, and the users may be many. */
static const struct lock_default *schema_default(const struct gnome *gnome, const struct lock_gnome_key *key)
{
	struct lock_default *kept = &gnome->login->defaults[key - lock_gnome_keys];

	if (!kept->source)
		*kept = find_default(gnome, key);
	return kept;
}

static bool read_value(const struct lock_gnome_key *key, const struct gvdb_value *value, struct reading *out)
{
	bool on = false;

	if (!key->is_switch)
		return gvdb_value_u32(value, &out->number);
	if (!gvdb_value_bool(value, &on))
		return false;
	out->number = on;
	return true;
}

static struct reading read_key(struct gnome *gnome, const struct lock_gnome_key *key)
{
	struct reading out = {.known = true};
	size_t level = lock_level(gnome, key->path);
	bool writable = gnome->count && (gnome->layers[0].kind == DCONF_USER_DB || gnome->layers[0].kind == DCONF_SERVICE_DB);

	out.locked = level > 0 || !writable;
	if (level > 0)
		fact_show_switch(gnome->pc->facts, gnome->fact, gnome->layers[level].path, key->path, true);
	for (size_t i = level; i < gnome->count; i++) {
		struct layer *layer = &gnome->layers[i];
		struct gvdb_value value;
		if (layer->unknown) {
			out.known = false;
			if (!gnome->unknown)
				gnome->unknown = layer->unknown;
			return out;
		}
		if (!layer->present || !gvdb_get_value(&layer->values, key->path, &value))
			continue;
		if (read_value(key, &value, &out)) {
			show(gnome, key, layer->path, out.number);
			return out;
		}
		fact_show_word(gnome->pc->facts, gnome->fact, layer->path, key->path + 1, "wrong_type");
		break;
	}
	const struct lock_default *otherwise = schema_default(gnome, key);
	out.number = otherwise->number;
	show(gnome, key, otherwise->source, out.number);
	return out;
}

/* --- text that was written but not compiled --- */

static bool names_a_key(const struct buf *text, bool is_lock_file)
{
	struct keyfile_walk walk;
	char line[LOCK_PATH_SIZE];

	for (size_t i = 0; i < LOCK_GNOME_KEYS; i++) {
		const struct lock_gnome_key *key = &lock_gnome_keys[i];
		const char *slash = strrchr(key->path, '/');
		if (is_lock_file && strstr(buf_text(text), key->path))
			return true;
		(void)snprintf(line, sizeof line, "%.*s", (int)(slash - key->path - 1), key->path + 1);
		keyfile_begin(&walk, buf_text(text), text->size);
		while (!is_lock_file && keyfile_next(&walk))
			if (keyfile_is(&walk, line, slash + 1))
				return true;
	}
	return false;
}

static void compare_folder(struct gnome *gnome, const char *folder, bool is_lock_folder, int64_t compiled_at)
{
	struct names names;
	struct err err;

	if (!host_list(gnome->pc->host, folder, 256, &names, &err))
		return;
	for (size_t i = 0; i < names.count; i++) {
		char path[2 * LOCK_PATH_SIZE];
		struct buf text = {.data = NULL};
		struct file_info info;
		(void)snprintf(path, sizeof path, "%s/%s", folder, names.items[i]);
		if (!host_info(gnome->pc->host, path, &info, &err) || info.kind != FILE_REGULAR || info.modified_at <= compiled_at ||
		    !host_read(gnome->pc->host, path, 256u << 10, &text, NULL, &err))
			continue;
		if (names_a_key(&text, is_lock_folder)) {
			fact_show_switch(gnome->pc->facts, gnome->fact, path, "not_compiled", true);
			gnome->not_compiled = true;
		}
		buf_fini(&text);
	}
	names_fini(&names);
}

static void compare_sources(struct gnome *gnome)
{
	for (size_t i = 0; i < gnome->count; i++) {
		const struct layer *layer = &gnome->layers[i];
		char folder[LOCK_PATH_SIZE + 10];
		struct file_info info;
		struct err err;
		if (layer->kind != DCONF_SYSTEM_DB)
			continue;
		int64_t compiled_at = host_info(gnome->pc->host, layer->path, &info, &err) ? info.modified_at : INT64_MIN;
		(void)snprintf(folder, sizeof folder, "%s.d", layer->path);
		compare_folder(gnome, folder, false, compiled_at);
		(void)snprintf(folder, sizeof folder, "%s.d/locks", layer->path);
		compare_folder(gnome, folder, true, compiled_at);
	}
}

/* --- all together --- */

/* The unlock dialog is GDM's: under another login screen GNOME cannot lock by itself, and what locks instead we cannot tell. */
static bool has_other_login_screen(struct gnome *gnome)
{
	static const char link[] = "/etc/systemd/system/display-manager.service";
	char target[LOCK_PATH_SIZE];
	struct err err;

	if (!host_link(gnome->pc->host, link, target, sizeof target, &err))
		return false;
	const char *name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	fact_show_word(gnome->pc->facts, gnome->fact, link, "login_screen", name);
	return !text_starts(name, "gdm");
}

static void combine(const struct gnome *gnome, const struct reading *key, struct lock_answer *answer)
{
	const struct reading *idle = &key[IDLE_DELAY], *delay = &key[LOCK_DELAY];
	bool all_known = true;

	for (size_t i = 0; i < LOCK_GNOME_KEYS; i++)
		all_known = all_known && key[i].known;
	answer->seconds = idle->known ? (int64_t)idle->number + (delay->known ? delay->number : 0) : LOCK_NO_BOUND;
	if (key[LOCK_ENABLED].known && !key[LOCK_ENABLED].number)
		answer->reason = "lock_off";
	if (key[NO_LOCK_SCREEN].known && key[NO_LOCK_SCREEN].number)
		answer->reason = "lock_forbidden";
	bool never = answer->reason || (idle->known && idle->number == 0);
	if (never)
		answer->seconds = 0;
	if (!all_known && !never)
		answer->unknown = gnome->unknown;
}

static struct lock_answer read_gnome(struct lock_pc *pc, struct lock_login *login, const struct user *user, struct fact *fact)
{
	struct lock_answer answer = {.seconds = LOCK_NO_BOUND};
	struct gnome gnome = {.pc = pc, .login = login, .user = user, .fact = fact, .fixed = true};
	struct dconf_profile profile = {.count = 0};
	struct reading keys[LOCK_GNOME_KEYS];

	if (has_other_login_screen(&gnome)) {
		answer.unknown = "other_login_screen";
		return answer;
	}
	if (!mandatory_profile(&gnome, &profile) && !gnome.unknown && !runtime_profile(&gnome, &profile) && !gnome.unknown)
		common_profile(&gnome, &profile);
	answer.unknown = gnome.unknown;
	if (answer.unknown)
		return answer;
	load_layers(&gnome, &profile);
	answer.fixed = gnome.fixed;
	for (size_t i = 0; i < LOCK_GNOME_KEYS; i++) {
		keys[i] = read_key(&gnome, &lock_gnome_keys[i]);
		answer.fixed = answer.fixed && keys[i].locked;
	}
	combine(&gnome, keys, &answer);
	compare_sources(&gnome);
	if (gnome.not_compiled && !answer.unknown)
		answer.reason = "not_compiled";
	gnome_fini(&gnome);
	return answer;
}

static const char *const session_names[] = {"GNOME", "ubuntu", "GNOME-Classic", "pop", "zorin", NULL};

const struct lock_desktop lock_gnome = {
	.name = "gnome",
	.program = "/usr/bin/gnome-shell",
	.session_names = session_names,
	.read = read_gnome,
};
