/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KDE Plasma: kscreenlockerrc, group Daemon (kscreenlocker's kcfg). The locker opens it with KConfig's defaults: kdeglobals' files come
 * first, then the file's own, each from /etc/xdg to the user's. Timeout is minutes, LockGrace seconds during which no password is
 * asked (KSldApp::configure). RequirePassword exists from Plasma 6.1 on; Timeout was an integer in 5 and may have a fraction in 6.
 */
#include "platform/linux/screen_lock.h"

#include "base/text.h"
#include "platform/linux/read/kconfig.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_MINUTES 5
#define DEFAULT_GRACE_S 5

struct kde {
	struct lock_pc *pc;
	const struct user *user;
	struct fact *fact;
	struct kconfig config;
	bool plasma5;     /* the 5.27 library and no newer one: no RequirePassword, no fractions */
	bool file_locked; /* kscreenlockerrc is immutable as a whole, by the system */
	const char *unknown;
};

struct place {
	const char *path;
	bool in_home;
	bool may_lock; /* false: whether this Plasma reads it is not certain; it may do harm but no good */
};

static bool add_file(struct kde *kde, const struct place *place, bool *closed, bool *by_system)
{
	char path[LOCK_PATH_SIZE];
	struct buf text = {.data = NULL};
	struct err err = {ERR_NONE, ""};
	bool fixed = false, good;

	*closed = false;
	if (place->in_home) {
		good = lock_read_home(kde->pc, kde->user, place->path, path, &text, &err);
	} else {
		(void)snprintf(path, sizeof path, "%s", place->path);
		good = lock_read_system(kde->pc->host, path, &text, &fixed, &err);
	}
	*by_system = fixed && place->may_lock;
	struct kconfig_file file = {buf_text(&text), text.size, path, !*by_system};
	if (good)
		good = kconfig_add(&kde->config, &file, closed, &err);
	buf_fini(&text);
	if (good || err.kind == ERR_ABSENT)
		return true;
	fact_show_error(kde->pc->facts, kde->fact, path, &err);
	kde->unknown = place->in_home ? "home_not_read" : "settings_not_read";
	return false;
}

/* True: a file said that nothing after it counts. */
static bool add_files(struct kde *kde, const struct place *places, size_t count, bool *by_system)
{
	bool closed = false;

	for (size_t i = 0; i < count && !closed && !kde->unknown && !kde->config.group_locked; i++)
		if (!add_file(kde, &places[i], &closed, by_system))
			return false;
	return closed;
}

static void read_cascade(struct kde *kde)
{
	/* startplasma puts ~/.config/kdedefaults before /etc/xdg in XDG_CONFIG_DIRS. */
	static const struct place globals[] = {{"/etc/kde5rc", false, false},
	                                       {"/etc/kde6rc", false, false},
	                                       {"/etc/xdg/system.kdeglobals", false, true},
	                                       {"/etc/xdg/kdeglobals", false, true},
	                                       {".config/kdedefaults/kdeglobals", true, false},
	                                       {".config/kdeglobals", true, false}};
	static const struct place own[] = {{"/etc/xdg/kscreenlockerrc", false, true},
	                                   {".config/kdedefaults/kscreenlockerrc", true, false},
	                                   {".config/kscreenlockerrc", true, false}};
	bool by_system = false;

	(void)add_files(kde, globals, ARRAY_LEN(globals), &by_system);
	if (!kde->unknown && add_files(kde, own, ARRAY_LEN(own), &by_system))
		kde->file_locked = by_system;
}

/* --- values --- */

static bool counts(const struct kconfig_entry *entry, const char *key)
{
	return !entry->deleted && strcmp(entry->key, key) == 0;
}

/* A number or a switch is shown as it stands; anything else is somebody's text. */
static bool is_plain(const char *value)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};
	size_t size = strlen(value);

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return size > 0 && size <= 16 && strspn(value, "0123456789.+-") == size;
}

static void show(struct kde *kde, const struct kconfig_entry *entry)
{
	fact_show_word(kde->pc->facts, kde->fact, entry->source, entry->key, is_plain(entry->value) ? entry->value : "no_plain_value");
	if (entry->expands)
		kde->unknown = "shell_value";
}

/* A switch that must be on: of the entries for several languages, any that is off. */
static bool is_on(struct kde *kde, const char *key)
{
	bool on = true;

	for (size_t i = 0; i < kde->config.entry_count; i++) {
		const struct kconfig_entry *entry = &kde->config.entries[i];
		if (!counts(entry, key))
			continue;
		show(kde, entry);
		on = on && kconfig_to_bool(entry->value);
	}
	return on;
}

/* QString::toInt: decimal, all of it; else the default. */
static int64_t to_int(const char *text, int64_t otherwise)
{
	bool negative = *text == '-';
	uint64_t number;

	if (!text_to_u64(text + (*text == '-' || *text == '+'), (uint64_t)INT_MAX + negative, &number))
		return otherwise;
	return negative ? -(int64_t)number : (int64_t)number;
}

/* What is neither a plain number nor rubbish ("inf") is never. Half a second counts as a whole one. */
static int64_t to_seconds(const char *text)
{
	char *end;

	if (strspn(text, "0123456789.eE+-") != strlen(text))
		return strstr(text, "inf") || strstr(text, "nan") ? 0 : DEFAULT_MINUTES * 60;
	double minutes = strtod(text, &end);
	if (!*text || *end)
		return DEFAULT_MINUTES * 60;
	if (!(minutes > 0) || minutes > 1e6)
		return 0;
	int64_t seconds = (int64_t)(minutes * 60);
	return (double)seconds < minutes * 60 ? seconds + 1 : seconds;
}

static int64_t weaker(int64_t a, int64_t b)
{
	return a == 0 || b == 0 ? 0 : a > b ? a : b;
}

/* Milliseconds in an int: more than 35791 minutes overflow it. 0 is never. */
static int64_t idle_seconds(const struct kde *kde, const char *text)
{
	int64_t whole = to_int(text, DEFAULT_MINUTES);
	int64_t as_int = whole <= 0 || whole > INT_MAX / 60000 ? 0 : whole * 60;

	return kde->plasma5 ? as_int : weaker(as_int, to_seconds(text));
}

/* A negative grace lasts for ever; so does one that overflows. */
static int64_t grace_seconds(const char *text)
{
	int64_t grace = to_int(text, DEFAULT_GRACE_S);

	return grace > INT_MAX / 1000 ? -1 : grace;
}

static int64_t read_idle(struct kde *kde)
{
	bool plain = kconfig_find(&kde->config, "Timeout") != NULL;
	int64_t idle = plain ? -1 : DEFAULT_MINUTES * 60;

	for (size_t i = 0; i < kde->config.entry_count; i++) {
		const struct kconfig_entry *entry = &kde->config.entries[i];
		if (!counts(entry, "Timeout"))
			continue;
		show(kde, entry);
		int64_t one = idle_seconds(kde, entry->value);
		idle = idle < 0 ? one : weaker(idle, one);
	}
	if (!plain)
		fact_show_number(kde->pc->facts, kde->fact, "default", "Timeout", DEFAULT_MINUTES);
	return idle;
}

static int64_t read_grace(struct kde *kde)
{
	bool plain = kconfig_find(&kde->config, "LockGrace") != NULL;
	int64_t grace = plain ? 0 : DEFAULT_GRACE_S;

	for (size_t i = 0; i < kde->config.entry_count; i++) {
		const struct kconfig_entry *entry = &kde->config.entries[i];
		if (!counts(entry, "LockGrace"))
			continue;
		show(kde, entry);
		int64_t one = grace_seconds(entry->value);
		grace = grace < 0 || one < 0 ? -1 : grace > one ? grace : one;
	}
	if (!plain)
		fact_show_number(kde->pc->facts, kde->fact, "default", "LockGrace", DEFAULT_GRACE_S);
	return grace;
}

static void evaluate(struct kde *kde, struct lock_answer *answer)
{
	bool autolock = is_on(kde, "Autolock"), lock = is_on(kde, "Lock");
	bool password = kde->plasma5 || is_on(kde, "RequirePassword");
	int64_t idle = read_idle(kde), grace = read_grace(kde);

	answer->seconds = autolock && lock && password && idle > 0 && grace >= 0 ? idle + grace : 0;
	if (!lock || grace < 0)
		answer->reason = "lock_off";
	if (!password)
		answer->reason = "no_password";
}

static bool is_fixed(const struct kde *kde)
{
	static const char *const keys[] = {"Autolock", "Lock", "LockGrace", "Timeout", "RequirePassword"};
	size_t count = kde->plasma5 ? 4 : 5;

	for (size_t i = 0; i < count; i++)
		if (!kde->file_locked && !kconfig_is_locked(&kde->config, keys[i]))
			return false;
	return true;
}

/* --- which Plasma --- */

static bool has_library(const struct host *host, const char *name)
{
	char path[LOCK_PATH_SIZE];
	struct names names;
	struct err err;
	bool found = false;

	if (!host_list(host, "/usr/lib", 8192, &names, &err))
		return false;
	for (size_t i = 0; i < names.count && !found; i++) {
		(void)snprintf(path, sizeof path, "/usr/lib/%s/%s", names.items[i], name);
		found = strstr(names.items[i], "-linux-gnu") && host_exists(host, path);
	}
	names_fini(&names);
	(void)snprintf(path, sizeof path, "/usr/lib64/%s", name);
	return found || host_exists(host, path);
}

static struct lock_answer read_kde(struct lock_pc *pc, struct lock_login *login, const struct user *user, struct fact *fact)
{
	struct lock_answer answer = {.seconds = LOCK_NO_BOUND};
	struct kde kde = {.pc = pc, .user = user, .fact = fact};

	(void)login;
	kconfig_init(&kde.config, "Daemon");
	kde.plasma5 = has_library(pc->host, "libKScreenLocker.so.5") && !has_library(pc->host, "libKScreenLocker.so.6");
	read_cascade(&kde);
	if (!kde.unknown) {
		evaluate(&kde, &answer);
		answer.fixed = is_fixed(&kde);
		fact_show_switch(pc->facts, fact, "/etc/xdg/kscreenlockerrc", "immutable", answer.fixed);
	}
	if (kde.unknown) {
		answer.unknown = kde.unknown;
		answer.seconds = LOCK_NO_BOUND;
	}
	kconfig_fini(&kde.config);
	return answer;
}

static const char *const session_names[] = {"KDE", NULL};

const struct lock_desktop lock_kde = {
	.name = "kde",
	.program = "/usr/bin/plasmashell",
	.session_names = session_names,
	.read = read_kde,
};
