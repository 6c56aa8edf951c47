/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/ctl.h"

#include <errno.h>

bool ctl_write(const char *path, const struct buf *bytes, struct err *err)
{
	char beside[4096];

	if (bytes->failed)
		return err_set(err, ERR_LIMIT, "%s would be too large", path);
	if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
		return err_set(err, ERR_LIMIT, "the name %.60s... is too long", path);
	FILE *file = fopen(beside, "wb");
	if (!file)
		return err_errno(err, errno, "%s", beside);
	bool good = fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
	good = fclose(file) == 0 && good;
	if (good && rename(beside, path) == 0)
		return true;
	err_errno(err, errno, "%s", path);
	(void)remove(beside);
	return false;
}
