/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/swaps. */
#include "platform/linux/read/swaps.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct swaps swaps;
	struct err err;

	if (swaps_read(&swaps, (const char *)data, size, &err))
		for (size_t i = 0; i < swaps.count; i++)
			if (strlen(swaps.items[i].path) == 0 || strlen(swaps.items[i].path) >= sizeof swaps.items[i].path)
				__builtin_trap();
	return 0;
}
