/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/ctl.h"

#include <errno.h>
#include <sys/stat.h>

static bool put(const char *path, const struct buf *bytes, struct err *err)
{
	FILE *file = fopen(path, "wb");

	if (!file)
		return err_errno(err, errno, "%s", path);
	bool good = fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
	good = fclose(file) == 0 && good;
	return good || err_errno(err, errno, "%s", path);
}

bool ctl_write(const char *path, const struct buf *bytes, struct err *err)
{
	char beside[4096];
	struct stat there;

	if (bytes->failed)
		return err_set(err, ERR_LIMIT, "%s would be too large", path);
	/* A rename would put a file in the place of /dev/stdout itself. */
	if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode))
		return put(path, bytes, err);
	if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
		return err_set(err, ERR_LIMIT, "the name %.60s... is too long", path);
	if (put(beside, bytes, err) && (rename(beside, path) == 0 || err_errno(err, errno, "%s", path)))
		return true;
	(void)remove(beside);
	return false;
}
