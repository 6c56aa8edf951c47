/* SPDX-License-Identifier: Apache-2.0 */
/* Time zone files made by hand, byte by byte: what is none is refused, and what the footer's rule says of years to come. */
#include "tests/unit/test.h"

#include "base/attr.h"
#include "base/text.h"
#include "platform/linux/read/tzif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change {
	int64_t at;
	unsigned char kind;
};

struct file {
	char bytes[1024];
	size_t size;
};

static void put(struct file *file, int64_t number, unsigned width)
{
	while (width--)
		file->bytes[file->size++] = (char)((uint64_t)number >> (8 * width));
}

/* Types: 0 is UTC, 1 an hour east; six zero bytes of names follow, which would be an offset too. */
static void put_block(struct file *file, char version, const struct change *changes, int64_t count, unsigned width)
{
	memcpy(file->bytes + file->size, "TZif", 4);
	file->bytes[file->size + 4] = version;
	file->size += 20;
	for (int i = 0; i < 6; i++)
		put(file, i == 3 ? count : i == 4 ? 2 : i == 5 ? 6 : 0, 4);
	for (int64_t i = 0; i < count; i++)
		put(file, changes[i].at, width);
	for (int64_t i = 0; i < count; i++)
		put(file, changes[i].kind, 1);
	put(file, 0, 6);
	put(file, 3600, 4);
	put(file, 0, 2);
	put(file, 0, 6);
}

static size_t second_block; /* where it begins in the last version 2 file */

static struct file make(const struct change *changes, int64_t count, const char *footer)
{
	struct file file = {.size = 0};

	put_block(&file, '2', NULL, 0, 4);
	second_block = file.size;
	put_block(&file, '2', changes, count, 8);
	file.size += (size_t)snprintf(file.bytes + file.size, sizeof file.bytes - file.size, "\n%s\n", footer);
	return file;
}

/* On the heap without a byte to spare, so that a sanitizer sees what is read behind the end. */
static bool offset_at(const struct file *file, int64_t when, int32_t *offset)
{
	char *copy = malloc(file->size);
	struct err err = {ERR_NONE, ""};

	assert_non_null(copy);
	memcpy(copy, file->bytes, file->size);
	bool ok = tzif_offset(copy, file->size, when, offset, &err);
	assert_int_equal(err.kind, ok ? ERR_NONE : ERR_INVALID);
	free(copy);
	return ok;
}

static int64_t at(const char *text)
{
	int64_t seconds = -1;

	assert_true(text_to_instant(text, &seconds));
	return seconds;
}

static int32_t by_rule(const char *footer, const char *when)
{
	struct file file = make(NULL, 0, footer);
	int32_t offset = -1;

	if (!offset_at(&file, at(when), &offset))
		fail_msg("refused: %s", footer);
	return offset;
}

static void a_table_without_a_rule(void **state)
{
	static const struct change changes[] = {{1000, 1}, {2000, 0}, {3000, 1}};
	struct file old = {.size = 0}, file = make(changes, 3, "");
	int32_t offset;

	(void)state;
	put_block(&old, '\0', changes, 3, 4); /* version 1 ends with its only block */
	const struct file *const both[] = {&old, &file};
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		assert_true(offset_at(both[i], 999, &offset) && offset == 0);
		assert_true(offset_at(both[i], 1000, &offset) && offset == 3600);
		assert_true(offset_at(both[i], 2999, &offset) && offset == 0);
		assert_true(offset_at(both[i], 1 << 30, &offset) && offset == 3600);
	}
}

static void a_damaged_file_is_refused(void **state)
{
	struct file good = make(NULL, 0, "JST-9"), file = good;
	int32_t offset;

	(void)state;
	assert_true(offset_at(&good, 0, &offset) && offset == 9 * 3600);
	file.bytes[3] = 'g'; /* the first block's mark */
	assert_false(offset_at(&file, 0, &offset));
	file = good;
	file.bytes[second_block] = 't';
	assert_false(offset_at(&file, 0, &offset));
	file = good;
	file.bytes[second_block + 20 + 4 * 4 + 3] = 0; /* no type at all */
	assert_false(offset_at(&file, 0, &offset));
	for (size_t count = 0; count < 6; count++) { /* more of anything than there is */
		file = good;
		file.bytes[second_block + 20 + count * 4] = (char)0xff;
		assert_false(offset_at(&file, 0, &offset));
	}
	for (size_t size = 0; size < good.size; size++) {
		file = good;
		file.size = size;
		assert_false(offset_at(&file, 0, &offset));
	}
}

static void a_file_too_large_is_refused(void **state)
{
	struct file file = make(NULL, 0, "JST-9");
	char *large = calloc(1, TZIF_MAX + 1);
	struct err err;
	int32_t offset;

	(void)state;
	assert_non_null(large);
	memcpy(large, file.bytes, file.size);
	assert_true(tzif_offset(large, TZIF_MAX, 0, &offset, &err));
	assert_false(tzif_offset(large, TZIF_MAX + 1, 0, &offset, &err));
	free(large);
}

/* Only what lies between the changes is looked at: a type that is not there spoils the time in which it would be in force. */
static void a_type_that_is_not_there(void **state)
{
	static const struct change changes[] = {{0, 0}, {500000, 2}, {503600, 0}};
	struct file file = make(changes, 3, "");
	int32_t offset;
	int64_t utc;
	struct err err = {ERR_NONE, ""};

	(void)state;
	assert_false(offset_at(&file, 500000, &offset));
	assert_true(offset_at(&file, 499999, &offset) && offset_at(&file, 503600, &offset));
	assert_false(tzif_to_utc(file.bytes, file.size, 500001, &utc, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(tzif_to_utc(file.bytes, file.size, 500001 - 86400, &utc, &err)); /* a day later */
	assert_false(tzif_to_utc(file.bytes, file.size, 500001 + 86400, &utc, &err));
	assert_true(tzif_to_utc(file.bytes, file.size, 400000, &utc, &err) && utc == 400000);
}

static void a_rule_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"5",
		"ES",
		"ES5",
		"EST",
		"EST-",
		"EST168",
		"EST5:",
		"EST5:60",
		"EST5:00:60",
		"<EST5",
		"<+03>EST-3",
		"EST5x",
		"EST5,M3.2.0,M11.1.0",
		"EST5EDT",
		"EST5ED,J60,J300",
		"EST5EDT+,J60,J300",
		"EST5EDT168,J60,J300",
		"EST5EDT,J60",
		"EST5EDT4;60,300",
		"EST5EDT,60;300",
		"EST5EDT,J60,J300x",
		"EST5EDT,J366,J60",
		"EST5EDT,J,J60",
		"EST5EDT,M0.1.0,J60",
		"EST5EDT,M13.1.0,J60",
		"EST5EDT,M3.0.0,J60",
		"EST5EDT,M3.6.0,J60",
		"EST5EDT,M3.1.7,J60",
		"EST5EDT,M3-1.0,J60",
		"EST5EDT,M3.1-0,J60",
		"EST5EDT,J60/,J300",
		"EST5EDT,J60/168,J300",
		"EST00005",
	};
	int32_t offset;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct file file = make(NULL, 0, bad[i]);
		if (offset_at(&file, 0, &offset))
			fail_msg("taken: %s", bad[i]);
	}
}

static void offsets_of_a_rule(void **state)
{
	static const struct {
		const char *footer;
		int32_t offset;
	} cases[] = {{"UTC0", 0},         {"JST-9", 32400},    {"jst-9", 32400},  {"Est+5", -18000}, {"<+0545>-5:45", 20700},
	             {"LMT0:01:15", -75}, {"ABC-167", 601200}, {"<-03>3", -10800}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(by_rule(cases[i].footer, "2026-01-01T00:00:00Z"), cases[i].offset);
		assert_int_equal(by_rule(cases[i].footer, "2026-12-31T23:30:00Z"), cases[i].offset);
	}
}

/* Summer begins with the day named at 02:00 and ends on day 364. */
static void days_of_a_rule(void **state)
{
	static const struct {
		const char *footer, *begins;
	} cases[] = {
		{"AAA0BBB,J60,364", "2023-03-01T02:00:00Z"},
		{"AAA0BBB,J60,364", "2024-03-01T02:00:00Z"},
		{"AAA0BBB,J60,364", "2000-03-01T02:00:00Z"},
		{"AAA0BBB,J60,364", "2100-03-01T02:00:00Z"},
		{"AAA0BBB,J59,364", "2024-02-28T02:00:00Z"},
		{"AAA0BBB,J59,364", "2023-02-28T02:00:00Z"},
		{"AAA0BBB,J1,364", "2024-01-01T02:00:00Z"},
		{"AAA0BBB,0,364", "2024-01-01T02:00:00Z"},
		{"AAA0BBB,59,364", "2024-02-29T02:00:00Z"},
		{"AAA0BBB,60,364", "2023-03-02T02:00:00Z"},
		{"AAA0BBB,M3.2.0,364", "2026-03-08T02:00:00Z"},
		{"AAA0BBB,M2.5.0,364", "2026-02-22T02:00:00Z"},
		{"AAA0BBB,M2.1.0,364", "2026-02-01T02:00:00Z"},
		{"AAA0BBB,M12.5.4/0,364", "2026-12-31T00:00:00Z"},
		{"AAA0BBB,M10.5.6/25:30,364", "2026-11-01T01:30:00Z"},
		{"AAA0BBB,J60/-1,364", "2026-02-28T23:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct file file = make(NULL, 0, cases[i].footer);
		int32_t before = -1, after = -1;
		assert_true(offset_at(&file, at(cases[i].begins) - 1, &before) && offset_at(&file, at(cases[i].begins), &after));
		if (before != 0 || after != 3600)
			fail_msg("%s, %s: %d before, %d after", cases[i].footer, cases[i].begins, before, after);
	}
}

static void summer_may_span_the_new_year_and_differ_by_half_an_hour(void **state)
{
	static const char south[] = "STD-10DST-10:30,M10.1.0,M4.1.0";

	(void)state;
	assert_int_equal(by_rule(south, "2026-01-15T00:00:00Z"), 37800);
	assert_int_equal(by_rule(south, "2026-07-15T00:00:00Z"), 36000);
	assert_int_equal(by_rule(south, "2026-12-31T13:59:59Z"), 37800);
	/* To 02:00 of summer time on 5 April, from 02:00 of standard time on 4 October. */
	assert_int_equal(by_rule(south, "2026-04-04T15:29:59Z"), 37800);
	assert_int_equal(by_rule(south, "2026-04-04T15:30:00Z"), 36000);
	assert_int_equal(by_rule(south, "2026-10-03T15:59:59Z"), 36000);
	assert_int_equal(by_rule(south, "2026-10-03T16:00:00Z"), 37800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_without_a_rule),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(a_file_too_large_is_refused),
		cmocka_unit_test(a_type_that_is_not_there),
		cmocka_unit_test(a_rule_that_is_none_is_refused),
		cmocka_unit_test(offsets_of_a_rule),
		cmocka_unit_test(days_of_a_rule),
		cmocka_unit_test(summer_may_span_the_new_year_and_differ_by_half_an_hour),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
