/* SPDX-License-Identifier: Apache-2.0 */
/* Enforcing in a machine in a folder. With arguments (ROOT STATE SUBJECT on|off|withdraw) it does that: the tool of tests/integration. */
#include "base/attr.h"
#include "platform/control.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64], root[80];
static struct host *host;

static void shell(const char *fmt, const char *path)
{
	char command[512], full[256];

	(void)snprintf(full, sizeof full, "%s%s", root, path);
	(void)snprintf(command, sizeof command, fmt, full);
	assert_int_equal(system(command), 0); /* NOLINT: fixed commands of this test */
}

static void write_file(const char *path, const char *text)
{
	char full[256];

	(void)snprintf(full, sizeof full, "%s%s", root, path);
	shell("mkdir -p \"$(dirname '%s')\"", path);
	FILE *file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	shell("touch -d '2020-02-03 04:05:06.987654321' '%s'", path);
}

static const char *content(const char *path)
{
	static char text[1024];
	char full[256];

	(void)snprintf(full, sizeof full, "%s%s", root, path);
	FILE *file = fopen(full, "r");
	if (!file)
		return "absent";
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	(void)fclose(file);
	return text;
}

/* The tree with contents and times. */
static char *picture(void)
{
	static char text[2][16384];
	static unsigned turn;
	char command[512], *out = text[turn++ % 2];

	(void)snprintf(command, sizeof command,
	               "cd '%s' && find . -printf '%%p %%y %%U:%%G %%m %%s %%T@ ' -exec sh -c 'test -f \"$1\" && sha256sum <\"$1\" || "
	               "echo' - {} \\;",
	               root);
	FILE *pipe = popen(command, "r"); /* NOLINT */
	assert_non_null(pipe);
	out[fread(out, 1, sizeof text[0] - 1, pipe)] = '\0';
	assert_int_equal(pclose(pipe), 0);
	return out;
}

static int setup(void **unused)
{
	char state[80];
	struct err err;

	(void)unused;
	(void)snprintf(top, sizeof top, "/tmp/epagent-pw-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(root, sizeof root, "%s/root", top);
	(void)snprintf(state, sizeof state, "%s/state", top);
	if (mkdir(root, 0755) != 0 || mkdir(state, 0700) != 0)
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

static void install(const char *file)
{
	write_file(file, "program");
}

static void set(const char *subject, bool on)
{
	struct err err = {ERR_NONE, ""};
	struct value want = value_switch(on);

	if (!control_password_memory.enforce(host, subject, &want, &err))
		fail_msg("%s", err.text);
}

static void withdraw(const char *subject)
{
	struct err err = {ERR_NONE, ""};

	if (!control_password_memory.enforce(host, subject, NULL, &err))
		fail_msg("%s", err.text);
}

static void expect_refused(const char *subject, const struct value *want, enum err_kind kind)
{
	struct err err = {ERR_NONE, ""};
	char *before = picture();

	assert_false(control_password_memory.enforce(host, subject, want, &err));
	assert_int_equal(err.kind, kind);
	assert_string_equal(before, picture());
}

/* The fact about one program as "value fixed reason". */
static const char *fact_of(const char *subject)
{
	static char said[128];
	AUTO(facts_fini) struct facts facts;

	facts_init(&facts);
	control_probe(CONTROL_password_memory, host, &facts);
	(void)snprintf(said, sizeof said, "none");
	for (size_t i = 0; i < facts.count; i++)
		if (strcmp(facts.items[i].subject, subject) == 0)
			(void)snprintf(said, sizeof said, "%s %s %s", facts.items[i].value.number ? "on" : "off",
			               facts.items[i].fixed ? "fixed" : "free", facts.items[i].reason ? facts.items[i].reason : "-");
	return said;
}

static const struct {
	const char *subject, *program, *drop_in;
} chromium_kin[] = {
	{"program:chromium", "/usr/bin/chromium", "/etc/chromium/policies/managed/90-epagent.json"},
	{"program:chromium-snap", "/snap/bin/chromium", "/etc/chromium-browser/policies/managed/90-epagent.json"},
	{"program:chrome", "/opt/google/chrome/chrome", "/etc/opt/chrome/policies/managed/90-epagent.json"},
	{"program:edge", "/opt/microsoft/msedge/msedge", "/etc/opt/edge/policies/managed/90-epagent.json"},
};

static void chromium_and_kin_get_a_drop_in(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(chromium_kin); i++) {
		install(chromium_kin[i].program);
		char *before = picture();
		for (int j = 0; j < 10; j++) {
			set(chromium_kin[i].subject, false);
			set(chromium_kin[i].subject, false);
			assert_string_equal(content(chromium_kin[i].drop_in), "{\"PasswordManagerEnabled\": false}\n");
			assert_string_equal(fact_of(chromium_kin[i].subject), "off fixed -");
			withdraw(chromium_kin[i].subject);
			withdraw(chromium_kin[i].subject);
			assert_string_equal(before, picture());
		}
		assert_string_equal(fact_of(chromium_kin[i].subject), "on free no_policy");
	}
}

static void another_value_replaces_ours(void **unused)
{
	(void)unused;
	install("/usr/bin/chromium");
	char *before = picture();
	set("program:chromium", false);
	set("program:chromium", true);
	assert_string_equal(fact_of("program:chromium"), "on fixed -");
	withdraw("program:chromium");
	assert_string_equal(before, picture());
}

static void a_drop_in_does_not_hide_a_conflict(void **unused)
{
	(void)unused;
	install("/usr/bin/chromium");
	write_file("/etc/chromium/policies/managed/10-theirs.json", "{\"PasswordManagerEnabled\": true}");
	char *before = picture();
	set("program:chromium", false);
	assert_string_equal(fact_of("program:chromium"), "on free conflict");
	withdraw("program:chromium");
	assert_string_equal(before, picture());
}

#define POLICIES "/etc/firefox/policies/policies.json"

static void firefox_keeps_other_policies(void **unused)
{
	(void)unused;
	install("/usr/lib/firefox-esr/firefox-esr");
	write_file(POLICIES, "{\"policies\":{\"DisableTelemetry\":true,\"PasswordManagerEnabled\":true}}");
	char *before = picture();
	for (int i = 0; i < 10; i++) {
		set("program:firefox-esr", false);
		set("program:firefox-esr", false);
		assert_non_null(strstr(content(POLICIES), "\"DisableTelemetry\": true"));
		assert_string_equal(fact_of("program:firefox-esr"), "off fixed -");
		withdraw("program:firefox-esr");
		assert_string_equal(before, picture());
	}
}

static void firefox_without_a_file_gets_one(void **unused)
{
	(void)unused;
	install("/usr/lib/firefox-esr/firefox-esr");
	char *before = picture();
	set("program:firefox-esr", false);
	assert_string_equal(fact_of("program:firefox-esr"), "off fixed -");
	withdraw("program:firefox-esr");
	assert_string_equal(before, picture());
}

static void what_distribution_says_is_not_lost(void **unused)
{
	(void)unused;
	install("/usr/lib/firefox-esr/firefox-esr");
	write_file("/usr/lib/firefox-esr/distribution/policies.json", "{\"policies\":{\"DisableTelemetry\":true}}");
	char *before = picture();
	set("program:firefox-esr", false);
	assert_non_null(strstr(content(POLICIES), "\"DisableTelemetry\": true"));
	withdraw("program:firefox-esr");
	assert_string_equal(before, picture());
	/* Two that differ cannot both be kept in one file. */
	write_file("/usr/lib/firefox/distribution/policies.json", "{\"policies\":{\"DisableTelemetry\":false}}");
	expect_refused("program:firefox-esr", &(struct value){.kind = VALUE_SWITCH}, ERR_INVALID);
}

static void one_of_two_withdraws_and_the_other_stays(void **unused)
{
	static const char *const subjects[] = {"program:firefox", "program:firefox-esr"};

	(void)unused;
	install("/usr/lib/firefox/firefox");
	install("/usr/lib/firefox-esr/firefox-esr");
	for (int first = 0; first < 2; first++) {
		char *before = picture();
		set(subjects[0], false);
		set(subjects[1], false);
		set(subjects[0], false);
		withdraw(subjects[first]);
		assert_string_equal(fact_of(subjects[!first]), "off fixed -");
		withdraw(subjects[first]);
		assert_string_equal(fact_of(subjects[!first]), "off fixed -");
		withdraw(subjects[!first]);
		assert_string_equal(before, picture());
	}
}

static void who_was_removed_holds_nothing(void **unused)
{
	(void)unused;
	install("/usr/lib/firefox/firefox");
	install("/usr/lib/firefox-esr/firefox-esr");
	set("program:firefox", false);
	set("program:firefox-esr", false);
	shell("rm '%s'", "/usr/lib/firefox/firefox");
	withdraw("program:firefox-esr");
	assert_string_equal(content(POLICIES), "absent");
}

static void somebody_elses_change_is_left_alone(void **unused)
{
	struct value off = value_switch(false);

	(void)unused;
	install("/usr/lib/firefox-esr/firefox-esr");
	install("/usr/bin/chromium");
	set("program:firefox-esr", false);
	set("program:chromium", false);
	write_file(POLICIES, "{\"policies\":{\"theirs\":1}}");
	write_file(chromium_kin[0].drop_in, "{}");
	expect_refused("program:firefox-esr", &off, ERR_INVALID);
	expect_refused("program:firefox-esr", NULL, ERR_INVALID);
	expect_refused("program:chromium", &off, ERR_INVALID);
	expect_refused("program:chromium", NULL, ERR_INVALID);
}

static void a_removed_file_is_made_again(void **unused)
{
	(void)unused;
	install("/usr/lib/firefox-esr/firefox-esr");
	char *before = picture();
	set("program:firefox-esr", false);
	shell("rm '%s'", POLICIES);
	set("program:firefox-esr", false);
	assert_string_equal(fact_of("program:firefox-esr"), "off fixed -");
	withdraw("program:firefox-esr");
	assert_string_equal(before, picture());
}

static void what_cannot_be_done_is_refused(void **unused)
{
	struct value off = value_switch(false), wrong = value_seconds(5);

	(void)unused;
	install("/usr/lib/firefox-esr/firefox-esr");
	write_file(POLICIES, "{broken");
	expect_refused("program:firefox-esr", &off, ERR_INVALID);
	expect_refused("program:firefox-esr", &wrong, ERR_INVALID);
	expect_refused("program:netscape", &off, ERR_INVALID);
	expect_refused("host", &off, ERR_INVALID);
	expect_refused("program:firefox-flatpak", &off, ERR_UNSUPPORTED);
}

static int tool(char **argv)
{
	struct err err = {ERR_NONE, ""};
	struct host *on = host_new(strcmp(argv[1], "/") == 0 ? NULL : argv[1], argv[2], 0, &err);
	struct value want = value_switch(strcmp(argv[4], "on") == 0);
	bool done = on && control_password_memory.enforce(on, argv[3], strcmp(argv[4], "withdraw") == 0 ? NULL : &want, &err);

	host_free(on);
	if (!done)
		(void)fprintf(stderr, "%s\n", err.text);
	return done ? 0 : 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(chromium_and_kin_get_a_drop_in),           TEST(another_value_replaces_ours),
		TEST(a_drop_in_does_not_hide_a_conflict),       TEST(firefox_keeps_other_policies),
		TEST(firefox_without_a_file_gets_one),          TEST(what_distribution_says_is_not_lost),
		TEST(one_of_two_withdraws_and_the_other_stays), TEST(who_was_removed_holds_nothing),
		TEST(somebody_elses_change_is_left_alone),      TEST(a_removed_file_is_made_again),
		TEST(what_cannot_be_done_is_refused),
	};

	return argc == 5 ? tool(argv) : cmocka_run_group_tests_name("password_enforce", tests, NULL, NULL);
}
