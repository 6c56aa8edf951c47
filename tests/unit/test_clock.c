/* SPDX-License-Identifier: Apache-2.0 */
/* The installed units refuse adjtimex (ProtectClock=): a stamp is made all the same, and nothing is claimed of the clock. */
#include "platform/clock.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#define REFUSE(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static bool refuse_the_clock(void)
{
	struct sock_filter lines[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), REFUSE(SYS_adjtimex),
	                              REFUSE(SYS_clock_adjtime), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	const struct sock_fprog program = {sizeof lines / sizeof lines[0], lines};
	struct timex state = {0};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
	       adjtimex(&state) < 0 && errno == EPERM;
}

static void as_the_units_have_it(void **state)
{
	struct record_stamp stamp;
	int status = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (!refuse_the_clock())
			_exit(2);
		clock_stamp(&stamp);
		bool marked = access("/run/systemd/timesync/synchronized", F_OK) == 0;
		_exit(stamp.at_ms > 0 && stamp.clock == (marked ? CLOCK_SYNCHRONISED : CLOCK_UNKNOWN) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void as_it_is(void **state)
{
	struct record_stamp first, second;

	(void)state;
	clock_stamp(&first);
	clock_stamp(&second);
	assert_true(second.boot_ms >= first.boot_ms && first.at_ms > 0);
	assert_memory_equal(first.boot_id, second.boot_id, sizeof first.boot_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_units_have_it), cmocka_unit_test(as_it_is)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
