/* SPDX-License-Identifier: Apache-2.0 */
/* Databases and schemas that the real tools compiled (tests/fuzz/corpus), whole, damaged and made by hand. */
#include "platform/linux/read/gschema.h"
#include "platform/linux/read/gvdb.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE "/org/gnome/desktop/session/idle-delay"

static uint8_t bytes[1 << 16];

static size_t load(const char *path)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	size_t size = fread(bytes, 1, sizeof bytes, f);
	assert_int_equal(fclose(f), 0);
	return size;
}

static void put32(size_t at, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		bytes[at + (size_t)i] = (uint8_t)(number >> (8 * i));
}

static uint32_t get32(size_t at)
{
	return bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 | (uint32_t)bytes[at + 3] << 24;
}

/* idle-delay in the first `size` bytes; -1: not a database, -2: no such key, -3: another type */
static int64_t idle(size_t size)
{
	struct gvdb_table root;
	struct gvdb_value value;
	struct err err;
	uint32_t number;
	/* on the heap, so that the sanitizer sees a byte too far */
	uint8_t *copy = malloc(size ? size : 1);
	int64_t out = -1;

	memcpy(copy, bytes, size);
	if (gvdb_open(&root, copy, size, &err))
		out = !gvdb_get_value(&root, IDLE, &value) ? -2 : gvdb_value_u32(&value, &number) ? (int64_t)number : -3;
	free(copy);
	return out;
}

static size_t items_at(size_t *count)
{
	size_t start = get32(16), end = get32(20), at = start + 8 + (size_t)get32(start + 4) * 4;

	*count = (end - at) / 24;
	return at;
}

/* The item of the key whose last piece is `name`, in the table at `start`. */
static size_t item_in(size_t start, const char *name)
{
	size_t at = start + 8 + (size_t)get32(start + 4) * 4;

	for (size_t i = 0; i < get32(start + 4); i++, at += 24)
		if (bytes[at + 12] == strlen(name) && memcmp(bytes + get32(at + 8), name, strlen(name)) == 0)
			return at;
	fail();
	return 0;
}

static size_t item_of(const char *name)
{
	return item_in(get32(16), name);
}

static void a_compiled_database(void **state)
{
	size_t size = load("tests/fuzz/corpus/gvdb/locked");
	struct gvdb_table root, locks, other;
	struct gvdb_value value;
	struct err err;
	bool on;

	(void)state;
	assert_int_equal(idle(size), 300);
	assert_true(gvdb_open(&root, bytes, size, &err));
	assert_true(gvdb_get_value(&root, "/org/gnome/desktop/screensaver/lock-enabled", &value));
	assert_true(gvdb_value_bool(&value, &on) && on);
	assert_false(gvdb_get_value(&root, "/org/gnome/desktop/session", &value));
	assert_false(gvdb_get_value(&root, "/org/gnome/desktop/session/", &value)); /* a folder */
	assert_false(gvdb_get_value(&root, "idle-delay", &value));
	assert_false(gvdb_get_value(&root, "", &value));
	assert_true(gvdb_get_table(&root, ".locks", &locks));
	assert_true(gvdb_get_value(&locks, IDLE, &value));
	assert_false(gvdb_get_value(&locks, "/org/gnome/desktop/screensaver/lock-delay", &value));
	assert_false(gvdb_get_table(&root, IDLE, &other));
	assert_false(gvdb_get_value(&root, ".locks", &value));
	size = load("tests/fuzz/corpus/gvdb/open");
	assert_true(gvdb_open(&root, bytes, size, &err));
	assert_false(gvdb_get_table(&root, ".locks", &locks));
}

static void the_other_byte_order(void **state)
{
	size_t size = load("tests/fuzz/corpus/gvdb/big_endian");

	(void)state;
	assert_int_equal(idle(size), INT64_C(0x2c010000));
}

static void what_is_no_database(void **state)
{
	size_t size = load("tests/fuzz/corpus/gvdb/locked");

	(void)state;
	assert_int_equal(idle(0), -1);
	assert_int_equal(idle(23), -1);
	assert_int_equal(idle(24), -2);
	bytes[8] = 1; /* another version */
	assert_int_equal(idle(size), -1);
	bytes[8] = 0;
	bytes[7] = 'T';
	assert_int_equal(idle(size), -1);
}

static void every_cut_is_survived(void **state)
{
	size_t size = load("tests/fuzz/corpus/gvdb/locked");

	(void)state;
	for (size_t i = 0; i < size; i++) {
		int64_t got = idle(i);
		assert_true(got == -1 || got == -2 || got == 300);
	}
	for (size_t i = 0; i < size; i++) { /* and every bit of it turned */
		bytes[i] ^= 0xff;
		(void)idle(size);
		bytes[i] ^= 0xff;
	}
	assert_int_equal(idle(size), 300);
}

static void pointers_are_checked(void **state)
{
	size_t size = load("tests/fuzz/corpus/gvdb/locked"), item = item_of("idle-delay");
	uint32_t start = get32(item + 16), end = get32(item + 20), root = get32(16);

	(void)state;
	put32(item + 16, end + 1); /* starts behind its end */
	assert_int_equal(idle(size), -2);
	put32(item + 16, start + 4); /* not aligned to 8 */
	assert_int_equal(idle(size), -2);
	put32(item + 16, start);
	put32(item + 20, (uint32_t)size + 1);
	assert_int_equal(idle(size), -2);
	put32(item + 20, start); /* nothing at all */
	assert_int_equal(idle(size), -3);
	put32(item + 20, start + 2); /* no type in it */
	assert_int_equal(idle(size), -3);
	put32(item + 20, end);
	put32(16, root + 2);
	assert_int_equal(idle(size), -2);
	put32(16, root);
	assert_int_equal(idle(size), 300);
}

static void keys_in_pieces_are_checked(void **state)
{
	size_t size = load("tests/fuzz/corpus/gvdb/locked"), item = item_of("idle-delay"), count;
	uint32_t parent = get32(item + 4), key = get32(item + 8);

	(void)state;
	(void)items_at(&count);
	put32(item + 4, 0xffffffff); /* "idle-delay" without what lies above */
	assert_int_equal(idle(size), -2);
	put32(item + 4, (uint32_t)count); /* one behind the last */
	assert_int_equal(idle(size), -2);
	put32(item + 4, parent);
	put32(item + 8, (uint32_t)size + 1);
	assert_int_equal(idle(size), -2);
	put32(item + 8, (uint32_t)size - 9); /* 10 bytes do not fit */
	assert_int_equal(idle(size), -2);
	put32(item + 8, key + 1);
	assert_int_equal(idle(size), -2);
	put32(item + 8, key);
	bytes[item]++; /* another hash */
	assert_int_equal(idle(size), -2);
	bytes[item]--;
	size_t top = item_of("/");
	put32(top + 4, 0); /* the uppermost folder has a parent too */
	assert_int_equal(idle(size), -2);
	put32(top + 4, 0xffffffff);
	bytes[top + 12] = 0; /* an empty piece would walk for ever */
	assert_int_equal(idle(size), -2);
}

static char tiny_key[] = "a\xe3"; /* 0xe3 is a negative character; with 'b' the hash falls into the other of two buckets */

/* One flat table with one bucket: header 24, table at 24: bloom, buckets, items. */
static size_t tiny(uint32_t bloom, uint32_t bloom_word, uint32_t buckets, uint32_t first)
{
	uint32_t hash = (5381u * 33 + (uint8_t)tiny_key[0]) * 33 - 29;
	size_t at = 24, items;

	memset(bytes, 0, 256);
	memcpy(bytes, "GVariant", 8);
	put32(at, bloom);
	put32(at + 4, buckets);
	at += 8;
	if (bloom & 0x7ffffff) {
		put32(at, bloom_word);
		at += 4;
	}
	for (uint32_t i = 0; i < buckets && i < 4; i++, at += 4)
		put32(at, i ? 0 : first);
	items = at;
	put32(at, hash);
	put32(at + 4, 0xffffffff);
	put32(at + 8, 200);
	bytes[at + 12] = 2;
	bytes[at + 14] = 'v';
	put32(at + 16, 208);
	put32(at + 20, 214);
	memcpy(bytes + 200, tiny_key, 2);
	memcpy(bytes + 208, "\x07\0\0\0\0u", 6);
	put32(16, 24);
	put32(20, (uint32_t)items + 24);
	return 256;
}

static int64_t tiny_value(size_t size)
{
	struct gvdb_table root;
	struct gvdb_value value;
	struct err err;
	uint32_t number = 0;

	assert_true(gvdb_open(&root, bytes, size, &err));
	return gvdb_get_value(&root, tiny_key, &value) && gvdb_value_u32(&value, &number) ? (int64_t)number : -1;
}

static void look_in_buckets(void)
{
	uint32_t hash = (5381u * 33 + (uint8_t)tiny_key[0]) * 33 - 29;
	uint32_t mask = 1u << (hash & 31) | 1u << (hash >> 5 & 31);

	assert_int_equal(tiny_value(tiny(5u << 27, 0, 1, 0)), 7);
	assert_int_equal(tiny_value(tiny(5u << 27, 0, 1, 1)), -1); /* the bucket begins behind the last */
	assert_int_equal(tiny_value(tiny(5u << 27, 0, 0, 0)), -1); /* no bucket */
	assert_int_equal(tiny_value(tiny(5u << 27 | 1, mask, 1, 0)), 7);
	assert_int_equal(tiny_value(tiny(5u << 27 | 1, mask & (mask - 1), 1, 0)), -1);
	assert_int_equal(tiny_value(tiny(5u << 27 | 1, 0, 1, 0)), -1);
	/* Two buckets: the first ends where the second begins; an end behind the last item is the last item. */
	bool first = hash % 2 == 0;
	size_t size = tiny(5u << 27, 0, 2, 0);
	put32(36, first ? 1 : 0);
	assert_int_equal(tiny_value(size), 7);
	put32(36, first ? 0 : 1);
	assert_int_equal(tiny_value(size), -1);
	put32(36, first ? 0x00ffffff : 0);
	assert_int_equal(tiny_value(size), 7);
	tiny_key[1]++; /* not there: and nothing is looked at behind the last item */
	tiny_key[1]++;
	assert_int_equal(tiny_value(size), -1);
	tiny_key[1]--;
	tiny_key[1]--;
	/* Sizes that lie. */
	size = tiny(5u << 27, 0, 1, 0);
	put32(28, 0x40000000);
	assert_int_equal(tiny_value(size), -1);
	size = tiny(0x07ffffff, 0, 1, 0);
	assert_int_equal(tiny_value(size), -1);
	size = tiny(5u << 27, 0, 1, 0);
	put32(20, get32(20) + 4);
	assert_int_equal(tiny_value(size), -1);
	put32(20, 31);
	assert_int_equal(tiny_value(size), -1);
	put32(20, 32); /* an empty table */
	put32(28, 0);
	assert_int_equal(tiny_value(size), -1);
}

static void buckets_and_blooms(void **state)
{
	(void)state;
	look_in_buckets();
	tiny_key[0] = 'b';
	look_in_buckets();
}

static void values_of_a_wrong_size_are_zero(void **state)
{
	struct gvdb_value value = {.bytes = (const uint8_t *)"\1\2\3\4\5", .size = 4, .type = "ub", .type_size = 1};
	uint32_t number;
	bool on;

	(void)state;
	assert_true(gvdb_value_u32(&value, &number) && number == 0x04030201);
	value.big_endian = true;
	assert_true(gvdb_value_u32(&value, &number) && number == 0x01020304);
	value.size = 5;
	assert_true(gvdb_value_u32(&value, &number) && number == 0);
	assert_false(gvdb_value_bool(&value, &on));
	value.type = "b";
	assert_true(gvdb_value_bool(&value, &on) && !on);
	value.size = 1;
	assert_true(gvdb_value_bool(&value, &on) && on);
	value.bytes = (const uint8_t *)"\2";
	assert_true(gvdb_value_bool(&value, &on) && !on);
	value.type_size = 0;
	assert_false(gvdb_value_bool(&value, &on) || gvdb_value_u32(&value, &number));
}

static const struct gschema_key idle_key = {"org.gnome.desktop.session", "idle-delay"};
static const struct gschema_key lock_key = {"org.gnome.desktop.screensaver", "lock-enabled"};

static bool overridden;

/* The default for a desktop; -1: an error of that kind, in *kind. */
static int64_t schema(size_t size, const struct gschema_key *key, const char *desktop, enum err_kind *kind)
{
	const char *const desktops[] = {"none", desktop, NULL};
	struct gschema_default out;
	struct gvdb_table root;
	struct err err = {ERR_NONE, ""};
	uint8_t *copy = malloc(size);
	int64_t number = -1;

	memcpy(copy, bytes, size);
	if (gvdb_open(&root, copy, size, &err) && gschema_get(&out, &root, key, desktops, &err)) {
		assert_int_equal(out.is_switch, key == &lock_key);
		overridden = out.per_desktop;
		number = out.number;
	}
	*kind = err.kind;
	free(copy);
	return number;
}

static void defaults_and_overrides(void **state)
{
	static const struct gschema_key no_key = {"org.gnome.desktop.session", "x"}, no_schema = {"x", "idle-delay"},
					path = {"org.gnome.desktop.session", ".path"};
	enum err_kind kind;
	size_t size = load("tests/fuzz/corpus/gschema/schema-desktops.gvdb");

	(void)state;
	assert_int_equal(schema(size, &idle_key, "KDE", &kind), 660);
	assert_false(overridden);
	assert_int_equal(schema(size, &idle_key, "GNOME", &kind), 540);
	assert_true(overridden);
	assert_int_equal(schema(size, &idle_key, "ubuntu", &kind), 0);
	assert_int_equal(schema(size, &idle_key, "ubunt", &kind), 660);
	assert_int_equal(schema(size, &lock_key, "GNOME", &kind), 1);
	assert_int_equal(schema(size, &lock_key, "ubuntu", &kind), 0);
	assert_int_equal(schema(size, &lock_key, "x", &kind), 1);
	assert_int_equal(schema(size, &no_key, "x", &kind), -1);
	assert_int_equal(kind, ERR_ABSENT);
	assert_int_equal(schema(size, &no_schema, "x", &kind), -1);
	assert_int_equal(kind, ERR_ABSENT);
	assert_int_equal(schema(size, &path, "x", &kind), -1);
	assert_int_equal(kind, ERR_UNSUPPORTED);
	size = load("tests/fuzz/corpus/gschema/schema-many.gvdb"); /* more than 255 bytes of them: wider offsets */
	assert_int_equal(schema(size, &idle_key, "A", &kind), 165);
	assert_int_equal(schema(size, &idle_key, "K", &kind), 175);
	assert_int_equal(schema(size, &idle_key, "ubuntu", &kind), 217);
	assert_int_equal(schema(size, &idle_key, "L", &kind), 480 - 180);
	size = load("tests/fuzz/corpus/gschema/schema-480.gvdb");
	assert_int_equal(schema(size, &idle_key, "GNOME", &kind), 480);
	size = load("tests/fuzz/corpus/gschema/schema-off.gvdb");
	assert_int_equal(schema(size, &lock_key, "GNOME", &kind), 0);
}

static void damaged_overrides_are_survived(void **state)
{
	enum err_kind kind;
	size_t size = load("tests/fuzz/corpus/gschema/schema-desktops.gvdb"), at = 0;

	(void)state;
	for (size_t i = 24; i < size; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			(void)schema(size, &idle_key, "ubuntu", &kind);
			(void)schema(size, &lock_key, "GNOME", &kind);
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	while (memcmp(bytes + at, "(u(ya{sv}))", 11) != 0)
		at++;
	/* GNOME ... 'u' 06 <pad> ubuntu ... 'u' 07 | ends of the two entries | NUL, type */
	static const struct {
		int back; /* from the type */
		uint8_t byte;
		int64_t ubuntu, gnome;
	} cases[] = {{2, 0xff, 660, 660}, {2, 0x00, 660, 660}, {3, 0x20, 660, 660}, {3, 0x02, 660, 660},
	             {4, 0x05, 660, 540}, {5, 'b', 660, 540},  {6, 'x', 660, 540},  {12, 'x', 660, 540}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t was = bytes[at - (size_t)cases[i].back];
		bytes[at - (size_t)cases[i].back] = cases[i].byte;
		assert_int_equal(schema(size, &idle_key, "ubuntu", &kind), cases[i].ubuntu);
		assert_int_equal(schema(size, &idle_key, "GNOME", &kind), cases[i].gnome);
		bytes[at - (size_t)cases[i].back] = was;
	}
	/* A type that its value is too short for. */
	size = load("tests/fuzz/corpus/gschema/schema-480.gvdb");
	size_t key = item_in(get32(item_of("org.gnome.desktop.screensaver") + 16), "lock-enabled");
	memcpy(bytes + get32(key + 20) - 3, "(u)", 3);
	assert_int_equal(schema(size, &lock_key, "x", &kind), -1);
	assert_int_equal(kind, ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_compiled_database),    cmocka_unit_test(the_other_byte_order),
		cmocka_unit_test(what_is_no_database),    cmocka_unit_test(every_cut_is_survived),
		cmocka_unit_test(pointers_are_checked),   cmocka_unit_test(keys_in_pieces_are_checked),
		cmocka_unit_test(buckets_and_blooms),     cmocka_unit_test(values_of_a_wrong_size_are_zero),
		cmocka_unit_test(defaults_and_overrides), cmocka_unit_test(damaged_overrides_are_survived),
	};

	return cmocka_run_group_tests_name("gvdb", tests, NULL, NULL);
}
