/* SPDX-License-Identifier: Apache-2.0 */
/* proc(5): poll() on /proc/self/mountinfo and on /proc/swaps tells of a change by POLLPRI. */
#include "platform/linux/os/watches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

static const char *const files[] = {"/proc/self/mountinfo", "/proc/swaps"};

struct mounts {
	struct os_watches *watches;
	int fds[ARRAY_LEN(files)];
	struct os_source *sources[ARRAY_LEN(files)];
};

static void on_change(void *data)
{
	const struct mounts *mounts = data;

	watches_fire(mounts->watches, TRIGGER_MOUNTS, NULL);
}

static void mounts_close(void *kind)
{
	struct mounts *mounts = kind;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		os_source_free(mounts->sources[i]);
		os_close(&mounts->fds[i]);
	}
	free(mounts);
}

static void *mounts_open(struct os_watches *watches, struct os_loop *loop, struct err *err)
{
	struct mounts *mounts = calloc(1, sizeof *mounts);
	bool any = false;

	if (!mounts) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	mounts->watches = watches;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		mounts->fds[i] = open(files[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (mounts->fds[i] < 0)
			err_errno(err, errno, "%s", files[i]);
		else
			mounts->sources[i] = os_watch_fd(loop, mounts->fds[i], OS_URGENT, on_change, mounts, err);
		any = any || mounts->sources[i];
	}
	if (!any) {
		mounts_close(mounts);
		return NULL;
	}
	return mounts;
}

static bool mounts_add(void *kind, struct watch_slot *slot, struct err *err)
{
	(void)kind;
	(void)slot;
	(void)err;
	return true;
}

const struct watch_kind watch_mounts = {mounts_open, mounts_add, mounts_close};
