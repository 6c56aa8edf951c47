/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's mount table, and what is asked of its lines. */
#include "platform/linux/read/mountinfo.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mounts mounts;
	struct err err;
	char value[64];

	if (mounts_read(&mounts, (const char *)data, size, &err))
		for (size_t i = 0; i < mounts.count; i++) {
			const struct mount *over = mounts_over(&mounts, mounts.items[i].point);
			/* the mount itself is above its own point, so something is; and nothing is too long for a found value */
			if (!over || mount_class(&mounts.items[i]) > MOUNT_OTHER)
				__builtin_trap();
			if (mount_option(&mounts.items[i], "upperdir", value, sizeof value) && strlen(value) >= sizeof value)
				__builtin_trap();
		}
	mounts_fini(&mounts);
	return 0;
}
