/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "platform/host.h"

/*
 * Who can log in to this PC: every uid >= UID_MIN except 65534, container ranges and systemd's dynamic ones (61184-65519), from
 * /etc/passwd, the owners of folders beside known homes (/home/...), AccountsService (/var/lib/AccountsService/users) and, live,
 * logind (/run/systemd/users). Domain users are in no passwd and above UID_MAX. Only those whose home exists.
 * `user:*`, what a first login would get, is not in the list: each control adds it itself.
 */
#define USERS_MAX 4096

struct users {
	struct arena arena;
	struct user *items; /* by uid, each once */
	size_t count;
};

void users_init(struct users *users);
void users_fini(struct users *users);
bool users_read(struct users *users, const struct host *host, struct err *err);
