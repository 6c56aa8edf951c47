/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * clamd's answer to VERSION: "ClamAV 1.4.6/27823/Fri Nov 20 08:00:00 2026". The number and date are those of the daily database that
 * this daemon has loaded. The date is in the daemon's own local time and says no zone.
 */
struct clamd_version {
	char engine[32];
	bool has_database; /* false: "ClamAV 1.4.6", nothing with a number is loaded */
	uint32_t number;
	int64_t local_time; /* the date's digits as if they were UTC */
};

bool clamd_version_read(struct clamd_version *version, const char *text, size_t size, struct err *err);
