/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>

struct core;

/* Sets up what makes things dirty, and takes the first look. */
bool cycle_start(struct core *core, struct err *err);
void cycle_stop(struct core *core);

/* Something is dirty, or the policy is another: take up the line soon. */
void cycle_soon(struct core *core);

/* The rest of the line with the facts that are held: a new policy has verdicts at once, and the look that it makes due comes after. */
void cycle_judge(struct core *core);
