/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "platform/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A rename or a removal is on the medium once its folder is. */
static void sync_folder_of(const char *path)
{
	char folder[OS_PATH_MAX];
	const char *slash = strrchr(path, '/');

	(void)snprintf(folder, sizeof folder, "%.*s", slash && slash > path ? (int)(slash - path) : 1, slash ? path : ".");
	AUTO(os_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);
		if (done < 0 && errno != EINTR)
			return false;
		bytes += done > 0 ? done : 0;
		size -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

bool os_file_write(const char *path, const void *bytes, size_t size, struct err *err)
{
	char beside[OS_PATH_MAX];

	if (snprintf(beside, sizeof beside, "%s.tmp", path) >= (int)sizeof beside)
		return err_set(err, ERR_LIMIT, "%s: path too long", path);
	(void)unlink(beside);
	AUTO(os_close) int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, bytes, size) || fsync(fd) != 0 || rename(beside, path) != 0) {
		err_errno(err, errno, "cannot write %s", path);
		(void)unlink(beside);
		return false;
	}
	sync_folder_of(path);
	return true;
}

bool os_file_read(const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
	AUTO(os_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat at;

	if (fd < 0 || fstat(fd, &at) != 0)
		return err_errno(err, errno, "cannot read %s", path);
	if (!S_ISREG(at.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", path);
	buf_init(out, max_bytes);
	char *room = (uint64_t)at.st_size <= max_bytes ? buf_reserve(out, (size_t)at.st_size) : NULL;
	if (!room) {
		buf_fini(out);
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
	}
	ssize_t got = read(fd, room, (size_t)at.st_size);
	if (got != at.st_size) {
		buf_fini(out);
		return err_set(err, ERR_IO, "cannot read %s", path);
	}
	out->size = (size_t)got;
	out->data[out->size] = '\0';
	return true;
}

bool os_file_rename(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) != 0)
		return err_errno(err, errno, "cannot rename %s", from);
	sync_folder_of(to);
	return true;
}

void os_file_remove(const char *path)
{
	if (unlink(path) == 0)
		sync_folder_of(path);
}

bool os_folder_make(const char *path, uint32_t mode, struct err *err)
{
	struct stat at;

	if (mkdir(path, (mode_t)mode) == 0 || (errno == EEXIST && lstat(path, &at) == 0 && S_ISDIR(at.st_mode)))
		return true;
	return err_errno(err, errno == EEXIST ? ENOTDIR : errno, "cannot make the folder %s", path);
}
