/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/disk.h"

#include "base/attr.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int disk_open(void *context, const char *path, enum disk_open how, struct err *err)
{
	static const int flags[] = {[DISK_READ] = O_RDONLY, [DISK_WRITE] = O_RDWR, [DISK_CREATE] = O_RDWR | O_CREAT | O_EXCL};
	struct stat info;

	(void)context;
	int file = open(path, flags[how] | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (file < 0) {
		err_errno(err, errno, "open %s", path);
		return -1;
	}
	if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
		err_set(err, ERR_INVALID, "%s is not a regular file", path);
		close(file);
		return -1;
	}
	return file;
}

static void disk_close(void *context, int file)
{
	(void)context;
	if (file >= 0)
		close(file);
}

static bool disk_read(void *context, int file, uint64_t offset, void *bytes, size_t size, struct err *err)
{
	(void)context;
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(file, (char *)bytes + done, size - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, errno, "read");
		if (got == 0)
			return err_set(err, ERR_IO, "read: the file ends too early");
		done += (size_t)got;
	}
	return true;
}

/* A short write is continued (it is progress, not a failure); a failed one is never repeated. */
static bool disk_write(void *context, int file, uint64_t offset, const void *bytes, size_t size, struct err *err)
{
	(void)context;
	for (size_t done = 0; done < size;) {
		ssize_t put = pwrite(file, (const char *)bytes + done, size - done, (off_t)(offset + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return err_errno(err, put < 0 ? errno : EIO, "write");
		done += (size_t)put;
	}
	return true;
}

/* EINTR is no exception: what was lost by it is not known, so it is a failure as any other. */
static bool disk_sync(void *context, int file, struct err *err)
{
	(void)context;
	return fdatasync(file) == 0 || err_errno(err, errno, "fdatasync");
}

static bool disk_info(void *context, int file, struct disk_info *out, struct err *err)
{
	struct stat info;

	(void)context;
	if (fstat(file, &info) != 0)
		return err_errno(err, errno, "fstat");
	*out = (struct disk_info){.size_bytes = (uint64_t)info.st_size, .linked = info.st_nlink > 0};
	return true;
}

static bool disk_sync_folder(void *context, const char *path, struct err *err)
{
	(void)context;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_errno(err, errno, "open %s", path);
	bool ok = fsync(folder) == 0 || err_errno(err, errno, "fsync %s", path);
	close(folder);
	return ok;
}

static bool disk_make_folder(void *context, const char *path, struct err *err)
{
	(void)context;
	return mkdir(path, 0700) == 0 || errno == EEXIST || err_errno(err, errno, "mkdir %s", path);
}

static bool disk_rename(void *context, const char *from, const char *to, struct err *err)
{
	(void)context;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno == EEXIST)
		return err_set(err, ERR_DENIED, "rename %s: %s is there already", from, to);
	return err_errno(err, errno, "rename %s", from);
}

static bool disk_list(void *context, const char *path, void (*each)(void *arg, const char *name), void *arg, struct err *err)
{
	const struct dirent *entry;

	(void)context;
	DIR *folder = opendir(path);
	if (!folder)
		return err_errno(err, errno, "open %s", path);
	for (errno = 0; (entry = readdir(folder)); errno = 0)
		if (entry->d_name[0] != '.')
			each(arg, entry->d_name);
	bool ok = errno == 0 || err_errno(err, errno, "read %s", path);
	closedir(folder);
	return ok;
}

static int disk_lock(void *context, const char *path, struct err *err)
{
	(void)context;
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0) {
		err_errno(err, errno, "open %s", path);
		return -1;
	}
	if (flock(file, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			err_set(err, ERR_DENIED, "%s is held by another process", path);
		else
			err_errno(err, errno, "lock %s", path);
		close(file);
		return -1;
	}
	return file;
}

const struct disk disk_real = {
	.open = disk_open,
	.close = disk_close,
	.read = disk_read,
	.write = disk_write,
	.sync = disk_sync,
	.info = disk_info,
	.sync_folder = disk_sync_folder,
	.make_folder = disk_make_folder,
	.rename = disk_rename,
	.list = disk_list,
	.lock = disk_lock,
};
