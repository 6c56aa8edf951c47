/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_format.h"

#include "base/hex.h"
#include "base/little.h"

#include <string.h>

static const char magic[8] = "EPSEG1";
static const char tag[16] = "epagent segment1";

static void hash_of(uint8_t out[SHA256_SIZE], const uint8_t *bytes)
{
	const struct sha256_piece pieces[] = {{tag, sizeof tag}, {bytes, SEGMENT_HEADER_SIZE - SHA256_SIZE}};

	sha256(out, pieces, 2);
}

void segment_header_encode(uint8_t out[SEGMENT_HEADER_SIZE], struct segment_header *header)
{
	memset(out, 0, SEGMENT_HEADER_SIZE);
	memcpy(out, magic, sizeof magic);
	little_put(out + 8, header->size, 4);
	little_put(out + 12, header->abandoned, 4);
	little_put(out + 16, header->sequence, 8);
	little_put(out + 24, header->epoch, 8);
	little_put(out + 32, header->first, 8);
	little_put(out + 40, header->count_before, 8);
	little_put(out + 48, header->after, 8);
	memcpy(out + 64, header->prev, SHA256_SIZE);
	hash_of(header->hash, out);
	memcpy(out + 96, header->hash, SHA256_SIZE);
}

bool segment_header_decode(const uint8_t bytes[SEGMENT_HEADER_SIZE], struct segment_header *out)
{
	struct segment_header header = {0};

	hash_of(header.hash, bytes);
	if (memcmp(bytes, magic, sizeof magic) != 0 || memcmp(header.hash, bytes + 96, SHA256_SIZE) != 0 || little_get(bytes + 12, 4) > 1)
		return false;
	header.size = (uint32_t)little_get(bytes + 8, 4);
	header.abandoned = little_get(bytes + 12, 4) == 1;
	header.sequence = little_get(bytes + 16, 8);
	header.epoch = little_get(bytes + 24, 8);
	header.first = little_get(bytes + 32, 8);
	header.count_before = little_get(bytes + 40, 8);
	header.after = little_get(bytes + 48, 8);
	memcpy(header.prev, bytes + 64, SHA256_SIZE);
	if (header.size < SEGMENT_SIZE_MIN || header.size > SEGMENT_SIZE_MAX || !header.epoch || !header.first ||
	    header.after >= header.sequence)
		return false;
	*out = header;
	return true;
}

void segment_print(struct buf *out, const struct segment_header *header, const uint8_t snapshot_hash[SHA256_SIZE])
{
	char self[2 * SHA256_SIZE + 1], snapshot[2 * SHA256_SIZE + 1];

	hex_print(self, header->hash, SHA256_SIZE);
	hex_print(snapshot, snapshot_hash, SHA256_SIZE);
	buf_printf(out, "{\"sequence\":%llu,\"after\":%llu,\"abandoned\":%s,\"header\":\"%s\",\"snapshot\":\"%s\"}",
	           (unsigned long long)header->sequence, (unsigned long long)header->after, header->abandoned ? "true" : "false", self,
	           snapshot);
}

bool bytes_are_zero(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}
