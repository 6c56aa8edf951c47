/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The inside of the journal, for agent/journal*.c only. */
#include "agent/journal.h"
#include "agent/journal_format.h"
#include "agent/journal_mark.h"

#define NAME_SIZE      64
#define PATH_SIZE      4096
#define FILES_MAX      (JOURNAL_SEGMENTS + ASIDE_MAX)
#define ASIDE_MAX      64 /* files kept beside the ring after errors; with more the disk is not to be trusted: cannot record */
#define SLOT_NAME_SIZE 12

/* A segment of the chain, oldest first; the last one is written to. */
struct segment {
	char name[NAME_SIZE];
	struct segment_header header;
	uint64_t last; /* number of its last record */
	size_t end;
	bool has_snapshot;
	bool abandoned; /* a write to it failed: never written nor reused again */
};

enum slot { SLOT_MISSING, SLOT_BLANK, SLOT_USED, SLOT_DROPPED /* its records may go */, SLOT_BAD /* not in this process's life */ };

struct counter {
	char key[48];
	uint64_t count;
	int64_t first_ms, last_ms;
};

struct journal {
	struct journal_options options;
	char dir[PATH_SIZE - 4 * NAME_SIZE];
	int lock, file;
	uint32_t segment_size;
	struct segment segments[FILES_MAX];
	size_t segment_count;
	enum slot slots[JOURNAL_SEGMENTS];
	uint64_t next_sequence;
	struct record_name last;
	uint64_t count_before;
	struct mark mark;
	struct cell mark_cell;
	struct counter counters[JOURNAL_COUNTERS];
	struct cell counter_cell;
	size_t counter_count;
	uint64_t counters_written; /* the table's generation in the last counters record */
	enum journal_health health;
	bool flushing;
	const char *why;
	uint64_t tail_cut_bytes;
	bool was_clean;
	bool clean_on_disk; /* the mark still says "closed in order": nothing may be appended before that is gone */
	unsigned aside;
	char error[160];
	struct { /* where reading went on last */
		uint64_t sequence, number;
		size_t offset;
	} hint;
};

/* journal_file.c: names and single files. */
void journal_path(const struct journal *j, const char *name, char out[PATH_SIZE]);
bool journal_load(const struct disk *disk, const char *path, uint8_t **bytes, size_t *size, struct err *err); /* free() */
bool journal_set_aside(struct journal *j, const char *name, struct err *err);
bool journal_zero(struct journal *j, const char *name, size_t from, size_t to, struct err *err); /* and sync */
/* A file of zeros, of a segment's size, durably; made if it is not there. A blank header is durable before the rest is touched. */
bool journal_blank_slot(struct journal *j, const char *name, struct err *err);
void journal_note(struct journal *j, const struct err *err); /* remembers the error for the state */
/* Durable marks; a mark file that fails is set aside and begun anew. */
bool journal_mark(struct journal *j, bool clean, struct err *err);
void journal_use(struct journal *j, int file); /* the file that is written from now on; -1: none */

/* journal_ring.c: room, and new segments. */
void slot_name(char out[SLOT_NAME_SIZE], unsigned slot);
unsigned ring_free(const struct journal *j);
void ring_judge(struct journal *j); /* JOURNAL_OK or JOURNAL_FULL, by the room there is */
bool ring_is_acknowledged(const struct journal *j, const struct segment *segment);
struct opening {
	uint64_t epoch;     /* 0: the same epoch goes on */
	const char *first;  /* the `epoch` record's payload */
	bool after_failure; /* a storage_error record says so */
	bool abandon;       /* the current segment's records from the next number on are void */
	const struct journal_entry *entries;
	size_t count;
};
/* A new segment with all that in one durable append; JOURNAL_CANNOT_RECORD on false. */
bool ring_open_segment(struct journal *j, const struct opening *opening, const struct record_stamp *stamp, struct err *err);
bool ring_begin_epoch(struct journal *j, const char *why, const struct record_name *last, const struct opening *more,
                      const struct record_stamp *stamp, struct err *err);

/* journal_batch.c: several records as the bytes of one append. */
struct batch {
	struct buf bytes;
	struct record_name last;
	struct record_stamp stamp;
	uint32_t group;
};
void batch_init(struct batch *batch, const struct record_name *last, const struct record_stamp *stamp, size_t max);
void batch_fini(struct batch *batch);
void batch_add(struct batch *batch, enum record_kind kind, const char *payload, size_t size);
size_t batch_size(const struct journal_entry *entries, size_t count);

/* journal_count.c */
void counters_load(struct journal *j);
void counters_flush(struct journal *j, const struct record_stamp *stamp);
void counters_seen(struct journal *j, const struct record *record); /* at open: a counters record in the chain */

/* journal_open.c */
void journal_scan(struct journal *j);
