/* SPDX-License-Identifier: Apache-2.0 */
/* posix_spawn rather than fork: nothing of this process but descriptors 0 to 2 reaches the program (all else is O_CLOEXEC). */
#include "platform/run.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIBEXEC "/usr/libexec/epagent"

struct pipe_pair {
	int read, write;
};

struct child {
	pid_t pid;
	struct pipe_pair out, said;
	int64_t deadline_ms;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_there(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	bool there = fd >= 0;

	close_fd(&fd);
	return there;
}

bool run_find(char *out, const char *name, struct err *err)
{
	ssize_t length = readlink("/proc/self/exe", out, RUN_PATH_MAX - 1);
	char *slash = NULL;

	if (length > 0) {
		out[length] = '\0';
		slash = strrchr(out, '/');
	}
	if (slash) {
		size_t folder = (size_t)(slash - out) + 1;
		if ((size_t)snprintf(slash + 1, RUN_PATH_MAX - folder, "%s", name) < RUN_PATH_MAX - folder && is_there(out))
			return true;
	}
	(void)snprintf(out, RUN_PATH_MAX, LIBEXEC "/%s", name);
	if (is_there(out))
		return true;
	return err_set(err, ERR_ABSENT, "%s is neither beside this program nor in " LIBEXEC "; install the package again", name);
}

void run_answer_init(struct run_answer *answer)
{
	*answer = (struct run_answer){.status = 0};
	buf_init(&answer->out, 1);
}

void run_answer_fini(struct run_answer *answer)
{
	buf_fini(&answer->out);
}

static bool open_pipes(struct child *child, struct err *err)
{
	int a[2], b[2];

	if (pipe2(a, O_CLOEXEC) != 0)
		return err_errno(err, errno, "cannot make a pipe");
	child->out = (struct pipe_pair){a[0], a[1]};
	if (pipe2(b, O_CLOEXEC) != 0)
		return err_errno(err, errno, "cannot make a pipe");
	child->said = (struct pipe_pair){b[0], b[1]};
	return true;
}

static bool start(struct child *child, const char *const *argv, struct err *err)
{
	posix_spawn_file_actions_t actions;
	int number = posix_spawn_file_actions_init(&actions);

	if (number != 0)
		return err_errno(err, number, "cannot start %s", argv[0]);
	number = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (number == 0)
		number = posix_spawn_file_actions_adddup2(&actions, child->out.write, STDOUT_FILENO);
	if (number == 0)
		number = posix_spawn_file_actions_adddup2(&actions, child->said.write, STDERR_FILENO);
	if (number == 0) {
		/* posix_spawn takes char *const *, but never writes through it. */
		union {
			const char *const *given;
			char *const *taken;
		} arguments = {.given = argv};
		number = posix_spawn(&child->pid, argv[0], &actions, NULL, arguments.taken, environ);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	close_fd(&child->out.write);
	close_fd(&child->said.write);
	return number == 0 || err_errno(err, number, "cannot start %s", argv[0]);
}

/* Reads what is there; false once the other end is closed. */
static bool take(int fd, char *into, size_t size, size_t *got)
{
	ssize_t n;

	do
		n = read(fd, into, size);
	while (n < 0 && errno == EINTR);
	*got = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* Keeps the last line that the program says, for the error's text. */
static void hear(struct run_answer *answer, const char *text, size_t size)
{
	while (size > 0 && text[size - 1] == '\n')
		size--;
	const char *line = memrchr(text, '\n', size);
	size_t skip = line ? (size_t)(line - text) + 1 : 0;
	if (size > skip)
		text_printable(answer->error, sizeof answer->error, text + skip, size - skip, sizeof answer->error / 3);
}

static bool collect(struct child *child, struct run_limits limits, struct run_answer *answer, struct err *err)
{
	char chunk[16384];
	size_t got;

	while (child->out.read >= 0 || child->said.read >= 0) {
		struct pollfd fds[2] = {{child->out.read, POLLIN, 0}, {child->said.read, POLLIN, 0}};
		int64_t left = child->deadline_ms - clock_ms();
		int ready = left > 0 ? poll(fds, 2, (int)left) : 0;
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return err_set(err, ERR_LIMIT, "no answer within %u s", limits.timeout_ms / 1000);
		if (fds[1].revents) {
			if (take(child->said.read, chunk, sizeof chunk, &got))
				hear(answer, chunk, got);
			else
				close_fd(&child->said.read);
		}
		if (fds[0].revents) {
			if (!take(child->out.read, chunk, sizeof chunk, &got))
				close_fd(&child->out.read);
			buf_append(&answer->out, chunk, got);
		}
		if (answer->out.failed)
			return err_set(err, ERR_LIMIT, "an answer of more than %zu bytes", limits.max_bytes);
	}
	return true;
}

/* Both its outputs are closed; it may still run. It gets what is left of its time, then it is killed. */
static bool reap(struct child *child, struct run_limits limits, struct run_answer *answer, struct err *err)
{
	static const struct timespec nap = {0, 2000000};
	int status;
	pid_t gone;

	while ((gone = waitpid(child->pid, &status, WNOHANG)) == 0 || (gone < 0 && errno == EINTR)) {
		if (clock_ms() > child->deadline_ms)
			return err_set(err, ERR_LIMIT, "it did not end within %u s", limits.timeout_ms / 1000);
		(void)nanosleep(&nap, NULL);
	}
	child->pid = 0;
	if (gone < 0)
		return err_errno(err, errno, "cannot wait for it");
	answer->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

static void put_away(struct child *child)
{
	close_fd(&child->out.read);
	close_fd(&child->out.write);
	close_fd(&child->said.read);
	close_fd(&child->said.write);
	if (child->pid > 0) {
		(void)kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
		child->pid = 0;
	}
}

bool run_program(const char *const *argv, struct run_limits limits, struct run_answer *answer, struct err *err)
{
	AUTO(put_away) struct child child = {.out = {-1, -1}, .said = {-1, -1}, .deadline_ms = clock_ms() + limits.timeout_ms};

	buf_fini(&answer->out);
	buf_init(&answer->out, limits.max_bytes);
	if (!open_pipes(&child, err) || !start(&child, argv, err))
		return false;
	if (!collect(&child, limits, answer, err) || !reap(&child, limits, answer, err))
		return err_wrap(err, "%s", argv[0]);
	return true;
}

bool run_at_terminal(unsigned *columns)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return false;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		*columns = size.ws_col;
	return true;
}
