/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/dconf_profile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dconf_profile profile;
	struct err err;

	if (!dconf_profile_parse(&profile, (const char *)data, size, &err))
		return 0;
	for (size_t i = 0; i < profile.count; i++)
		if (!profile.sources[i].name[0] || strlen(profile.sources[i].name) >= DCONF_NAME_MAX)
			abort();
	return 0;
}
