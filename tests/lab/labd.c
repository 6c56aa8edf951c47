/* SPDX-License-Identifier: Apache-2.0 */
/*
 * labd: the command server inside the lab guest.
 *
 * Talks over the virtio-serial port named "lab.ctl"; lab.py is the other end.
 *   request  RUN <id> <timeout_ms> <command bytes> <stdin bytes>\n command stdin
 *            CLK <id> 0 0 0\n
 *   reply    END <id> <exit status> <stdout bytes> <stderr bytes>\n stdout stderr
 * CLK answers the guest's CLOCK_MONOTONIC in nanoseconds.  Exit status is that
 * of a shell: 128+signal for a killed command, 124 for one that timed out.
 * Output goes to memory files, so a background child never holds a reply up.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int port = -1;

static void open_port(void)
{
	for (;;) {
		DIR *d = opendir("/sys/class/virtio-ports");
		struct dirent *e;
		while (d && (e = readdir(d))) {
			char path[400], name[64] = "";
			snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", e->d_name);
			FILE *f = fopen(path, "re");
			if (!f)
				continue;
			if (!fgets(name, sizeof name, f))
				name[0] = 0;
			fclose(f);
			if (strcmp(name, "lab.ctl\n") != 0)
				continue;
			snprintf(path, sizeof path, "/dev/%s", e->d_name);
			port = open(path, O_RDWR | O_CLOEXEC);
		}
		if (d)
			closedir(d);
		if (port >= 0)
			return;
		usleep(20000);
	}
}

static void get(void *buf, size_t n)
{
	char *p = buf;
	while (n) {
		ssize_t r = read(port, p, n);
		if (r > 0) {
			p += r;
			n -= (size_t)r;
		} else {
			usleep(10000); /* nobody connected on the host side */
		}
	}
}

static void put(const void *buf, size_t n)
{
	const char *p = buf;
	while (n) {
		ssize_t r = write(port, p, n);
		if (r > 0) {
			p += r;
			n -= (size_t)r;
		} else {
			usleep(10000);
		}
	}
}

static void put_file(int fd, size_t n)
{
	char buf[32768];
	lseek(fd, 0, SEEK_SET);
	while (n) {
		ssize_t r = read(fd, buf, n < sizeof buf ? n : sizeof buf);
		if (r <= 0) {
			memset(buf, 0, sizeof buf);
			r = (ssize_t)(n < sizeof buf ? n : sizeof buf);
		}
		put(buf, (size_t)r);
		n -= (size_t)r;
	}
}

static long long now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int run(const char *cmd, int in, int out, int err, long timeout_ms)
{
	sigset_t set, old;
	int st = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid_t pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		setsid();
		dup2(in, 0);
		dup2(out, 1);
		dup2(err, 2);
		execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
		_exit(127);
	}
	long long end = now_ns() + timeout_ms * 1000000LL;
	while (waitpid(pid, &st, WNOHANG) == 0) {
		long long left = end - now_ns();
		if (left <= 0) {
			kill(-pid, SIGKILL);
			waitpid(pid, &st, 0);
			return 124;
		}
		struct timespec t = {left / 1000000000, left % 1000000000};
		sigtimedwait(&set, NULL, &t);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

int main(void)
{
	open_port();
	for (;;) {
		char line[200], verb[8], id[40];
		unsigned long timeout, clen, ilen;
		size_t n = 0;

		do {
			get(&line[n], 1);
		} while (line[n++] != '\n' && n < sizeof line - 1);
		line[n] = 0;
		if (sscanf(line, "%7s %39s %lu %lu %lu", verb, id, &timeout, &clen, &ilen) != 5)
			continue; /* leftovers of an interrupted request */

		int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
		int rc = 0;
		if (strcmp(verb, "CLK") == 0) {
			dprintf(out, "%lld\n", now_ns());
		} else if (strcmp(verb, "RUN") == 0) {
			int in = memfd_create("in", MFD_CLOEXEC);
			char *cmd = calloc(1, clen + 1), *data = malloc(ilen + 1);
			if (!cmd || !data)
				abort();
			get(cmd, clen);
			get(data, ilen);
			for (size_t o = 0; o < ilen;) {
				ssize_t w = write(in, data + o, ilen - o);
				if (w <= 0)
					break;
				o += (size_t)w;
			}
			lseek(in, 0, SEEK_SET);
			rc = run(cmd, in, out, err, (long)timeout);
			close(in);
			free(cmd);
			free(data);
		} else {
			continue;
		}
		struct stat so, se;
		fstat(out, &so);
		fstat(err, &se);
		n = (size_t)snprintf(line, sizeof line, "END %s %d %lld %lld\n", id, rc, (long long)so.st_size, (long long)se.st_size);
		put(line, n);
		put_file(out, (size_t)so.st_size);
		put_file(err, (size_t)se.st_size);
		close(out);
		close(err);
	}
}
