/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people put in the way: every line of the tables is one trap, and what host_read, host_read_home and host_link must say to it, at
 * once. Owners are set where root runs this; tests/integration/hostile_host.py runs it as an ordinary user, too, and under strace.
 */
#include "tests/unit/test.h"

#include "platform/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define SECRET "root:$6$secret:20000:0:99999:7:::\n"
#define CLERK  1000
#define OTHER  200001

static char root[1024];
static struct host *machine;
static const struct user clerk = {CLERK, "sato", "/home/sato"};
static bool is_root;

static const char *in(const char *path)
{
	static char joined[4][PATH_MAX];
	static unsigned next;
	char *out = joined[next++ % 4];

	(void)snprintf(out, PATH_MAX, "%.1023s/%.1200s", root, path);
	return out;
}

static void folder(const char *path, uid_t uid, mode_t mode)
{
	assert_true(mkdir(in(path), 0755) == 0 || errno == EEXIST);
	assert_int_equal(chmod(in(path), mode), 0);
	if (is_root)
		assert_int_equal(chown(in(path), uid, uid), 0);
}

static void file(const char *path, uid_t uid, const char *text)
{
	int fd = open(in(path), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	if (is_root)
		assert_int_equal(fchown(fd, uid, uid), 0);
	(void)close(fd);
}

static void link_to(const char *path, uid_t uid, const char *target)
{
	assert_int_equal(symlink(target, in(path)), 0);
	if (is_root)
		assert_int_equal(lchown(in(path), uid, uid), 0);
}

static void sparse(const char *path, off_t size)
{
	file(path, CLERK, "");
	assert_int_equal(truncate(in(path), size), 0);
}

static void listen_at(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* Bound by a short relative name: the folder may lie deep. */
	int here = open(".", O_PATH | O_DIRECTORY);
	assert_int_equal(chdir(in("home/sato")), 0);
	(void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
	assert_int_equal(fchdir(here), 0);
	(void)close(here);
}

static void make_chain(const char *prefix, int length, const char *end)
{
	char name[64], target[64];

	for (int i = 0; i < length; i++) {
		(void)snprintf(name, sizeof name, "%s%d", prefix, i);
		(void)snprintf(target, sizeof target, i + 1 < length ? "/%s%d" : "%s", i + 1 < length ? prefix : end, i + 1);
		link_to(name, 0, target);
	}
}

static void make_system(void)
{
	folder("etc", 0, 0755);
	folder("home", 0, 0755);
	folder("var", 0, 0755);
	folder("srv", 0, 0755);
	file("etc/passwd", 0, "public\n");
	file("etc/shadow", 0, SECRET);
	(void)chmod(in("etc/shadow"), 0600);
	folder("var/clamav", 110, 0755);
	file("var/clamav/daily", 110, "public\n");
	folder("var/clerks", CLERK, 0755);
	file("var/clerks/conf", 0, "public\n");
	file("var/clerks-file", CLERK, "public\n");
	file("var/domain-file", OTHER, "public\n");
	file("var/nobody", 65534, "public\n");
	link_to("var/roots-link", 0, "/etc/passwd");
	link_to("var/clerks-link", CLERK, "/etc/passwd");
	link_to("var/up", 0, "../../../../../../etc/passwd");
	link_to("var/out", 0, "../../../../../../../../../../etc/hostname");
	link_to("var/ring", 0, "/var/ring");
	link_to("var/gone", 0, "/nowhere");
	link_to("var/into-home", 0, "/home/sato/plain");
	link_to("var/through-clerks", 0, "/var/clerks/conf");
	make_chain("short", 40, "/etc/passwd");
	make_chain("long", 41, "/etc/passwd");
	assert_int_equal(mkfifo(in("var/fifo"), 0644), 0);
}

static void make_home(void)
{
	folder("home/sato", CLERK, 0755);
	folder("home/sato/.config", CLERK, 0700);
	file("home/sato/plain", CLERK, "public\n");
	file("home/sato/.config/deep", CLERK, "public\n");
	file("home/sato/roots", 0, "public\n");
	file("home/sato/others", OTHER, SECRET);
	link_to("home/sato/shadow", CLERK, "/etc/shadow");
	link_to("home/sato/shadow-up", CLERK, "../../etc/shadow");
	link_to("home/sato/folder", CLERK, "/etc");
	link_to("home/sato/same", CLERK, "plain");
	link_to("home/sato/loop", CLERK, "loop");
	link_to("home/sato/proc", CLERK, "/proc/self/root/etc/shadow");
	assert_int_equal(mkfifo(in("home/sato/fifo"), 0644), 0);
	sparse("home/sato/giant", (off_t)1 << 30);
	sparse("home/sato/limit", HOST_HOME_MAX);
	sparse("home/sato/over", HOST_HOME_MAX + 1);
	listen_at("socket");
	assert_int_equal(link(in("home/sato/others"), in("home/sato/hard-others")), 0);
	assert_int_equal(link(in("etc/shadow"), in("home/sato/hard-shadow")), 0);
	file("home/sato/twice", CLERK, "public\n");
	assert_int_equal(link(in("home/sato/twice"), in("home/sato/two-names")), 0);
	if (is_root) {
		assert_int_equal(mknod(in("home/sato/zero"), S_IFCHR | 0666, makedev(1, 5)), 0);
		assert_int_equal(mknod(in("home/sato/disk"), S_IFBLK | 0666, makedev(7, 0)), 0);
	}
}

static void make_odd_homes(void)
{
	folder("srv/open", CLERK, 0755); /* a clerk's folder with the home of another */
	folder("srv/open/suzuki", OTHER, 0755);
	file("srv/open/suzuki/plain", OTHER, "public\n");
	folder("srv/real", OTHER, 0755);
	file("srv/real/plain", OTHER, "public\n");
	link_to("home/by-root", 0, "/srv/real");
	link_to("home/by-clerk", CLERK, "/srv/real");
	link_to("srv/open/etc", CLERK, "/etc");
}

static int set_up(void **state)
{
	struct err err;
	const char *tmp = getenv("TMPDIR");

	(void)state;
	is_root = geteuid() == 0;
	(void)snprintf(root, sizeof root, "%s/epagent-host-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root) || chmod(root, 0755) != 0)
		return -1;
	make_system();
	make_home();
	make_odd_homes();
	machine = host_new(root, NULL, 0, &err);
	return machine ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	host_free(machine);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", root);
	return system(command) == 0 ? 0 : -1;
}

struct trap {
	const char *path;
	enum err_kind want; /* ERR_NONE: reads "public\n" */
	bool owners;        /* hangs on owners: only root can build it */
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void expect(const char *path, enum err_kind want, bool ok, const struct buf *text, const struct err *err)
{
	enum err_kind got = ok ? ERR_NONE : err->kind;

	if (got != want)
		fail_msg("%s: wanted %s, got %s (%s)", path, err_kind_name(want), err_kind_name(got), ok ? "" : err->text);
	if (ok && want == ERR_NONE && text->size < 100)
		assert_string_equal(buf_text(text), "public\n");
	if (!ok && strstr(err->text, "secret"))
		fail_msg("%s: the error tells what is in the file", path);
}

static void run_system(const struct trap *traps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(buf_fini) struct buf text = {.data = NULL};
		struct err err = {ERR_NONE, ""};
		if (traps[i].owners && !is_root)
			continue;
		int64_t begin = now_ms();
		bool ok = host_read(machine, traps[i].path, 4096, &text, NULL, &err);
		assert_true(now_ms() - begin < 2000);
		expect(traps[i].path, traps[i].want, ok, &text, &err);
	}
}

static void test_system(void **state)
{
	char name[300], deep[5000];
	static const struct trap traps[] = {
		{"/etc/passwd", ERR_NONE, false},
		{"//etc/.//./passwd", ERR_NONE, false},
		{"/etc/../etc/passwd", ERR_NONE, false},
		{"/../../etc/passwd", ERR_NONE, false},
		{"/var/roots-link", ERR_NONE, false},
		{"/var/up", ERR_NONE, false},
		{"/var/clamav/daily", ERR_NONE, true},
		{"/var/nobody", ERR_NONE, true},
		{"/short0", ERR_NONE, false},
		{"/long0", ERR_LIMIT, false},
		{"/var/ring", ERR_LIMIT, false},
		{"/var/gone", ERR_ABSENT, false},
		{"/var/out", ERR_ABSENT, false},
		{"/etc/passwd/x", ERR_ABSENT, false},
		{"/var/clerks/conf", ERR_DENIED, true},
		{"/var/clerks-file", ERR_DENIED, true},
		{"/var/domain-file", ERR_DENIED, true},
		{"/var/clerks-link", ERR_DENIED, true},
		{"/var/through-clerks", ERR_DENIED, true},
		{"/var/into-home", ERR_DENIED, true},
		{"/home/sato/plain", ERR_DENIED, true},
		{"/var/fifo", ERR_INVALID, false},
		{"/etc", ERR_INVALID, false},
		{"/", ERR_INVALID, false},
		{"/etc/..", ERR_INVALID, false},
	};

	(void)state;
	run_system(traps, ARRAY_LEN(traps));
	/* A name longer than a folder can hold is not cut to one that is there. */
	memset(name, 'a', sizeof name);
	name[0] = '/';
	name[256] = '\0';
	file(name + 1, 0, "public\n");
	run_system(&(struct trap){name, ERR_NONE, false}, 1);
	name[256] = 'a';
	name[299] = '\0';
	run_system(&(struct trap){name, ERR_IO, false}, 1);
	memset(deep, '/', sizeof deep);
	for (size_t i = 1; i < 4000; i += 2)
		deep[i] = 'd';
	deep[4000] = '\0';
	run_system(&(struct trap){deep, ERR_ABSENT, false}, 1);
	deep[4000] = 'd';
	deep[4999] = '\0';
	run_system(&(struct trap){deep, ERR_LIMIT, false}, 1);
}

static void run_home(const struct user *user, const struct trap *traps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(buf_fini) struct buf text = {.data = NULL};
		struct err err = {ERR_NONE, ""};
		if (traps[i].owners && !is_root)
			continue;
		int64_t begin = now_ms();
		bool ok = host_read_home(machine, user, traps[i].path, HOST_HOME_MAX, &text, NULL, &err);
		assert_true(now_ms() - begin < 2000);
		expect(traps[i].path, traps[i].want, ok, &text, &err);
	}
}

static void test_home(void **state)
{
	static const struct trap traps[] = {
		{"plain", ERR_NONE, false},
		{".config/deep", ERR_NONE, false},
		{"./.config/../plain", ERR_NONE, false},
		{"roots", ERR_NONE, false},
		{"limit", ERR_NONE, false},
		{"gone", ERR_ABSENT, false},
		{"shadow", ERR_DENIED, false},
		{"shadow-up", ERR_DENIED, false},
		{"folder/shadow", ERR_DENIED, false},
		{"folder/passwd", ERR_DENIED, false},
		{"same", ERR_DENIED, false},
		{"loop", ERR_DENIED, false},
		{"proc", ERR_DENIED, false},
		{"../../etc/shadow", ERR_DENIED, false},
		{"../sato/plain", ERR_DENIED, false},
		{"/etc/shadow", ERR_DENIED, false},
		{".config/../../../etc/shadow", ERR_DENIED, false},
		{"fifo", ERR_DENIED, false},
		{"socket", ERR_DENIED, false},
		{".config", ERR_DENIED, false},
		{"zero", ERR_DENIED, true},
		{"disk", ERR_DENIED, true},
		{"giant", ERR_LIMIT, false},
		{"over", ERR_LIMIT, false},
		{"hard-shadow", ERR_DENIED, false},
		{"hard-others", ERR_DENIED, false},
		{"two-names", ERR_DENIED, false},
		{"others", ERR_DENIED, true},
	};
	/* Without root all belongs to the folder's owner, who counts as root. */
	const struct user user = {is_root ? CLERK : 0, "sato", "/home/sato"};

	(void)state;
	run_home(&user, traps, ARRAY_LEN(traps));
}

/* Whose home is it, and who could have put it there? */
static void test_odd_homes(void **state)
{
	static const struct trap good = {"plain", ERR_NONE, true}, bad = {"plain", ERR_DENIED, true}, gone = {"plain", ERR_ABSENT, true},
				 passwd = {"passwd", ERR_DENIED, true};

	(void)state;
	run_home(&(struct user){OTHER, "", "/srv/real"}, &good, 1);
	run_home(&(struct user){OTHER, "", "/home/by-root"}, &good, 1);
	run_home(&(struct user){OTHER, "", "/home/by-clerk"}, &bad, 1);
	run_home(&(struct user){OTHER, "", "/srv/open/suzuki"}, &bad, 1);
	run_home(&(struct user){OTHER, "", "/srv/open/etc"}, &passwd, 1);
	run_home(&(struct user){OTHER, "", "/home/sato"}, &bad, 1);
	run_home(&(struct user){OTHER, "", "/home/nowhere"}, &gone, 1);
	run_home(&(struct user){CLERK, "", "/"}, &gone, 1);
}

/* A file under a writer's hands is read as it was at one moment, or not at all; and never for long. */
static void test_changing(void **state)
{
	static char big[200000];
	unsigned whole = 0, refused = 0;
	const struct user user = {is_root ? CLERK : 0, "sato", "/home/sato"};

	(void)state;
	memset(big, 'a', sizeof big);
	file("home/sato/changing", CLERK, "");
	pid_t writer = fork();
	if (writer == 0) {
		int fd = open(in("home/sato/changing"), O_WRONLY);
		for (unsigned i = 0;; i++) {
			size_t size = 1000 + i * 7919 % 190000;
			memset(big, 'a' + (int)(i % 26), size);
			if (ftruncate(fd, 0) != 0 || pwrite(fd, big, size, 0) < 0)
				_exit(1);
		}
	}
	/* On a busy machine the two may not meet at once. */
	for (int64_t start = now_ms(); whole + refused < 300 || (refused == 0 && now_ms() - start < 5000);) {
		AUTO(buf_fini) struct buf text = {.data = NULL};
		struct err err = {ERR_NONE, ""};
		int64_t begin = now_ms();
		if (host_read_home(machine, &user, "changing", HOST_HOME_MAX, &text, NULL, &err)) {
			for (size_t at = 1; at < text.size; at++)
				assert_int_equal(text.data[at], text.data[0]);
			whole++;
		} else {
			assert_int_equal(err.kind, ERR_IO);
			refused++;
		}
		assert_true(now_ms() - begin < 2000);
	}
	(void)kill(writer, SIGKILL);
	(void)waitpid(writer, NULL, 0);
	assert_true(refused > 0);
}

/* Somebody holds a lease: an ordinary open would wait for 45 seconds. */
static void test_lease(void **state)
{
	const struct user user = {is_root ? CLERK : 0, "sato", "/home/sato"};
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct err err = {ERR_NONE, ""};
	int fd = open(in("home/sato/plain"), O_RDWR);

	(void)state;
	(void)signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
		return; /* a file system without leases has nothing to wait for */
	int64_t begin = now_ms();
	assert_false(host_read_home(machine, &user, "plain", 4096, &text, NULL, &err));
	assert_true(now_ms() - begin < 2000);
	assert_int_equal(err.kind, ERR_IO);
	(void)close(fd);
}

static void test_lists(void **state)
{
	const struct user user = {is_root ? CLERK : 0, "sato", "/home/sato"};
	struct names names = {NULL, 0};
	struct err err;

	(void)state;
	assert_true(host_list_home(machine, &user, ".config", 1, &names, &err));
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "deep");
	names_fini(&names);
	assert_false(host_list_home(machine, &user, "", 3, &names, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(host_list_home(machine, &user, "folder", 100, &names, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(host_list_home(machine, &user, "..", 100, &names, &err));
	assert_int_equal(err.kind, ERR_DENIED);
	assert_false(host_list_home(machine, &user, "fifo", 100, &names, &err));
	assert_false(host_list(machine, "/etc/passwd", 100, &names, &err));
	assert_false(host_list(machine, "/etc", 1, &names, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(names.count, 0);
}

static void test_links_and_info(void **state)
{
	char text[64];
	struct file_info info;
	struct err err;

	(void)state;
	assert_true(host_link(machine, "/var/roots-link", text, sizeof text, &err));
	assert_string_equal(text, "/etc/passwd");
	assert_false(host_link(machine, "/etc/passwd", text, sizeof text, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_true(host_info(machine, "/etc/passwd", &info, &err));
	assert_true(info.fixed && info.world_readable && info.kind == FILE_REGULAR && info.uid == 0);
	assert_true(host_info(machine, "/var/fifo", &info, &err));
	assert_int_equal(info.kind, FILE_OTHER);
	if (is_root) {
		assert_false(host_link(machine, "/var/clerks-link", text, sizeof text, &err));
		assert_int_equal(err.kind, ERR_DENIED);
	}
	/* Sockets do not exist in a folder. */
	int64_t peer;
	assert_int_equal(host_connect(machine, "/home/sato/socket", &peer, &err), -1);
	assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

/* The living /proc: its doors are shut, its plain links are not. */
static void test_magic(void **state)
{
	static const char *const doors[] = {"/proc/self/root/etc/passwd",
	                                    "/proc/self/cwd",
	                                    "/proc/self/exe",
	                                    "/proc/self/fd/0",
	                                    "/proc/1/root/etc/passwd",
	                                    "/proc/self/ns/mnt",
	                                    "/proc/self/task/../root/etc/passwd"};
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct err err;
	struct host *live = host_new(NULL, NULL, 0, &err);

	(void)state;
	assert_non_null(live);
	for (size_t i = 0; i < ARRAY_LEN(doors); i++) {
		AUTO(buf_fini) struct buf nothing = {.data = NULL};
		assert_false(host_read(live, doors[i], 1u << 20, &nothing, NULL, &err));
		if (err.kind != ERR_DENIED)
			fail_msg("%s: %s (%s)", doors[i], err_kind_name(err.kind), err.text);
	}
	assert_true(host_read(live, "/proc/self/status", 1u << 20, &text, NULL, &err));
	host_free(live);
}

/* Another file system inside a home, such as somebody's FUSE mount, is not entered. */
static void test_mount_inside(void **state)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct err err = {ERR_NONE, ""};

	(void)state;
	if (!is_root)
		return; /* owners and mounts are root's; this table is run by root, too */
	folder("home/sato/mounted", CLERK, 0755);
	if (mount("tmpfs", in("home/sato/mounted"), "tmpfs", 0, NULL) != 0)
		return; /* a container that may not mount */
	file("home/sato/mounted/plain", CLERK, "public\n");
	bool ok = host_read_home(machine, &clerk, "mounted/plain", 4096, &text, NULL, &err);
	(void)umount(in("home/sato/mounted"));
	assert_false(ok);
	assert_int_equal(err.kind, ERR_DENIED);
}

/* acl(5) as the kernel keeps it: version 2, then tag, permissions and id of each entry. Gives uid 1000 "rw". */
static bool give_acl(const char *path)
{
	static const uint8_t acl[] = {2,  0, 0, 0, 1,    0,   7,   0,   255, 255, 255, 255, /* owner */
	                              2,  0, 7, 0, 0xe8, 3,   0,   0,                       /* user 1000 */
	                              4,  0, 5, 0, 255,  255, 255, 255,                     /* group */
	                              16, 0, 7, 0, 255,  255, 255, 255,                     /* mask */
	                              32, 0, 5, 0, 255,  255, 255, 255};                    /* others */

	return setxattr(in(path), "system.posix_acl_access", acl, sizeof acl, 0) == 0;
}

/* Mode 0775 root:root looks like root's alone, and is not. */
static void test_acl(void **state)
{
	struct err err = {ERR_NONE, ""};
	struct file_info info;

	(void)state;
	folder("acl", 0, 0775);
	folder("acl/inner", 0, 0755);
	file("acl/inner/file", 0, "x");
	file("acl/inner/given", 0, "x");
	assert_true(host_info(machine, "/acl/inner/file", &info, &err) && info.fixed);
	if (!give_acl("acl/inner/given"))
		return; /* a file system without ACLs */
	assert_true(host_info(machine, "/acl/inner/given", &info, &err));
	assert_false(info.fixed);
	assert_true(give_acl("acl"));
	assert_true(host_info(machine, "/acl/inner/file", &info, &err));
	assert_false(info.fixed);
}

/* The owner of a machine's folder counts as root in it, whoever he is. */
static void test_owner_of_folder(void **state)
{
	struct err err = {ERR_NONE, ""};
	struct file_info info;

	(void)state;
	if (!is_root)
		return; /* owners and mounts are root's; this table is run by root, too */
	assert_int_equal(chown(root, CLERK, CLERK), 0);
	struct host *other = host_new(root, NULL, 0, &err);
	assert_non_null(other);
	assert_true(host_info(other, "/var/clerks-file", &info, &err));
	assert_int_equal(info.uid, 0);
	assert_false(host_info(other, "/var/domain-file", &info, &err));
	assert_int_equal(err.kind, ERR_DENIED);
	host_free(other);
	assert_int_equal(chown(root, 0, 0), 0);
	assert_null(host_new("/nowhere/at/all", NULL, 0, &err));
	assert_int_equal(err.kind, ERR_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system),          cmocka_unit_test(test_home),
		cmocka_unit_test(test_odd_homes),       cmocka_unit_test(test_changing),
		cmocka_unit_test(test_lease),           cmocka_unit_test(test_lists),
		cmocka_unit_test(test_links_and_info),  cmocka_unit_test(test_magic),
		cmocka_unit_test(test_mount_inside),    cmocka_unit_test(test_acl),
		cmocka_unit_test(test_owner_of_folder),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
