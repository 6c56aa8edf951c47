/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/journal_cell.h"
#include "policy/record.h"

/* What the journal's folder remembers beside the records: the cell file `mark`. docs/protocol.md has the layout. */
#define MARK_SIZE 184

struct mark {
	bool clean; /* closed in order, `last` was the last record */
	uint32_t slots, segment_size;
	uint64_t oldest;                 /* segments of lower sequence were overwritten rightly */
	struct record_name acknowledged; /* by the centre; epoch 0: nothing yet */
	int64_t acknowledged_at;         /* its time, UTC seconds */
	struct record_name head, last;   /* last signed head (the record it names); last record when this was written */
	uint64_t count;                  /* records in all epochs, up to `last` */
};

void mark_encode(uint8_t out[MARK_SIZE], const struct mark *mark);
bool mark_decode(const struct cell *cell, struct mark *out);
