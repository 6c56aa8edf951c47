/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The first 512 bytes of a ClamAV database (.cvd signed, .cld after updates by parts, .cud home-made):
 *   ClamAV-VDB:<text date>:<number>:<signatures>:<level>:<md5>:<signature>:<builder>:<build time, Unix seconds>
 * The text date carries its zone ("20 Nov 2026 08-00 +0000"); the last field is exact and absent in very old files.
 */
#define CVD_HEADER_SIZE 512

struct cvd {
	uint32_t number;
	int64_t built_at; /* UTC */
};

bool cvd_read(struct cvd *cvd, const char *bytes, size_t size, struct err *err);
