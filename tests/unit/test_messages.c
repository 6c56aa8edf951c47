/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences: found, filled in, and there for every word that the judge itself can say. */
#include "tests/unit/test.h"

#include "policy/judge.h"
#include "policy/messages.h"

#include <stdio.h>
#include <string.h>

static void render(char out[200], const char *text, const struct param *params, size_t count)
{
	AUTO(buf_fini) struct buf buf;

	buf_init(&buf, 4096);
	message_render(&buf, text, params, count);
	(void)snprintf(out, 200, "%s", buf_text(&buf));
}

static void test_render(void **state)
{
	static const struct param params[] = {{"minutes", NULL, 15}, {"limit", NULL, -10}, {"name", "{limit}", 0}};
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"{minutes}", "15"},
		{"is {minutes}, at most {limit}.", "is 15, at most -10."},
		{"{minutes}{minutes}", "1515"},
		{"{name}", "{limit}"}, /* what was filled in is not looked at again */
		{"{unknown} {minutes}", "{unknown} 15"},
		{"{minute}", "{minute}"},
		{"{minutess}", "{minutess}"},
		{"{", "{"},
		{"{minutes", "{minutes"},
		{"a } b", "a } b"},
		{"画面は{minutes}分です。", "画面は15分です。"},
	};
	char shown[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		render(shown, cases[i].text, params, ARRAY_LEN(params));
		assert_string_equal(shown, cases[i].shown);
	}
}

static void test_language(void **state)
{
	static const char *const good[] = {"ja", "ja_JP", "ja_JP.UTF-8", "ja.UTF-8", "ja@x", "ja-JP"};
	static const char *const bad[] = {"", "j", "jaa", "de", "C", "C.UTF-8", "JA"};
	enum language language;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		language = LANGUAGE_EN;
		assert_true(language_parse(good[i], &language));
		assert_int_equal(language, LANGUAGE_JA);
	}
	assert_true(language_parse("en_US.UTF-8", &language));
	assert_int_equal(language, LANGUAGE_EN);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(language_parse(bad[i], &language));
	assert_false(language_parse(NULL, &language));
}

static void test_table_is_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < message_count; i++)
		assert_true(strcmp(message_table[i - 1].key, message_table[i].key) < 0);
	for (size_t i = 0; i < message_count; i++)
		assert_ptr_equal(message_find(LANGUAGE_JA, message_table[i].key), message_table[i].text[LANGUAGE_JA]);
	assert_null(message_find(LANGUAGE_EN, "common.verdict.nothing"));
	assert_null(message_find(LANGUAGE_EN, ""));
}

static void test_fallback(void **state)
{
	AUTO(buf_fini) struct buf out;

	(void)state;
	assert_string_equal(message_of_code(LANGUAGE_EN, "secure_boot.not_written"), message_find(LANGUAGE_EN, "common.not_written"));
	assert_string_equal(message_of_code(LANGUAGE_JA, "secure_boot.mend"), message_find(LANGUAGE_JA, "common.mend"));
	assert_string_equal(message_of_code(LANGUAGE_JA, "secure_boot.mend_uefi"), message_find(LANGUAGE_JA, "common.mend"));
	assert_null(message_of_code(LANGUAGE_EN, "secure_boot.such_a_word"));
	assert_null(message_of_code(LANGUAGE_EN, "nodot"));
	buf_init(&out, 100);
	message_add(&out, LANGUAGE_EN, "secure_boot.such_a_word", NULL, 0);
	assert_string_equal(buf_text(&out), "secure_boot.such_a_word");
	buf_fini(&out);
	message_add(&out, LANGUAGE_EN, "common.too_old", (const struct param[]){{"hours", NULL, 30}, {"limit", NULL, 24}}, 2);
	assert_string_equal(buf_text(&out), "It is 30 hours old; at most 24 are allowed.");
}

static void test_every_control_has_a_title(void **state)
{
	char key[100];

	(void)state;
	for (int id = 0; id < CONTROL_COUNT; id++)
		for (int language = LANGUAGE_JA; language <= LANGUAGE_EN; language++) {
			(void)snprintf(key, sizeof key, "titles.%s", catalogue[id].name);
			assert_non_null(message_find((enum language)language, key));
			assert_string_not_equal(message_title((enum language)language, (enum control_id)id), catalogue[id].name);
		}
}

static void test_every_word_of_the_judge(void **state)
{
	static const char *const words[] = {"ok",
	                                    "not_written",
	                                    "not_read",
	                                    "nothing_found",
	                                    "no_rule_now",
	                                    "future",
	                                    "off",
	                                    "too_long",
	                                    "too_short",
	                                    "never",
	                                    "too_old",
	                                    "is_off",
	                                    "is_on",
	                                    "none",
	                                    "partial",
	                                    "not_enforced",
	                                    "nothing_attached",
	                                    "no_identity",
	                                    "lifeline",
	                                    "blocked",
	                                    "blocked_not_registered",
	                                    "blocked_shared_serial",
	                                    "blocked_not_encrypted",
	                                    "blocked_not_scanned",
	                                    "blocked_screen_locked",
	                                    "open",
	                                    "open_not_registered",
	                                    "open_shared_serial",
	                                    "open_not_encrypted",
	                                    "open_not_scanned",
	                                    "open_screen_locked",
	                                    "writable",
	                                    "closed",
	                                    "mend"};
	char key[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		(void)snprintf(key, sizeof key, "common.%s", words[i]);
		if (!message_find(LANGUAGE_JA, key) || !message_find(LANGUAGE_EN, key))
			fail_msg("%s has no sentence", key);
	}
	for (int kind = VERDICT_PASS; kind <= VERDICT_EXEMPT; kind++)
		assert_string_not_equal(message_word(LANGUAGE_JA, "verdict", verdict_name((enum verdict_kind)kind)),
		                        verdict_name((enum verdict_kind)kind));
	for (int severity = SEVERITY_LOW; severity <= SEVERITY_CRITICAL; severity++)
		assert_string_not_equal(message_word(LANGUAGE_JA, "severity", severity_name((enum severity)severity)),
		                        severity_name((enum severity)severity));
	assert_string_not_equal(message_word(LANGUAGE_JA, "mode", mode_name(MODE_ENFORCE)), "enforce");
	assert_string_equal(message_word(LANGUAGE_JA, "mode", "such"), "such");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),
		cmocka_unit_test(test_language),
		cmocka_unit_test(test_table_is_sorted),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_every_control_has_a_title),
		cmocka_unit_test(test_every_word_of_the_judge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
