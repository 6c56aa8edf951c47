/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/passwd does not know domain users, and their uids lie wherever the directory puts them, above UID_MAX and within the ranges
 * that containers use too. So people are found by what they leave on a PC: a home beside the others, a name at AccountsService, a
 * session at logind. Too many users is an honest `unknown`; one user too few would be a false pass.
 */
#include "platform/linux/users.h"

#include "base/text.h"
#include "platform/linux/read/passwd.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWD_MAX_BYTES (4u << 20)
#define PARENTS_MAX      64
#define FOLDERS_MAX      8192
#define ACCOUNTS         "/var/lib/AccountsService/users"
#define LOGIND           "/run/systemd/users"

struct search {
	const struct host *host;
	struct users *users;
	struct passwd_file passwd;
	struct uid_ranges subuids;
	const char *parents[PARENTS_MAX]; /* folders that hold homes */
	size_t parent_count;
};

static bool is_between(int64_t number, int64_t first, int64_t last)
{
	return number >= first && number <= last;
}

/* systemd's uid allocation: DynamicUser= 61184-65519; 65534 is nobody, 65535 and 4294967295 the old and new -1. */
static bool can_be_person(const struct host *host, int64_t uid)
{
	return uid >= host_uid_min(host) && !is_between(uid, 61184, 65519) && uid != 65534 && uid != 65535 && uid < 4294967294;
}

/* Debian policy 9.2.2 gives packages 60000-64999 on demand (from 61184 on they are no people anyway); systemd-homed's
 * people are 60001-60513. */
static bool is_service(const struct passwd_entry *entry)
{
	bool refuses = text_ends(entry->shell, "/nologin") || text_ends(entry->shell, "/false");

	return is_between(entry->uid, 60000, 61183) && refuses;
}

static const struct user *find(const struct users *users, int64_t uid)
{
	for (size_t i = 0; i < users->count; i++)
		if (users->items[i].uid == uid)
			return &users->items[i];
	return NULL;
}

static bool add(struct search *search, int64_t uid, const char *name, const char *home, struct err *err)
{
	struct users *users = search->users;

	if (find(users, uid))
		return true;
	struct user *user = users->count < USERS_MAX ? ARENA_PUSH(&users->arena, users->items, users->count) : NULL;
	if (user)
		*user = (struct user){uid, arena_strdup(&users->arena, name), arena_strdup(&users->arena, home)};
	if (!user || !user->name || !user->home)
		return err_set(err, ERR_LIMIT, "more than %d users", USERS_MAX);
	return true;
}

/* ABSENT: there is none; INVALID: /dev/null and its like. One that we may not look at is there all the same. */
static bool home_exists(const struct host *host, const char *home)
{
	struct err err = {ERR_NONE, ""};
	int64_t owner;

	if (home[0] != '/')
		return false;
	return host_home_owner(host, home, &owner, &err) || (err.kind != ERR_ABSENT && err.kind != ERR_INVALID);
}

static bool add_parent(struct search *search, const char *home, struct err *err)
{
	const char *slash = strrchr(home, '/');
	size_t size = slash ? (size_t)(slash - home) : 0;

	if (size == 0)
		return true;
	for (size_t i = 0; i < search->parent_count; i++)
		if (strlen(search->parents[i]) == size && memcmp(search->parents[i], home, size) == 0)
			return true;
	const char *parent = search->parent_count < PARENTS_MAX ? arena_strndup(&search->users->arena, home, size) : NULL;
	if (!parent)
		return err_set(err, ERR_LIMIT, "homes in more than %d folders", PARENTS_MAX);
	search->parents[search->parent_count++] = parent;
	return true;
}

static bool read_passwd(struct search *search, struct err *err)
{
	struct buf text = {.data = NULL};
	struct err ignored;

	if (!host_read(search->host, "/etc/passwd", PASSWD_MAX_BYTES, &text, NULL, err))
		return err_wrap(err, "the list of users");
	bool good = passwd_parse(&search->passwd, &search->users->arena, buf_text(&text), text.size, err);
	buf_fini(&text);
	if (good && host_read(search->host, "/etc/subuid", PASSWD_MAX_BYTES, &text, NULL, &ignored)) {
		good = passwd_parse_subuid(&search->subuids, &search->users->arena, buf_text(&text), text.size, err);
		buf_fini(&text);
	}
	for (size_t i = 0; good && i < search->passwd.count; i++) {
		const struct passwd_entry *entry = &search->passwd.items[i];
		if (!can_be_person(search->host, entry->uid) || is_service(entry) || !home_exists(search->host, entry->home))
			continue;
		good = add_parent(search, entry->home, err) && add(search, entry->uid, entry->name, entry->home, err);
	}
	return good;
}

/* Root of a container: the first of 65,536, counted from where its range begins. */
static bool is_root_in_container(const struct search *search, int64_t uid)
{
	for (size_t i = 0; i < search->subuids.count; i++)
		if (uid >= search->subuids.items[i].first && uid - search->subuids.items[i].first < search->subuids.items[i].count &&
		    (uid - search->subuids.items[i].first) % 65536 == 0)
			return true;
	/* systemd-nspawn's range and the "foreign" one */
	return (is_between(uid, 524288, 1879048191) || is_between(uid, 2147352576, 2147418111)) && uid % 65536 == 0;
}

/* Directories of domain users reach into the ranges of containers, so that the number alone decides nothing: what lies beside the
 * homes, belongs to a container's root and holds a whole system is a container. Whoever is not that root cannot hide
 * himself by making such folders in his home. */
static bool is_container_root(const struct search *search, const struct user *owner)
{
	struct names names;
	struct err ignored;
	unsigned marks = 0;

	if (!is_root_in_container(search, owner->uid) || !host_list_home(search->host, owner, "", 256, &names, &ignored))
		return false;
	for (size_t i = 0; i < names.count; i++)
		marks |= text_equal(names.items[i], "etc") ? 1u : text_equal(names.items[i], "usr") ? 2u : 0u;
	names_fini(&names);
	return marks == 3;
}

/* AccountsService keeps one file for each person who was ever shown at the login screen, named after him. */
static const char *account_name(const struct host *host, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof path, ACCOUNTS "/%s", name);
	return host_exists(host, path) ? name : "";
}

static bool look_in_folder(struct search *search, const char *parent, bool deeper, struct err *err);

static bool look_at_folder(struct search *search, const char *parent, const char *name, bool deeper, struct err *err)
{
	char home[1024];
	int64_t uid;
	struct err ignored;

	if (snprintf(home, sizeof home, "%s/%s", parent, name) >= (int)sizeof home || !host_home_owner(search->host, home, &uid, &ignored))
		return true;
	if (uid < host_uid_min(search->host)) /* /home/DOMAIN is root's and holds that domain's homes */
		return !deeper || look_in_folder(search, home, false, err);
	struct user owner = {uid, "", home};
	const struct passwd_entry *entry = passwd_find(&search->passwd, uid);
	if (!can_be_person(search->host, uid) || (entry && is_service(entry)) || is_container_root(search, &owner))
		return true;
	return add(search, uid, entry ? entry->name : account_name(search->host, name), home, err);
}

/* Below /home itself everything must be seen; elsewhere (lost+found, a home inside a home) what is closed to us holds no homes. */
static bool look_in_folder(struct search *search, const char *parent, bool deeper, struct err *err)
{
	struct names names;
	bool good = true;

	if (!host_list(search->host, parent, FOLDERS_MAX, &names, err))
		return err->kind == ERR_ABSENT || (!deeper && err->kind == ERR_DENIED) || err_wrap(err, "homes in %s", parent);
	for (size_t i = 0; good && i < names.count; i++)
		good = look_at_folder(search, parent, names.items[i], deeper, err);
	names_fini(&names);
	return good;
}

/* Whoever is logged in now and is neither in passwd nor beside the others is known to the name service only. */
static bool add_session(struct search *search, int64_t uid, struct err *err)
{
	char text[4096];
	struct passwd entry, *found = NULL;

	if (find(search->users, uid) || !host_is_live(search->host))
		return true;
	if (getpwuid_r((uid_t)uid, &entry, text, sizeof text, &found) != 0 || !found || !home_exists(search->host, entry.pw_dir))
		return true;
	return add(search, uid, entry.pw_name, entry.pw_dir, err);
}

static bool look_at_sessions(struct search *search, struct err *err)
{
	struct names names;
	struct err ignored;
	bool good = true;
	uint64_t uid;

	if (!host_list(search->host, LOGIND, FOLDERS_MAX, &names, &ignored))
		return true;
	for (size_t i = 0; good && i < names.count; i++)
		if (text_to_u64(names.items[i], UINT32_MAX, &uid) && can_be_person(search->host, (int64_t)uid))
			good = add_session(search, (int64_t)uid, err);
	names_fini(&names);
	return good;
}

static int by_uid(const void *a, const void *b)
{
	const struct user *left = a, *right = b;

	return (left->uid > right->uid) - (left->uid < right->uid);
}

void users_init(struct users *users)
{
	*users = (struct users){.items = NULL};
	arena_init(&users->arena, 8u << 20);
}

void users_fini(struct users *users)
{
	arena_fini(&users->arena);
	*users = (struct users){.items = NULL};
}

bool users_read(struct users *users, const struct host *host, struct err *err)
{
	struct search search = {.host = host, .users = users, .parents = {"/home"}, .parent_count = 1};

	if (!read_passwd(&search, err))
		return false;
	for (size_t i = 0; i < search.parent_count; i++)
		if (!look_in_folder(&search, search.parents[i], i == 0, err))
			return false;
	if (!look_at_sessions(&search, err))
		return false;
	if (users->count)
		qsort(users->items, users->count, sizeof *users->items, by_uid);
	return true;
}
