/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "agent/cli/width.c"

static void wide_takes_two(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t columns;
	} cases[] = {
		{"", 0},          {"abc", 3},  {"画面", 4}, {"ﾊﾝｶｸ", 4}, {"ＡＢ", 4}, {"。", 2}, {"か\xe3\x82\x99", 2},
		{"e\xcc\x81", 1}, {"한글", 4}, {"①", 1},    {"🔒", 2},    {"𠮷", 2},   {"é", 1},  {"、（）", 6},
		{"\x1b[0m", 4},   {"\xff", 1}, {"—", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (width_of(cases[i].text) != cases[i].columns)
			fail_msg("\"%s\" takes %zu, not %zu", cases[i].text, cases[i].columns, width_of(cases[i].text));
}

static void every_range_is_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		assert_true(wide[i].first <= wide[i].last);
		assert_true(i == 0 || wide[i - 1].last < wide[i].first);
	}
	for (size_t i = 0; i < ARRAY_LEN(combining); i++) {
		assert_true(combining[i].first <= combining[i].last);
		assert_true(i == 0 || combining[i - 1].last < combining[i].first);
	}
}

static void pads_by_columns(void **state)
{
	(void)state;
	AUTO(buf_fini) struct buf out;

	buf_init(&out, 1000);
	width_pad(&out, "画面", 6);
	buf_add(&out, "|");
	width_pad(&out, "abcdefgh", 6);
	buf_add(&out, "|");
	width_pad(&out, "", 2);
	assert_string_equal(buf_text(&out), "画面  |abcdefgh|  ");
}

static void wraps(const char *text, size_t indent, size_t columns, const char *wanted)
{
	AUTO(buf_fini) struct buf out;

	buf_init(&out, 100000);
	width_wrap(&out, text, indent, columns);
	assert_string_equal(buf_text(&out), wanted);
}

static void breaks_at_spaces_and_between_wide(void **state)
{
	(void)state;
	wraps("", 0, 40, "\n");
	wraps("one two", 0, 40, "one two\n");
	wraps("one two three four five six", 0, 20, "one two three four\nfive six\n");
	wraps("one two three four five six", 4, 24, "one two three four\n    five six\n");
	wraps("12345678901234567890", 0, 20, "12345678901234567890\n");
	wraps("123456789012345678901", 0, 20, "12345678901234567890\n1\n");
	wraps("画面ロックが設定されていません", 0, 20, "画面ロックが設定され\nていません\n");
	wraps("  leading   and double  ", 0, 40, "leading and double\n");
}

/* A closing mark goes with what it closes, even if that begins a new line. */
static void no_line_begins_with_a_closing_mark(void **state)
{
	(void)state;
	wraps("一二三四五六七八九十。次", 0, 20, "一二三四五六七八九\n十。次\n");
	wraps("一二三四五六七八九（十）」次", 0, 20, "一二三四五六七八九（\n十）」次\n");
	wraps("word word word word. next", 0, 20, "word word word word.\nnext\n");
}

static void a_narrow_terminal_still_gets_words(void **state)
{
	(void)state;
	wraps("one two three four five six", 30, 10, "one two three four\n                              five six\n");
}

static void moves_no_cursor(void **state)
{
	(void)state;
	wraps("a\x1b[2J\r\nb\xe2\x80\xae", 0, 40,
	      "a\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd"
	      "b\xef\xbf\xbd\n");
}

static void a_long_text_is_cut(void **state)
{
	(void)state;
	static char text[WIDTH_TEXT_MAX * 2];

	memset(text, 'x', sizeof text - 1);
	assert_int_equal(width_of(text), WIDTH_TEXT_MAX + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide_takes_two),
		cmocka_unit_test(every_range_is_in_order),
		cmocka_unit_test(pads_by_columns),
		cmocka_unit_test(breaks_at_spaces_and_between_wide),
		cmocka_unit_test(no_line_begins_with_a_closing_mark),
		cmocka_unit_test(a_narrow_terminal_still_gets_words),
		cmocka_unit_test(moves_no_cursor),
		cmocka_unit_test(a_long_text_is_cut),
	};

	return cmocka_run_group_tests_name("cli_width", tests, NULL, NULL);
}
