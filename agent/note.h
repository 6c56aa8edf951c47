/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/journal.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * One record into the journal, from JSON. What the journal does not take is counted there under `count_as`; false then. Records that
 * a peer can provoke are limited: the first of a minute and one line with the number of the rest.
 */
struct core;

/* Takes the reference to `payload`. */
bool note(struct core *core, enum record_kind kind, json_t *payload, const char *count_as);

/* A batch: appended together, with one sync. `done` is called for each that became durable. */
#define NOTE_BATCH_MAX   32
#define NOTE_BATCH_BYTES (16u << 10) /* fits the third of a segment even of the smallest journal */
struct note_batch {
	struct core *core;
	void (*done)(struct core *core, void *item, const json_t *payload);
	void (*lost)(struct core *core, void *item);
	struct {
		enum record_kind kind;
		json_t *payload;
		char *text;
		size_t size;
		void *item;
	} items[NOTE_BATCH_MAX];
	size_t count, bytes;
};
/* Takes the reference; flushes by itself when full. note_flush at the end. */
void note_add(struct note_batch *batch, enum record_kind kind, json_t *payload, void *item);
void note_flush(struct note_batch *batch);

/* A peer broke the message table. */
#define NOTE_PEERS 16
struct note_limits {
	struct note_peer {
		const char *role; /* "user", "probe"; NULL: free */
		int64_t uid, since_boot_ms;
		uint64_t more; /* since then */
	} peers[NOTE_PEERS];
};
#define NOTE_WINDOW_MS 60000
void note_violation(struct core *core, const char *role, int64_t uid, const struct err *why);
/* Records what was only counted, once its minute is over; `now` for all of it. */
void note_settle(struct core *core, bool now);
int64_t note_settle_at(const struct core *core); /* boot ms; INT64_MAX: nothing is counted */
