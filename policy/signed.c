/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/signed.h"

#include <string.h>

static const uint8_t magic[8] = {'E', 'P', 'A', 'D', 'O', 'C', 0, 1};

static const struct {
	const char *name;
	size_t size_max;
	enum document_role role;
} types[] = {
	[DOCUMENT_POLICY] = {"policy", 256u << 10, DOCUMENT_ROLE_POLICY},
	[DOCUMENT_REGISTER] = {"register", 2u << 20, DOCUMENT_ROLE_ORDERS},
	[DOCUMENT_ORDERS] = {"orders", 256u << 10, DOCUMENT_ROLE_ORDERS},
};

static const struct {
	const char *name, *usage;
} roles[] = {
	[DOCUMENT_ROLE_POLICY] = {"policy", SIGNED_USAGE ".1"},
	[DOCUMENT_ROLE_ORDERS] = {"orders", SIGNED_USAGE ".2"},
};

const char *document_type_name(enum document_type type)
{
	return types[type].name;
}

size_t document_size_max(enum document_type type)
{
	return types[type].size_max;
}

enum document_role document_type_role(enum document_type type)
{
	return types[type].role;
}

const char *document_role_name(enum document_role role)
{
	return roles[role].name;
}

const char *document_role_usage(enum document_role role)
{
	return roles[role].usage;
}

static void put(uint8_t *at, uint64_t number, size_t size)
{
	for (size_t i = size; i-- > 0; number >>= 8)
		at[i] = (uint8_t)number;
}

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | at[i];
	return number;
}

bool signed_is_document(const void *bytes, size_t size)
{
	return size >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

void signed_header_print(uint8_t out[SIGNED_HEADER_SIZE], const struct signed_header *header)
{
	memset(out, 0, SIGNED_HEADER_SIZE);
	memcpy(out, magic, sizeof magic);
	put(out + 8, (uint64_t)header->type, 1);
	put(out + 16, (uint64_t)header->version, 8);
	put(out + 24, (uint64_t)header->signed_at, 8);
	put(out + 32, header->certificate_size, 4);
	put(out + 36, header->signature_size, 4);
	put(out + 40, header->size, 4);
}

bool signed_header_parse(struct signed_header *out, const uint8_t in[SIGNED_HEADER_SIZE])
{
	uint64_t version = get(in + 16, 8), signed_at = get(in + 24, 8);
	uint8_t again[SIGNED_HEADER_SIZE];
	struct signed_header header = {
		.type = (enum document_type)in[8],
		.version = (int64_t)version,
		.signed_at = (int64_t)signed_at,
		.certificate_size = (uint32_t)get(in + 32, 4),
		.signature_size = (uint32_t)get(in + 36, 4),
		.size = (uint32_t)get(in + 40, 4),
	};

	if (in[8] < DOCUMENT_POLICY || in[8] > DOCUMENT_ORDERS || version < 1 || version > INT64_MAX || signed_at > INT64_MAX)
		return false;
	if (header.certificate_size < 1 || header.certificate_size > SIGNED_CERTIFICATE_MAX || header.signature_size < 1 ||
	    header.signature_size > SIGNED_SIGNATURE_MAX)
		return false;
	/* One header has one form: the magic and what is reserved are as we would write them. */
	signed_header_print(again, &header);
	if (memcmp(again, in, sizeof again) != 0)
		return false;
	*out = header;
	return true;
}
