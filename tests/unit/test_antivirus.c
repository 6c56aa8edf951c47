/* SPDX-License-Identifier: Apache-2.0 */
/* The pure readers of the antivirus controls. */
#include "tests/unit/test.h"

#include "base/attr.h"
#include "base/text.h"
#include "platform/linux/read/civil.h"
#include "platform/linux/read/clamd_conf.h"
#include "platform/linux/read/clamd_version.h"
#include "platform/linux/read/cvd.h"
#include "platform/linux/read/proc_status.h"
#include "platform/linux/read/tzif.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t at(const char *text)
{
	int64_t seconds = -1;

	assert_true(text_to_instant(text, &seconds));
	return seconds;
}

static bool read_conf(struct clamd_conf *conf, struct arena *arena, const char *text)
{
	struct err err;
	bool ok = clamd_conf_read(conf, arena, text, strlen(text), &err);

	assert_true(ok || err.kind == ERR_INVALID);
	return ok;
}

/* As clamconf 1.4.6 shows these same lines. */
static void test_conf(void **state)
{
	AUTO(arena_fini) struct arena arena;
	struct clamd_conf conf;

	(void)state;
	arena_init(&arena, 1u << 20);
	assert_true(
		read_conf(&conf, &arena,
	                  "LocalSocket /a/first\nLocalSocket /second\n  OnAccessPrevention yes\n"
	                  "OnAccessPrevention no\nUser \"two words\"  \nDatabaseDirectory\t/x y \r\n# User z\n#\n \t\r\n\nMaxThreads 5"));
	assert_string_equal(conf.socket, "/a/first");
	assert_string_equal(conf.user, "two words");
	assert_string_equal(conf.database, "/x y");
	assert_true(conf.prevention);
	assert_false(conf.tcp);
	assert_true(clamd_conf_covers_nothing(&conf));
	assert_true(read_conf(&conf, &arena, "OnAccessIncludePath /home/\nOnAccessExcludePath /home/sato\nTCPSocket 3310\n"));
	assert_false(clamd_conf_covers_nothing(&conf));
	assert_true(conf.tcp && !conf.socket && !conf.prevention);
	assert_true(read_conf(&conf, &arena, "OnAccessIncludePath /home\nOnAccessExcludePath /home/\n"));
	assert_true(clamd_conf_covers_nothing(&conf));
	assert_true(read_conf(&conf, &arena, "OnAccessIncludePath /home/sato\nOnAccessExcludePath /home\n"));
	assert_true(clamd_conf_covers_nothing(&conf));
	assert_true(read_conf(&conf, &arena, "OnAccessIncludePath /home2\nOnAccessExcludePath /home\n"));
	assert_false(clamd_conf_covers_nothing(&conf));
	static const char *const bad[] = {
		"Example\n", "Example yes\n", "User\n", "User \"x\n", "OnAccessPrevention sometimes\n", "OnAccessPrevention yes # x\n"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(read_conf(&conf, &arena, bad[i]));
}

static void test_conf_limits(void **state)
{
	static char many[(CLAMD_CONF_PATHS + 1) * 24 + 1];
	AUTO(arena_fini) struct arena arena;
	struct clamd_conf conf;
	struct err err;
	size_t size = 0;

	(void)state;
	arena_init(&arena, 4u << 20);
	for (int i = 0; i <= CLAMD_CONF_PATHS; i++)
		size += (size_t)snprintf(many + size, sizeof many - size, "OnAccessIncludePath /x\n");
	assert_false(clamd_conf_read(&conf, &arena, many, size, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_true(clamd_conf_read(&conf, &arena, many, size - 23, &err));
	assert_int_equal(conf.include.count, CLAMD_CONF_PATHS);
	assert_false(clamd_conf_read(&conf, &arena, many, CLAMD_CONF_MAX + 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

/* A list that clamonacc is started with: lines that are no absolute path are nothing, and none is cut short in silence. */
static void test_paths(void **state)
{
	static char many[(CLAMD_CONF_PATHS + 1) * 3 + 1], large[CLAMD_CONF_MAX + 1];
	AUTO(arena_fini) struct arena arena;
	struct clamd_paths paths = {.items = NULL};
	struct err err;

	(void)state;
	arena_init(&arena, 4u << 20);
	assert_true(clamd_paths_read(&paths, &arena, "/home \t\r\nrelative\n\n/srv/a b", 28, &err));
	assert_int_equal(paths.count, 2);
	assert_string_equal(paths.items[0], "/home");
	assert_string_equal(paths.items[1], "/srv/a b");
	for (size_t i = 0; i <= CLAMD_CONF_PATHS; i++)
		memcpy(many + i * 3, "/x\n", 3);
	paths.count = 0;
	assert_true(clamd_paths_read(&paths, &arena, many, sizeof many - 1 - 3, &err));
	assert_int_equal(paths.count, CLAMD_CONF_PATHS);
	paths.count = 0;
	assert_false(clamd_paths_read(&paths, &arena, many, sizeof many - 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	paths.count = 0;
	memset(large, '\n', sizeof large);
	assert_true(clamd_paths_read(&paths, &arena, large, CLAMD_CONF_MAX, &err));
	assert_false(clamd_paths_read(&paths, &arena, large, CLAMD_CONF_MAX + 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void test_version(void **state)
{
	static const struct {
		const char *text;
		const char *local; /* NULL: refused, "": no database */
		unsigned number;
	} cases[] = {
		{"ClamAV 1.4.6/27823/Fri Nov 20 17:00:01 2026", "2026-11-20T17:00:01Z", 27823},
		{"ClamAV 0.103.8/1/Sun Nov  1 00:00:00 2026\n", "2026-11-01T00:00:00Z", 1},
		{"ClamAV 1.4.6/27823/Sat Feb 29 23:59:59 2020", "2020-02-29T23:59:59Z", 27823},
		{"ClamAV 1.4.6", "", 0},
		{"ClamAV 1.4.6/27823", NULL, 0},
		{"ClamAV 1.4.6/27823/Fri Nov 20 17:00:01 2026 and more", NULL, 0},
		{"ClamAV 1.4.6/27823/Fri Nov 31 17:00:01 2026", NULL, 0},
		{"ClamAV 1.4.6/27823/Fri Nov 20 24:00:01 2026", NULL, 0},
		{"ClamAV 1.4.6/-1/Fri Nov 20 17:00:01 2026", NULL, 0},
		{"ClamAV 1.4.6/4294967296/Fri Nov 20 17:00:01 2026", NULL, 0},
		{"ClamAV /1/Fri Nov 20 17:00:01 2026", NULL, 0},
		{"ClamAV 12345678901234567890123456789012/1/Fri Nov 20 17:00:01 2026", NULL, 0},
		{"PONG", NULL, 0},
		{"PONGAV 1.4.6", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct clamd_version version;
		struct err err;
		bool ok = clamd_version_read(&version, cases[i].text, strlen(cases[i].text), &err);
		assert_int_equal(ok, cases[i].local != NULL);
		if (!ok) {
			assert_int_equal(err.kind, ERR_INVALID);
			continue;
		}
		assert_int_equal(version.has_database, cases[i].local[0] != '\0');
		assert_int_equal(version.number, cases[i].number);
		if (version.has_database)
			assert_int_equal(version.local_time, at(cases[i].local));
	}
	static const char long_answer[] = "ClamAV 1.4.6/00000000000000000000000000000000000000000000000000000000000000000000000000000"
					  "0000000000000000000027823/Fri Nov 20 17:00:01 2026";
	struct clamd_version version;
	struct err err;
	assert_false(clamd_version_read(&version, "ClamAV 1.4.6\0x", 14, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_false(clamd_version_read(&version, long_answer, strlen(long_answer), &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void test_cvd(void **state)
{
	static const struct {
		const char *head, *built; /* NULL: refused */
	} cases[] = {
		{"ClamAV-VDB:20 Nov 2026 08-00 +0000:7:2077000:90:X:X:raynman:1795161601", "2026-11-20T08:00:01Z"},
		{"ClamAV-VDB:20 Nov 2026 08-00 +0900:7:2077000:90:X:X:raynman", "2026-11-19T23:00:00Z"},
		{"ClamAV-VDB:20 Nov 2026 20-30 -0430:7:2077000:90:X:X:raynman:0", "2026-11-21T01:00:00Z"},
		{"ClamAV-VDB:20 Nov 2026 08-00 +1401:7:1:1:X:X:r", NULL},
		{"ClamAV-VDB:20 Nov 2026 08-00 *0900:7:1:1:X:X:r", NULL},
		{"ClamAV-VDB:20 Nib 2026 08-00 +0900:7:1:1:X:X:r", NULL},
		{"ClamAV-VDB:x:seven:1:1:X:X:r:1795161601", NULL},
		{"ClamAV-VDC:x:7:1:1:X:X:r:1795161601", NULL},
		{"ClamAV-VDB:x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char bytes[CVD_HEADER_SIZE + 1];
		struct cvd cvd;
		struct err err;
		(void)snprintf(bytes, sizeof bytes, "%-512s", cases[i].head);
		assert_int_equal(cvd_read(&cvd, bytes, CVD_HEADER_SIZE, &err), cases[i].built != NULL);
		assert_false(cvd_read(&cvd, bytes, CVD_HEADER_SIZE - 1, &err));
		if (cases[i].built && cvd_read(&cvd, bytes, CVD_HEADER_SIZE, &err)) {
			assert_int_equal(cvd.number, 7);
			assert_int_equal(cvd.built_at, at(cases[i].built));
		}
	}
}

static void test_proc(void **state)
{
	static const char args[] = "/usr/sbin/clamd\0--foreground=true\0--config-file=/a\0-c\0/b\0-e/c\0--watch\0/d\0--last";
	static const char status[] = "Name:\tx\\nUid:\nState:\tS (sleeping)\nUid:\t110\t111\t110\t110\nNSpid:\t812\n";
	struct proc_status got;
	struct err err;

	(void)state;
	assert_string_equal(proc_option(args, sizeof args, "config-file", 'x'), "/a");
	assert_string_equal(proc_option(args, sizeof args, "other", 'c'), "/b");
	assert_string_equal(proc_option(args, sizeof args, "other", 'e'), "/c");
	assert_string_equal(proc_option(args, sizeof args, "watch", 0), "/d");
	assert_null(proc_option(args, sizeof args, "config", 0));
	assert_null(proc_option(args, sizeof args, "last", 0));
	assert_true(proc_status_read(&got, status, strlen(status), &err));
	assert_true(got.state == 'S' && got.uid == 111 && !got.nested);
	assert_true(proc_status_read(&got, "State:\tT\nUid:\t0\t0\nNSpid:\t9\t1\n", 29, &err));
	assert_true(got.nested && got.state == 'T');
	assert_false(proc_status_read(&got, "State:\tT\n", 9, &err));
	assert_false(proc_status_read(&got, "Uid:\t0\t0\n", 9, &err));
	char large[4097];
	(void)snprintf(large, sizeof large, "State:\tS\nUid:\t1\t1\n%4077s", "");
	assert_true(proc_status_read(&got, large, 4095, &err));
	assert_false(proc_status_read(&got, large, 4096, &err));
	large[21] = '\0';
	assert_false(proc_status_read(&got, large, 100, &err));
}

static char *zone_file(const char *name, size_t *size)
{
	static char bytes[TZIF_MAX];
	char path[200];

	(void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	*size = fread(bytes, 1, sizeof bytes, f);
	(void)fclose(f);
	return bytes;
}

/* Against libc, every 13 hours over 70 years: past, present and what only the footer's rule knows. */
static void test_zones_as_libc(void **state)
{
	static const char *const names[] = {"Asia/Tokyo",        "America/New_York", "Asia/Kathmandu",      "Europe/Dublin",
	                                    "Africa/Casablanca", "America/Godthab",  "Australia/Lord_Howe", "Pacific/Apia",
	                                    "Etc/UTC",           "Antarctica/Troll"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t size = 0;
		char *bytes = zone_file(names[i], &size);
		if (!bytes)
			continue;
		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t when = 0; when < INT64_C(70) * 366 * 86400; when += 13 * 3600) {
			struct tm tm;
			struct err err;
			int32_t offset = -1;
			int64_t back = -1;
			time_t t = (time_t)when;
			assert_non_null(localtime_r(&t, &tm));
			assert_true(tzif_offset(bytes, size, when, &offset, &err));
			if (offset != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, libc says %ld", names[i], (long long)when, offset, tm.tm_gmtoff);
			/* Back again: the same instant, or, where clocks showed this time twice, the earlier one. */
			assert_true(tzif_to_utc(bytes, size, when + offset, &back, &err));
			assert_true(back == when || (back < when && back >= when - 86400));
		}
	}
	unsetenv("TZ");
	tzset();
}

static void test_zone_edges(void **state)
{
	static const struct {
		const char *local, *utc;
	} cases[] = {
		{"2026-11-01T00:59:59Z", "2026-11-01T04:59:59Z"}, /* summer */
		{"2026-11-01T01:30:00Z", "2026-11-01T05:30:00Z"}, /* shown twice: the earlier */
		{"2026-11-01T02:00:00Z", "2026-11-01T07:00:00Z"}, /* winter */
		{"2026-03-08T02:30:00Z", "2026-03-08T06:30:00Z"}, /* never shown: the earlier candidate */
		{"2026-03-08T03:00:00Z", "2026-03-08T07:00:00Z"}, {"2060-07-01T12:00:00Z", "2060-07-01T16:00:00Z"}, /* by the footer */
	};
	struct err err;
	size_t size = 0;
	char *bytes = zone_file("America/New_York", &size);
	int64_t utc;

	(void)state;
	if (!bytes)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(tzif_to_utc(bytes, size, at(cases[i].local), &utc, &err));
		assert_int_equal(utc, at(cases[i].utc));
	}
	/* Cut anywhere, it is refused or read, never beyond its end (the sanitizers' build looks). */
	for (size_t cut = 0; cut < size; cut++) {
		char *copy = malloc(cut ? cut : 1);
		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		(void)tzif_to_utc(copy, cut, at("2026-11-01T00:00:00Z"), &utc, &err);
		free(copy);
	}
	assert_false(tzif_to_utc("TZif", 4, 0, &utc, &err));
}

static void test_civil(void **state)
{
	int64_t seconds;

	(void)state;
	assert_int_equal(civil_month("Jan"), 1);
	assert_int_equal(civil_month("Dec"), 12);
	assert_int_equal(civil_month("anF"), 0);
	assert_int_equal(civil_month(""), 0);
	assert_true(civil_seconds(&(struct civil){1970, 1, 1, 0, 0, 0}, &seconds) && seconds == 0);
	assert_false(civil_seconds(&(struct civil){1969, 12, 31, 0, 0, 0}, &seconds));
	assert_false(civil_seconds(&(struct civil){2026, 2, 29, 0, 0, 0}, &seconds));
	assert_false(civil_seconds(&(struct civil){2026, 2, 1, 24, 0, 0}, &seconds));
	assert_false(civil_seconds(&(struct civil){10000, 2, 1, 4, 0, 0}, &seconds));
	/* Every number of the six below its least, above its most, and as far out as a number goes. */
	static const int least[] = {1970, 1, 1, 0, 0, 0}, most[] = {9999, 12, 31, 23, 59, 60};
	for (size_t i = 0; i < ARRAY_LEN(least); i++) {
		const int bad[] = {least[i] - 1, most[i] + 1, -1, -100, 100, INT_MIN, INT_MAX};
		for (size_t j = 0; j < ARRAY_LEN(bad); j++) {
			int n[] = {2026, 1, 31, 23, 59, 59};
			n[i] = bad[j];
			assert_false(civil_seconds(&(struct civil){n[0], n[1], n[2], n[3], n[4], n[5]}, &seconds));
		}
	}
	assert_true(civil_seconds(&(struct civil){9999, 12, 31, 23, 59, 60}, &seconds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conf),       cmocka_unit_test(test_conf_limits), cmocka_unit_test(test_version),
		cmocka_unit_test(test_cvd),        cmocka_unit_test(test_proc),        cmocka_unit_test(test_zones_as_libc),
		cmocka_unit_test(test_zone_edges), cmocka_unit_test(test_civil),       cmocka_unit_test(test_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
