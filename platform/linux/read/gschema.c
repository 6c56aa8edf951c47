/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A schema is a table; a key's value is a tuple: the default, then what glib-compile-schemas knows besides, each marked by a byte
 * (key_state_serialise in gio/glib-compile-schemas.c). For u and b only one of these matters: 'd', a{sv}, overrides per desktop.
 * GVariant's serialisation of it: values are aligned to 8, and variable parts end in offsets, little-endian, of 1, 2 or 4 bytes
 * by the size of what holds them.
 */
#include "platform/linux/read/gschema.h"

#include <string.h>

#define OVERRIDES_AT 16 /* in (u(ya{sv})) and (b(ya{sv})): default, pad, 'd', pad */

struct bytes {
	const uint8_t *at;
	size_t size;
};

static size_t align8(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static size_t offset_size(size_t holder)
{
	return holder <= 0xff ? 1 : holder <= 0xffff ? 2 : 4;
}

static size_t offset_at(const uint8_t *at, size_t width)
{
	size_t number = 0;

	for (size_t i = 0; i < width; i++)
		number |= (size_t)at[i] << (8 * i);
	return number;
}

static bool read_number(struct gschema_default *out, const uint8_t *at, size_t size)
{
	if (size != (out->is_switch ? 1u : 4u))
		return false;
	out->number = out->is_switch ? at[0] == 1 : (uint32_t)offset_at(at, 4);
	return true;
}

/* {sv}: a name with its NUL, padding, a variant (value, NUL, type), the offset of the name's end. */
static bool read_entry(struct gschema_default *out, struct bytes entry, const char *desktop)
{
	size_t width = offset_size(entry.size), name = strlen(desktop) + 1;

	if (entry.size < width || offset_at(entry.at + entry.size - width, width) != name)
		return false;
	size_t value = align8(name), end = entry.size - width;
	if (end < value + 3 || memcmp(entry.at, desktop, name) != 0)
		return false;
	if (entry.at[end - 1] != (out->is_switch ? 'b' : 'u') || entry.at[end - 2] != '\0')
		return false;
	return read_number(out, entry.at + value, end - 2 - value);
}

static bool find_override(struct gschema_default *out, struct bytes array, const char *desktop)
{
	size_t width = offset_size(array.size);
	size_t ends = array.size >= width ? offset_at(array.at + array.size - width, width) : array.size;

	for (size_t start = 0, at = ends; at + width <= array.size; at += width) {
		size_t end = offset_at(array.at + at, width);
		start = align8(start);
		if (start > end || end > ends)
			return false;
		if (read_entry(out, (struct bytes){array.at + start, end - start}, desktop))
			return true;
		start = end;
	}
	return false;
}

static bool find_value(const struct gvdb_table *root, const struct gschema_key *key, struct gvdb_value *value)
{
	struct gvdb_table schema;

	return gvdb_get_table(root, key->schema, &schema) && gvdb_get_value(&schema, key->name, value);
}

bool gschema_get(struct gschema_default *out, const struct gvdb_table *root, const struct gschema_key *key, const char *const *desktops,
                 struct err *err)
{
	struct gvdb_value value;

	if (!find_value(root, key, &value))
		return err_set(err, ERR_ABSENT, "no schema %s with %s", key->schema, key->name);
	bool overridden = gvdb_value_has_type(&value, "(u(ya{sv}))") || gvdb_value_has_type(&value, "(b(ya{sv}))");
	if (!overridden && !gvdb_value_has_type(&value, "(u)") && !gvdb_value_has_type(&value, "(b)"))
		return err_set(err, ERR_UNSUPPORTED, "%s %s is of another type", key->schema, key->name);
	*out = (struct gschema_default){.is_switch = value.type[1] == 'b'};
	size_t first = out->is_switch ? 1 : 4;
	if (value.size < first || !read_number(out, value.bytes, first))
		return err_set(err, ERR_INVALID, "%s %s has no value", key->schema, key->name);
	if (!overridden || value.size < OVERRIDES_AT || value.bytes[8] != 'd')
		return true;
	struct bytes array = {value.bytes + OVERRIDES_AT, value.size - OVERRIDES_AT};
	for (; *desktops && !out->per_desktop; desktops++)
		out->per_desktop = find_override(out, array, *desktops);
	return true;
}
