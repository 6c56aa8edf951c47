/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/record.h"

/*
 * The journal's files as bytes; pure. docs/protocol.md has the layouts.
 * A segment file: header, then one opening append (snapshot, on an epoch's first segment `epoch`, then `segment`, which binds header
 * and snapshot into the chain), then records back to back, then zeros. A header of zeros: the file is blank, whatever follows.
 */
#define SEGMENT_HEADER_SIZE 128
#define SEGMENT_SIZE_MIN    (32u << 10)
#define SEGMENT_SIZE_MAX    (64u << 20)

struct segment_header {
	uint32_t size;             /* of the file */
	uint64_t sequence;         /* 1, 2, ... through all epochs */
	uint64_t epoch, first;     /* of its first numbered record */
	uint64_t count_before;     /* records in all epochs before this one */
	uint64_t after;            /* the sequence of the segment before; 0: none. What lies between is void */
	bool abandoned;            /* `after` ended by a failed write: its records from `first` on are void */
	uint8_t prev[SHA256_SIZE]; /* the hash of number first - 1 */
	uint8_t hash[SHA256_SIZE]; /* of the header's bytes before it */
};

/* Sets header->hash, too. */
void segment_header_encode(uint8_t out[SEGMENT_HEADER_SIZE], struct segment_header *header);
bool segment_header_decode(const uint8_t bytes[SEGMENT_HEADER_SIZE], struct segment_header *out);
/* The payload of the `segment` record. */
void segment_print(struct buf *out, const struct segment_header *header, const uint8_t snapshot_hash[SHA256_SIZE]);

bool bytes_are_zero(const void *bytes, size_t size);

/*
 * Walking a whole segment. `until`: the successor's first number if it says that this segment was abandoned, else UINT64_MAX; records
 * from there on are void and not looked at.
 */
enum walk_state {
	WALK_WHOLE,    /* ends in zeros, or at `until` */
	WALK_BLANK,    /* a header of zeros */
	WALK_TORN,     /* ends in what one unfinished append can leave; `end` is before it */
	WALK_UNOPENED, /* its own opening is unfinished */
	WALK_EDITED,   /* not as it was written; `end` and `last` are where the good part ends */
	WALK_FOREIGN   /* no segment header */
};

struct walk {
	enum walk_state state;
	struct segment_header header;
	size_t end;                     /* where the next record goes */
	size_t dirty_end;               /* TORN: from here on all is zero */
	struct record_name last;        /* of the last good record; number first - 1 if there is none */
	size_t snapshot, snapshot_size; /* its payload */
	const char *why;                /* EDITED, TORN: a sentence */
};

/* `each` (may be NULL) gets every good record, the snapshot too, with its offset. */
void walk_segment(const uint8_t *bytes, size_t size, uint64_t until, struct walk *out,
                  void (*each)(void *context, const struct record *record, size_t offset), void *context);
