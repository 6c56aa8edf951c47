/* SPDX-License-Identifier: Apache-2.0 */
/* Overrides per desktop made by hand and put into a schema that the real compiler made: other sizes of offsets, and lies. */
#include "tests/unit/test.h"

#include "base/attr.h"
#include "platform/linux/read/gschema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE   "(u(ya{sv}))"
#define PLAIN  660 /* the default of idle-delay where no override is found */
#define ARRAYS (1u << 17)

static uint8_t file[(1u << 16) + ARRAYS];

static void put(uint8_t *at, size_t number, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (uint8_t)(number >> (8 * i));
}

static size_t find(const void *what, size_t size, size_t file_size)
{
	for (size_t at = 0; at + size <= file_size; at++)
		if (memcmp(file + at, what, size) == 0)
			return at;
	fail_msg("not in the file");
	return 0;
}

/* idle-delay for GNOME, its overrides being `array`. The value goes behind the file's end, and its item points there. */
static uint32_t idle(const uint8_t *array, size_t size)
{
	static const struct gschema_key key = {"org.gnome.desktop.session", "idle-delay"};
	static const char *const desktops[] = {"GNOME", NULL};
	FILE *f = fopen("tests/fuzz/corpus/gschema/schema-desktops.gvdb", "rb");
	struct gschema_default out;
	struct gvdb_table root;
	struct err err = {ERR_NONE, ""};
	uint8_t end[4];

	assert_non_null(f);
	size_t start = fread(file, 1, 1u << 16, f);
	assert_int_equal(fclose(f), 0);
	put(end, find(TYPE, strlen(TYPE), start) + strlen(TYPE), 4);
	size_t item = find(end, 4, start) - 4;
	start = (start + 7) & ~(size_t)7;
	memset(file + start, 0, 16);
	put(file + start, PLAIN, 4);
	file[start + 8] = 'd';
	memcpy(file + start + 16, array, size);
	memcpy(file + start + 16 + size, "\0" TYPE, 1 + strlen(TYPE));
	put(file + item, start, 4);
	put(file + item + 4, start + 17 + size + strlen(TYPE), 4);
	uint8_t *copy = malloc(start + 17 + size + strlen(TYPE));
	memcpy(copy, file, start + 17 + size + strlen(TYPE));
	assert_true(gvdb_open(&root, copy, start + 17 + size + strlen(TYPE), &err));
	assert_true(gschema_get(&out, &root, &key, desktops, &err));
	assert_int_equal(out.per_desktop, out.number != PLAIN);
	free(copy);
	return out.number;
}

/* GNOME: 7, the value in `width` bytes. Its size. */
static size_t put_gnome(uint8_t *at, size_t width)
{
	memset(at, 0, 32);
	memcpy(at, "GNOME", 6);
	put(at + 8, 7, width);
	at[8 + width + 1] = 'u';
	at[8 + width + 2] = 6;
	return 8 + width + 3;
}

static void offsets_grow_with_the_array(void **state)
{
	static const struct {
		size_t before, width;
	} cases[] = {{0, 1}, {8, 1}, {0xe8, 1}, {0xf0, 2}, {0xffe8, 2}, {0xfff0, 4}, {0x10000, 4}};
	static uint8_t array[ARRAYS];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t before = cases[i].before, width = cases[i].width;
		memset(array, 0, sizeof array);
		size_t end = before + put_gnome(array + before, 4);
		/* Where the first entry ends, which holds nothing, and where GNOME's does. */
		put(array + end, before, width);
		put(array + end + width, end, width);
		assert_int_equal(idle(array, end + 2 * width), 7);
	}
}

static void a_value_of_another_size_is_none(void **state)
{
	(void)state;
	for (size_t width = 0; width <= 8; width++) {
		uint8_t array[64];
		size_t end = put_gnome(array, width);
		array[end] = (uint8_t)end;
		assert_int_equal(idle(array, end + 1), width == 4 ? 7 : PLAIN);
	}
}

/* The third of these entries is a good one, but nobody gets there over the second. */
static void an_entry_that_ends_before_it_begins_ends_the_list(void **state)
{
	uint8_t array[64] = {0};
	size_t end = 8 + put_gnome(array + 8, 4);

	(void)state;
	array[end] = 16;
	array[end + 1] = 8;
	array[end + 2] = (uint8_t)end;
	/* An array's last offset is also where the offsets begin. */
	assert_int_equal(idle(array, end + 3), PLAIN);
	array[end] = 8;
	assert_int_equal(idle(array, end + 3), 7);
	array[end + 1] = (uint8_t)(end + 1); /* behind the entries */
	assert_int_equal(idle(array, end + 3), PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_grow_with_the_array),
		cmocka_unit_test(a_value_of_another_size_is_none),
		cmocka_unit_test(an_entry_that_ends_before_it_begins_ends_the_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
