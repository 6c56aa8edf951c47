/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * GVDB: the hash tables of compiled dconf databases and of gschemas.compiled. A key is found here exactly when dconf's own reader
 * finds it (same hash, same buckets, same bloom filter, same way through the parents), whatever else lies in the file. Nothing is
 * copied: the bytes must outlive what is read from them.
 */
struct gvdb_table {
	const uint8_t *file;
	size_t file_size;
	bool big_endian; /* of the values; the tables themselves are always little-endian */
	const uint8_t *bloom, *buckets, *items;
	uint32_t bloom_words, bloom_shift, bucket_count, item_count;
};

/* A serialised GVariant and its type ("u", "b", "(u)"). */
struct gvdb_value {
	const uint8_t *bytes;
	size_t size;
	const char *type; /* not NUL-terminated */
	size_t type_size;
	bool big_endian;
};

#define GVDB_MAX_BYTES (8u << 20)

/* The root table. INVALID if it is no GVDB file of version 0; a damaged table is an empty one. */
bool gvdb_open(struct gvdb_table *root, const void *bytes, size_t size, struct err *err);

/* False: no such key of that kind in the table. */
bool gvdb_get_table(const struct gvdb_table *table, const char *key, struct gvdb_table *out);
bool gvdb_get_value(const struct gvdb_table *table, const char *key, struct gvdb_value *out);

/* False: of another type. A wrong size reads as zero, as GVariant does. */
bool gvdb_value_u32(const struct gvdb_value *value, uint32_t *out);
bool gvdb_value_bool(const struct gvdb_value *value, bool *out);
bool gvdb_value_has_type(const struct gvdb_value *value, const char *type);
