/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A dconf profile (dconf(7)): the databases of a user in order, one a line. */

enum dconf_source_kind { DCONF_USER_DB, DCONF_SERVICE_DB, DCONF_SYSTEM_DB, DCONF_FILE_DB };

#define DCONF_SOURCES_MAX 16
#define DCONF_NAME_MAX    200

struct dconf_source {
	enum dconf_source_kind kind;
	char name[DCONF_NAME_MAX]; /* "user", "local"; FILE_DB: a path */
};

struct dconf_profile {
	struct dconf_source sources[DCONF_SOURCES_MAX];
	size_t count; /* 0: the null profile; nothing is read and nothing can be written */
};

/* Lines that dconf does not know are left out, as it does. LIMIT: more sources, or longer names, than above. */
bool dconf_profile_parse(struct dconf_profile *out, const char *text, size_t size, struct err *err);

/* What holds where there is no profile at all: user-db:user. */
void dconf_profile_default(struct dconf_profile *out);
