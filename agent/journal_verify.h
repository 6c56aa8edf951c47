/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/disk.h"
#include "policy/record.h"

/*
 * `epagent log --verify`: reads a journal's folder as it lies there, writes nothing, trusts nothing but the anchors it is
 * given, and names every edit, cut and gap. docs/protocol.md says what each finding means and what no local check can find.
 */
enum journal_fault {
	JOURNAL_EDITED,     /* bytes do not match their hash, or the chain does not fit */
	JOURNAL_GAP,        /* numbers are missing between what is there */
	JOURNAL_CUT,        /* the end is missing: a head, the mark or the acknowledgement says there was more */
	JOURNAL_DOUBLED,    /* a segment or number is there twice: an old one was put back */
	JOURNAL_UNREADABLE, /* a file that is no segment, or cannot be read */
	JOURNAL_HEAD_WRONG, /* a head that does not fit the chain, or whose signature is not our key's */
	JOURNAL_ACK_WRONG,  /* what the centre acknowledged is not what lies here */
	JOURNAL_MARK_WRONG, /* the file of marks is damaged or missing */
	JOURNAL_TORN        /* no fault by itself: an unfinished append at the end, as a crash leaves it */
};

struct journal_finding {
	enum journal_fault fault;
	char file[64];
	uint64_t offset;
	uint64_t epoch, number; /* the record where it shows, or the first that is missing */
	char text[120];
};

#define JOURNAL_FINDINGS_MAX 64
struct journal_report {
	bool ok;                                   /* no finding but JOURNAL_TORN */
	uint64_t records, segments, finding_count; /* findings counted beyond JOURNAL_FINDINGS_MAX, too */
	struct journal_finding findings[JOURNAL_FINDINGS_MAX];
	struct record_name first, last;
	struct record_name head; /* the last good signed head; epoch 0: none */
	int64_t head_at_ms;
	/* What the centre acknowledged. epoch 0: nothing (no centre yet, or the mark is lost): all rests on this PC alone. */
	struct record_name acknowledged;
	int64_t acknowledged_at;
	bool acknowledged_found;              /* and it is exactly what lies here */
	struct record_name acknowledged_head; /* the last head at or before it: up to here every edit, cut and gap is found */
	uint64_t alone;                       /* records after acknowledged_head (all, if there is none) that rest on this PC alone */
	unsigned abandoned, aside;            /* files kept beside the chain */
};

struct journal_anchors {
	const uint8_t *key; /* RECORD_KEY_SIZE bytes: the public key that heads must have; NULL: any, but always the same */
	const struct record_name *acknowledged; /* from outside (the centre's word); NULL: the PC's own mark is used */
};

/* False only where the folder cannot be listed. */
bool journal_verify(const struct disk *disk, const char *dir, const struct journal_anchors *anchors, struct journal_report *out,
                    struct err *err);
const char *journal_fault_name(enum journal_fault fault); /* "edited", "gap" ... */
