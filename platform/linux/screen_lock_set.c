/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enforcing. The desktops have one setting for the whole PC, a policy has one for each user: what is wanted for whom is kept in
 * <state>/screen_lock.json, and the PC gets the strictest of it until nobody wants it any more.
 */
#include "base/json.h"
#include "base/text.h"
#include "platform/linux/own.h"
#include "platform/linux/screen_lock.h"
#include "platform/linux/screen_lock_set.h"
#include "platform/linux/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "screen_lock.json"

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static json_t *load(int state, struct err *err)
{
	AUTO(close_fd) int fd = openat(state, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	static char text[128 << 10]; /* core has no threads, and its stack may be small */
	size_t size = 0;

	if (fd < 0 && errno == ENOENT)
		return json_object();
	for (ssize_t got = 1; fd >= 0 && got > 0 && size<sizeof text; size += got> 0 ? (size_t)got : 0)
		got = read(fd, text + size, sizeof text - size);
	json_t *json = fd >= 0 ? json_parse(text, size, err) : NULL;
	if (!json && fd < 0)
		err_errno(err, errno, FILE_NAME);
	return json;
}

static bool save(int state, const json_t *wanted, struct err *err)
{
	struct buf text;

	buf_init(&text, 128 << 10);
	json_print(&text, wanted);
	AUTO(close_fd) int fd = openat(state, FILE_NAME ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = fd >= 0 && !text.failed && write(fd, text.data, text.size) == (ssize_t)text.size && fsync(fd) == 0 &&
	            renameat(state, FILE_NAME ".new", state, FILE_NAME) == 0 && fsync(state) == 0;
	int number = errno;
	buf_fini(&text);
	return good || err_errno(err, number, "cannot keep " FILE_NAME);
}

static int64_t strictest(json_t *wanted)
{
	const char *subject;
	json_t *seconds;
	int64_t least = INT64_MAX;

	json_object_foreach (wanted, subject, seconds)
		if (json_integer_value(seconds) > 0 && json_integer_value(seconds) < least)
			least = json_integer_value(seconds);
	return least;
}

/* The uids among the subjects; gives how many. */
static size_t uids_of(json_t *wanted, int64_t *uids, size_t max)
{
	const char *subject;
	json_t *seconds;
	size_t count = 0;
	uint64_t uid;

	json_object_foreach (wanted, subject, seconds)
		if (count < max && text_starts(subject, "user:") && text_to_u64(subject + 5, UINT32_MAX, &uid))
			uids[count++] = (int64_t)uid;
	return count;
}

static bool apply(const struct host *host, json_t *wanted, struct err *err)
{
	struct lock_pc pc = {.host = host};
	static int64_t uids[USERS_MAX];
	bool good, gnome = false, kde = false;

	arena_init(&pc.arena, 1u << 20);
	good = lock_find_logins(&pc, err);
	for (size_t i = 0; i < pc.login_count; i++) {
		gnome = gnome || pc.logins[i].desktop == &lock_gnome;
		kde = kde || pc.logins[i].desktop == &lock_kde;
	}
	arena_fini(&pc.arena);
	if (good && !gnome && !kde)
		return err_set(err, ERR_UNSUPPORTED, "no desktop here whose lock can be set");
	if (good && gnome)
		good = lock_gnome_set(host, strictest(wanted), uids, uids_of(wanted, uids, USERS_MAX), err);
	return good && (!kde || lock_kde_set(host, strictest(wanted), err));
}

static bool withdraw(const struct host *host, json_t *wanted, const char *subject, struct err *err)
{
	uint64_t uid;
	bool good = true;

	if (text_starts(subject, "user:") && text_to_u64(subject + 5, UINT32_MAX, &uid))
		good = lock_gnome_release(host, (int64_t)uid, err);
	(void)json_object_del(wanted, subject);
	if (json_object_size(wanted))
		return good && apply(host, wanted, err);
	bool gnome = lock_gnome_withdraw(host, err), kde = lock_kde_withdraw(host, err);
	return good && gnome && kde;
}

bool lock_enforce(const struct host *host, const char *subject, const struct value *want, struct err *err)
{
	if (!host_state_dir(host))
		return err_set(err, ERR_DENIED, "this machine is only looked at");
	AUTO(close_fd) int state = open(host_state_dir(host), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state < 0)
		return err_errno(err, errno, "%s", host_state_dir(host));
	AUTO(json_drop) json_t *wanted = load(state, err);
	if (!wanted)
		return false;
	if (!want) {
		bool good = withdraw(host, wanted, subject, err);
		/* What could not be put back stays wanted, so that withdrawing is tried again. */
		return good &&
		       (json_object_size(wanted) ? save(state, wanted, err) : unlinkat(state, FILE_NAME, 0) == 0 || errno == ENOENT);
	}
	if (want->kind != VALUE_DURATION || want->never || want->number < 1 || want->number > UINT32_MAX)
		return err_set(err, ERR_INVALID, "a screen lock needs a time of at least one second");
	if (json_object_set_new(wanted, subject, json_integer(want->number)) != 0)
		return err_set(err, ERR_LIMIT, "no memory");
	/* Kept first: after a crash in between, withdrawing still knows of it. */
	return save(state, wanted, err) && apply(host, wanted, err);
}
