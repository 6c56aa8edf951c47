/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/kconfig.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first half is the system's file, the second the user's: nothing the user writes opens what the system closed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kconfig config;
	struct err err;
	bool closed = false;
	struct kconfig_file files[2] = {{(const char *)data, size / 2, "system", false},
	                                {(const char *)data + size / 2, size - size / 2, "user", true}};

	kconfig_init(&config, "Daemon");
	if (kconfig_add(&config, &files[0], &closed, &err)) {
		bool locked = kconfig_is_locked(&config, "Timeout");
		const struct kconfig_entry *before = kconfig_find(&config, "Timeout");
		const char *value = before ? before->value : NULL;
		if (kconfig_add(&config, &files[1], &closed, &err) && locked) {
			const struct kconfig_entry *after = kconfig_find(&config, "Timeout");
			if (!kconfig_is_locked(&config, "Timeout") || (after ? after->value : NULL) != value)
				abort();
		}
		for (size_t i = 0; i < config.entry_count; i++)
			(void)kconfig_to_bool(config.entries[i].value);
	}
	kconfig_fini(&config);
	return 0;
}
