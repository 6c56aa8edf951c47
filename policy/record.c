/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/record.h"

#include "base/attr.h"
#include "base/little.h"

#include <string.h>

static const char magic[4] = {'E', 'P', 'R', '1'};
static const char tag[16] = "epagent record 1";

static const struct {
	uint16_t number;
	bool sent, reserved;
	const char *name;
} kinds[] = {
#define RECORD(number, name, sent, reserved) {(number), (sent), (reserved), #name},
#include "policy/record.def"
#undef RECORD
};

static void hash_of(uint8_t out[SHA256_SIZE], const uint8_t *header, const void *payload, size_t size)
{
	const struct sha256_piece pieces[] = {{tag, sizeof tag}, {header, RECORD_HEADER_SIZE}, {payload, size}};

	sha256(out, pieces, size ? 3 : 2);
}

void record_encode(struct buf *out, struct record *record)
{
	uint8_t header[RECORD_HEADER_SIZE] = {0};
	const struct record_stamp *stamp = &record->stamp;

	memcpy(header, magic, sizeof magic);
	little_put(header + 4, RECORD_OVERHEAD + record->payload_size, 4);
	little_put(header + 8, record->kind, 2);
	header[10] = (uint8_t)stamp->clock;
	little_put(header + 12, record->group, 4);
	little_put(header + 16, record->name.epoch, 8);
	little_put(header + 24, record->name.number, 8);
	little_put(header + 32, (uint64_t)stamp->at_ms, 8);
	little_put(header + 40, stamp->boot_ms, 8);
	memcpy(header + 48, stamp->boot_id, RECORD_BOOT_ID_SIZE);
	memcpy(header + 64, record->prev, SHA256_SIZE);
	hash_of(record->name.hash, header, record->payload, record->payload_size);
	buf_append(out, header, sizeof header);
	buf_append(out, record->payload, record->payload_size);
	buf_append(out, record->name.hash, SHA256_SIZE);
}

size_t record_size(const uint8_t *header, size_t size)
{
	if (size < RECORD_HEADER_SIZE || memcmp(header, magic, sizeof magic) != 0)
		return 0;
	size_t whole = little_get(header + 4, 4);
	size_t most = little_get(header + 8, 2) == RECORD_snapshot ? RECORD_SNAPSHOT_MAX : RECORD_PAYLOAD_MAX;
	if (whole < RECORD_OVERHEAD || whole - RECORD_OVERHEAD > most || header[10] > CLOCK_AUTHENTICATED || header[11] != 0)
		return 0;
	return whole;
}

bool record_parse(const uint8_t *bytes, size_t size, struct record *out, size_t *used, struct err *err)
{
	struct record record = {0};

	if (size < RECORD_HEADER_SIZE)
		return err_set(err, ERR_LIMIT, "a record's header has %d bytes, here are %zu", RECORD_HEADER_SIZE, size);
	size_t whole = record_size(bytes, size);
	if (!whole)
		return err_set(err, ERR_INVALID, "no record begins here");
	if (whole > size)
		return err_set(err, ERR_LIMIT, "a record of %zu bytes begins here, but only %zu are left", whole, size);
	record.payload = (const char *)bytes + RECORD_HEADER_SIZE;
	record.payload_size = whole - RECORD_OVERHEAD;
	hash_of(record.name.hash, bytes, record.payload, record.payload_size);
	if (memcmp(record.name.hash, bytes + whole - SHA256_SIZE, SHA256_SIZE) != 0)
		return err_set(err, ERR_INVALID, "a record's bytes do not match its hash");
	record.kind = (uint16_t)little_get(bytes + 8, 2);
	record.stamp.clock = (enum clock_state)bytes[10];
	record.group = (uint32_t)little_get(bytes + 12, 4);
	record.name.epoch = little_get(bytes + 16, 8);
	record.name.number = little_get(bytes + 24, 8);
	record.stamp.at_ms = (int64_t)little_get(bytes + 32, 8);
	record.stamp.boot_ms = little_get(bytes + 40, 8);
	memcpy(record.stamp.boot_id, bytes + 48, RECORD_BOOT_ID_SIZE);
	memcpy(record.prev, bytes + 64, SHA256_SIZE);
	*out = record;
	*used = whole;
	return true;
}

bool record_follows(const struct record_name *name, const struct record *next)
{
	uint64_t number = next->kind == RECORD_snapshot ? name->number : name->number + 1;

	return next->name.epoch == name->epoch && next->name.number == number && memcmp(next->prev, name->hash, SHA256_SIZE) == 0;
}

const char *record_kind_name(uint16_t kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].number == kind)
			return kinds[i].name;
	return NULL;
}

bool record_kind_find(const char *name, enum record_kind *out)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0) {
			*out = (enum record_kind)kinds[i].number;
			return true;
		}
	return false;
}

bool record_is_sent(uint16_t kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].number == kind)
			return kinds[i].sent;
	return true;
}

bool record_may_use_reserve(uint16_t kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].number == kind)
			return kinds[i].reserved;
	return false;
}
