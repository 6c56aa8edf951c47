/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What changed since it was last recorded goes into the journal: one record for each control and subject. What cannot be recorded is
 * counted once and tried again at the next pass. */
struct core;

void recorder_facts(struct core *core);
void recorder_verdicts(struct core *core);
