/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/gvdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {"/org/gnome/desktop/session/idle-delay",      "/", "", "org/", ".locks",
	                                   "/org/gnome/desktop/screensaver/lock-enabled"};
	struct gvdb_table root, locks;
	struct gvdb_value value;
	struct err err;
	uint32_t number;
	bool on;

	if (!gvdb_open(&root, data, size, &err))
		return 0;
	bool has_locks = gvdb_get_table(&root, ".locks", &locks);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (gvdb_get_value(&root, keys[i], &value)) {
			(void)gvdb_value_u32(&value, &number);
			(void)gvdb_value_bool(&value, &on);
		}
		if (has_locks)
			(void)gvdb_get_value(&locks, keys[i], &value);
	}
	return 0;
}
