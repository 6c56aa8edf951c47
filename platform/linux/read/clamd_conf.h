/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What matters to us in ClamAV's clamd.conf, which clamd and clamonacc both read. As their own parser does (tried with clamconf 1.4.6):
 * one option a line, space before it allowed, a value runs to the end of the line unless quoted, the first of two values holds, paths
 * for on-access scanning add up, and one bad line means that neither program starts.
 */
#define CLAMD_CONF_MAX   (256u << 10)
#define CLAMD_CONF_PATHS 256 /* of each kind; more is LIMIT */

struct clamd_paths {
	const char **items;
	size_t count;
};

struct clamd_conf {
	const char *socket;   /* LocalSocket; NULL: none */
	const char *user;     /* NULL: not given */
	const char *database; /* DatabaseDirectory; NULL: not given */
	bool tcp;             /* TCPSocket is given */
	bool prevention;      /* OnAccessPrevention */
	struct clamd_paths include, mount, exclude;
};

/* Texts live in `arena`. INVALID with the line's number where clamd itself would refuse it. */
bool clamd_conf_read(struct clamd_conf *conf, struct arena *arena, const char *text, size_t size, struct err *err);

/* Lines of a --watch-list or --exclude-list file of clamonacc: absolute paths, one a line. */
bool clamd_paths_read(struct clamd_paths *paths, struct arena *arena, const char *text, size_t size, struct err *err);

/* True if on-access scanning stops nothing: every included path lies in an excluded one, or there is none. */
bool clamd_conf_covers_nothing(const struct clamd_conf *conf);
