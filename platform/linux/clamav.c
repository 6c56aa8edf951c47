/* SPDX-License-Identifier: Apache-2.0 */
/* clamd(8), section COMMANDS: a command in the form "zNAME\0" is answered with a line that ends in a NUL. */
#include "platform/linux/clamav.h"

#include "base/attr.h"
#include "base/text.h"
#include "platform/linux/read/passwd.h"
#include "platform/linux/read/proc_status.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PASSWD_MAX (4u << 20)

/* Debian; Fedora and its kin; ClamAV's own packages; older ones. */
static const char *const conf_paths[] = {"/etc/clamav/clamd.conf", "/etc/clamd.d/scan.conf", "/usr/local/etc/clamd.conf",
                                         "/etc/clamd.conf"};
static const char *const daemons[] = {"/usr/sbin/clamd", "/usr/local/sbin/clamd"};
static const char *const scanners[] = {"/usr/bin/clamscan", "/usr/local/bin/clamscan"};

void clamav_init(struct clamav *clamav)
{
	*clamav = (struct clamav){.daemon = NULL};
	arena_init(&clamav->arena, 2u << 20);
}

void clamav_fini(struct clamav *clamav)
{
	arena_fini(&clamav->arena);
}

static const char *first_there(const struct host *host, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (host_exists(host, paths[i]))
			return paths[i];
	return NULL;
}

/* Who was started with another file goes by that one. */
static const char *find_conf(const struct process *process, const struct host *host)
{
	const char *given = process->found ? proc_option(process->arguments, process->arguments_size, "config-file", 'c') : NULL;

	if (given && given[0] == '/')
		return given;
	const char *found = first_there(host, conf_paths, ARRAY_LEN(conf_paths));
	return found ? found : conf_paths[0];
}

bool clamav_find(struct clamav *clamav, const struct host *host)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};

	clamav->daemon = first_there(host, daemons, ARRAY_LEN(daemons));
	clamav->scanner = first_there(host, scanners, ARRAY_LEN(scanners));
	if (!clamav->daemon)
		return clamav->scanner != NULL;
	clamav->processes_seen = process_find(&clamav->process, &clamav->arena, host, "clamd", &clamav->process_err);
	clamav->conf_path = find_conf(&clamav->process, host);
	if (host_read(host, clamav->conf_path, CLAMD_CONF_MAX, &text, &clamav->conf_info, &clamav->conf_err))
		(void)clamd_conf_read(&clamav->conf, &clamav->arena, buf_text(&text), text.size, &clamav->conf_err);
	return true;
}

bool clamav_follow(struct clamav *clamav, const struct host *host, const struct process *process, struct err *err)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	const char *path = find_conf(process, host);

	if (strcmp(path, clamav->conf_path) == 0)
		return true;
	clamav->conf_path = path;
	return host_read(host, path, CLAMD_CONF_MAX, &text, &clamav->conf_info, err) &&
	       clamd_conf_read(&clamav->conf, &clamav->arena, buf_text(&text), text.size, err);
}

/* Root, or the account that clamd.conf makes it change to, if that is no ordinary user. */
static bool is_clamav(const struct clamav *clamav, const struct host *host, int64_t uid)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	AUTO(arena_fini) struct arena arena;
	struct passwd_file passwd = {NULL, 0};
	struct err ignored;

	arena_init(&arena, PASSWD_MAX * 2);
	if (uid == 0)
		return true;
	if (!clamav->conf.user || uid >= host_uid_min(host) || !host_read(host, "/etc/passwd", PASSWD_MAX, &text, NULL, &ignored) ||
	    !passwd_parse(&passwd, &arena, buf_text(&text), text.size, &ignored))
		return false;
	const struct passwd_entry *entry = passwd_find(&passwd, uid);
	return entry && strcmp(entry->name, clamav->conf.user) == 0;
}

static int64_t now_ms(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until `fd` is ready for `events`; false once the time is over. */
static bool wait_for(int fd, short events, int64_t until_ms)
{
	for (;;) {
		struct pollfd one = {.fd = fd, .events = events};
		int64_t left = until_ms - now_ms();
		int ready = left > 0 ? poll(&one, 1, (int)left) : 0;
		if (ready > 0)
			return true;
		if (ready == 0 || errno != EINTR)
			return false;
	}
}

/* Sends "z<command>\0" and reads up to the answer's NUL. A drip of single bytes does not move the end of the wait. */
static bool exchange(int fd, struct clamav_talk *talk)
{
	char request[32];
	int64_t until = now_ms() + CLAMAV_WAIT_MS;
	int size = snprintf(request, sizeof request, "z%s", talk->command) + 1;
	size_t got = 0;

	if (!wait_for(fd, POLLOUT, until) || write(fd, request, (size_t)size) != size)
		return false;
	while (got < sizeof talk->answer) {
		if (!wait_for(fd, POLLIN, until))
			return false;
		ssize_t more = read(fd, talk->answer + got, sizeof talk->answer - got);
		if (more < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (more <= 0)
			return false;
		got += (size_t)more;
		if (memchr(talk->answer, '\0', got))
			return true;
	}
	return false;
}

static const char *why_not_connected(const struct err *err)
{
	switch (err->kind) {
	case ERR_UNSUPPORTED:
		return "not_live";
	case ERR_ABSENT:
		return "not_running";
	case ERR_DENIED:
	case ERR_INVALID:
		return "socket_denied";
	default:
		return "no_answer";
	}
}

static const char *ask_at(const struct clamav *clamav, const struct host *host, struct clamav_talk *talk)
{
	struct err err;
	int64_t peer = -1;
	int fd = host_connect(host, clamav->conf.socket, &peer, &err);

	if (fd < 0) {
		fact_show_error(talk->facts, talk->fact, clamav->conf.socket, &err);
		return why_not_connected(&err);
	}
	const char *problem = NULL;
	if (!is_clamav(clamav, host, peer)) {
		fact_show_number(talk->facts, talk->fact, clamav->conf.socket, "peer_uid", peer);
		problem = "peer_refused";
	} else if (!exchange(fd, talk)) {
		fact_show_word(talk->facts, talk->fact, clamav->conf.socket, talk->command, "no_answer");
		problem = "no_answer";
	} else {
		fact_show_word(talk->facts, talk->fact, clamav->conf.socket, talk->command, talk->answer);
	}
	(void)close(fd);
	return problem;
}

const char *clamav_ask(const struct clamav *clamav, const struct host *host, struct clamav_talk *talk)
{
	if (clamav->conf_err.kind != ERR_NONE) {
		fact_show_error(talk->facts, talk->fact, clamav->conf_path, &clamav->conf_err);
		return clamav->conf_err.kind == ERR_ABSENT ? "no_configuration" : "configuration_not_read";
	}
	if (!clamav->conf.socket) {
		fact_show_word(talk->facts, talk->fact, clamav->conf_path, "LocalSocket", "absent");
		return clamav->conf.tcp ? "tcp_only" : "no_socket";
	}
	return ask_at(clamav, host, talk);
}
