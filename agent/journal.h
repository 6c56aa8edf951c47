/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/journal_key.h"
#include "platform/disk.h"
#include "policy/record.h"

/*
 * The journal is the outbox: one ring of segment files, written with zeros beforehand, one chain of records, durable when append
 * returns. One process, no threads. Disk trouble never makes open fail: the journal then stands in JOURNAL_CANNOT_RECORD,
 * appends are refused, counters count. House rule for callers: no permission without a true append; closing never waits for one.
 */
enum journal_health {
	JOURNAL_OK,
	JOURNAL_FULL,         /* of unacknowledged records: only kinds that may use the reserve are taken */
	JOURNAL_CANNOT_RECORD /* the disk refuses; journal_recover tries again */
};

struct journal_options {
	const struct disk *disk;
	const char *dir;               /* <state>/journal; made if missing */
	const struct journal_key *key; /* borrowed; NULL: heads cannot be signed (journal_sign_head fails) */
	uint64_t size_bytes;           /* for a new journal: 0 is JOURNAL_SIZE; at least JOURNAL_SIZE_MIN */
	/* true (enrolled): what the centre has not acknowledged is never overwritten; full is JOURNAL_FULL.
	 * false (no centre): the ring overwrites its oldest segment. */
	bool keep_unsent;
	/* Core's state after the last record that append has returned true for; opaque; starts every segment. At most a
	 * third of a segment (else none is written, and a restart replays less or nothing). NULL: none. */
	void (*snapshot)(void *context, struct buf *out);
	/* A new epoch begins, whatever for: the centre knows nothing of what was recorded before. Called before its snapshot is
	 * taken, maybe from inside an append; the snapshot then says so too, so that a kill right after it loses nothing. May be NULL. */
	void (*anew)(void *context);
	void *context;
	struct record_stamp stamp; /* now */
};
#define JOURNAL_SIZE     (64ull << 20)
#define JOURNAL_SIZE_MIN (512ull << 10)
#define JOURNAL_SEGMENTS 16 /* equal files; the last JOURNAL_RESERVE free ones are the reserve */
#define JOURNAL_RESERVE  2

struct journal;
/* NULL only for want of memory, options that make no sense, or another process that has it (DENIED). */
struct journal *journal_open(const struct journal_options *options, struct err *err);
/* Marks a clean end (a later cut is then seen); core has appended `stop` and signed a head before. */
void journal_close(struct journal *journal);

/* How it was found and stands. After open, `why` set means: a new epoch has begun and the centre knows nothing of this PC's state:
 * record everything anew. */
struct journal_state {
	enum journal_health health;
	const char *why; /* NULL, or why this epoch was begun by this process: "absent", "unreadable", "deleted", "ordered" */
	struct record_name first, last, acknowledged, head; /* epoch 0: none */
	int64_t acknowledged_at;                            /* the server's time, UTC seconds */
	uint64_t count;                                     /* records written in all epochs */
	uint64_t unsent;                                    /* records of the outbox */
	uint64_t size_bytes, free_bytes;                    /* free: what ordinary kinds can still use */
	uint64_t tail_cut_bytes;                            /* at open: an unfinished append that was cut off */
	unsigned segments, abandoned, aside;                /* files: in the ring, abandoned after an error, set aside as unreadable */
	bool clean;                                         /* at open: the process before had closed it */
	char error[160];                                    /* the last storage error, "" for none */
};
void journal_state(const struct journal *journal, struct journal_state *out);
void journal_keep_unsent(struct journal *journal, bool keep);

/* Appends all of them, in this order, by one write and one sync, and they are durable when it returns true; after false
 * none counts. LIMIT: full (JOURNAL_FULL) or too large; IO: cannot record. Each refused one is to be counted by journal_count. */
struct journal_entry {
	enum record_kind kind;
	const char *payload; /* JSON, at most RECORD_PAYLOAD_MAX; all together at most a third of a segment */
	size_t size;
};
bool journal_append(struct journal *journal, const struct journal_entry *entries, size_t count, const struct record_stamp *stamp,
                    struct err *err);
bool journal_append_one(struct journal *journal, enum record_kind kind, const char *payload, const struct record_stamp *stamp,
                        struct err *err);

/* Looks whether the file that is written still has its name; if not, a new epoch has begun when it returns ("deleted"). For a time at
 * which nothing is to be appended: append looks by itself. */
void journal_look(struct journal *journal, const struct record_stamp *stamp);

/* A signed head over the last record, as a record. Daily and before journal_close. */
bool journal_sign_head(struct journal *journal, const struct record_stamp *stamp, struct err *err);

/* After JOURNAL_CANNOT_RECORD: one try with a new file. Call it every minute or so. Also writes what was counted. */
bool journal_recover(struct journal *journal, const struct record_stamp *stamp, struct err *err);

/* A new epoch by order of the centre (`why` "ordered"), or whenever core must. */
bool journal_begin_epoch(struct journal *journal, const char *why, const struct record_stamp *stamp, struct err *err);

/* Counters for what could not be recorded: durable, a fixed table (JOURNAL_COUNTERS keys of at most 47 bytes; what is
 * beyond goes to "other"), saturating. Written as a `counters` record as soon as appending works again. */
#define JOURNAL_COUNTERS 48
void journal_count(struct journal *journal, const char *key, const struct record_stamp *stamp);
uint64_t journal_counted(const struct journal *journal, const char *key);

/* The last snapshot and what followed it, in order; the records' numbers tell core where it stands. `each` gives false to stop. */
bool journal_replay(struct journal *journal, bool (*each)(void *context, const struct record *record), void *context, struct err *err);

/* Raw records, whole ones, after (epoch, number), at most max_bytes but at least one; none left: nothing appended, true.
 * after NULL: from the oldest kept. ABSENT: that name is no longer, or not, in the journal. The hash of `after` is not looked at. */
bool journal_read(struct journal *journal, const struct record_name *after, size_t max_bytes, struct buf *out, struct err *err);
/* The outbox: after the last acknowledged. */
bool journal_read_unsent(struct journal *journal, size_t max_bytes, struct buf *out, struct err *err);

/* The centre has everything up to `name` (authenticated by the caller). Durable when true. Lower than before: resend from there.
 * INVALID: no such record here or another hash (the PC was cloned or restored): nothing is changed. */
bool journal_acknowledge(struct journal *journal, const struct record_name *name, int64_t server_time, struct err *err);
