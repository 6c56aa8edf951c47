/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's seam. No journal is kept on Windows yet; `epagent log --verify` says so instead of finding nothing wrong. */
#include "platform/disk.h"

static bool no_journal(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "no journal is kept on Windows yet");
}

static int no_open(void *context, const char *path, enum disk_open how, struct err *err)
{
	(void)context, (void)path, (void)how;
	no_journal(err);
	return -1;
}

static void no_close(void *context, int file)
{
	(void)context, (void)file;
}

static bool no_read(void *context, int file, uint64_t offset, void *bytes, size_t size, struct err *err)
{
	(void)context, (void)file, (void)offset, (void)bytes, (void)size;
	return no_journal(err);
}

static bool no_write(void *context, int file, uint64_t offset, const void *bytes, size_t size, struct err *err)
{
	(void)context, (void)file, (void)offset, (void)bytes, (void)size;
	return no_journal(err);
}

static bool no_sync(void *context, int file, struct err *err)
{
	(void)context, (void)file;
	return no_journal(err);
}

static bool no_info(void *context, int file, struct disk_info *out, struct err *err)
{
	(void)context, (void)file, (void)out;
	return no_journal(err);
}

static bool no_folder(void *context, const char *path, struct err *err)
{
	(void)context, (void)path;
	return no_journal(err);
}

static bool no_rename(void *context, const char *from, const char *to, struct err *err)
{
	(void)context, (void)from, (void)to;
	return no_journal(err);
}

static bool no_list(void *context, const char *path, void (*each)(void *arg, const char *name), void *arg, struct err *err)
{
	(void)context, (void)path, (void)each, (void)arg;
	return no_journal(err);
}

static int no_lock(void *context, const char *path, struct err *err)
{
	(void)context, (void)path;
	no_journal(err);
	return -1;
}

const struct disk disk_real = {NULL,    no_open,   no_close,  no_read,   no_write, no_sync,
                               no_info, no_folder, no_folder, no_rename, no_list,  no_lock};
