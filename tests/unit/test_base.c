/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

static void buf_stops_at_its_maximum(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 10);
	buf_add(&buf, "0123456789");
	assert_string_equal(buf_text(&buf), "0123456789");
	buf_add(&buf, "x");
	assert_true(buf.failed);
	assert_string_equal(buf_text(&buf), "");
	assert_null(buf_take(&buf));
	buf_fini(&buf);
}

static void arena_array_keeps_its_items(void **state)
{
	struct arena arena;
	int *items = NULL;
	size_t count = 0;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (int i = 0; i < 1000; i++)
		*ARENA_PUSH(&arena, items, count) = i;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	arena_fini(&arena);
}

static void arena_stops_at_its_maximum(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 100);
	assert_non_null(arena_alloc(&arena, 64));
	assert_null(arena_alloc(&arena, 64));
	assert_null(arena_alloc(&arena, 1));
	arena_fini(&arena);
}

static void err_puts_context_in_front(void **state)
{
	struct err err;

	(void)state;
	assert_false(err_errno(&err, ENOENT, "open %s", "/x"));
	assert_int_equal(err.kind, ERR_ABSENT);
	assert_false(err_wrap(&err, "reading %d", 7));
	assert_int_equal(err.kind, ERR_ABSENT);
	assert_string_equal(err.text, "reading 7: open /x: No such file or directory");
}

static void instants_go_there_and_back(void **state)
{
	static const struct {
		const char *text;
		int64_t at;
	} cases[] = {{"1970-01-01T00:00:00Z", 0},
	             {"2026-11-22T00:20:00Z", 1795306800},
	             {"2000-02-29T23:59:59Z", 951868799},
	             {"9999-12-31T23:59:59Z", 253402300799}};
	char text[TEXT_INSTANT_SIZE];
	int64_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(text_to_instant(cases[i].text, &at));
		assert_int_equal(at, cases[i].at);
		text_from_instant(text, at);
		assert_string_equal(text, cases[i].text);
	}
	assert_true(text_to_instant("2026-11-22T09:20:00+09:00", &at));
	assert_int_equal(at, 1795306800);
	assert_false(text_to_instant("2026-02-30T00:00:00Z", &at));
	assert_false(text_to_instant("2026-11-22", &at));
	assert_false(text_to_instant("2026-11-22T00:20:00Zx", &at));
}

static void durations_have_units(void **state)
{
	int64_t s;

	(void)state;
	assert_true(text_to_duration("10m", &s) && s == 600);
	assert_true(text_to_duration("7d", &s) && s == 604800);
	assert_true(text_to_duration("0", &s) && s == 0);
	assert_true(text_to_duration("90", &s) && s == 90);
	assert_false(text_to_duration("", &s));
	assert_false(text_to_duration("m", &s));
	assert_false(text_to_duration("-1m", &s));
	assert_false(text_to_duration("1.5h", &s));
	assert_false(text_to_duration("99999999999d", &s));
}

static void shown_text_holds_no_control_characters(void **state)
{
	char out[64];

	(void)state;
	text_printable(out, sizeof out, "a\x1b[31m\n\xff", 8, 60);
	assert_string_equal(out, "a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd");
	text_printable(out, sizeof out,
	               "\xe2\x80\xae"
	               "x",
	               4, 60);
	assert_string_equal(out, "\xef\xbf\xbdx");
	text_printable(out, sizeof out, "0123456789", 10, 4);
	assert_string_equal(out, "0123...");
	assert_false(text_is_utf8("\xed\xa0\x80", 3));
	assert_true(text_is_utf8("\xe6\x97\xa5", 3));
}

static void json_refuses_depth_and_doubles(void **state)
{
	char deep[64];
	struct err err;

	(void)state;
	memset(deep, '[', 40);
	assert_null(json_parse(deep, 40, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_null(json_parse("{\"a\":1,\"a\":2}", 13, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_null(json_parse("{\"a\":10\0\n}", 10, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	const char *brackets_in_text = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[\"}";
	AUTO(json_drop) json_t *ok = json_parse(brackets_in_text, strlen(brackets_in_text), &err);
	assert_non_null(ok);
}

static void hex_goes_there_and_back(void **state)
{
	uint8_t bytes[3];
	char text[7];

	(void)state;
	assert_true(hex_parse(bytes, 3, "00fFa1"));
	hex_print(text, bytes, 3);
	assert_string_equal(text, "00ffa1");
	assert_false(hex_parse(bytes, 3, "00ffa"));
	assert_false(hex_parse(bytes, 3, "00ffag"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_stops_at_its_maximum),
		cmocka_unit_test(arena_array_keeps_its_items),
		cmocka_unit_test(arena_stops_at_its_maximum),
		cmocka_unit_test(err_puts_context_in_front),
		cmocka_unit_test(instants_go_there_and_back),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(shown_text_holds_no_control_characters),
		cmocka_unit_test(json_refuses_depth_and_doubles),
		cmocka_unit_test(hex_goes_there_and_back),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
