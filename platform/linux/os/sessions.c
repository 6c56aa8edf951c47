/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is logged in, from logind: sd-login(3) reads /run/systemd/sessions, and LockedHint is a property that only the bus has. A
 * session whose lock cannot be asked counts as unlocked: `unlocked_screen` asks for an unlocked one, and a rule that
 * opens a medium must not open on a guess, so sessions are not known at all then.
 */
#include "platform/os.h"

#include "policy/fact.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>

#define GROUPS_MAX  256
#define ANSWER_USEC 1000000

static bool read_locked(sd_bus *bus, const char *id, bool *locked, struct err *err)
{
	char *path = NULL;
	int value = 0;

	if (sd_bus_path_encode("/org/freedesktop/login1/session", id, &path) < 0)
		return err_set(err, ERR_LIMIT, "out of memory");
	int result = sd_bus_get_property_trivial(bus, "org.freedesktop.login1", path, "org.freedesktop.login1.Session", "LockedHint", NULL,
	                                         'b', &value);
	free(path);
	*locked = value != 0;
	return result >= 0 || err_errno(err, -result, "LockedHint of session %s", id);
}

static void add_group(struct facts *out, struct session *session, gid_t gid)
{
	char bytes[4096];
	struct group group, *found = NULL;

	if (getgrgid_r(gid, &group, bytes, sizeof bytes, &found) != 0 || !found)
		return;
	const char **slot = ARENA_PUSH(&out->arena, session->groups, session->group_count);
	if (slot)
		*slot = arena_strdup(&out->arena, group.gr_name);
}

static void add_groups(struct facts *out, struct session *session, uid_t uid)
{
	char bytes[4096];
	struct passwd user, *found = NULL;
	gid_t gids[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (getpwuid_r(uid, &user, bytes, sizeof bytes, &found) != 0 || !found)
		return;
	if (getgrouplist(user.pw_name, user.pw_gid, gids, &count) < 0)
		count = GROUPS_MAX;
	for (int i = 0; i < count; i++)
		add_group(out, session, gids[i]);
}

/* Greeters and background sessions (cron, systemd --user) are nobody at a screen. */
static bool is_user_session(const char *id)
{
	char *class = NULL;
	bool yes = sd_session_get_class(id, &class) >= 0 && strcmp(class, "user") == 0;

	free(class);
	return yes;
}

static bool add_session(struct facts *out, sd_bus *bus, const char *id, struct err *err)
{
	uid_t uid;
	bool locked = false;

	if (!is_user_session(id) || sd_session_get_uid(id, &uid) < 0)
		return true; /* it ended meanwhile */
	if (!read_locked(bus, id, &locked, err))
		return sd_session_get_uid(id, &uid) < 0;
	struct session *session = facts_add_session(out, (int64_t)uid);
	if (!session)
		return err_set(err, ERR_LIMIT, "too many sessions");
	session->locked = locked;
	session->active = sd_session_is_active(id) > 0;
	session->remote = sd_session_is_remote(id) > 0;
	add_groups(out, session, uid);
	return true;
}

bool os_sessions(struct facts *out, struct err *err)
{
	char **ids = NULL;
	sd_bus *bus = NULL;
	int count = sd_get_sessions(&ids), result = 0;
	bool known = count >= 0;

	if (!known)
		err_errno(err, -count, "logind's sessions");
	if (count > 0 && (result = sd_bus_open_system(&bus)) < 0)
		known = err_errno(err, -result, "the system bus");
	if (bus)
		(void)sd_bus_set_method_call_timeout(bus, ANSWER_USEC);
	for (int i = 0; i < count; i++) {
		known = known && add_session(out, bus, ids[i], err);
		free(ids[i]);
	}
	free(ids);
	sd_bus_flush_close_unref(bus);
	out->sessions_known = known;
	return known;
}
