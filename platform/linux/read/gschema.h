/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/linux/read/gvdb.h"

/* Defaults in gschemas.compiled, .gschema.override files included: glib-compile-schemas has worked them in. */

struct gschema_default {
	bool is_switch;   /* type b; else type u */
	uint32_t number;  /* a switch: 0 or 1 */
	bool per_desktop; /* from an override for one desktop: [schema:DESKTOP] */
};

struct gschema_key {
	const char *schema, *name;
};

/* `desktops` is XDG_CURRENT_DESKTOP of a session, cut at its colons and ended by NULL; the first one that has an override counts.
 * ABSENT: no such schema or key. UNSUPPORTED: of a type that is not read here. */
bool gschema_get(struct gschema_default *out, const struct gvdb_table *root, const struct gschema_key *key, const char *const *desktops,
                 struct err *err);
