/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/civil.h"
#include "platform/linux/read/clamd_version.h"

#include <string.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct clamd_version version;
	struct err err;

	if (clamd_version_read(&version, (const char *)data, size, &err) && strlen(version.engine) >= sizeof version.engine)
		abort();
	return 0;
}
