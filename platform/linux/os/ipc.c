/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix stream sockets. A socket's address holds 107 bytes, a clone may lie deeper: the folder is opened first and the socket named
 * through /proc/self/fd/N, which is short however deep it is.
 */
#include "platform/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define RUN_DIR   "/run/epagent"
#define STATE_DIR "/var/lib/epagent"

int64_t os_boot_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t os_now_utc(void)
{
	return (int64_t)time(NULL);
}

void os_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void os_socket_path(char out[OS_PATH_MAX], const char *run_dir, const char *name)
{
	(void)snprintf(out, OS_PATH_MAX, "%s/%s.sock", run_dir ? run_dir : RUN_DIR, name);
}

void os_state_dir(char out[OS_PATH_MAX], const char *run_dir)
{
	(void)snprintf(out, OS_PATH_MAX, run_dir ? "%s/state" : STATE_DIR, run_dir);
}

/* The address of NAME.sock in the folder that `folder` is open on. */
static struct sockaddr_un address_in(int folder, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%.32s.sock", folder, name);
	return address;
}

static int new_socket(struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err_errno(err, errno, "cannot make a socket");
	return fd;
}

static int open_folder(const char *run_dir, struct err *err)
{
	int fd = open(run_dir ? run_dir : RUN_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err_errno(err, errno, "%s", run_dir ? run_dir : RUN_DIR);
	return fd;
}

int os_listen(const char *run_dir, const char *name, uint32_t mode, struct err *err)
{
	AUTO(os_close) int folder = open_folder(run_dir, err);
	int fd = folder < 0 ? -1 : new_socket(err);

	if (fd < 0)
		return -1;
	struct sockaddr_un address = address_in(folder, name);
	(void)unlink(address.sun_path);
	/* The mode is set before anybody can connect: nobody can until listen(). */
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(address.sun_path, (mode_t)mode) != 0 ||
	    listen(fd, 64) != 0) {
		err_errno(err, errno, "cannot listen on %s.sock in %s", name, run_dir ? run_dir : RUN_DIR);
		os_close(&fd);
	}
	return fd;
}

int os_connect(const char *run_dir, const char *name, struct err *err)
{
	AUTO(os_close) int folder = open_folder(run_dir, err);
	int fd = folder < 0 ? -1 : new_socket(err);

	if (fd < 0)
		return -1;
	struct sockaddr_un address = address_in(folder, name);
	/* EAGAIN: the listener's queue is full. Nothing is under way then, as it would be with TCP. */
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		err_errno(err, errno, "cannot connect to %s.sock in %s", name, run_dir ? run_dir : RUN_DIR);
		os_close(&fd);
	}
	return fd;
}

int os_accept(int listener, struct err *err)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		err_errno(err, errno, "cannot take a connection");
	return fd;
}

bool os_socket_pair(int ends[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return err_errno(err, errno, "cannot make a pair of sockets");
	return true;
}

/* LISTEN_FDS and LISTEN_FDNAMES, sd_listen_fds_with_names(3); the launcher sets the same. */
int os_passed(const char *name)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(0, &names), found = -1;

	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			found = SD_LISTEN_FDS_START + i;
		free(names[i]);
	}
	free(names);
	if (found >= 0)
		(void)fcntl(found, F_SETFL, fcntl(found, F_GETFL) | O_NONBLOCK);
	return found;
}

bool os_peer(int fd, struct os_peer *out, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return err_errno(err, errno, "cannot tell who is connected");
	*out = (struct os_peer){.uid = (int64_t)peer.uid, .pid = (int64_t)peer.pid, .root = peer.uid == 0 || peer.uid == geteuid()};
	return true;
}

static long moved(ssize_t result, const char *what, struct err *err)
{
	if (result >= 0)
		return (long)result;
	if (errno == EAGAIN || errno == EINTR)
		return OS_AGAIN;
	err_errno(err, errno, "cannot %s", what);
	return OS_FAILED;
}

long os_read(int fd, void *bytes, size_t size, struct err *err)
{
	return moved(recv(fd, bytes, size, 0), "read from the other side", err);
}

long os_write(int fd, const void *bytes, size_t size, struct err *err)
{
	return moved(send(fd, bytes, size, MSG_NOSIGNAL), "write to the other side", err);
}

bool os_wait(int fd, int events, int64_t until_boot_ms, struct err *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = (short)((events & OS_READ ? POLLIN : 0) | (events & OS_WRITE ? POLLOUT : 0))};

	for (;;) {
		int64_t left = until_boot_ms - os_boot_ms();
		int ready = left <= 0 ? 0 : poll(&poll_fd, 1, left > 60000 ? 60000 : (int)left);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return err_errno(err, errno, "cannot wait for the other side");
		if (os_boot_ms() >= until_boot_ms)
			return err_set(err, ERR_IO, "the other side did not answer in time");
	}
}
