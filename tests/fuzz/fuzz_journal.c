/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_cell.h"
#include "agent/journal_format.h"
#include "agent/journal_mark.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *context, const struct record *record, size_t offset)
{
	size_t *end = context;

	assert(offset >= *end);
	*end = offset + RECORD_OVERHEAD + record->payload_size;
}

/* The input as a segment, blown up to a whole file and stamped anew (hashes would keep everything else from being reached); then as it is;
 * then as a cell. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk;
	struct cell cell;
	struct mark mark;
	size_t end = 0, whole = SEGMENT_SIZE_MIN;

	walk_segment(data, size, UINT64_MAX, &walk, see, &end);
	assert(walk.end <= size || size < SEGMENT_HEADER_SIZE);
	uint8_t *file = calloc(1, whole);
	if (!file)
		return 0;
	memcpy(file, data, size < whole ? size : whole);
	if (size > SEGMENT_HEADER_SIZE + RECORD_HEADER_SIZE) {
		struct segment_header header = {
			.size = (uint32_t)whole, .sequence = 2, .epoch = 1 + data[24], .first = 1 + data[32], .after = 1};
		segment_header_encode(file, &header);
		end = 0;
		walk_segment(file, whole, data[40] % 2 ? UINT64_MAX : data[41], &walk, see, &end);
		assert(walk.end <= whole);
	}
	cell_decode(file, &cell);
	(void)mark_decode(&cell, &mark);
	free(file);
	return 0;
}
