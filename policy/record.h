/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdint.h>

/*
 * The record: what the agent writes, sends and keeps, and the server stores as received. docs/protocol.md has the layout
 * byte by byte. A record is header (RECORD_HEADER_SIZE), payload (JSON, but opaque here), hash; little-endian.
 * hash = SHA-256("epagent record 1" || header || payload); the header holds epoch, number and the hash before, so the chain
 * is over exactly the bytes that lie on disk and travel. Number 1 of an epoch has a hash before it of 32 zeros.
 * Pure: no I/O, no clock, no randomness.
 */
#define RECORD_HEADER_SIZE  96
#define RECORD_OVERHEAD     (RECORD_HEADER_SIZE + SHA256_SIZE)
#define RECORD_PAYLOAD_MAX  (64u << 10) /* of every kind but snapshot */
#define RECORD_SNAPSHOT_MAX (2u << 20)
#define RECORD_BOOT_ID_SIZE 16

enum record_kind {
#define RECORD(number, name, sent, reserved) RECORD_##name = (number),
#include "policy/record.def"
#undef RECORD
};

/* What is known of the wall clock at the time of the record. */
enum clock_state {
	CLOCK_UNKNOWN,
	CLOCK_FREE,         /* nothing says that it is set right */
	CLOCK_SYNCHRONISED, /* the kernel says so (NTP) */
	CLOCK_AUTHENTICATED /* derived from the server's last authenticated time */
};

struct record_stamp {
	int64_t at_ms;                        /* wall clock: ms since 1970 UTC */
	uint64_t boot_ms;                     /* ms since boot, sleep included */
	uint8_t boot_id[RECORD_BOOT_ID_SIZE]; /* the kernel's; zeros if it has none */
	enum clock_state clock;
};

/* (epoch, number) names a record of a PC; the hash proves which one. number 0: before the first, hash all zeros. */
struct record_name {
	uint64_t epoch, number;
	uint8_t hash[SHA256_SIZE];
};

struct record {
	uint16_t kind;  /* enum record_kind, or a number that this build does not know */
	uint32_t group; /* its place, from 0, in the append that wrote it */
	struct record_stamp stamp;
	struct record_name name;   /* encode computes name.hash; parse gives and checks it */
	uint8_t prev[SHA256_SIZE]; /* the hash of the record before */
	const char *payload;       /* parse: inside the bytes given; not NUL-terminated */
	size_t payload_size;
};

/* Appends the record's bytes to `out` and sets record->name.hash. */
void record_encode(struct buf *out, struct record *record);

/* Reads the record at the start of `bytes`; `*used` is its whole size. INVALID: not a record, or its bytes do not match its
 * hash; LIMIT: a record may begin here, but `size` ends before it does. Whether it follows the one before: record_follows. */
bool record_parse(const uint8_t *bytes, size_t size, struct record *out, size_t *used, struct err *err);

/* The whole size of the record that begins here if its first RECORD_HEADER_SIZE bytes make sense; 0 if not. Not hashed. */
size_t record_size(const uint8_t *header, size_t size);

/* `next` has the number after `name`, its epoch and its hash (or, for a snapshot, the number of `name` itself). */
bool record_follows(const struct record_name *name, const struct record *next);

/* "fact", ... ; NULL for a number that this build does not know. */
const char *record_kind_name(uint16_t kind);
bool record_kind_find(const char *name, enum record_kind *out);
bool record_is_sent(uint16_t kind); /* unknown numbers are sent */
bool record_may_use_reserve(uint16_t kind);

/*
 * A head: what core signs. count: how many records core has written in all epochs up to and including `at`.
 * The payload of a head record is {"epoch":"<16 hex>","number":n,"hash":"<64 hex>","count":n,"key":"<130 hex: the P-256 point,
 * uncompressed>","signature":"<hex: ECDSA, DER>"}; the signature is over record_head_message.
 */
#define RECORD_HEAD_MESSAGE_SIZE 72
#define RECORD_KEY_SIZE          65
#define RECORD_SIGNATURE_MAX     80
struct record_head {
	struct record_name at;
	uint64_t count;
	uint8_t key[RECORD_KEY_SIZE];
	uint8_t signature[RECORD_SIGNATURE_MAX];
	size_t signature_size;
};
/* "epagent head 1" and two NULs, epoch, number, hash, count. */
void record_head_message(uint8_t out[RECORD_HEAD_MESSAGE_SIZE], const struct record_name *at, uint64_t count);
void record_head_print(struct buf *out, const struct record_head *head);
bool record_head_parse(const char *payload, size_t size, struct record_head *out, struct err *err);
