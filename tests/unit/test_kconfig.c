/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/kconfig.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static struct kconfig config;

static int setup(void **state)
{
	(void)state;
	kconfig_init(&config, "Daemon");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kconfig_fini(&config);
	return 0;
}

/* True: the file closed itself. */
static bool add(const char *text, bool users_own)
{
	struct kconfig_file file = {text, strlen(text), users_own ? "home" : "etc", users_own};
	struct err err;
	bool closed = false;

	assert_true(kconfig_add(&config, &file, &closed, &err));
	return closed;
}

static const char *value(const char *key)
{
	const struct kconfig_entry *entry = kconfig_find(&config, key);

	return entry ? entry->value : "(none)";
}

static void only_the_group_that_is_asked_for(void **state)
{
	(void)state;
	assert_false(add("A=0\n[Other]\nA=1\n[Daemon]\n# A=5\n  A = 2 \n\n[Daemon][Sub]\nA=3\n[daemon]\nA=4", false));
	assert_string_equal(value("A"), "2");
	assert_string_equal(value("a"), "(none)");
	assert_int_equal(config.entry_count, 1);
	assert_string_equal(kconfig_find(&config, "A")->source, "etc");
}

static void the_last_one_wins(void **state)
{
	(void)state;
	(void)add("[Daemon]\nA=1\nA=2\n", false);
	assert_string_equal(value("A"), "2");
	(void)add("[Daemon]\nA=3\n", true);
	assert_string_equal(value("A"), "3");
	assert_false(kconfig_is_locked(&config, "A"));
	assert_false(kconfig_find(&config, "A")->immutable);
}

static void locked_keys(void **state)
{
	(void)state;
	(void)add("[Daemon]\nA[$i]=1\nA=2\nB=1\nC[$ie]=1\nD[$e]=1\nE[$x]=1\nF[$i=1\nG[$]=1\n", false);
	(void)add("[Daemon]\nA=3\nB=3\nC=3\nD=3\nE=3\nG=3\n", true);
	assert_string_equal(value("A"), "1");
	assert_string_equal(value("B"), "3");
	assert_string_equal(value("C"), "1");
	assert_string_equal(value("D"), "3");
	assert_string_equal(value("E"), "3");
	assert_string_equal(value("F"), "(none)");
	assert_string_equal(value("G"), "3");
	assert_true(kconfig_is_locked(&config, "A"));
	assert_true(kconfig_is_locked(&config, "C"));
	assert_false(kconfig_is_locked(&config, "B"));
	assert_false(kconfig_is_locked(&config, "missing"));
}

static void what_the_user_locks_himself_is_not_locked(void **state)
{
	(void)state;
	(void)add("[Daemon]\nA[$i]=1\n", true);
	assert_false(kconfig_is_locked(&config, "A"));
	(void)add("[Daemon]\nA[$i]=2\n", false);
	assert_string_equal(value("A"), "1"); /* but it stays, even before the system's */
	assert_false(kconfig_is_locked(&config, "A"));
	(void)add("[Daemon][$i]\n", true);
	(void)add("[Daemon][$i]\nB=1\n", false);
	assert_string_equal(value("B"), "(none)");
	assert_false(kconfig_is_locked(&config, "B"));
}

static void locked_groups(void **state)
{
	(void)state;
	assert_false(add("[Daemon][$i]\nA=1\nA=2\n[Daemon]\nB=1\n", false));
	assert_string_equal(value("A"), "1"); /* each entry of a closed group is closed itself */
	assert_string_equal(value("B"), "1"); /* the group is closed only after its file */
	(void)add("[Daemon]\nA=9\nB=9\nC=9\nC[ja]=9\n", true);
	assert_string_equal(value("A"), "1");
	assert_string_equal(value("B"), "1");
	assert_string_equal(value("C"), "(none)");
	assert_int_equal(config.entry_count, 2);
	assert_true(kconfig_is_locked(&config, "C"));
}

static void marks_that_lock_no_group(void **state)
{
	static const char *const heads[] = {"[Daemon] [$i]",   "[Daemon][$ie]", "[Daemon][i]",    "[$i][Daemon]",  "[Daemon][$i",
	                                    "[Daemon][x][$i]", "[Other][$i]",   "[Dae][mon][$i]", "[Daemon][$i] x"};

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		char text[100];
		kconfig_init(&config, "Daemon");
		(void)snprintf(text, sizeof text, "%s\nA=1\n", heads[i]);
		assert_false(add(text, false));
		(void)add("[Daemon]\nA=2\n", true);
		assert_string_equal(value("A"), "2");
		assert_false(kconfig_is_locked(&config, "A"));
		if (i + 1 < sizeof heads / sizeof *heads)
			kconfig_fini(&config);
	}
	(void)state;
}

static void a_locked_file(void **state)
{
	(void)state;
	assert_true(add("# x\n\n  [$i]\n[Daemon]\nA=1\n[Other]\n", false));
	assert_true(kconfig_is_locked(&config, "A"));
	assert_true(kconfig_is_locked(&config, "B"));
}

static void a_header_without_its_end_changes_nothing(void **state)
{
	(void)state;
	(void)add("[Daemon]\nA=1\n[Other\nB=2\n[]\nC=3\n[\nD=4\n", false);
	assert_string_equal(value("A"), "1");
	assert_string_equal(value("B"), "2");
	assert_string_equal(value("C"), "(none)");
}

static void languages_are_entries_of_their_own(void **state)
{
	size_t languages = 0;

	(void)state;
	(void)add("[Daemon]\nA[$i]=1\nA[ja]=2\nA[de][$i]=3\nA[x][y]=4\nA[$i][fr]=5\n", false);
	(void)add("[Daemon]\nA[ja]=6\n", true);
	assert_string_equal(value("A"), "1");
	for (size_t i = 0; i < config.entry_count; i++)
		languages += config.entries[i].localised;
	for (size_t i = 0; i < config.entry_count; i++)
		assert_string_not_equal(config.entries[i].value, "4");
	assert_int_equal(languages, 4); /* ja, de, fr, ja; two languages at once are none */
	assert_int_equal(config.entry_count, 5);
}

static void deleted_entries(void **state)
{
	(void)state;
	(void)add("[Daemon]\nA=1\nB[$i]=1\nC[$d]\n", false);
	(void)add("[Daemon]\nA[$d]\nB[$d]\nC=2\nD\nE[$d]=7\n", true);
	assert_string_equal(value("A"), "(none)");
	assert_string_equal(value("B"), "1");
	assert_string_equal(value("C"), "2");
	assert_string_equal(value("D"), "(none)");
	assert_string_equal(value("E"), "(none)");
	(void)add("[Daemon]\nA[$di]\n", false);
	assert_true(kconfig_is_locked(&config, "A"));
}

static void values_that_a_shell_makes(void **state)
{
	(void)state;
	(void)add("[Daemon]\nA[$e]=$HOME\nB[$e]=1\nC=$HOME\n", true);
	assert_true(kconfig_find(&config, "A")->expands);
	assert_false(kconfig_find(&config, "B")->expands);
	assert_false(kconfig_find(&config, "C")->expands);
}

static void escapes(void **state)
{
	(void)state;
	(void)add("[Dae\\x6don]\nA\\x41=\\sx\\t\\n\\r\\\\\\;\\,\\q\\x4g\\x41\\x5aZ\\\nB=\\x4\nC=\\xfF\nD=a=b\n", false);
	assert_string_equal(value("AA"), " x\t\n\r\\;,\\q\\x4gAZZ\\");
	assert_string_equal(value("B"), "\\x4");
	assert_string_equal(value("C"), "\xff");
	assert_string_equal(value("D"), "a=b");
	assert_string_equal(value("AB"), "(none)");
}

static void odd_lines(void **state)
{
	(void)state;
	(void)add("[Daemon]\n=1\n = 2\n[=\nA\nB=\n\t\v\fC=1\t\v\f\r\n]=3\n", false);
	assert_string_equal(value("A"), "(none)");
	assert_string_equal(value("B"), "");
	assert_string_equal(value("C"), "1");
	assert_string_equal(value("]"), "3");
	assert_int_equal(config.entry_count, 3);
}

static void too_much_is_a_limit(void **state)
{
	static char text[64 << 10];
	struct err err;
	bool closed;
	size_t size = (size_t)snprintf(text, sizeof text, "[Daemon]\n");

	(void)state;
	for (int i = 0; i < KCONFIG_MAX; i++)
		size += (size_t)snprintf(text + size, sizeof text - size, "k%d=%d\n", i, i);
	struct kconfig_file file = {text, size, "etc", false};
	assert_true(kconfig_add(&config, &file, &closed, &err));
	assert_int_equal(config.entry_count, KCONFIG_MAX);
	assert_true(kconfig_add(&config, &file, &closed, &err)); /* the same keys again */
	struct kconfig_file more = {"[Daemon]\nx=1\n", 13, "etc", false};
	assert_false(kconfig_add(&config, &more, &closed, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void long_names_are_cut(void **state)
{
	static char text[5000];

	(void)state;
	memset(text, 'a', sizeof text - 1);
	memcpy(text, "[Daemon]\nK=", 11);
	(void)add(text, false);
	assert_int_equal(strlen(value("K")), 1023);
	memset(text, 'a', sizeof text - 1);
	text[0] = '[';
	memcpy(text + 2000, "][b][c]\nK=2\n", 12);
	text[2012] = '\0';
	(void)add(text, false);
	assert_int_equal(strlen(value("K")), 1023);
}

static void switches(void **state)
{
	(void)state;
	assert_false(kconfig_to_bool("false") || kconfig_to_bool("No") || kconfig_to_bool("OFF") || kconfig_to_bool("0"));
	assert_true(kconfig_to_bool("") && kconfig_to_bool("n") && kconfig_to_bool("true") && kconfig_to_bool("00"));
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(only_the_group_that_is_asked_for),
		ONE(the_last_one_wins),
		ONE(locked_keys),
		ONE(what_the_user_locks_himself_is_not_locked),
		ONE(locked_groups),
		ONE(marks_that_lock_no_group),
		ONE(a_locked_file),
		ONE(a_header_without_its_end_changes_nothing),
		ONE(languages_are_entries_of_their_own),
		ONE(deleted_entries),
		ONE(values_that_a_shell_makes),
		ONE(escapes),
		ONE(odd_lines),
		ONE(too_much_is_a_limit),
		ONE(long_names_are_cut),
		cmocka_unit_test(switches),
	};

	return cmocka_run_group_tests_name("kconfig", tests, NULL, NULL);
}
