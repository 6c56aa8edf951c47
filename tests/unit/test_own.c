/* SPDX-License-Identifier: Apache-2.0 */
/* Setting and withdrawing in a tree. With arguments (set|withdraw ROOT STATE PATH [BYTES]) it is the tool of tests/integration/own_kill.py. */
#include "platform/linux/own.h"
#include "tests/unit/test.h"

#include "base/buf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[64], root[80], state[80];
static struct host *host;

static const char *in_root(const char *path)
{
	static char joined[4][256];
	static unsigned turn;
	char *out = joined[turn++ % 4];

	(void)snprintf(out, sizeof joined[0], "%s%s", root, path);
	return out;
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0); /* NOLINT: fixed commands of this test */
}

static void shell(const char *fmt, const char *path)
{
	char command[512];

	(void)snprintf(command, sizeof command, fmt, in_root(path));
	run(command);
}

static int setup(void **unused)
{
	struct err err;

	(void)unused;
	(void)snprintf(top, sizeof top, "/tmp/epagent-own-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(root, sizeof root, "%s/root", top);
	(void)snprintf(state, sizeof state, "%s/state", top);
	if (mkdir(root, 0755) != 0 || mkdir(state, 0700) != 0 || mkdir(in_root("/etc"), 0755) != 0)
		return -1;
	host = host_new(root, state, 0, &err);
	return host ? 0 : -1;
}

static int teardown(void **unused)
{
	char command[128];

	(void)unused;
	host_free(host);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", top);
	return system(command); /* NOLINT */
}

/* Everything that a listing can show, times to the nanosecond; not when folders were read, for that is what looking does. */
static char *picture(const char *of)
{
	char command[512];
	static char text[2][16384];
	static unsigned turn;
	char *out = text[turn++ % 2];

	(void)snprintf(command, sizeof command,
	               "cd '%s' && find . \\( -type f -size -64k -printf '%%A@ ' -exec dd if={} iflag=noatime status=none \\; -o -true \\) "
	               "-printf ' %%p %%y %%u:%%g %%m %%s %%l %%T@\\n'",
	               of);
	FILE *pipe = popen(command, "r"); /* NOLINT */
	assert_non_null(pipe);
	size_t size = fread(out, 1, sizeof text[0] - 1, pipe);
	out[size] = '\0';
	assert_int_equal(pclose(pipe), 0);
	return out;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(in_root(path), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(in_root(path), mode), 0);
	/* Times of the past: what is put back is told from what is left alone. */
	shell("touch -a -d '2020-01-02 03:04:05.123456789' '%s'", path);
	shell("touch -m -d '2020-02-03 04:05:06.987654321' '%s'", path);
}

static void expect_content(const char *path, const char *want)
{
	char got[256] = "";
	FILE *file = fopen(in_root(path), "r");

	assert_non_null(file);
	got[fread(got, 1, sizeof got - 1, file)] = '\0';
	(void)fclose(file);
	assert_string_equal(got, want);
}

static void set(const char *path, const char *text)
{
	struct err err = {ERR_NONE, ""};

	if (!own_set(host, path, text, strlen(text), 0644, &err))
		fail_msg("%s", err.text);
}

static void withdraw(const char *path)
{
	struct err err = {ERR_NONE, ""};

	if (!own_withdraw(host, path, &err))
		fail_msg("%s", err.text);
}

static void expect_refused(const char *path, enum err_kind kind)
{
	struct err err = {ERR_NONE, ""};
	char *before = picture(root);

	assert_false(own_set(host, path, "x", 1, 0644, &err));
	assert_int_equal(err.kind, kind);
	assert_string_equal(before, picture(root));
}

static void makes_folders_and_takes_them_away(void **unused)
{
	struct stat at;

	(void)unused;
	shell("touch -d '2021-01-01 00:00:00.5' '%s'", "/etc");
	char *before = picture(root);
	for (int i = 0; i < 10; i++) {
		set("/etc/chromium/policies/managed/90-epagent.json", "{}");
		set("/etc/chromium/policies/managed/90-epagent.json", "{}");
		expect_content("/etc/chromium/policies/managed/90-epagent.json", "{}");
		assert_int_equal(stat(in_root("/etc/chromium/policies"), &at), 0);
		assert_int_equal(at.st_mode & 07777, 0755);
		assert_int_equal(stat(in_root("/etc/chromium/policies/managed/90-epagent.json"), &at), 0);
		assert_int_equal(at.st_mode & 07777, 0644);
		withdraw("/etc/chromium/policies/managed/90-epagent.json");
		assert_string_equal(before, picture(root));
	}
	withdraw("/etc/chromium/policies/managed/90-epagent.json");
	assert_string_equal(before, picture(root));
}

static void gives_the_original_back(void **unused)
{
	(void)unused;
	write_file("/etc/policies.json", "theirs", 0640);
	char *before = picture(root);
	set("/etc/policies.json", "ours 1");
	set("/etc/policies.json", "ours 2");
	set("/etc/policies.json", "ours 2");
	expect_content("/etc/policies.json", "ours 2");
	withdraw("/etc/policies.json");
	assert_string_equal(before, picture(root));
}

static void gives_another_owner_back(void **unused)
{
	struct stat at;

	(void)unused;
	if (geteuid() != 0)
		skip();
	write_file("/etc/f", "theirs", 0600);
	assert_int_equal(chown(in_root("/etc/f"), 7, 12), 0);
	char *before = picture(root);
	set("/etc/f", "ours");
	assert_int_equal(stat(in_root("/etc/f"), &at), 0);
	assert_int_equal(at.st_uid, 0);
	withdraw("/etc/f");
	assert_string_equal(before, picture(root));
}

static void bytes_alike_are_still_given_back(void **unused)
{
	(void)unused;
	write_file("/etc/same", "same", 0600);
	char *before = picture(root);
	set("/etc/same", "same");
	withdraw("/etc/same");
	assert_string_equal(before, picture(root));
}

static void what_others_changed_is_left_alone(void **unused)
{
	struct err err = {ERR_NONE, ""};
	bool changed = false;

	(void)unused;
	write_file("/etc/f", "theirs", 0644);
	set("/etc/f", "ours");
	assert_true(own_is_set(host, "/etc/f", &changed));
	assert_false(changed);
	write_file("/etc/f", "somebody's", 0644);
	assert_true(own_is_set(host, "/etc/f", &changed));
	assert_true(changed);
	char *before = picture(root);
	assert_false(own_set(host, "/etc/f", "ours", 4, 0644, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	err.kind = ERR_NONE;
	assert_false(own_withdraw(host, "/etc/f", &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(before, picture(root));
	/* Once what we wrote is back, withdrawing gives the original. */
	write_file("/etc/f", "ours", 0644);
	withdraw("/etc/f");
	expect_content("/etc/f", "theirs");
	assert_false(own_is_set(host, "/etc/f", &changed));
}

static void a_removed_original_is_not_brought_back(void **unused)
{
	struct err err = {ERR_NONE, ""};

	(void)unused;
	write_file("/etc/f", "theirs", 0644);
	set("/etc/f", "ours");
	assert_int_equal(unlink(in_root("/etc/f")), 0);
	assert_false(own_withdraw(host, "/etc/f", &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_not_equal(access(in_root("/etc/f"), F_OK), 0);
}

static void our_file_removed_is_set_again(void **unused)
{
	(void)unused;
	set("/etc/a/f", "ours");
	shell("rm -r '%s'", "/etc/a");
	set("/etc/a/f", "ours");
	expect_content("/etc/a/f", "ours");
	withdraw("/etc/a/f");
	assert_int_not_equal(access(in_root("/etc/a"), F_OK), 0);
}

static void a_folder_with_others_files_stays(void **unused)
{
	(void)unused;
	set("/etc/a/b/ours", "ours");
	write_file("/etc/a/b/theirs", "theirs", 0644);
	withdraw("/etc/a/b/ours");
	expect_content("/etc/a/b/theirs", "theirs");
	assert_int_not_equal(access(in_root("/etc/a/b/ours"), F_OK), 0);
}

/* Whoever of two goes last takes the folder that the first one made. */
static void two_files_share_a_folder(void **unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		char *before = picture(root);
		set("/etc/a/one", "1");
		set("/etc/a/b/two", "2");
		withdraw(i ? "/etc/a/one" : "/etc/a/b/two");
		withdraw(i ? "/etc/a/b/two" : "/etc/a/one");
		assert_string_equal(before, picture(root));
	}
}

static void a_changed_mode_is_set_right(void **unused)
{
	struct stat at;

	(void)unused;
	set("/etc/f", "ours");
	assert_int_equal(chmod(in_root("/etc/f"), 0666), 0);
	set("/etc/f", "ours");
	assert_int_equal(stat(in_root("/etc/f"), &at), 0);
	assert_int_equal(at.st_mode & 07777, 0644);
	withdraw("/etc/f");
}

static void refuses_what_it_could_not_undo(void **unused)
{
	(void)unused;
	write_file("/etc/target", "x", 0644);
	assert_int_equal(symlink("target", in_root("/etc/link")), 0);
	expect_refused("/etc/link", ERR_DENIED);
	assert_int_equal(link(in_root("/etc/target"), in_root("/etc/second")), 0);
	expect_refused("/etc/second", ERR_UNSUPPORTED);
	assert_int_equal(mkfifo(in_root("/etc/fifo"), 0600), 0);
	expect_refused("/etc/fifo", ERR_UNSUPPORTED);
	assert_int_equal(mkdir(in_root("/etc/folder"), 0755), 0);
	expect_refused("/etc/folder", ERR_UNSUPPORTED);
	assert_int_equal(symlink("folder", in_root("/etc/way")), 0);
	expect_refused("/etc/way/f", ERR_DENIED);
	assert_int_equal(chmod(in_root("/etc/folder"), 0777), 0);
	expect_refused("/etc/folder/f", ERR_DENIED);
	expect_refused("/etc/../etc/f", ERR_INVALID);
	expect_refused("etc/f", ERR_INVALID);
	expect_refused("/etc//f", ERR_INVALID);
	shell("truncate -s 2M '%s'", "/etc/large");
	expect_refused("/etc/large", ERR_LIMIT);
}

static void refuses_a_users_folder(void **unused)
{
	(void)unused;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(in_root("/etc/users"), 0755), 0);
	assert_int_equal(chown(in_root("/etc/users"), 1000, 1000), 0);
	expect_refused("/etc/users/f", ERR_DENIED);
}

static void refuses_without_a_state_folder(void **unused)
{
	struct err err = {ERR_NONE, ""};
	struct host *looking = host_new(root, NULL, 0, &err);

	(void)unused;
	assert_non_null(looking);
	assert_false(own_set(looking, "/etc/f", "x", 1, 0644, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	err.kind = ERR_NONE;
	assert_false(own_withdraw(looking, "/etc/f", &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	host_free(looking);
}

static void damage(const char *suffix)
{
	char command[256];

	(void)snprintf(command, sizeof command, "for f in %s/own/*%s; do printf x >>\"$f\"; done", state, suffix);
	run(command);
}

static void a_damaged_memory_touches_nothing(void **unused)
{
	struct err err = {ERR_NONE, ""};

	(void)unused;
	write_file("/etc/f", "theirs", 0644);
	set("/etc/f", "ours");
	damage(".original");
	assert_false(own_withdraw(host, "/etc/f", &err));
	assert_int_equal(err.kind, ERR_INVALID);
	expect_content("/etc/f", "ours");
	damage(".json");
	assert_false(own_withdraw(host, "/etc/f", &err));
	assert_false(own_set(host, "/etc/f", "more", 4, 0644, &err));
	expect_content("/etc/f", "ours");
}

/* The tool: exit status 0 done, 1 refused. */
static int tool(int argc, char **argv)
{
	struct err err = {ERR_NONE, ""};
	struct host *on = argc > 4 ? host_new(argv[2], argv[3], 0, &err) : NULL;

	if (!on)
		return 2;
	bool done = strcmp(argv[1], "set") == 0 && argc > 5 ? own_set(on, argv[4], argv[5], strlen(argv[5]), 0644, &err)
	                                                    : own_withdraw(on, argv[4], &err);
	host_free(on);
	if (!done)
		(void)fprintf(stderr, "%s\n", err.text);
	return done ? 0 : 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_folders_and_takes_them_away), TEST(gives_the_original_back),
		TEST(gives_another_owner_back),          TEST(bytes_alike_are_still_given_back),
		TEST(what_others_changed_is_left_alone), TEST(a_removed_original_is_not_brought_back),
		TEST(our_file_removed_is_set_again),     TEST(a_folder_with_others_files_stays),
		TEST(two_files_share_a_folder),          TEST(a_changed_mode_is_set_right),
		TEST(refuses_what_it_could_not_undo),    TEST(refuses_a_users_folder),
		TEST(refuses_without_a_state_folder),    TEST(a_damaged_memory_touches_nothing),
	};

	return argc > 1 ? tool(argc, argv) : cmocka_run_group_tests_name("own", tests, NULL, NULL);
}
