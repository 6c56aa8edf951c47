/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A piece of our own work in a process of its own, with limits: when it hangs, crashes or wants too much, it alone ends. It starts
 * with no descriptor of ours but the one for its answer, and ends with us.
 */
struct child_limits {
	int64_t timeout_ms;    /* from start to end; then it is killed */
	uint64_t memory_bytes; /* of private memory */
	size_t answer_bytes;
};

enum child_end {
	CHILD_RUNNING,
	CHILD_ANSWERED,
	CHILD_TIMEOUT,
	CHILD_LIMIT,  /* answered too much */
	CHILD_CRASHED /* ended by a signal, by a status that is not 0, or out of memory */
};

struct child;
typedef void child_work(void *context, struct buf *out); /* runs in the child; what it leaves in `out` is the answer */

struct child *child_start(child_work *work, void *context, const struct child_limits *limits, struct err *err);

/* Waits until at least one of them can be asked with child_step, or the first limit is reached. */
void child_wait(struct child *const *children, size_t count);

/* How it stands, without waiting. */
enum child_end child_step(struct child *child);

/* Its answer, after CHILD_ANSWERED; the child's own. */
const struct buf *child_answer(const struct child *child);

/* Kills it if it still runs. NULL is fine. */
void child_free(struct child *child);
