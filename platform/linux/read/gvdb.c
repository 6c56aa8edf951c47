/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file format is that of GNOME/gvdb (gvdb-format.h):
 *   header  "GVariant" (values little-endian) or "raVGtnai" (big-endian), u32 version 0, u32 options, pointer to the root table
 *   table   u32 bloom words (top 5 bits: shift), u32 buckets, the bloom words, the buckets, items
 *   item    u32 hash, u32 parent, u32 key start, u16 key size, type 'v' 'H' 'L', unused, 8 bytes: pointer (u32 start, u32 end)
 */
#include "platform/linux/read/gvdb.h"

#include <string.h>

#define HEADER_SIZE 24
#define ITEM_SIZE   24
#define NO_PARENT   0xffffffffu

static uint32_t u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* What the pointer at `at` spans, or NULL. */
static const uint8_t *span(const struct gvdb_table *table, const uint8_t *at, uint32_t alignment, size_t *size)
{
	uint32_t start = u32(at), end = u32(at + 4);

	if (start > end || end > table->file_size || start % alignment)
		return NULL;
	*size = end - start;
	return table->file + start;
}

static void setup(struct gvdb_table *table, const uint8_t *pointer)
{
	size_t size;
	const uint8_t *at = span(table, pointer, 4, &size);

	table->bloom_words = table->bucket_count = table->item_count = 0;
	if (!at || size < 8)
		return;
	uint32_t bloom = u32(at), buckets = u32(at + 4);
	uint32_t words = bloom & ((1u << 27) - 1);
	size -= 8;
	if (words > size / 4)
		return;
	size -= (size_t)words * 4;
	if (buckets > size / 4)
		return;
	size -= (size_t)buckets * 4;
	if (size % ITEM_SIZE)
		return;
	table->bloom_words = words;
	table->bloom_shift = bloom >> 27;
	table->bloom = at + 8;
	table->bucket_count = buckets;
	table->buckets = table->bloom + (size_t)words * 4;
	table->item_count = (uint32_t)(size / ITEM_SIZE);
	table->items = table->buckets + (size_t)buckets * 4;
}

bool gvdb_open(struct gvdb_table *root, const void *bytes, size_t size, struct err *err)
{
	const uint8_t *at = bytes;

	if (size < HEADER_SIZE || (memcmp(at, "GVariant", 8) != 0 && memcmp(at, "raVGtnai", 8) != 0) || u32(at + 8) != 0)
		return err_set(err, ERR_INVALID, "not a compiled database (GVDB)");
	*root = (struct gvdb_table){.file = at, .file_size = size, .big_endian = at[0] == 'r'};
	setup(root, at + 16);
	return true;
}

static bool bloom_allows(const struct gvdb_table *table, uint32_t hash)
{
	if (table->bloom_words == 0)
		return true;
	uint32_t word = u32(table->bloom + (size_t)(hash / 32 % table->bloom_words) * 4);
	uint32_t mask = 1u << (hash & 31) | 1u << (hash >> table->bloom_shift & 31);
	return (word & mask) == mask;
}

/* Keys are stored in pieces, the last one first; each piece that is not empty shortens what is left, so the walk ends. */
static bool has_name(const struct gvdb_table *table, const uint8_t *item, const char *key, size_t left)
{
	for (;;) {
		uint32_t parent = u32(item + 4), start = u32(item + 8);
		size_t size = item[12] | (size_t)item[13] << 8;
		if (start > table->file_size || size > table->file_size - start || size > left)
			return false;
		left -= size;
		if (memcmp(table->file + start, key + left, size) != 0)
			return false;
		if (left == 0 && parent == NO_PARENT)
			return true;
		if (parent >= table->item_count || size == 0)
			return false;
		item = table->items + (size_t)parent * ITEM_SIZE;
	}
}

static const uint8_t *lookup(const struct gvdb_table *table, const char *key, uint8_t type)
{
	uint32_t hash = 5381; /* djb2, over signed characters */
	size_t length = 0;

	for (; key[length]; length++) {
		int32_t character = (signed char)key[length];
		hash = hash * 33 + (uint32_t)character;
	}
	if (table->bucket_count == 0 || table->item_count == 0 || !bloom_allows(table, hash))
		return NULL;
	uint32_t bucket = hash % table->bucket_count, last = table->item_count;
	if (bucket + 1 < table->bucket_count && u32(table->buckets + (size_t)(bucket + 1) * 4) < last)
		last = u32(table->buckets + (size_t)(bucket + 1) * 4);
	for (uint32_t i = u32(table->buckets + (size_t)bucket * 4); i < last; i++) {
		const uint8_t *item = table->items + (size_t)i * ITEM_SIZE;
		if (u32(item) == hash && has_name(table, item, key, length) && item[14] == type)
			return item;
	}
	return NULL;
}

bool gvdb_get_table(const struct gvdb_table *table, const char *key, struct gvdb_table *out)
{
	const uint8_t *item = lookup(table, key, 'H');

	if (!item)
		return false;
	*out = *table;
	setup(out, item + 16);
	return true;
}

bool gvdb_get_value(const struct gvdb_table *table, const char *key, struct gvdb_value *out)
{
	size_t size, type = 0;
	const uint8_t *item = lookup(table, key, 'v');
	const uint8_t *at = item ? span(table, item + 16, 8, &size) : NULL;

	if (!at)
		return false;
	/* A variant: the value, a NUL, its type. */
	while (type < size && at[size - type - 1] != '\0')
		type++;
	bool good = type < size;
	*out = (struct gvdb_value){.bytes = at,
	                           .size = good ? size - type - 1 : 0,
	                           .type = good ? (const char *)at + size - type : "",
	                           .type_size = good ? type : 0,
	                           .big_endian = table->big_endian};
	return true;
}

bool gvdb_value_has_type(const struct gvdb_value *value, const char *type)
{
	return value->type_size == strlen(type) && memcmp(value->type, type, value->type_size) == 0;
}

bool gvdb_value_u32(const struct gvdb_value *value, uint32_t *out)
{
	if (!gvdb_value_has_type(value, "u"))
		return false;
	*out = value->size == 4 ? u32(value->bytes) : 0;
	if (value->big_endian)
		*out = __builtin_bswap32(*out);
	return true;
}

bool gvdb_value_bool(const struct gvdb_value *value, bool *out)
{
	if (!gvdb_value_has_type(value, "b"))
		return false;
	*out = value->size == 1 && value->bytes[0] == 1;
	return true;
}
