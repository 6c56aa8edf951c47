/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/sha256.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Holds the policy. A signed document goes through <state>/policy.new: it lies there, with the number of tries beside it, from before it is
 * parsed until it has been judged by once; then it becomes <state>/policy.good. A document in whose handling core ended
 * HOLDER_TRIES times is refused (<state>/policy.refused) until a newer version comes, and the last good one rules. The
 * version never falls; the same version with other bytes is an alarm.
 */
struct core;

#define HOLDER_TRIES 3

struct holder {
	bool has;      /* a policy rules */
	bool handling; /* it is policy.new and has not been judged by yet */
	struct policy policy;
	int64_t version, taken_at; /* of the document; when it was taken: UTC */
	uint8_t digest[SHA256_SIZE];
	char *text; /* its JSON */
	size_t size;
	/* The last one that was not taken: why, as a word ("bad_signature", "invalid", "crashed"), "" if there was none. */
	char refused[32];
	int64_t refused_version, refused_at;
	char refused_text[160];
};

/* Takes up what lies in the state folder. A fault is logged and recorded; without a policy core observes and says so. */
void holder_start(struct core *core);
void holder_fini(struct holder *holder);

/* A signed document from a caller who may. True: it rules from now on (or did already), everything is dirty. */
bool holder_take(struct core *core, const void *raw, size_t size, struct err *err);

/* The policy has been judged by: it is the good one now. */
void holder_settle(struct core *core);
