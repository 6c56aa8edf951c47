/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"
#include "tests/unit/test.h"

#include <string.h>

static struct config config;
static struct err err;
static unsigned wrong;

static bool parse(const char *text)
{
	config_init(&config);
	return config_parse(&config, text, strlen(text), &wrong, &err);
}

static void defaults_and_words(void **state)
{
	(void)state;
	assert_true(parse(""));
	assert_false(config.observe);
	assert_int_equal(config.journal_mib, 64);
	assert_int_equal(config.connections, 64);
	assert_true(parse("# all of it\n\n observe = yes # this PC\r\njournal=1\n\tconnections =\t512"));
	assert_true(config.observe);
	assert_int_equal(config.journal_mib, 1);
	assert_int_equal(config.connections, 512);
}

static void a_wrong_line_is_named_and_left_out(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"observe = yes\nobserve", "line 2: keyword = value is wanted"},
		{"observe = maybe", "line 1: observe is yes or no"},
		{"\n\njournal = 0", "line 3: journal is a number from 1 to 1024"},
		{"journal = 1025", "line 1: journal is a number from 1 to 1024"},
		{"journal = -1", "line 1: journal is a number from 1 to 1024"},
		{"journal = 64M", "line 1: journal is a number from 1 to 1024"},
		{"server = x", "line 1: there is no keyword \"server\""},
		{"= yes", "line 1: there is no keyword \"\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_false(parse(cases[i].text));
		assert_string_equal(err.text, cases[i].says);
		assert_int_equal(config.journal_mib, 64);
	}
}

static void the_other_lines_hold(void **state)
{
	char text[600];

	(void)state;
	assert_false(parse("nonsense\nobserve = yes\nmore = nonsense\njournal = 2"));
	assert_int_equal(wrong, 2);
	assert_true(config.observe);
	assert_int_equal(config.journal_mib, 2);
	memset(text, 'a', sizeof text);
	memcpy(text + 580, "\nobserve = yes\n", 16);
	assert_false(parse(text));
	assert_int_equal(wrong, 1);
	assert_true(config.observe);
}

static void bytes_that_are_no_text(void **state)
{
	static const char bytes[] = "observe = yes\0no\njournal = 3\n\xff\xfe = 1";

	(void)state;
	config_init(&config);
	assert_false(config_parse(&config, bytes, sizeof bytes - 1, &wrong, &err));
	assert_int_equal(wrong, 2);
	assert_false(config.observe);
	assert_int_equal(config.journal_mib, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_and_words),
		cmocka_unit_test(a_wrong_line_is_named_and_left_out),
		cmocka_unit_test(the_other_lines_hold),
		cmocka_unit_test(bytes_that_are_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
