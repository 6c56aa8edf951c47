/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* /etc/passwd (passwd(5)) and /etc/subuid (subuid(5)). Lines that are not what the format demands are left out, as libc does. */

struct passwd_entry {
	const char *name;
	int64_t uid;
	const char *home;
	const char *shell; /* "" means /bin/sh */
};

struct passwd_file {
	struct passwd_entry *items; /* in the file's order */
	size_t count;
};

/* uids that belong to the containers of a user */
struct uid_range {
	int64_t first, count;
};

struct uid_ranges {
	struct uid_range *items;
	size_t count;
};

/* Everything lives in `arena`. False only on LIMIT (the arena is full). */
bool passwd_parse(struct passwd_file *out, struct arena *arena, const char *text, size_t size, struct err *err);
bool passwd_parse_subuid(struct uid_ranges *out, struct arena *arena, const char *text, size_t size, struct err *err);

/* NULL if there is none; the first of several, as getpwuid(3) gives it. */
const struct passwd_entry *passwd_find(const struct passwd_file *passwd, int64_t uid);
