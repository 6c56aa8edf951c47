/* SPDX-License-Identifier: Apache-2.0 */
/* fork(2) without exec: what is to be done is in this very program, and a copy of a small process costs less than a start. */
#include "platform/child.h"

#include "platform/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_FD 3

struct child {
	pid_t pid; /* 0: reaped */
	int fd;
	int64_t until_boot_ms;
	struct child_limits limits;
	struct buf answer;
	enum child_end end;
};

static void limit(__rlimit_resource_t what, uint64_t most)
{
	struct rlimit now;

	/* Never more than was given to us. */
	if (getrlimit(what, &now) != 0 || (now.rlim_max != RLIM_INFINITY && now.rlim_max < most))
		return;
	now.rlim_cur = now.rlim_max = most;
	(void)setrlimit(what, &now);
}

static void confine(const struct child_limits *limits)
{
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent's handlers would run the parent's code in here. */
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, (uint64_t)limits->timeout_ms / 1000 + 1);
#ifndef __SANITIZE_ADDRESS__ /* its shadow alone is terabytes of address space */
	limit(RLIMIT_DATA, limits->memory_bytes);
#endif
}

static void write_all(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t sent = write(ANSWER_FD, bytes, size);
		if (sent < 0 && errno != EINTR)
			_exit(2);
		bytes += sent > 0 ? sent : 0;
		size -= sent > 0 ? (size_t)sent : 0;
	}
}

static _Noreturn void be_child(child_work *work, void *context, const struct child_limits *limits, int answer_fd)
{
	struct buf out;

	/* The other descriptors are conversations with core and listening sockets: not this process's business. */
	if (answer_fd != ANSWER_FD && dup2(answer_fd, ANSWER_FD) < 0)
		_exit(2);
	if (close_range(ANSWER_FD + 1, ~0u, 0) != 0)
		_exit(2);
	confine(limits);
	buf_init(&out, limits->answer_bytes + 1);
	work(context, &out);
	if (out.failed)
		_exit(2);
	write_all(out.data, out.size);
	_exit(0);
}

struct child *child_start(child_work *work, void *context, const struct child_limits *limits, struct err *err)
{
	struct child *child = calloc(1, sizeof *child);
	int ends[2];

	if (!child || pipe2(ends, O_CLOEXEC) != 0) {
		free(child);
		err_errno(err, errno, "cannot make a pipe");
		return NULL;
	}
	*child = (struct child){.fd = ends[0], .limits = *limits, .until_boot_ms = os_boot_ms() + limits->timeout_ms};
	buf_init(&child->answer, limits->answer_bytes);
	(void)fcntl(child->fd, F_SETFL, O_NONBLOCK);
	child->pid = fork();
	if (child->pid == 0)
		be_child(work, context, limits, ends[1]);
	(void)close(ends[1]);
	if (child->pid < 0) {
		child->pid = 0;
		err_errno(err, errno, "cannot start a child");
		child_free(child);
		return NULL;
	}
	return child;
}

void child_wait(struct child *const *children, size_t count)
{
	struct pollfd *fds = calloc(count ? count : 1, sizeof *fds);
	int64_t until = INT64_MAX, left;

	if (!fds)
		return;
	for (size_t i = 0; i < count; i++) {
		fds[i] = (struct pollfd){.fd = children[i]->fd, .events = POLLIN};
		until = children[i]->until_boot_ms < until ? children[i]->until_boot_ms : until;
	}
	left = until - os_boot_ms();
	(void)poll(fds, count, left < 0 ? 0 : left > 60000 ? 60000 : (int)left + 1);
	free(fds);
}

static void reap(struct child *child, bool kill_it)
{
	int status = 0;

	if (kill_it)
		(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
	if (child->end == CHILD_ANSWERED && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		child->end = WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU ? CHILD_TIMEOUT : CHILD_CRASHED;
}

enum child_end child_step(struct child *child)
{
	ssize_t got = 1;
	char bytes[16384];

	if (child->end != CHILD_RUNNING)
		return child->end;
	while (got > 0 && child->end == CHILD_RUNNING) {
		got = read(child->fd, bytes, sizeof bytes);
		if (got > 0)
			buf_append(&child->answer, bytes, (size_t)got);
		if (child->answer.failed)
			child->end = CHILD_LIMIT;
	}
	if (got == 0)
		child->end = CHILD_ANSWERED;
	if (child->end == CHILD_RUNNING && os_boot_ms() >= child->until_boot_ms)
		child->end = CHILD_TIMEOUT;
	if (child->end != CHILD_RUNNING)
		reap(child, child->end != CHILD_ANSWERED);
	return child->end;
}

const struct buf *child_answer(const struct child *child)
{
	return &child->answer;
}

void child_free(struct child *child)
{
	if (!child)
		return;
	if (child->pid > 0)
		reap(child, true);
	os_close(&child->fd);
	buf_fini(&child->answer);
	free(child);
}
