/* SPDX-License-Identifier: Apache-2.0 */
/* What the two dialects make of a text, value by value. Which texts they take at all is in test_password_readers. */
#include "tests/unit/test.h"

#include "base/json.h"
#include "platform/linux/read/lenient_json.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From a copy on the heap without a byte to spare, so that a sanitizer sees what is read behind the end. */
static json_t *parse(enum json_dialect dialect, const char *text, size_t size, enum err_kind *kind)
{
	char *copy = malloc(size ? size : 1);
	struct err err = {ERR_NONE, ""};

	assert_non_null(copy);
	memcpy(copy, text, size);
	json_t *json = lenient_json_parse(dialect, copy, size, &err);
	assert_int_equal(json == NULL, err.kind != ERR_NONE);
	free(copy);
	*kind = err.kind;
	return json;
}

static void words_are_values(void **state)
{
	enum err_kind kind;
	AUTO(json_drop) json_t *json = parse(JSON_FIREFOX, "[true,false,null]", 17, &kind);

	(void)state;
	assert_int_equal(json_array_size(json), 3);
	assert_true(json_is_true(json_array_get(json, 0)) && json_is_false(json_array_get(json, 1)) &&
	            json_is_null(json_array_get(json, 2)));
}

static void strings_become_their_bytes(void **state)
{
	static const struct {
		enum json_dialect dialect;
		const char *text, *bytes; /* NULL: refused */
	} cases[] = {
		{JSON_CHROMIUM, "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
		{JSON_CHROMIUM, "\"\\uD83D\\uDE00\"", "\xf0\x9f\x98\x80"},
		{JSON_CHROMIUM, "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"},
		{JSON_CHROMIUM, "\"\\x41\\xe9\"", "A\xc3\xa9"},
		{JSON_CHROMIUM, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
		{JSON_CHROMIUM, "\"a\r\nb\"", "a\r\nb"},
		{JSON_CHROMIUM, "\"\\ud800\"", NULL},
		{JSON_CHROMIUM, "\"\\udfff\"", NULL},
		{JSON_CHROMIUM, "\"\\ud800\\u0041\"", NULL},
		{JSON_CHROMIUM, "\"\\ud800\\udc0\"", NULL},
		{JSON_CHROMIUM, "\"\\ud800\\", NULL},
		{JSON_CHROMIUM, "\"\\", NULL},
		{JSON_CHROMIUM, "\"\\u00", NULL},
		{JSON_CHROMIUM, "\"\\x4", NULL},
		{JSON_CHROMIUM, "\"\\xg0\"", NULL},
		{JSON_CHROMIUM, "\"\xff\"", NULL},
		{JSON_CHROMIUM, "\"abc", NULL},
		{JSON_FIREFOX, "\"\\ud800\"", "\xed\xa0\x80"},
		{JSON_FIREFOX, "\"\\ud800\\u0041\"",
	         "\xed\xa0\x80"
	         "A"},
		{JSON_FIREFOX, "\"\\ud800\\ud800\"", "\xed\xa0\x80\xed\xa0\x80"},
		{JSON_FIREFOX, "\"\\ud800\\udc0g\"", NULL},
		{JSON_FIREFOX, "\"\\x41\"", NULL},
		{JSON_FIREFOX, "\"a\nb\"", NULL},
		{JSON_FIREFOX, "\"\\", NULL},
		{JSON_FIREFOX, "\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum err_kind kind;
		AUTO(json_drop) json_t *json = parse(cases[i].dialect, cases[i].text, strlen(cases[i].text), &kind);
		assert_int_equal(json != NULL, cases[i].bytes != NULL);
		assert_int_equal(kind, json ? ERR_NONE : ERR_INVALID);
		if (json)
			assert_string_equal(json_string_value(json), cases[i].bytes);
	}
}

static void a_number_beyond_a_double(void **state)
{
	static const struct {
		const char *text;
		double number;
	} cases[] = {{"1e999", DBL_MAX}, {"-1e999", -DBL_MAX}, {"1e-999", 0}, {"-12.5e1", -125}};
	enum err_kind kind;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(json_drop) json_t *json = parse(JSON_FIREFOX, cases[i].text, strlen(cases[i].text), &kind);
		assert_true(json_is_real(json) && json_real_value(json) <= cases[i].number && json_real_value(json) >= cases[i].number);
	}
	assert_null(parse(JSON_CHROMIUM, "-1e999", 6, &kind));
	assert_int_equal(kind, ERR_INVALID);
}

static void members_need_keys_and_colons(void **state)
{
	static const char *const bad[] = {"{",     "{1:2}",    "{x\":1}",     "{\"x\"", "{\"x\" 1}", "{\"x\":", "{\"x\":}", "{\"x",
	                                  "{\"\\", "{\"x\":1", "{\"x\":1 2}", "[",      "[1",        "[1 2]",   "[1,",      "[1}",
	                                  "]",     "",         "1 2"};
	enum err_kind kind;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_null(parse(JSON_CHROMIUM, bad[i], strlen(bad[i]), &kind));
		assert_int_equal(kind, ERR_INVALID);
		assert_null(parse(JSON_FIREFOX, bad[i], strlen(bad[i]), &kind));
		assert_int_equal(kind, ERR_INVALID);
	}
}

/* `count` zeros in an array, which is a value too. */
static json_t *zeros(size_t count, enum err_kind *kind)
{
	char *text = malloc(2 * count + 1);

	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 0; i < count; i++)
		memcpy(text + 1 + 2 * i, i + 1 < count ? "0," : "0]", 2);
	json_t *json = parse(JSON_FIREFOX, text, 2 * count + 1, kind);
	free(text);
	return json;
}

static void values_are_counted(void **state)
{
	enum err_kind kind;
	AUTO(json_drop) json_t *most = zeros(LENIENT_JSON_VALUES_MAX - 1, &kind);

	(void)state;
	assert_int_equal(json_array_size(most), LENIENT_JSON_VALUES_MAX - 1);
	assert_null(zeros(LENIENT_JSON_VALUES_MAX, &kind));
	assert_int_equal(kind, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_values),         cmocka_unit_test(strings_become_their_bytes),
		cmocka_unit_test(a_number_beyond_a_double), cmocka_unit_test(members_need_keys_and_colons),
		cmocka_unit_test(values_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
