/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/catalogue.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The dirty set: what must be looked at again, and when. An event, a period that has passed, a verdict that can change by itself, an
 * enforcement to be proven: all only make things dirty. Pure: the time (boot ms) is an argument. Besides the controls there
 * is TRIGGER_LOGINS, the sessions of the PC, and TRIGGER_JUDGE, nothing but to judge again.
 */
enum { TRIGGER_LOGINS = CONTROL_COUNT, TRIGGER_JUDGE, TRIGGER_COUNT };

/* A burst of events is one look: it waits this long for the rest, and a storm is looked at no more often than this. */
#define TRIGGER_SETTLE_MS 100
#define TRIGGER_SPACE_MS  2000
/* Everything is looked at at least this often, whatever the events: an event may get lost. */
#define TRIGGER_LOGINS_PERIOD_S 300
#define TRIGGER_EVENTS_PERIOD_S 3600 /* rows whose period is 0 */

struct trigger_set {
	int64_t due[TRIGGER_COUNT];    /* boot ms; INT64_MAX: not at all */
	int64_t looked[TRIGGER_COUNT]; /* when it was last taken; INT64_MIN: never */
};

/* All written controls and the sessions are dirty. */
void trigger_init(struct trigger_set *set, int64_t now_ms);

/* An event: look again soon. */
void trigger_event(struct trigger_set *set, int id, int64_t now_ms);
/* Look again at that time, or earlier if it is due earlier. */
void trigger_at(struct trigger_set *set, int id, int64_t at_ms);
/* Everything, now. */
void trigger_all(struct trigger_set *set, int64_t now_ms);

/* What is due is marked in `out` and counts as looked at now; its period begins anew. False if there is nothing. */
bool trigger_take(struct trigger_set *set, int64_t now_ms, bool out[TRIGGER_COUNT]);

/* When to ask again; INT64_MAX: never. */
int64_t trigger_next(const struct trigger_set *set);
