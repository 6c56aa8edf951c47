/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What verdicts ask for is done here and nowhere else. A rule with `mode: enforce` that fails is enforced; what was set is withdrawn when
 * its rule is gone, observes only, or does not apply (any more). The intention is recorded before and the outcome after, and
 * the control is dirty again: the next look proves it. What is set is kept in <state>/enforced.json, written before it is.
 */
struct core;

struct enforced {
	enum control_id control;
	char *subject;
	int64_t retry_boot_ms; /* after a failure */
	char failed[64];       /* the meaning of the last failure; "" if it worked */
	bool settled;          /* it has been set since it last passed */
};

#define ENFORCED_MAX     1024
#define ENFORCE_RETRY_MS 600000

struct enforcer {
	struct enforced *items;
	size_t count;
};

void enforce_load(struct core *core);
void enforce_fini(struct enforcer *enforcer);

/* Once after each judgement. */
void enforce_verdicts(struct core *core);
