/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include <string.h>

void batch_init(struct batch *batch, const struct record_name *last, const struct record_stamp *stamp, size_t max)
{
	*batch = (struct batch){.last = *last, .stamp = *stamp};
	buf_init(&batch->bytes, max);
}

void batch_fini(struct batch *batch)
{
	buf_fini(&batch->bytes);
}

void batch_add(struct batch *batch, enum record_kind kind, const char *payload, size_t size)
{
	struct record record = {.kind = (uint16_t)kind,
	                        .group = batch->group++,
	                        .stamp = batch->stamp,
	                        .name = batch->last,
	                        .payload = payload,
	                        .payload_size = size};

	memcpy(record.prev, batch->last.hash, SHA256_SIZE);
	if (kind != RECORD_snapshot)
		record.name.number++;
	record_encode(&batch->bytes, &record);
	if (kind != RECORD_snapshot)
		batch->last = record.name;
}

size_t batch_size(const struct journal_entry *entries, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += RECORD_OVERHEAD + entries[i].size;
	return size;
}
