/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The swaps in use, /proc/swaps: a heading, then one line each ("/dev/dm-1  partition  8388604  0  -2"). */

struct swap {
	char path[1024]; /* of a device or a file; octal escapes undone */
	bool is_file;
};

#define SWAPS_MAX       64 /* the kernel's MAX_SWAPFILES is 32 */
#define SWAPS_MAX_BYTES (256u << 10)

struct swaps {
	struct swap items[SWAPS_MAX];
	size_t count;
	size_t broken; /* lines that are not what the format says */
};

/* INVALID if the heading is not there, LIMIT for more than SWAPS_MAX. */
bool swaps_read(struct swaps *swaps, const char *text, size_t size, struct err *err);
