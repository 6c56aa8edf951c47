/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/record.h"

/* Wall clock, boot clock, boot id, and whether the kernel says that the clock is synchronised (CLOCK_SYNCHRONISED or CLOCK_FREE;
 * CLOCK_AUTHENTICATED is for core to say). Cannot fail: what cannot be read is zero, or CLOCK_UNKNOWN. */
void clock_stamp(struct record_stamp *out);
