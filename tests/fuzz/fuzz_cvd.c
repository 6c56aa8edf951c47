/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/cvd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cvd cvd;
	struct err err;

	if (cvd_read(&cvd, (const char *)data, size, &err) && size < CVD_HEADER_SIZE)
		abort();
	return 0;
}
