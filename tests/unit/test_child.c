/* SPDX-License-Identifier: Apache-2.0 */
/* A piece of work that hangs, crashes, is greedy or tells too much ends alone, and in time. */
#include "platform/child.h"
#include "platform/os.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Who is to end by himself has time for it on a machine that does twenty other things; who is to be ended is not waited for that long. */
static const struct child_limits patient = {.timeout_ms = 60000, .memory_bytes = 64u << 20, .answer_bytes = 1000};
static const struct child_limits hasty = {.timeout_ms = 400, .memory_bytes = 64u << 20, .answer_bytes = 1000};

static void tell(void *context, struct buf *out)
{
	buf_add(out, context);
}

static void hang(void *context, struct buf *out)
{
	(void)context;
	(void)out;
	for (;;)
		(void)pause();
}

static void hang_and_hold_signals(void *context, struct buf *out)
{
	(void)signal(SIGTERM, SIG_IGN);
	hang(context, out);
}

static void spin(void *context, struct buf *out)
{
	(void)context;
	(void)out;
	for (volatile unsigned i = 0;; i++)
		;
}

static void crash(void *context, struct buf *out)
{
	(void)context;
	buf_add(out, "half");
	(void)signal(SIGSEGV, SIG_DFL); /* cmocka's handler came along and would print a failed test */
	(void)raise(SIGSEGV);
}

static void leave(void *context, struct buf *out)
{
	(void)context;
	(void)out;
	_exit(1);
}

static void tell_too_much(void *context, struct buf *out)
{
	char text[2000];

	(void)context;
	memset(text, 'x', sizeof text);
	buf_append(out, text, sizeof text);
}

static void be_greedy(void *context, struct buf *out)
{
	(void)context;
	for (int i = 0; i < 64; i++) {
		char *some = malloc(8u << 20);
		if (!some)
			_exit(1);
		memset(some, 1, 8u << 20);
	}
	buf_add(out, "got it all");
}

/* The child holds nothing of ours: every descriptor beyond its answer is closed. */
static void count_descriptors(void *context, struct buf *out)
{
	int open_ones = 0;

	(void)context;
	for (int fd = 3; fd < 64; fd++)
		open_ones += fcntl(fd, F_GETFD) >= 0;
	buf_printf(out, "%d", open_ones);
}

static enum child_end run(child_work *work, void *context, const struct child_limits *limits, char answer[64])
{
	struct err err;
	struct child *child = child_start(work, context, limits, &err);
	enum child_end end;

	assert_non_null(child);
	while ((end = child_step(child)) == CHILD_RUNNING)
		child_wait(&child, 1);
	(void)snprintf(answer, 64, "%s", buf_text(child_answer(child)));
	child_free(child);
	return end;
}

static void each_end(void **state)
{
	static char hello[] = "hello";
	static const struct {
		child_work *work;
		void *context;
		enum child_end end;
		const char *answer;
	} cases[] = {
		{tell, hello, CHILD_ANSWERED, "hello"},
		{hang, NULL, CHILD_TIMEOUT, NULL},
		{hang_and_hold_signals, NULL, CHILD_TIMEOUT, NULL},
		{spin, NULL, CHILD_TIMEOUT, NULL},
		{crash, NULL, CHILD_CRASHED, NULL},
		{leave, NULL, CHILD_CRASHED, NULL},
		{tell_too_much, NULL, CHILD_CRASHED, NULL},
		{count_descriptors, NULL, CHILD_ANSWERED, "1"},
#ifndef __SANITIZE_ADDRESS__
		{be_greedy, NULL, CHILD_CRASHED, NULL},
#endif
	};

	(void)state;
	(void)be_greedy;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char answer[64];
		bool ended = cases[i].end == CHILD_TIMEOUT;
		int64_t before = os_boot_ms();
		assert_int_equal(run(cases[i].work, cases[i].context, ended ? &hasty : &patient, answer), cases[i].end);
		assert_true(!ended || os_boot_ms() - before >= hasty.timeout_ms); /* never early; how late is the machine's affair */
		if (cases[i].answer)
			assert_string_equal(answer, cases[i].answer);
	}
}

static void a_hang_does_not_hold_the_others(void **state)
{
	static char hello[] = "hello";
	struct child *children[2];
	struct err err;

	(void)state;
	children[0] = child_start(hang, NULL, &patient, &err);
	children[1] = child_start(tell, hello, &patient, &err);
	while (child_step(children[1]) == CHILD_RUNNING)
		child_wait(children, 2);
	assert_int_equal(child_step(children[1]), CHILD_ANSWERED);
	assert_int_equal(child_step(children[0]), CHILD_RUNNING);
	child_free(children[0]); /* kills it */
	child_free(children[1]);
	child_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_end), cmocka_unit_test(a_hang_does_not_hold_the_others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
