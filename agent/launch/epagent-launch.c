/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epagent-launch: the agent's processes under one folder, where there is no service manager or it shall not know of them (the demo, tests).
 *   epagent-launch --run DIR [--observe] [--programs DIR] [--again MS]     MS: the longest wait before a program is started again
 * It does what the systemd units do, by the same means: makes the two sockets, hands core the one and the probe the other (sd_listen_fds(3)),
 * starts the probe when somebody connects, starts again what ended, later each time. SIGTERM or SIGINT ends all. Nothing is
 * written outside DIR. It needs no root: what an ordinary user cannot read is unknown then.
 */
#include "base/log.h"
#include "base/text.h"
#include "platform/os.h"
#include "platform/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DELAY_MIN_MS 100
#define DELAY_MAX_MS 10000
#define SETTLED_MS   10000 /* who ran that long starts at once again */
#define STOP_MS      5000
#define PASSED_FD    3

struct program {
	const char *name, *socket;
	uint32_t socket_mode;
	bool on_demand; /* started when its socket has somebody */
	const char *arguments[5];
	char path[RUN_PATH_MAX];
	int listener;
	pid_t pid; /* 0: does not run */
	int64_t started_ms, again_ms, delay_ms;
};

static struct program programs[] = {
	{.name = "epagentd", .socket = "user", .socket_mode = 0666, .arguments = {"epagentd", "--run", NULL /* DIR */, NULL, NULL}},
	{.name = "epagent-probe", .socket = "probe", .socket_mode = 0600, .on_demand = true, .arguments = {"epagent-probe", "--serve"}},
};
static int64_t delay_max_ms = DELAY_MAX_MS;
#define EACH_PROGRAM(p)                                                                                                                    \
	struct program *p = programs;                                                                                                      \
	p < programs + ARRAY_LEN(programs);                                                                                                \
	p++

static bool prepare(const char *run_dir, const char *programs_dir, bool observe, struct err *err)
{
	static char absolute[OS_PATH_MAX];

	if (!os_folder_make(run_dir, 0755, err))
		return false;
	if (!realpath(run_dir, absolute))
		return err_errno(err, errno, "%s", run_dir);
	programs[0].arguments[2] = absolute;
	programs[0].arguments[3] = observe ? "--observe" : NULL;
	for (EACH_PROGRAM(p)) {
		if (programs_dir)
			(void)snprintf(p->path, sizeof p->path, "%s/%s", programs_dir, p->name);
		else if (!run_find(p->path, p->name, err))
			return false;
		p->listener = os_listen(absolute, p->socket, p->socket_mode, err);
		if (p->listener < 0)
			return false;
		p->delay_ms = DELAY_MIN_MS;
	}
	return true;
}

static _Noreturn void become(const struct program *p)
{
	char pid[32], names[64];
	sigset_t none;

	(void)snprintf(pid, sizeof pid, "LISTEN_PID=%d", (int)getpid());
	(void)snprintf(names, sizeof names, "LISTEN_FDNAMES=%s", p->socket);
	/* What we run does not depend on whose shell we were started from. */
	char *environment[] = {pid, (char *)"LISTEN_FDS=1", names, (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	/* dup2 onto itself would keep close-on-exec. */
	if (p->listener == PASSED_FD ? fcntl(PASSED_FD, F_SETFD, 0) != 0 : dup2(p->listener, PASSED_FD) < 0)
		_exit(127);
	(void)close_range(PASSED_FD + 1, ~0u, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)umask(077);
	execve(p->path, (char *const *)p->arguments, environment);
	_exit(127);
}

static void start(struct program *p)
{
	p->started_ms = os_boot_ms();
	p->pid = fork();
	if (p->pid == 0)
		become(p);
	if (p->pid < 0) {
		log_line(LOG_LEVEL_ERROR, "launch", "cannot start %s; tried again in a second", p->name);
		p->pid = 0;
		p->again_ms = os_boot_ms() + 1000;
	}
}

static void ended(struct program *p, int status)
{
	int64_t now = os_boot_ms();
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	p->pid = 0;
	p->delay_ms = clean || now - p->started_ms > SETTLED_MS ? DELAY_MIN_MS : p->delay_ms * 2;
	p->delay_ms = p->delay_ms > delay_max_ms ? delay_max_ms : p->delay_ms;
	p->again_ms = now + p->delay_ms;
	if (!clean)
		log_line(LOG_LEVEL_WARNING, "launch", "%s ended (%s %d); it is started again in %lld ms", p->name,
		         WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		         (long long)p->delay_ms);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (EACH_PROGRAM(p))
			if (p->pid == pid)
				ended(p, status);
}

/* Starts what is to be started now; gives the time until the next thing is, for poll. */
static int start_due(const struct pollfd *fds)
{
	int64_t now = os_boot_ms(), next = now + 60000;
	size_t i = 0;

	for (EACH_PROGRAM(p)) {
		bool wanted = !p->on_demand || (fds && fds[i].revents);
		i++;
		if (p->pid || !wanted)
			continue;
		if (p->again_ms <= now)
			start(p);
		else if (p->again_ms < next)
			next = p->again_ms;
	}
	return (int)(next - now);
}

static void wait_for_something(struct pollfd fds[ARRAY_LEN(programs) + 1], int signals, int timeout_ms)
{
	size_t i = 0;
	bool held_back = false;

	for (EACH_PROGRAM(p)) {
		/* While a program runs, who connects is its affair; while it may not start yet, the waiting one must not wake us. */
		bool ours = p->on_demand && !p->pid && p->again_ms <= os_boot_ms();
		held_back = held_back || (p->on_demand && !p->pid && !ours);
		fds[i++] = (struct pollfd){.fd = ours ? p->listener : -1, .events = POLLIN};
	}
	fds[i++] = (struct pollfd){.fd = signals, .events = POLLIN};
	(void)poll(fds, i, held_back && timeout_ms > DELAY_MIN_MS ? DELAY_MIN_MS : timeout_ms);
}

static void supervise(int signals)
{
	struct pollfd fds[ARRAY_LEN(programs) + 1];
	struct signalfd_siginfo info;
	int timeout_ms = start_due(NULL);

	for (;;) {
		wait_for_something(fds, signals, timeout_ms);
		while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
			if (info.ssi_signo != SIGCHLD)
				return;
		reap();
		timeout_ms = start_due(fds);
	}
}

static void send_all(int signal_number)
{
	for (EACH_PROGRAM(p))
		if (p->pid)
			(void)kill(p->pid, signal_number);
}

static void stop_all(const char *run_dir)
{
	char path[OS_PATH_MAX];
	int64_t until = os_boot_ms() + STOP_MS;

	send_all(SIGTERM);
	while ((programs[0].pid || programs[1].pid) && os_boot_ms() < until) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		for (EACH_PROGRAM(p))
			if (pid > 0 && p->pid == pid)
				p->pid = 0;
		if (pid <= 0)
			(void)poll(NULL, 0, 10);
	}
	send_all(SIGKILL);
	for (EACH_PROGRAM(p)) {
		os_socket_path(path, run_dir, p->socket);
		(void)unlink(path);
	}
}

static int catch_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
	const char *run_dir = NULL, *programs_dir = NULL;
	bool observe = false, fine = true;
	uint64_t again_ms = DELAY_MAX_MS;
	struct err err = {ERR_NONE, ""};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--run") == 0 && i + 1 < argc)
			run_dir = argv[++i];
		else if (strcmp(argv[i], "--programs") == 0 && i + 1 < argc)
			programs_dir = argv[++i];
		else if (strcmp(argv[i], "--again") == 0 && i + 1 < argc)
			fine = fine && text_to_u64(argv[++i], DELAY_MAX_MS, &again_ms);
		else if (strcmp(argv[i], "--observe") == 0)
			observe = true;
		else
			fine = false;
	}
	if (!fine || !run_dir) {
		(void)fprintf(stderr, "epagent-launch: usage: epagent-launch --run DIR [--observe] [--programs DIR] [--again MS]\n");
		return 3;
	}
	delay_max_ms = (int64_t)again_ms;
	int signals = catch_signals();
	if (signals < 0 || !prepare(run_dir, programs_dir, observe, &err)) {
		(void)fprintf(stderr, "epagent-launch: %s\n", err.text);
		return 1;
	}
	supervise(signals);
	stop_all(run_dir);
	return 0;
}
