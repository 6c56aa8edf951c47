/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program: whatever it does, it is gone in time and has said no more than it may. */
#include "tests/unit/test.h"

#include "base/attr.h"
#include "platform/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool shell(const char *script, unsigned timeout_ms, struct run_answer *answer, struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	*err = (struct err){ERR_NONE, ""};
	run_answer_init(answer);
	return run_program(argv, (struct run_limits){timeout_ms, 100000}, answer, err);
}

static void gives_answer_status_and_last_words(void **state)
{
	(void)state;
	AUTO(run_answer_fini) struct run_answer answer;
	struct err err;

	assert_true(shell("printf 'a\\nb'; echo first >&2; echo last >&2; exit 7", 5000, &answer, &err));
	assert_string_equal(buf_text(&answer.out), "a\nb");
	assert_int_equal(answer.status, 7);
	assert_string_equal(answer.error, "last");
}

static void a_signal_is_a_status(void **state)
{
	(void)state;
	AUTO(run_answer_fini) struct run_answer answer;
	struct err err;

	assert_true(shell("kill -TERM $$", 5000, &answer, &err));
	assert_int_equal(answer.status, 128 + SIGTERM);
}

/* Each in its own way holds on for longer than it may; the pid it wrote must be nobody's afterwards. */
static void too_late_is_killed(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		"echo $$; exec sleep 30",
		"echo $$; trap '' TERM INT; exec sleep 30",
		"echo $$; exec >&- 2>&-; exec sleep 30",
		"echo $$; while :; do echo x >&2; sleep 0.02; done",
	};

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		AUTO(run_answer_fini) struct run_answer answer;
		struct err err;
		int64_t start = now_ms();
		assert_false(shell(scripts[i], 1000, &answer, &err));
		assert_int_equal(err.kind, ERR_LIMIT);
		assert_in_range(now_ms() - start, 950, 25000); /* not early, and not when the sleep ends */
		long pid = 0;
		assert_int_equal(sscanf(buf_text(&answer.out), "%ld", &pid), 1);
		assert_true(kill((pid_t)pid, 0) != 0 && errno == ESRCH);
	}
}

static void too_much_is_killed(void **state)
{
	(void)state;
	AUTO(run_answer_fini) struct run_answer exact, more;
	struct err err;

	assert_true(shell("head -c 100000 /dev/zero", 5000, &exact, &err));
	assert_int_equal(exact.out.size, 100000);
	assert_false(shell("head -c 100001 /dev/zero; sleep 30", 20000, &more, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void last_words_are_printable_and_short(void **state)
{
	(void)state;
	AUTO(run_answer_fini) struct run_answer answer;
	struct err err;

	assert_true(shell("printf '\\033[31m%0999d\\n\\n' 0 >&2", 5000, &answer, &err));
	assert_true(strlen(answer.error) < RUN_ERROR_MAX);
	assert_null(strchr(answer.error, '\033'));
	assert_non_null(strstr(answer.error, "[31m0000"));
}

static void what_is_not_there_is_said(void **state)
{
	(void)state;
	AUTO(run_answer_fini) struct run_answer answer;
	const char *const argv[] = {"/nowhere/at-all", NULL};
	struct err err;
	char path[RUN_PATH_MAX];

	run_answer_init(&answer);
	assert_false(run_program(argv, (struct run_limits){1000, 100}, &answer, &err));
	assert_int_equal(err.kind, ERR_ABSENT);
	assert_false(run_find(path, "epagent-no-such-program", &err));
	assert_int_equal(err.kind, ERR_ABSENT);
	assert_true(run_find(path, "test_run", &err)); /* beside itself */
	assert_int_equal(path[0], '/');
}

/* No shell, no search, no descriptor but the three. */
static void gets_exactly_its_arguments(void **state)
{
	(void)state;
	AUTO(run_answer_fini) struct run_answer answer, open;
	const char *const argv[] = {"/usr/bin/printf", "%s|", "a b", "$(id)", "", "*", NULL};
	struct err err;

	run_answer_init(&answer);
	assert_true(run_program(argv, (struct run_limits){5000, 1000}, &answer, &err));
	assert_string_equal(buf_text(&answer.out), "a b|$(id)||*|");
	assert_true(shell("cat", 5000, &open, &err)); /* its standard input is at its end */
	assert_int_equal(open.out.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_answer_status_and_last_words),
		cmocka_unit_test(a_signal_is_a_status),
		cmocka_unit_test(too_late_is_killed),
		cmocka_unit_test(too_much_is_killed),
		cmocka_unit_test(last_words_are_printable_and_short),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(gets_exactly_its_arguments),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
