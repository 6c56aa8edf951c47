/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify(7). Only folders are watched, never files: a file that is renamed over keeps no watch. For a path whose folders do not all
 * exist the deepest one that does is watched for the next name; every event there walks down again.
 */
#include "platform/linux/os/watches.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* One mask for all: inotify keeps one watch for a folder, whoever asked. */
#define MASK (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
#define GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

struct path_watch {
	const struct watch_slot *slot;
	int wd;                  /* -1: not even / could be watched */
	char name[NAME_MAX + 1]; /* the name in the watched folder that matters; "" all */
};

struct paths {
	struct os_watches *watches;
	struct os_source *source;
	int fd;
	struct path_watch items[WATCH_SLOTS_MAX];
	size_t count;
};

static bool wd_used(const struct paths *paths, int wd)
{
	for (size_t i = 0; i < paths->count; i++)
		if (paths->items[i].wd == wd)
			return true;
	return false;
}

/* The deepest folder of `what` that exists, and the name to look for in it. */
static int arm_at(const struct paths *paths, const char *what, char name[NAME_MAX + 1])
{
	char folder[PATH_MAX];
	struct stat at;
	size_t length = strlen(what);

	if (length == 0 || length >= sizeof folder)
		return -1;
	memcpy(folder, what, length + 1);
	name[0] = '\0';
	for (;;) {
		int wd = stat(folder, &at) == 0 && S_ISDIR(at.st_mode) ? inotify_add_watch(paths->fd, folder, MASK | IN_ONLYDIR) : -1;
		char *slash = strrchr(folder, '/');
		if (wd >= 0 || !slash || folder[1] == '\0')
			return wd;
		(void)snprintf(name, NAME_MAX + 1, "%.*s", NAME_MAX, slash + 1);
		slash[slash == folder] = '\0'; /* "/etc" -> "/" */
	}
}

static void arm(struct paths *paths, struct path_watch *watch)
{
	int before = watch->wd;

	watch->wd = arm_at(paths, watch->slot->what, watch->name);
	if (before >= 0 && before != watch->wd && !wd_used(paths, before))
		(void)inotify_rm_watch(paths->fd, before);
}

static void handle(struct paths *paths, const struct inotify_event *event)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct path_watch *watch = &paths->items[i];
		bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
		bool mine = watch->wd == event->wd &&
		            (!watch->name[0] || (event->mask & GONE) || event->len == 0 || strcmp(watch->name, event->name) == 0);
		if (!lost && !mine)
			continue;
		/* The kernel has dropped this watch already: arm() must not remove whatever bears its number. */
		if (event->mask & IN_IGNORED)
			watch->wd = -1;
		arm(paths, watch);
		watch->slot->changed(watch->slot->data);
	}
}

static void on_events(void *data)
{
	struct paths *paths = data;
	_Alignas(struct inotify_event) char bytes[16384];
	ssize_t size = read(paths->fd, bytes, sizeof bytes);

	for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= size;) {
		const struct inotify_event *event = (const struct inotify_event *)(const void *)(bytes + at);
		handle(paths, event);
		at += (ssize_t)(sizeof *event + event->len);
	}
}

static void paths_close(void *kind)
{
	struct paths *paths = kind;

	os_source_free(paths->source);
	os_close(&paths->fd);
	free(paths);
}

static void *paths_open(struct os_watches *watches, struct os_loop *loop, struct err *err)
{
	struct paths *paths = calloc(1, sizeof *paths);

	if (!paths) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	paths->watches = watches;
	paths->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (paths->fd < 0)
		err_errno(err, errno, "inotify");
	else
		paths->source = os_watch_fd(loop, paths->fd, OS_READ, on_events, paths, err);
	if (!paths->source) {
		paths_close(paths);
		return NULL;
	}
	return paths;
}

static bool paths_add(void *kind, struct watch_slot *slot, struct err *err)
{
	struct paths *paths = kind;
	struct path_watch *watch = &paths->items[paths->count];

	*watch = (struct path_watch){.slot = slot, .wd = -1};
	arm(paths, watch);
	if (watch->wd < 0)
		return err_set(err, ERR_UNSUPPORTED, "%s cannot be watched", slot->what);
	paths->count++;
	return true;
}

const struct watch_kind watch_paths = {paths_open, paths_add, paths_close};
