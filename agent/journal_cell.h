/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/sha256.h"
#include "platform/disk.h"

/*
 * A small value that changes in place and survives a crash: a file of two slots, written in turn, each with a generation and
 * a hash. The newer good one counts; a torn or flipped slot falls back to the other. docs/protocol.md has the layout.
 */
#define CELL_SLOT_SIZE   4096
#define CELL_SIZE        (2 * CELL_SLOT_SIZE)
#define CELL_PAYLOAD_MAX (CELL_SLOT_SIZE - 24 - SHA256_SIZE)

struct cell {
	uint64_t generation; /* of the newest good slot; 0: none */
	bool there;          /* the file exists */
	bool damaged;        /* a slot was neither good nor blank */
	bool touched;        /* the last store got as far as writing: if it failed, the file has failed */
	uint8_t payload[CELL_PAYLOAD_MAX];
	size_t size;
};

/* The two slots, from bytes. Pure. */
void cell_decode(const uint8_t bytes[CELL_SIZE], struct cell *out);
void cell_encode(uint8_t slot[CELL_SLOT_SIZE], uint64_t generation, const void *payload, size_t size);

/* Absent or unreadable: generation 0. False only where the disk failed. */
bool cell_load(const struct disk *disk, const char *path, struct cell *out, struct err *err);
/* Durable when true; raises cell->generation. A file that is missing is made; one that fails is left to the
 * caller, who sets it aside. */
bool cell_store(const struct disk *disk, const char *path, struct cell *cell, const void *payload, size_t size, struct err *err);
