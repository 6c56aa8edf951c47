/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * Groups of key=value lines as GLib's GKeyFile and the Desktop Entry Specification have them: .desktop files, dconf's sources.
 * A walk over the text: nothing is stored, nothing is copied. Lines that are neither a group, a pair nor a comment are left out.
 */
struct keyfile_walk {
	const char *at, *end;
	const char *group; /* of the pair that was found last; not NUL-terminated, as are the others */
	size_t group_size;
	const char *key;
	size_t key_size;
	const char *value;
	size_t value_size;
};

void keyfile_begin(struct keyfile_walk *walk, const char *text, size_t size);

/* The next pair; false at the end. Blanks around key and value are cut. */
bool keyfile_next(struct keyfile_walk *walk);

bool keyfile_is(const struct keyfile_walk *walk, const char *group, const char *key);

struct keyfile {
	const char *text;
	size_t size;
};

/* The value of the last such pair as text, "" if there is none. False: it does not fit. */
bool keyfile_get(const struct keyfile *file, const char *group, const char *key, char *out, size_t out_size);
