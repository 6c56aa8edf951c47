/* SPDX-License-Identifier: Apache-2.0 */
/* users_read on machines in folders. Owners can be set by root only: without root each test is skipped. */
#include "base/attr.h"
#include "platform/linux/users.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/epagent-users-XXXXXX";

static void folder(const char *path, uid_t uid)
{
	char full[512], command[1100];

	(void)snprintf(full, sizeof full, "%s%s", root, path);
	(void)snprintf(command, sizeof command, "mkdir -p '%s'", full);
	assert_int_equal(system(command), 0);
	assert_int_equal(chown(full, uid, uid), 0);
}

static void file(const char *path, const char *text)
{
	char full[512];

	(void)snprintf(full, sizeof full, "%s%s", root, path);
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(root + sizeof root - 7, "XXXXXX");
	if (geteuid() != 0 || !mkdtemp(root) || chmod(root, 0755) != 0)
		return 0;
	folder("/etc", 0);
	folder("/home/sato", 1000);
	file("/etc/passwd", "root:x:0:0::/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/bin/sh\nsato:x:1000:1000::/home/sato:/bin/bash\n");
	return 0;
}

static int teardown(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", root);
	return geteuid() == 0 ? system(command) : 0;
}

/* The uids that are found, as text: "1000 200001". */
static void expect(const char *want)
{
	char got[256] = "";
	struct err err;
	struct users users;
	AUTO(host_drop) struct host *host = host_new(root, NULL, 0, &err);

	assert_non_null(host);
	users_init(&users);
	if (!users_read(&users, host, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < users.count; i++)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%lld:%s", i ? " " : "", (long long)users.items[i].uid,
		               users.items[i].name);
	assert_string_equal(got, want);
	users_fini(&users);
}

#define NEEDS_ROOT()                                                                                                                       \
	do {                                                                                                                               \
		(void)state;                                                                                                               \
		if (geteuid() != 0)                                                                                                        \
			skip();                                                                                                            \
	} while (0)

static void a_local_user(void **state)
{
	NEEDS_ROOT();
	expect("1000:sato");
}

static void uid_min_decides_who_is_a_person(void **state)
{
	NEEDS_ROOT();
	folder("/home/low", 999);
	folder("/home/edge", 1000);
	expect("1000:sato");
	file("/etc/login.defs", "UID_MIN 999\n");
	expect("999: 1000:sato");
	file("/etc/login.defs", "UID_MIN 1001\n");
	expect("");
}

static void only_those_whose_home_exists(void **state)
{
	NEEDS_ROOT();
	file("/etc/passwd", "gone:x:1001:1001::/home/gone:/bin/bash\nnull:x:1002:1002::/etc/passwd:/bin/bash\n"
	                    "rel:x:1003:1003::home/sato:/bin/bash\nempty:x:1004:1004:::/bin/bash\n");
	expect("1000:");
}

static void a_domain_user_is_in_no_passwd(void **state)
{
	NEEDS_ROOT();
	folder("/home/鈴木", 200001);
	folder("/home/CITY/tanaka", 1234567890);
	folder("/home/CITY/deep/er", 1500);
	folder("/var/lib/AccountsService/users", 0);
	file("/var/lib/AccountsService/users/鈴木", "[User]\n");
	expect("1000:sato 200001:鈴木 1234567890:");
}

static void beside_a_known_home_elsewhere(void **state)
{
	NEEDS_ROOT();
	folder("/srv/people/ito", 1001);
	folder("/srv/people/kato", 1002);
	folder("/srv/else/mori", 1003);
	file("/etc/passwd", "sato:x:1000:1000::/home/sato:/bin/bash\nito:x:1001:1001::/srv/people/ito:/bin/bash\n");
	expect("1000:sato 1001:ito 1002:");
}

static void nobody_and_dynamic_ranges_are_no_people(void **state)
{
	NEEDS_ROOT();
	folder("/home/a", 65534);
	folder("/home/b", 61184);
	folder("/home/c", 65519);
	folder("/home/d", 65535);
	folder("/home/e", 61183);
	folder("/home/f", 65520);
	folder("/home/g", 4294967294);
	expect("1000:sato 61183: 65520:");
}

static void service_accounts_that_refuse_login(void **state)
{
	NEEDS_ROOT();
	folder("/var/lib/vm", 60064);
	folder("/home/z", 61183);
	folder("/home/y", 65520);
	folder("/home/x", 60000);
	folder("/home/w", 59999);
	file("/etc/passwd", "sato:x:1000:1000::/home/sato:/usr/sbin/nologin\nvm:x:60064:1::/var/lib/vm:/usr/sbin/nologin\n"
	                    "z:x:61183:1::/home/z:/bin/false\ny:x:65520:1::/home/y:/bin/false\n"
	                    "x:x:60000:1::/home/x:/bin/false\nw:x:59999:1::/home/w:/bin/false\nhomed:x:60001:1::/etc:/bin/bash\n");
	expect("1000:sato 59999:w 60001:homed 65520:y");
}

static void a_container_is_no_person_but_its_range_may_be(void **state)
{
	NEEDS_ROOT();
	file("/etc/subuid", "sato:100000:65536\n");
	folder("/home/box/etc", 100000);
	folder("/home/box/usr", 100000);
	folder("/home/box", 100000);
	folder("/home/half/usr", 165535);
	folder("/home/half", 165535);
	folder("/home/past/etc", 165536);
	folder("/home/past/usr", 165536);
	folder("/home/past", 165536);
	folder("/home/spawn/etc", 524288);
	folder("/home/spawn/usr", 524288);
	folder("/home/spawn", 524288);
	expect("1000:sato 165535: 165536:");
}

/* Whoever has such a uid could otherwise take himself off the list. */
static void nobody_hides_by_making_folders(void **state)
{
	NEEDS_ROOT();
	file("/etc/subuid", "sato:100000:65536\n");
	folder("/home/one/etc", 100001);
	folder("/home/one/usr", 100001);
	folder("/home/one", 100001);
	folder("/home/two/etc", 600000);
	folder("/home/two/usr", 600000);
	folder("/home/two", 600000);
	expect("1000:sato 100001: 600000:");
}

/* One home in each of so many folders, and in the last one that of a domain user, too. */
static bool read_with_parents(int count, size_t *found, struct err *err)
{
	char passwd[8192] = "", path[64];
	struct users users;
	AUTO(host_drop) struct host *host = NULL;

	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof path, "/d%d/u", i);
		folder(path, (uid_t)(2000 + i));
		(void)snprintf(passwd + strlen(passwd), sizeof passwd - strlen(passwd), "u%d:x:%d:1::%s:/bin/sh\n", i, 2000 + i, path);
	}
	(void)snprintf(path, sizeof path, "/d%d/domain", count - 1);
	folder(path, 200001);
	file("/etc/passwd", passwd);
	host = host_new(root, NULL, 0, err);
	users_init(&users);
	bool good = users_read(&users, host, err);
	*found = users.count;
	users_fini(&users);
	return good;
}

static void homes_in_many_folders(void **state)
{
	struct err err;
	size_t found = 0;

	NEEDS_ROOT();
	assert_true(read_with_parents(40, &found, &err));
	assert_int_equal(found, 42); /* sato is found by his folder */
	assert_false(read_with_parents(70, &found, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void without_passwd_nothing_is_known(void **state)
{
	struct err err;
	struct users users;
	char path[300];

	NEEDS_ROOT();
	(void)snprintf(path, sizeof path, "%s/etc/passwd", root);
	assert_int_equal(unlink(path), 0);
	AUTO(host_drop) struct host *host = host_new(root, NULL, 0, &err);
	users_init(&users);
	assert_false(users_read(&users, host, &err));
	assert_int_equal(err.kind, ERR_ABSENT);
	users_fini(&users);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(a_local_user),
		ONE(uid_min_decides_who_is_a_person),
		ONE(only_those_whose_home_exists),
		ONE(a_domain_user_is_in_no_passwd),
		ONE(beside_a_known_home_elsewhere),
		ONE(nobody_and_dynamic_ranges_are_no_people),
		ONE(service_accounts_that_refuse_login),
		ONE(a_container_is_no_person_but_its_range_may_be),
		ONE(nobody_hides_by_making_folders),
		ONE(homes_in_many_folders),
		ONE(without_passwd_nothing_is_known),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
