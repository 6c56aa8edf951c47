/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/tzif.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = {0, 1795306800, 1795306800 + 86400 * 180, 4102444800, -86400};
	struct err err;
	int32_t offset;
	int64_t utc;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		if (tzif_offset((const char *)data, size, times[i], &offset, &err) && (offset > 30 * 3600 * 6 || offset < -30 * 3600 * 6))
			abort();
		(void)tzif_to_utc((const char *)data, size, times[i], &utc, &err);
	}
	return 0;
}
