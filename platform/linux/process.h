/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "platform/host.h"

/*
 * Which services run, from /proc by name, owner, unit and arguments. A probe may not follow /proc/PID/exe, so a name alone proves
 * nothing: any clerk can call his process "clamd". Only what an account below UID_MIN runs outside containers is believed.
 */
struct process {
	bool found;   /* a believed process of that name; the others are only counted */
	bool can_run; /* neither stopped nor dead */
	int64_t pid, uid;
	const char *unit;      /* the last part of its cgroup: "clamav-daemon.service"; "" if not known */
	const char *arguments; /* as in cmdline, NULs between; "" if not readable */
	size_t arguments_size;
	size_t not_believed; /* processes of the same name that an ordinary user or a container runs */
};

/* False with err if this PC's processes cannot be seen at all (no /proc in a folder, or one that hides others' processes). */
bool process_find(struct process *out, struct arena *arena, const struct host *host, const char *name, struct err *err);
