/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A time zone file such as /etc/localtime (TZif, RFC 9636), versions 1 to 4, with the rule for later years in its footer
 * ("EST5EDT,M3.2.0,M11.1.0"). Many distributions ship files whose table ends early and leave the rest to that rule.
 */
#define TZIF_MAX (256u << 10)

/* Seconds east of UTC in force at `at_utc`. INVALID on anything that is not such a file. */
bool tzif_offset(const char *bytes, size_t size, int64_t at_utc, int32_t *offset, struct err *err);

/* The instant at which clocks of this zone showed `local` (its digits as if UTC). Where they showed it twice the earlier one; where
 * they never did, the earlier of the two candidates: what is dated by it is never taken for younger than it is. */
bool tzif_to_utc(const char *bytes, size_t size, int64_t local, int64_t *at_utc, struct err *err);
