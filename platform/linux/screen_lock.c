/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who could log in to what, and how long until the screen locks then. Desktops are found by the files the login screen shows them by
 * (wayland-sessions, xsessions), and by the program their packages install. Whoever could choose between several gets the weakest.
 * A desktop that is not written here is `unknown`, by name: never a pass.
 */
#include "platform/linux/screen_lock.h"

#include "base/text.h"
#include "platform/control.h"
#include "platform/linux/read/keyfile.h"
#include "platform/linux/screen_lock_set.h"
#include "platform/linux/users.h"

#include <stdio.h>
#include <string.h>

#define SESSIONS_MAX 256

static const struct lock_desktop *const desktops[] = {&lock_gnome, &lock_kde};

static const char *const session_folders[] = {"/usr/share/wayland-sessions", "/usr/share/xsessions", "/usr/local/share/wayland-sessions",
                                              "/usr/local/share/xsessions"};

bool lock_read_system(const struct host *host, const char *path, struct buf *out, bool *fixed, struct err *err)
{
	struct file_info info, folder;
	char parent[LOCK_PATH_SIZE];

	if (!host_info(host, path, &info, err))
		return false;
	if (!info.world_readable)
		return err_set(err, ERR_ABSENT, "%s cannot be read by users", path);
	(void)snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
	*fixed = info.fixed && host_info(host, parent, &folder, err) && folder.fixed;
	return host_read(host, path, LOCK_FILE_MAX, out, NULL, err);
}

bool lock_read_home(const struct lock_pc *pc, const struct user *user, const char *name, char path[LOCK_PATH_SIZE], struct buf *out,
                    struct err *err)
{
	(void)snprintf(path, LOCK_PATH_SIZE, "%s/%s", user ? user->home : "/etc/skel", name);
	if (user)
		return host_read_home(pc->host, user, name, HOST_HOME_MAX, out, NULL, err);
	return host_read(pc->host, path, HOST_HOME_MAX, out, NULL, err);
}

/* "ubuntu:GNOME" or "ubuntu;GNOME;" */
static void split_names(struct lock_pc *pc, struct lock_login *login, const char *text)
{
	for (size_t count = 0; *text && count < LOCK_NAMES_MAX;) {
		size_t size = strcspn(text, ":;");
		if (size)
			login->names[count++] = arena_strndup(&pc->arena, text, size);
		text += size + (text[size] != '\0');
	}
}

/* sway.desktop without DesktopNames is "sway". */
static void name_by_file(struct lock_pc *pc, struct lock_login *login)
{
	const char *name = strrchr(login->file, '/') + 1;

	login->names[0] = arena_strndup(&pc->arena, name, strlen(name) - strlen(".desktop"));
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; name && *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* The login screen hides what is Hidden, and what TryExec names and is not there. */
static bool is_offered(const struct host *host, const struct keyfile *file)
{
	static const char *const folders[] = {"/usr/bin", "/usr/local/bin", "/bin", "/usr/games"};
	char word[LOCK_PATH_SIZE], path[2 * LOCK_PATH_SIZE];

	if (!keyfile_get(file, "Desktop Entry", "Hidden", word, sizeof word) || text_equal(word, "true"))
		return false;
	/* lightdm's "default" stands for one of the others. */
	if (!keyfile_get(file, "Desktop Entry", "Exec", word, sizeof word) || text_equal(word, "default"))
		return false;
	if (!keyfile_get(file, "Desktop Entry", "TryExec", word, sizeof word) || !word[0])
		return true;
	if (word[0] == '/')
		return host_exists(host, word);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folders[i], word);
		if (host_exists(host, path))
			return true;
	}
	return false;
}

static void classify(struct lock_pc *pc, struct lock_login *login)
{
	for (size_t i = 0; i < ARRAY_LEN(desktops); i++)
		if (is_one_of(login->names[0], desktops[i]->session_names))
			login->desktop = desktops[i];
	if (login->desktop && !host_exists(pc->host, login->desktop->program))
		pc->login_count--; /* the session's file outlived its desktop */
}

static bool is_same_login(const struct lock_login *a, const struct lock_login *b)
{
	for (size_t i = 0; i < LOCK_NAMES_MAX; i++)
		if (!text_equal(a->names[i], b->names[i]))
			return false;
	return true;
}

static bool add_login(struct lock_pc *pc, const char *path, struct err *err)
{
	char names[LOCK_PATH_SIZE];
	struct buf text = {.data = NULL};

	if (!host_read(pc->host, path, 256u << 10, &text, NULL, err))
		return false;
	struct keyfile file = {buf_text(&text), text.size};
	bool offered = is_offered(pc->host, &file);
	if (!keyfile_get(&file, "Desktop Entry", "DesktopNames", names, sizeof names))
		names[0] = '\0';
	buf_fini(&text);
	if (!offered)
		return true;
	if (pc->login_count == LOCK_LOGIN_MAX)
		return err_set(err, ERR_LIMIT, "more than %d desktop sessions", LOCK_LOGIN_MAX);
	struct lock_login *login = &pc->logins[pc->login_count];
	*login = (struct lock_login){.file = arena_strdup(&pc->arena, path)};
	split_names(pc, login, names);
	if (!login->names[0])
		name_by_file(pc, login);
	for (size_t i = 0; i < pc->login_count; i++)
		if (is_same_login(login, &pc->logins[i]))
			return true;
	pc->login_count++;
	classify(pc, login);
	return true;
}

static bool has_login(const struct lock_pc *pc, const struct lock_desktop *desktop)
{
	for (size_t i = 0; i < pc->login_count; i++)
		if (pc->logins[i].desktop == desktop)
			return true;
	return false;
}

/* A desktop that no login screen shows can still be started from a console: installed is whose program is there. */
static void add_unlisted(struct lock_pc *pc)
{
	for (size_t i = 0; i < ARRAY_LEN(desktops) && pc->login_count < LOCK_LOGIN_MAX; i++)
		if (!has_login(pc, desktops[i]) && host_exists(pc->host, desktops[i]->program))
			pc->logins[pc->login_count++] = (struct lock_login){
				.desktop = desktops[i], .file = desktops[i]->program, .names = {desktops[i]->session_names[0]}};
}

static bool find_sessions(struct lock_pc *pc, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(session_folders); i++) {
		struct names names;
		bool good = true;
		if (!host_list(pc->host, session_folders[i], SESSIONS_MAX, &names, err)) {
			if (err->kind == ERR_ABSENT)
				continue;
			return false;
		}
		for (size_t n = 0; good && n < names.count; n++) {
			char path[LOCK_PATH_SIZE];
			(void)snprintf(path, sizeof path, "%s/%s", session_folders[i], names.items[n]);
			good = !text_ends(path, ".desktop") || add_login(pc, path, err);
		}
		names_fini(&names);
		if (!good)
			return false;
	}
	return true;
}

bool lock_find_logins(struct lock_pc *pc, struct err *err)
{
	if (!find_sessions(pc, err))
		return false;
	add_unlisted(pc);
	return true;
}

/* Longer is weaker, and never is the longest. */
static bool is_weaker(const struct lock_answer *a, const struct lock_answer *b)
{
	if (a->seconds != b->seconds)
		return a->seconds == 0 || (b->seconds != 0 && a->seconds > b->seconds);
	return !a->fixed && b->fixed;
}

static struct lock_answer ask(struct lock_pc *pc, struct lock_login *login, const struct user *user, struct fact *fact)
{
	fact_show_word(pc->facts, fact, login->file, "desktop", login->names[0]);
	if (login->desktop)
		return login->desktop->read(pc, login, user, fact);
	return (struct lock_answer){.unknown = "desktop_not_written", .seconds = LOCK_NO_BOUND};
}

/* The weakest of all that is known, and the first thing that is not. */
static void add_user(struct lock_pc *pc, const struct user *user)
{
	struct lock_answer worst = {.seconds = LOCK_NO_BOUND, .fixed = true};
	const struct lock_login *weakest = NULL, *dark = NULL;
	const char *unknown = NULL;
	struct fact *fact = user ? facts_add(pc->facts, CONTROL_screen_lock, "user:%lld", (long long)user->uid)
	                         : facts_add(pc->facts, CONTROL_screen_lock, "user:*");

	for (size_t i = 0; i < pc->login_count; i++) {
		struct lock_answer answer = ask(pc, &pc->logins[i], user, fact);
		if (answer.unknown && !unknown) {
			unknown = answer.unknown;
			dark = &pc->logins[i];
		}
		if (answer.seconds != LOCK_NO_BOUND && (worst.seconds == LOCK_NO_BOUND || is_weaker(&answer, &worst))) {
			worst = answer;
			weakest = &pc->logins[i];
		}
	}
	if (!unknown || worst.seconds == 0) { /* worse than never it cannot get */
		fact_known(fact, value_seconds(worst.seconds));
		fact->fixed = worst.fixed && !unknown;
		if (worst.reason)
			fact_reason(pc->facts, fact, worst.reason);
	} else {
		fact_unknown(pc->facts, fact, unknown);
		fact_param_text(pc->facts, fact, "desktop", dark->names[0]);
		if (worst.seconds != LOCK_NO_BOUND)
			fact_at_best(fact, value_seconds(worst.seconds));
	}
	if (weakest)
		fact_via(pc->facts, fact, weakest->desktop->name);
}

static bool probe_logins(struct lock_pc *pc, struct err *err)
{
	AUTO(users_fini) struct users users;

	users_init(&users);
	if (!users_read(&users, pc->host, err))
		return false;
	for (size_t i = 0; i < users.count; i++)
		add_user(pc, &users.items[i]);
	add_user(pc, NULL);
	return true;
}

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	struct lock_pc pc = {.host = host, .facts = out};

	arena_init(&pc.arena, 1u << 20);
	bool good = lock_find_logins(&pc, err);
	if (good && pc.login_count) {
		good = probe_logins(&pc, err);
	} else if (good) {
		struct fact *fact = facts_add(out, CONTROL_screen_lock, "host");
		fact_unsupported(out, fact, "no_desktop");
		for (size_t i = 0; i < 2; i++)
			fact_show_word(out, fact, session_folders[i], "desktop", "none");
	}
	arena_fini(&pc.arena);
	return good;
}

static const struct trigger triggers[] = {
	{TRIGGER_PATH, "/etc/dconf/db"},
	{TRIGGER_PATH, "/etc/dconf/profile"},
	{TRIGGER_PATH, "/etc/xdg/kscreenlockerrc"},
	{TRIGGER_PATH, "/etc/passwd"},
	{TRIGGER_PATH, "/usr/share/wayland-sessions"},
	{TRIGGER_PATH, "/usr/share/xsessions"},
	{TRIGGER_SESSIONS, ""},
	TRIGGERS_END,
};

const struct control control_screen_lock = {.probe = probe, .enforce = lock_enforce, .triggers = triggers};
