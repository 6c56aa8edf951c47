/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/record.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes as records back to back, then as the payload of a head. What parses must encode to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record record;
	struct record_head head;
	struct err err;
	size_t used;

	for (size_t at = 0; at < size; at += used) {
		if (!record_parse(data + at, size - at, &record, &used, &err))
			break;
		AUTO(buf_fini) struct buf again = {.max = 4u << 20};
		record_encode(&again, &record);
		assert(again.size == used && memcmp(again.data, data + at, used) == 0);
	}
	(void)record_size(data, size);
	if (record_head_parse((const char *)data, size, &head, &err)) {
		AUTO(buf_fini) struct buf text = {.max = 4096};
		record_head_print(&text, &head);
	}
	return 0;
}
