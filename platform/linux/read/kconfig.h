/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * KDE's configuration files (KConfig): a cascade of files, later ones over earlier ones, except where an earlier one is marked
 * immutable: [$i] behind a key, behind a group, or alone on the first line of a file.
 */
struct kconfig_entry {
	const char *key, *value;
	bool localised; /* Timeout[ja]=: which of them a session takes hangs on its language */
	bool expands;   /* [$e] with a '$' in the value: the truth is known to the session's shell only */
	bool deleted;   /* [$d]: the default holds */
	bool immutable;
	bool locked; /* immutable by a file that is not the user's */
	const char *source;
};

struct kconfig {
	struct arena arena;
	const char *group;             /* the one group that is kept; the others are somebody else's affair */
	struct kconfig_entry *entries; /* at most KCONFIG_MAX */
	size_t entry_count;
	bool group_immutable, group_locked;
};
#define KCONFIG_MAX 2048

struct kconfig_file {
	const char *text;
	size_t size;
	const char *source; /* copied: where an entry came from */
	bool users_own;
};

void kconfig_init(struct kconfig *config, const char *group);
void kconfig_fini(struct kconfig *config);

/* Puts one more file over what is there. `*closed`: the file is immutable as a whole, nothing after it is read. LIMIT only. */
bool kconfig_add(struct kconfig *config, const struct kconfig_file *file, bool *closed, struct err *err);

/* The entry that is not localised; NULL if there is none or it is deleted. */
const struct kconfig_entry *kconfig_find(const struct kconfig *config, const char *key);

/* The user can neither change this key nor add it: it or its group is immutable, and not by his own file. */
bool kconfig_is_locked(const struct kconfig *config, const char *key);

/* As KConfigGroup::readEntry: false, no, off and 0 are false, all else is true. */
bool kconfig_to_bool(const char *value);
