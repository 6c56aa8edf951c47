/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "base/json.h"
#include "platform/linux/password_memory_merge.h"
#include "platform/linux/read/chromium_policy.h"
#include "platform/linux/read/firefox_policy.h"
#include "platform/linux/read/lenient_json.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "%0a" -> one byte, in place. */
static size_t decode(char *text)
{
	size_t size = 0;

	for (const char *at = text; *at; size++) {
		if (*at == '%') {
			char pair[3] = {at[1], at[2], '\0'};
			assert_true(hex_parse((uint8_t *)text + size, 1, pair));
			at += 3;
		} else {
			text[size] = *at++;
		}
	}
	return size;
}

static bool chromium_takes(const char *text, size_t size)
{
	enum policy_word word = POLICY_UNSAID;
	struct err err;

	return chromium_policy_read(text, size, "K", &word, &err) && word != POLICY_UNSAID;
}

static bool firefox_takes(const char *text, size_t size)
{
	struct err err;
	AUTO(json_drop) json_t *json = lenient_json_parse(JSON_FIREFOX, text, size, &err);

	return json != NULL;
}

/* What the two browsers themselves said about each line. The text is copied so that a read beyond its end is seen by the sanitizer. */
static void both_dialects_are_read_as_the_browsers_do(void **state)
{
	FILE *table = fopen("tests/fixtures/password_memory/dialects.txt", "r");
	char line[512], chromium[4], firefox[4];
	int at, lines = 0;

	(void)state;
	assert_non_null(table);
	while (fgets(line, sizeof line, table)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%3s %3s %n", chromium, firefox, &at), 2);
		/* The blank before the text was one of sscanf's; blanks in it are written %20 where they begin it. */
		char *text = strdup(line + at);
		size_t size = decode(text);
		char *exact = malloc(size + 1);
		memcpy(exact, text, size);
		exact = realloc(exact, size ? size : 1);
		if (chromium_takes(exact, size) != (chromium[0] == 'y') || firefox_takes(exact, size) != (firefox[0] == 'y'))
			fail_msg("read otherwise than the browsers: %s", line);
		free(exact);
		free(text);
		lines++;
	}
	(void)fclose(table);
	assert_true(lines > 150);
}

static void nested(char *out, size_t levels)
{
	memset(out, '[', levels);
	memset(out + levels, ']', levels);
	out[2 * levels] = '\0';
}

static bool takes_depth(enum json_dialect dialect, size_t levels, enum err_kind *kind)
{
	static char text[4096];
	struct err err = {ERR_NONE, ""};

	nested(text, levels);
	AUTO(json_drop) json_t *json = lenient_json_parse(dialect, text, strlen(text), &err);
	*kind = err.kind;
	return json != NULL;
}

static void depth_is_bounded(void **state)
{
	enum err_kind kind;

	(void)state;
	assert_true(takes_depth(JSON_CHROMIUM, 199, &kind));
	assert_false(takes_depth(JSON_CHROMIUM, 200, &kind));
	assert_int_equal(kind, ERR_INVALID);
	assert_true(takes_depth(JSON_FIREFOX, 512, &kind));
	assert_false(takes_depth(JSON_FIREFOX, 513, &kind));
	assert_int_equal(kind, ERR_LIMIT);
}

static void size_and_number_of_values_are_bounded(void **state)
{
	size_t size = LENIENT_JSON_BYTES_MAX + 1;
	char *text = malloc(size);
	struct err err = {ERR_NONE, ""};

	(void)state;
	memset(text, ' ', size);
	text[0] = '1';
	assert_null(lenient_json_parse(JSON_CHROMIUM, text, size, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	json_decref(lenient_json_parse(JSON_CHROMIUM, text, size - 1, &err));
	/* [0,0,0,... */
	for (size_t i = 0; i < size; i++)
		text[i] = "0,"[i % 2];
	text[0] = '[';
	text[2 * LENIENT_JSON_VALUES_MAX + 1] = ']';
	for (size_t i = 1; i <= 2 * LENIENT_JSON_VALUES_MAX; i++)
		text[i] = ",0"[i % 2];
	err.kind = ERR_NONE;
	assert_null(lenient_json_parse(JSON_FIREFOX, text, 2 * LENIENT_JSON_VALUES_MAX + 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	free(text);
}

/* What only we refuse is not what the browser drops. */
static void our_limits_are_told_from_broken_files(void **state)
{
	size_t size = LENIENT_JSON_BYTES_MAX + 1;
	char *text = calloc(1, size);
	enum policy_word word;
	struct firefox_logins logins;
	struct err err = {ERR_NONE, ""};

	(void)state;
	assert_false(chromium_policy_read(text, size, "P", &word, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	err.kind = ERR_NONE;
	assert_false(firefox_policy_read(text, size, &logins, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	free(text);
}

static void chromium_policy_is_a_json_boolean(void **state)
{
	static const struct {
		const char *text;
		int word; /* -1: the file is dropped */
	} rows[] = {
		{"{\"P\": false}", POLICY_OFF},
		{"{\"P\": true}", POLICY_ON},
		{"{\"P\": \"false\"}", POLICY_WRONG_TYPE},
		{"{\"P\": 0}", POLICY_WRONG_TYPE},
		{"{\"P\": null}", POLICY_WRONG_TYPE},
		{"{\"P\": [false]}", POLICY_WRONG_TYPE},
		{"{\"p\": false}", POLICY_UNSAID},
		{"{}", POLICY_UNSAID},
		{"{\"a\": {\"P\": false}}", POLICY_UNSAID},
		{"{\"P\": true, \"P\": false}", POLICY_OFF},
		{"{\"P\": false, \"P\": true}", POLICY_ON},
		{"[{\"P\": false}]", -1},
		{"", -1},
		{"null", -1},
		{"{\"P\": false", -1},
		{"{\"\\x50\": false}", POLICY_OFF},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum policy_word word = POLICY_UNSAID;
		struct err err = {ERR_NONE, ""};
		bool read = chromium_policy_read(rows[i].text, strlen(rows[i].text), "P", &word, &err);
		if (read != (rows[i].word >= 0) || (read && (int)word != rows[i].word) || (!read && err.kind != ERR_INVALID))
			fail_msg("%s", rows[i].text);
	}
}

static void the_last_of_chromiums_files_counts(void **state)
{
	static const struct {
		enum policy_word said[3];
		enum policy_word word;
		bool conflict;
	} rows[] = {
		{{POLICY_UNSAID, POLICY_UNSAID, POLICY_UNSAID}, POLICY_UNSAID, false},
		{{POLICY_OFF, POLICY_UNSAID, POLICY_UNSAID}, POLICY_OFF, false},
		{{POLICY_OFF, POLICY_UNSAID, POLICY_OFF}, POLICY_OFF, false},
		{{POLICY_OFF, POLICY_ON, POLICY_UNSAID}, POLICY_ON, true},
		{{POLICY_ON, POLICY_UNSAID, POLICY_OFF}, POLICY_OFF, true},
		{{POLICY_WRONG_TYPE, POLICY_OFF, POLICY_OFF}, POLICY_OFF, true},
		{{POLICY_OFF, POLICY_OFF, POLICY_WRONG_TYPE}, POLICY_WRONG_TYPE, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct chromium_folder folder = {POLICY_UNSAID, false};
		for (size_t j = 0; j < 3; j++)
			chromium_folder_add(&folder, rows[i].said[j]);
		assert_int_equal(folder.word, rows[i].word);
		assert_int_equal(folder.conflict, rows[i].conflict);
	}
}

/* Each row was seen in the running Firefox: value and lock of signon.rememberSignons (tests/integration/firefox_policy.py). */
static void firefox_policies_run_in_order(void **state)
{
	static const struct {
		const char *policies;
		bool value, locked;
	} rows[] = {
#define ROW(policies, value, locked) {policies, value, locked},
#include "tests/fixtures/password_memory/firefox_rows.inc"
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[512];
		struct firefox_logins logins;
		struct err err = {ERR_NONE, ""};
		(void)snprintf(text, sizeof text, "{\"policies\": {%s}}", rows[i].policies);
		if (!firefox_policy_read(text, strlen(text), &logins, &err))
			fail_msg("%s: %s", text, err.text);
		if (logins.value != rows[i].value || logins.locked != rows[i].locked)
			fail_msg("%s: %d %d", text, logins.value, logins.locked);
	}
}

/* "user" is written at each start as if he had chosen it, "clear" forgets what he chose: he may choose otherwise. */
static void firefox_settings_of_the_user_bind_nobody(void **state)
{
	static const char *const kinds[] = {"user", "clear"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char text[200];
		struct firefox_logins logins;
		struct err err;
		(void)snprintf(text, sizeof text,
		               "{\"policies\": {\"Preferences\": {\"signon.rememberSignons\": "
		               "{\"Value\": false, \"Status\": \"%s\"}}}}",
		               kinds[i]);
		assert_true(firefox_policy_read(text, strlen(text), &logins, &err));
		assert_true(logins.preference == POLICY_OFF && logins.value && !logins.locked);
	}
}

static void firefox_without_policies_is_broken(void **state)
{
	static const char *const broken[] = {"[]",
	                                     "null",
	                                     "{}",
	                                     " ",
	                                     "{\"policies\": null}",
	                                     "{\"policies\": 0}",
	                                     "{\"policies\": \"\"}",
	                                     "{\"policies\": false}",
	                                     "{\"PasswordManagerEnabled\": false}"};
	static const char *const nothing[] = {"", "{\"policies\": {}}", "{\"policies\": []}", "{\"policies\": \"x\"}",
	                                      "{\"policies\": true}"};
	struct firefox_logins logins;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		assert_false(firefox_policy_read(broken[i], strlen(broken[i]), &logins, &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
		assert_true(firefox_policy_read(nothing[i], strlen(nothing[i]), &logins, &err));
		assert_true(logins.value && !logins.locked);
	}
}

static const char *merged(const char *base, const char *holder, bool on)
{
	static struct buf out;
	struct buf text;
	struct err err = {ERR_NONE, ""};

	buf_fini(&out);
	buf_init(&text, 4096);
	buf_add(&text, base);
	bool done = firefox_merge(&text, &(struct firefox_wish){holder, on}, &out, &err);
	buf_fini(&text);
	return done ? buf_text(&out) : err_kind_name(err.kind);
}

static void merging_keeps_what_is_there(void **state)
{
	char first[512];

	(void)state;
	(void)snprintf(
		first, sizeof first, "%s",
		merged("{\"a\": 1.5, \"policies\": {\"Z\": [1, {}], \"OfferToSaveLogins\": true, \"Y\": \"é\\n\"}}", "firefox", false));
	assert_string_equal(
		first, "{\n  \"a\": 1.5,\n  \"policies\": {\n    \"Z\": [\n      1,\n      {}\n    ],\n    \"OfferToSaveLogins\": false,\n"
		       "    \"Y\": \"é\\n\",\n    \"PasswordManagerEnabled\": false\n  },\n  \"epagent\": {\n    \"set_for\": [\n"
		       "      \"firefox\"\n    ]\n  }\n}\n");
	assert_string_equal(merged(first, "firefox", false), first);
	assert_non_null(strstr(merged("", "firefox", true), "\"PasswordManagerEnabled\": true"));
	assert_string_equal(merged("{", "firefox", false), "invalid");
	assert_string_equal(merged("[]", "firefox", false), "invalid");
	assert_string_equal(merged("{\"policies\": 1}", "firefox", false), "invalid");
	/* What jansson cannot print as it was is not touched. */
	assert_string_equal(merged("{\"policies\": {\"x\": \"\\ud800\"}}", "firefox", false), "invalid");
}

static bool all_hold(const char *id, void *data)
{
	return !data || strcmp(id, data) != 0;
}

static void the_last_holder_lets_go(void **state)
{
	static struct buf both, rest;
	struct err err = {ERR_NONE, ""};
	char text[512];
	bool others = false;

	(void)state;
	(void)snprintf(text, sizeof text, "%s", merged("{}", "firefox", false));
	(void)snprintf(text, sizeof text, "%s", merged(text, "firefox-esr", false));
	buf_init(&both, 512);
	buf_add(&both, text);
	assert_true(firefox_release(&both, "firefox", &(struct firefox_holders){all_hold, NULL}, &rest, &others, &err));
	assert_true(others);
	assert_null(strstr(buf_text(&rest), "\"firefox\""));
	assert_non_null(strstr(buf_text(&rest), "\"firefox-esr\""));
	assert_non_null(strstr(buf_text(&rest), "\"PasswordManagerEnabled\": false"));
	buf_fini(&rest);
	/* Who is no longer there holds nothing. */
	char gone[] = "firefox-esr";
	assert_true(firefox_release(&both, "firefox", &(struct firefox_holders){all_hold, gone}, &rest, &others, &err));
	assert_false(others);
	buf_fini(&rest);
	buf_fini(&both);
	(void)merged("", "x", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_dialects_are_read_as_the_browsers_do),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(size_and_number_of_values_are_bounded),
		cmocka_unit_test(our_limits_are_told_from_broken_files),
		cmocka_unit_test(chromium_policy_is_a_json_boolean),
		cmocka_unit_test(the_last_of_chromiums_files_counts),
		cmocka_unit_test(firefox_policies_run_in_order),
		cmocka_unit_test(firefox_settings_of_the_user_bind_nobody),
		cmocka_unit_test(firefox_without_policies_is_broken),
		cmocka_unit_test(merging_keeps_what_is_there),
		cmocka_unit_test(the_last_holder_lets_go),
	};

	return cmocka_run_group_tests_name("password_readers", tests, NULL, NULL);
}
