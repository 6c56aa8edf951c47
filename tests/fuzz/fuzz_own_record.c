/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/own_record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct own_record record;
	struct err err;

	if (own_record_parse((const char *)data, size, &record, &err) &&
	    (strlen(record.path) >= OWN_PATH_MAX || strlen(record.digest) >= OWN_DIGEST_SIZE))
		abort();
	return 0;
}
