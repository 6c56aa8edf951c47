/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

/* One digest over up to a few pieces, in order. libcrypto cannot fail here but for want of memory, which aborts. */
struct sha256_piece {
	const void *bytes;
	size_t size;
};
void sha256(uint8_t out[SHA256_SIZE], const struct sha256_piece *pieces, size_t count);
