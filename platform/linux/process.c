/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/process.h"

#include "base/text.h"
#include "platform/linux/read/proc_status.h"

#include <stdio.h>
#include <string.h>

#define PROCESSES_MAX 65536
#define PATH_SIZE     64

static bool read_of(const struct host *host, const char *pid, const char *what, struct buf *out)
{
	char path[PATH_SIZE];
	struct err gone;

	(void)snprintf(path, sizeof path, "/proc/%.20s/%s", pid, what);
	return host_read(host, path, 4095, out, NULL, &gone);
}

static bool has_name(const struct host *host, const char *pid, const char *name)
{
	AUTO(buf_fini) struct buf comm = {.data = NULL};
	size_t length = strlen(name);

	/* The kernel keeps 15 characters and ends them with a newline. */
	return read_of(host, pid, "comm", &comm) && comm.size == length + 1 && memcmp(comm.data, name, length) == 0;
}

/* "0::/system.slice/clamav-daemon.service\n" (cgroup v2 has one line; of v1's lines the first will do). */
static const char *read_unit(struct arena *arena, const struct host *host, const char *pid)
{
	AUTO(buf_fini) struct buf cgroup = {.data = NULL};
	char shown[200];

	if (!read_of(host, pid, "cgroup", &cgroup) || !cgroup.data)
		return "";
	size_t length = strcspn(cgroup.data, "\n");
	cgroup.data[length] = '\0';
	const char *last = strrchr(cgroup.data, '/');
	last = last ? last + 1 : "";
	text_printable(shown, sizeof shown, last, strlen(last), 60);
	const char *unit = arena_strdup(arena, shown);
	return unit ? unit : "";
}

static void take(struct process *out, struct arena *arena, const struct host *host, const char *pid)
{
	AUTO(buf_fini) struct buf text = {.data = NULL}, arguments = {.data = NULL};
	struct proc_status status;
	struct err gone;
	uint64_t number;

	if (!read_of(host, pid, "status", &text) || !proc_status_read(&status, buf_text(&text), text.size, &gone) ||
	    !text_to_u64(pid, INT32_MAX, &number))
		return;
	if (status.uid >= host_uid_min(host) || status.nested) {
		out->not_believed++;
		return;
	}
	bool can_run = !strchr("TtZXx", status.state);
	if (out->found && (out->can_run || !can_run))
		return;
	*out = (struct process){.found = true,
	                        .can_run = can_run,
	                        .pid = (int64_t)number,
	                        .uid = status.uid,
	                        .unit = read_unit(arena, host, pid),
	                        .arguments = "",
	                        .not_believed = out->not_believed};
	if (read_of(host, pid, "cmdline", &arguments) && arguments.size) {
		char *copy = arena_alloc(arena, arguments.size + 1);
		if (copy) {
			memcpy(copy, arguments.data, arguments.size);
			out->arguments = copy;
			out->arguments_size = arguments.size;
		}
	}
}

bool process_find(struct process *out, struct arena *arena, const struct host *host, const char *name, struct err *err)
{
	AUTO(names_fini) struct names names = {NULL, 0};
	AUTO(buf_fini) struct buf first = {.data = NULL};

	*out = (struct process){.unit = "", .arguments = ""};
	/* Mounted with hidepid, /proc shows an ordinary user nobody's but his own: PID 1 is missing or shut. */
	if (!host_read(host, "/proc/1/comm", 4095, &first, NULL, err) || !host_list(host, "/proc", PROCESSES_MAX, &names, err))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (names.items[i][0] >= '1' && names.items[i][0] <= '9' && has_name(host, names.items[i], name))
			take(out, arena, host, names.items[i]);
	return true;
}
