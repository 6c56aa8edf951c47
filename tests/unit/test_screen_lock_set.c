/* SPDX-License-Identifier: Apache-2.0 */
/* Enforcing and withdrawing screen_lock on machines in folders; our database against the real `dconf`. */
#include "base/attr.h"
#include "base/text.h"
#include "platform/control.h"
#include "platform/linux/screen_lock_gnome.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char base[] = "/tmp/epagent-lock-XXXXXX";

/* A shell line in the test's folder: the machine is m/, the state s/. Its output, without the last newline. */
static char *sh(const char *line)
{
	static char out[8192];
	char command[4096];

	(void)snprintf(command, sizeof command, "cd '%s' && { %s\n} 2>&1", base, line);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	size_t size = fread(out, 1, sizeof out - 1, f);
	(void)pclose(f);
	while (size && out[size - 1] == '\n')
		size--;
	out[size] = '\0';
	return out;
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(base + sizeof base - 7, "XXXXXX");
	if (!mkdtemp(base))
		return -1;
	(void)sh("umask 022; mkdir -p s m/etc/xdg m/etc/tmpfiles.d m/usr/bin m/home/sato m/run m/usr/share/wayland-sessions; chmod 755 .; "
	         "printf 'root:x:0:0::/root:/bin/sh\\nsato:x:1000:1000::/home/sato:/bin/sh\\n' >m/etc/passwd; "
	         "find m -exec touch -h -d 2026-01-02T03:04:05.678Z {} +");
	return 0;
}

static int teardown(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", base);
	return system(command);
}

static void gnome(void)
{
	(void)sh(": >m/usr/bin/gnome-shell; printf '[Desktop Entry]\\nDesktopNames=GNOME\\n' >m/usr/share/wayland-sessions/gnome.desktop");
}

static void kde(void)
{
	(void)sh(": >m/usr/bin/plasmashell; printf '[Desktop Entry]\\nDesktopNames=KDE\\n' >m/usr/share/wayland-sessions/plasma.desktop");
}

static void freeze(void)
{
	(void)sh("find m -exec touch -h -d 2026-01-02T03:04:05.678Z {} +");
}

/* Everything that can be seen of the machine, times to the nanosecond. */
static void snapshot(char out[65])
{
	(void)snprintf(out, 65, "%.64s",
	               sh("{ find m -printf '%p %y %m %U %G %T@ %l\\n' | sort; find m -type f | sort | xargs cat; } | sha256sum"));
}

static bool enforce(const char *subject, int64_t seconds, struct err *err)
{
	char root[64], state[64];
	struct value want = value_seconds(seconds);

	(void)snprintf(root, sizeof root, "%s/m", base);
	(void)snprintf(state, sizeof state, "%s/s", base);
	AUTO(host_drop) struct host *host = host_new(root, state, 0, err);
	assert_non_null(host);
	return control_of(CONTROL_screen_lock)->enforce(host, subject, seconds ? &want : NULL, err);
}

static void must(const char *subject, int64_t seconds)
{
	struct err err = {ERR_NONE, ""};

	if (!enforce(subject, seconds, &err))
		fail_msg("%s %lld: %s", subject, (long long)seconds, err.text);
}

/* "user:1000 600 fixed, user:* never" */
static void expect(const char *want)
{
	char root[64], got[512] = "";
	struct err err;
	struct facts facts;

	(void)snprintf(root, sizeof root, "%s/m", base);
	AUTO(host_drop) struct host *host = host_new(root, NULL, 0, &err);
	facts_init(&facts);
	control_probe(CONTROL_screen_lock, host, &facts);
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		assert_int_equal(fact->state, FACT_KNOWN);
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s %lld%s", i ? ", " : "", fact->subject,
		               (long long)fact->value.number, fact->fixed ? " fixed" : "");
	}
	assert_string_equal(got, want);
	facts_fini(&facts);
}

static void there_and_back(const char *with, const char *without)
{
	char before[65], after[65], once[65], twice[65];

	freeze();
	snapshot(before);
	expect(without);
	must("user:1000", 600);
	must("user:*", 600);
	expect(with);
	snapshot(once);
	for (int i = 0; i < 10; i++) {
		must("user:*", 600);
		must("user:1000", 600);
	}
	snapshot(twice);
	assert_string_equal(once, twice);
	must("user:*", 0);
	expect(with);
	must("user:1000", 0);
	must("user:1000", 0);
	snapshot(after);
	assert_string_equal(before, after);
	assert_string_equal(sh("ls s | grep -v own"), "");
}

static void gnome_where_there_was_nothing(void **state)
{
	(void)state;
	gnome();
	there_and_back("user:1000 600 fixed, user:* 600 fixed", "user:1000 300, user:* 300");
	must("user:1000", 600);
	assert_string_equal(sh("cat m/etc/dconf/profile/user m/run/dconf/user/1000"),
	                    "user-db:user\nsystem-db:epagent\nuser-db:user\nsystem-db:epagent");
	assert_string_equal(sh("tail -1 m/etc/tmpfiles.d/epagent-dconf.conf"), "C /run/dconf/user/1000 - - - - /etc/dconf/profile/user");
}

static void gnome_over_a_lock_of_others(void **state)
{
	(void)state;
	gnome();
	if (*sh("command -v dconf") == '\0')
		skip();
	(void)sh("mkdir -p d/locks m/etc/dconf/profile m/etc/dconf/db; printf '[org/gnome/desktop/session]\\nidle-delay=uint32 900\\n' "
	         ">d/k; "
	         "echo /org/gnome/desktop/session/idle-delay >d/locks/l; dconf compile m/etc/dconf/db/site d; "
	         "chmod 644 m/etc/dconf/db/site; printf 'user-db:user\\nsystem-db:site' >m/etc/dconf/profile/user");
	there_and_back("user:1000 600 fixed, user:* 600 fixed", "user:1000 900, user:* 900");
	must("user:1000", 600);
	assert_string_equal(sh("cat m/etc/dconf/profile/user"), "user-db:user\nsystem-db:site\nsystem-db:epagent");
}

static void gnome_over_a_packages_profile(void **state)
{
	(void)state;
	gnome();
	(void)sh(
		"mkdir -p m/usr/share/dconf/profile; printf '# ours\\nuser-db:user\\nsystem-db:distro\\n' >m/usr/share/dconf/profile/user");
	there_and_back("user:1000 600 fixed, user:* 600 fixed", "user:1000 300, user:* 300");
	must("user:1000", 600);
	assert_string_equal(sh("cat m/etc/dconf/profile/user"), "# ours\nuser-db:user\nsystem-db:distro\nsystem-db:epagent");
}

static void kde_where_there_was_nothing(void **state)
{
	(void)state;
	kde();
	there_and_back("user:1000 600 fixed, user:* 600 fixed", "user:1000 305, user:* 305");
}

static void kde_over_a_file_of_others(void **state)
{
	(void)state;
	kde();
	(void)sh("printf '# local\\n[Greeter]\\nTheme=x\\n\\n[Daemon]\\nAutolock[$i]=false\\nTimeout=99\\n' >m/etc/xdg/kscreenlockerrc");
	there_and_back("user:1000 600 fixed, user:* 600 fixed", "user:1000 0, user:* 0");
	must("user:1000", 600);
	must("user:1000", 120);
	expect("user:1000 120 fixed, user:* 120 fixed");
	assert_string_equal(sh("grep -c epagent m/etc/xdg/kscreenlockerrc; grep Theme m/etc/xdg/kscreenlockerrc"), "2\nTheme=x");
}

/* What Plasma's own library makes of it. */
static void kde_as_kconfig_reads_it(void **state)
{
	(void)state;
	kde();
	if (*sh("command -v kreadconfig5") == '\0')
		skip();
	(void)sh("printf '[$i]\n[Greeter]\nTheme=x\n[Daemon][$i]\nAutolock[$i]=false\n [Daemon] [$i]\nTimeout=99\nTimeout[C]=99\n"
	         "[Daemon][Sub]\nA=1\n' >m/etc/xdg/kscreenlockerrc");
	must("user:1000", 600);
	static const char tools[] = "export LC_ALL=C HOME=$PWD XDG_CONFIG_HOME=$PWD/c XDG_CONFIG_DIRS=$PWD/m/etc/xdg; mkdir -p c; "
				    "for k in Autolock Timeout LockGrace Lock RequirePassword; do "
				    "kwriteconfig5 --file kscreenlockerrc --group Daemon --key $k 77 2>/dev/null; "
				    "kreadconfig5 --file kscreenlockerrc --group Daemon --key $k --default none 2>/dev/null; done; "
				    "kreadconfig5 --file kscreenlockerrc --group Greeter --key Theme 2>/dev/null; "
				    "kreadconfig5 --file kscreenlockerrc --group Daemon --group Sub --key A 2>/dev/null";
	assert_string_equal(sh(tools), "true\n10\n0\ntrue\ntrue\nx\n1");
}

static void kde_refuses_what_it_cannot_do(void **state)
{
	struct err err;

	(void)state;
	kde();
	assert_false(enforce("user:1000", 59, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
	assert_string_equal(sh("ls m/etc/xdg"), "");
	must("user:1000", 60);
	must("user:1000", 0);
	(void)sh("printf '#\\nTheme=x\\n[Daemon]\\n' >m/etc/xdg/kscreenlockerrc");
	assert_false(enforce("user:1000", 600, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	(void)sh("printf '[$i]\\n[Daemon]\\n' >m/etc/xdg/kscreenlockerrc");
	must("user:1000", 600);
}

static void both_desktops(void **state)
{
	(void)state;
	gnome();
	kde();
	there_and_back("user:1000 600 fixed, user:* 600 fixed", "user:1000 305, user:* 305");
}

static void the_strictest_of_several(void **state)
{
	(void)state;
	gnome();
	must("user:*", 900);
	expect("user:1000 900 fixed, user:* 900 fixed");
	must("user:1000", 300);
	expect("user:1000 300 fixed, user:* 300 fixed");
	must("user:1000", 0);
	expect("user:1000 900 fixed, user:* 900 fixed");
	assert_string_equal(sh("ls m/run/dconf/user 2>/dev/null"), "");
	must("user:*", 0);
	expect("user:1000 300, user:* 300");
}

static void changed_by_somebody_else_is_left_alone(void **state)
{
	struct err err;

	(void)state;
	gnome();
	must("user:*", 600);
	(void)sh("echo system-db:more >>m/etc/dconf/profile/user");
	assert_false(enforce("user:*", 0, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(sh("tail -1 m/etc/dconf/profile/user; ls s | grep -v own"), "system-db:more\nscreen_lock.json");
}

static void after_a_start_run_is_empty(void **state)
{
	char before[65], after[65];

	(void)state;
	gnome();
	freeze();
	snapshot(before);
	must("user:1000", 600);
	(void)sh("rm -rf m/run/dconf");
	must("user:1000", 600);
	assert_string_equal(sh("tail -1 m/run/dconf/user/1000"), "system-db:epagent");
	(void)sh("rm -rf m/run/dconf; touch -d 2026-01-02T03:04:05.678Z m/run");
	must("user:1000", 0);
	snapshot(after);
	assert_string_equal(before, after);
}

/* The rule that we leave for the next start, carried out by the program that will. */
static void tmpfiles_makes_the_mandatory_profile_again(void **state)
{
	char before[65], after[65];

	(void)state;
	gnome();
	if (*sh("command -v systemd-tmpfiles") == '\0')
		skip();
	freeze();
	snapshot(before);
	must("user:1000", 600);
	(void)sh("rm -rf m/run/dconf; systemd-tmpfiles --root=$PWD/m --create $PWD/m/etc/tmpfiles.d/epagent-dconf.conf; "
	         "touch -d 2026-01-02T03:04:05.678Z m/run");
	assert_string_equal(sh("cat m/run/dconf/user/1000; stat -c %a m/run/dconf/user/1000 m/run/dconf/user"),
	                    "user-db:user\nsystem-db:epagent\n644\n755");
	must("user:1000", 600);
	must("user:1000", 0);
	(void)sh("rmdir m/run/dconf/user m/run/dconf; touch -d 2026-01-02T03:04:05.678Z m/run"); /* its folders, not ours */
	snapshot(after);
	assert_string_equal(before, after);
}

static void nonsense_is_refused(void **state)
{
	struct err err;
	char root[64];

	(void)state;
	assert_false(enforce("user:1000", 600, &err));
	assert_int_equal(err.kind, ERR_UNSUPPORTED); /* no desktop */
	gnome();
	assert_false(enforce("user:1000", -5, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(enforce("user:1000", INT64_C(1) << 32, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	(void)snprintf(root, sizeof root, "%s/m", base);
	AUTO(host_drop) struct host *host = host_new(root, NULL, 0, &err);
	assert_false(control_of(CONTROL_screen_lock)->enforce(host, "user:1000", NULL, &err));
	assert_int_equal(err.kind, ERR_DENIED);
}

/* The real tool lists the same keys, the same values and the same locks in ours and in what it compiles itself. */
static void our_database_is_what_dconf_compiles(void **state)
{
	static const uint32_t numbers[LOCK_GNOME_KEYS] = {0x01020304, 77, 1, 0};
	char path[64];
	struct err err;
	struct buf out;

	(void)state;
	if (*sh("command -v dconf") == '\0')
		skip();
	buf_init(&out, 16 << 10);
	assert_true(lock_gnome_database(&out, numbers, &err));
	(void)snprintf(path, sizeof path, "%s/ours", base);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(out.data, 1, out.size, f), out.size);
	assert_int_equal(fclose(f), 0);
	(void)sh("mkdir -p d/locks; printf '[org/gnome/desktop/session]\\nidle-delay=uint32 16909060\\n[org/gnome/desktop/screensaver]\\n"
	         "lock-delay=uint32 77\\nlock-enabled=true\\n[org/gnome/desktop/lockdown]\\ndisable-lock-screen=false\\n' >d/k; "
	         "for k in session/idle-delay screensaver/lock-delay screensaver/lock-enabled lockdown/disable-lock-screen; do "
	         "echo /org/gnome/desktop/$k; done >d/locks/l; dconf compile theirs d; "
	         "for x in ours theirs; do printf \"user-db:none\\nfile-db:$PWD/$x\\n\" >$x.profile; "
	         "HOME=$PWD DCONF_PROFILE=$PWD/$x.profile dconf dump / >$x.dump; "
	         "HOME=$PWD DCONF_PROFILE=$PWD/$x.profile dconf list-locks / | sort >$x.locks; done");
	assert_string_equal(sh("wc -l <theirs.dump; wc -l <theirs.locks"), "9\n4");
	assert_string_equal(sh("cmp ours.dump theirs.dump && cmp ours.locks theirs.locks"), "");
	buf_fini(&out);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(gnome_where_there_was_nothing), ONE(gnome_over_a_lock_of_others),
		ONE(gnome_over_a_packages_profile), ONE(kde_where_there_was_nothing),
		ONE(kde_over_a_file_of_others),     ONE(kde_as_kconfig_reads_it),
		ONE(kde_refuses_what_it_cannot_do), ONE(both_desktops),
		ONE(the_strictest_of_several),      ONE(changed_by_somebody_else_is_left_alone),
		ONE(after_a_start_run_is_empty),    ONE(tmpfiles_makes_the_mandatory_profile_again),
		ONE(nonsense_is_refused),           ONE(our_database_is_what_dconf_compiles),
	};

	return cmocka_run_group_tests_name("screen_lock_set", tests, NULL, NULL);
}
