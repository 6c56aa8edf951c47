/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/journal.h"
#include "policy/fact.h"
#include "policy/judge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What core knows: the facts as last found, the verdicts as last judged, and for each control and subject what has been recorded of
 * them. Only what differs from the recorded is recorded; the recorded comes back from the journal's last snapshot and
 * what followed it, so neither a kill nor a restart loses or doubles a record.
 */
#define STATE_SESSIONS CONTROL_COUNT /* the sessions of the PC, beside the controls */
#define STATE_HELD     (CONTROL_COUNT + 1)

struct state_row {
	int control; /* enum control_id or STATE_SESSIONS */
	char *subject;
	/* as recorded */
	bool has_fact, has_verdict;
	uint8_t fact[SHA256_SIZE];    /* of the fact without its evidence: evidence may tell of more than the fact */
	uint8_t verdict[SHA256_SIZE]; /* of verdict and code */
	enum verdict_kind kind;
	int64_t since; /* when the verdict became what it is: UTC seconds */
	/* of the pass that goes on */
	bool seen, counted;
};

struct state {
	struct facts *fresh[STATE_HELD]; /* found since the last gathering; NULL: nothing new */
	struct facts *held[STATE_HELD];  /* NULL: not looked at since core began */
	struct facts all;                /* all of them, borrowed from `held`; what the judge sees */
	struct verdicts verdicts;
	bool judged;
	struct state_row **rows; /* by control and subject */
	size_t count;
	uint8_t policy[SHA256_SIZE]; /* digest of the policy last recorded as taken */
	bool stopped;                /* the last record replayed was `stop` */
	bool anew;                   /* a new epoch has begun since the recorder last looked */
};

bool state_init(struct state *state);
void state_fini(struct state *state);

/* Takes `facts` (heap, facts_init'ed) as what is now known of `id`. The verdicts of before stay until the look is over. */
void state_hold(struct state *state, int id, struct facts *facts);
/* `all` from what is held, with what is fresh; verdicts of before are gone. */
void state_gather(struct state *state);
bool state_is_looked_at(const struct state *state, int id);
size_t state_pending(const struct state *state); /* written controls that have not been looked at yet */

/* The row, made if it is not there; NULL for want of memory. */
struct state_row *state_row(struct state *state, int control, const char *subject);
const struct state_row *state_find(const struct state *state, int control, const char *subject);
void state_sweep(struct state *state); /* drops rows of which nothing is recorded */

const char *state_control_name(int control); /* "sessions" beside the controls' */

/* The journal's callbacks. A record that is not understood is passed over. */
bool state_replay(void *state, const struct record *record);
void state_snapshot(void *state, struct buf *out);
/* Everything is to be recorded once more; `since` stays what it is. */
void state_anew(void *state);
