/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/dconf_profile.h"
#include "platform/linux/read/keyfile.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static void pairs_in_their_groups(void **state)
{
	static const char text[] = "k0=v0\n# c=1\n\n [ Group ] \n[Desktop Entry]\r\n a = b = c \r\n=x\nword\n[x\n[]\nk=\n[\nz=1";
	static const struct {
		const char *group, *key, *value;
	} want[] = {{"", "k0", "v0"}, {"Desktop Entry", "a", "b = c"}, {"", "k", ""}, {"", "z", "1"}};
	struct keyfile_walk walk;
	size_t count = 0;

	(void)state;
	keyfile_begin(&walk, text, sizeof text - 1);
	while (keyfile_next(&walk)) {
		assert_true(count < 4);
		assert_true(keyfile_is(&walk, want[count].group, want[count].key));
		assert_int_equal(walk.value_size, strlen(want[count].value));
		assert_memory_equal(walk.value, want[count].value, walk.value_size);
		assert_false(keyfile_is(&walk, "Desktop", want[count].key));
		assert_false(keyfile_is(&walk, want[count].group, "x"));
		count++;
	}
	assert_int_equal(count, 4);
	assert_false(keyfile_next(&walk));
}

static void the_last_value_and_its_size(void **state)
{
	struct keyfile file = {"[g]\nk=1\nk=123\n[h]\nk=4\n", 23};
	char out[4];

	(void)state;
	assert_true(keyfile_get(&file, "g", "k", out, sizeof out));
	assert_string_equal(out, "123");
	assert_false(keyfile_get(&file, "g", "k", out, 3));
	assert_true(keyfile_get(&file, "i", "k", out, sizeof out));
	assert_string_equal(out, "");
}

static struct dconf_profile profile;

static size_t sources(const char *text, size_t size)
{
	struct err err;

	return dconf_profile_parse(&profile, text, size, &err) ? profile.count : 99 + (err.kind == ERR_LIMIT);
}
#define SOURCES(text) sources(text, sizeof text - 1)

static void kinds_of_databases(void **state)
{
	(void)state;
	assert_int_equal(SOURCES("user-db:user\n service-db:a/b \t\r\nsystem-db:local#x\n#user-db:no\n\nfile-db:/a b"), 4);
	assert_int_equal(profile.sources[0].kind, DCONF_USER_DB);
	assert_int_equal(profile.sources[1].kind, DCONF_SERVICE_DB);
	assert_string_equal(profile.sources[1].name, "a/b");
	assert_int_equal(profile.sources[2].kind, DCONF_SYSTEM_DB);
	assert_string_equal(profile.sources[2].name, "local");
	assert_int_equal(profile.sources[3].kind, DCONF_FILE_DB);
	assert_string_equal(profile.sources[3].name, "/a b");
}

static void lines_that_name_nothing(void **state)
{
	(void)state;
	assert_int_equal(SOURCES(""), 0);
	assert_int_equal(SOURCES("user-db\nuser-db:\nuser-db:#\nuser:user\nUser-db:user\nuser-db :user\nxuser-db:a\n"), 0);
	assert_int_equal(SOURCES("user-db:a\0b\nuser-db:c"), 2);
	assert_string_equal(profile.sources[0].name, "a");
	assert_int_equal(SOURCES("\vuser-db:a\n\fuser-db:b\n"), 1); /* a vertical tab is no blank for g_ascii_isspace */
}

static void names_and_numbers_have_limits(void **state)
{
	char text[400] = "user-db:";

	(void)state;
	memset(text + 8, 'x', DCONF_NAME_MAX - 1);
	assert_int_equal(sources(text, 8 + DCONF_NAME_MAX - 1), 1);
	assert_int_equal(strlen(profile.sources[0].name), DCONF_NAME_MAX - 1);
	memset(text + 8, 'x', DCONF_NAME_MAX);
	assert_int_equal(sources(text, 8 + DCONF_NAME_MAX), 100);
	for (size_t i = 0; i < DCONF_SOURCES_MAX + 1; i++)
		(void)snprintf(text + i * 10, sizeof text - i * 10, "user-db:%c\n", (char)('a' + (int)i));
	assert_int_equal(sources(text, (size_t)DCONF_SOURCES_MAX * 10), DCONF_SOURCES_MAX);
	assert_int_equal(sources(text, (size_t)(DCONF_SOURCES_MAX + 1) * 10), 100);
}

static void without_any_profile(void **state)
{
	(void)state;
	dconf_profile_default(&profile);
	assert_int_equal(profile.count, 1);
	assert_int_equal(profile.sources[0].kind, DCONF_USER_DB);
	assert_string_equal(profile.sources[0].name, "user");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_in_their_groups),
		cmocka_unit_test(the_last_value_and_its_size),
		cmocka_unit_test(kinds_of_databases),
		cmocka_unit_test(lines_that_name_nothing),
		cmocka_unit_test(names_and_numbers_have_limits),
		cmocka_unit_test(without_any_profile),
	};

	return cmocka_run_group_tests_name("keyfile", tests, NULL, NULL);
}
