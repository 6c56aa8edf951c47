/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>

/*
 * What core does though nothing happens: tells the watchdog that the loop turns, opens or mends the journal that could not record, signs
 * the daily head, closes the minute of counted violations. One timer, set to the next of these: at rest it is half the watchdog's
 * time, and without a watchdog the head's day.
 */
struct core;

/* Opens the journal and replays it. A journal that cannot be opened is never a reason not to watch: it is tried again. */
void keeper_open(struct core *core);
bool keeper_start(struct core *core, struct err *err);
void keeper_soon(struct core *core); /* something may be due earlier now */
/* Before and after a pass of the recorder: was the journal deleted, is everything to be recorded anew? */
void keeper_look(struct core *core);
void keeper_settle(struct core *core);
void keeper_stop(struct core *core); /* the last records: stop, and a head over it */
