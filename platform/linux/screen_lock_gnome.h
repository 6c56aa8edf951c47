/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "platform/linux/read/gschema.h"

/* What GNOME's screen lock hangs on: shared by the half that reads it and the half that sets it. */
#define LOCK_GNOME_DATABASES "/etc/dconf/db/"
#define LOCK_GNOME_PROFILE   "/etc/dconf/profile/user"
#define LOCK_GNOME_MANDATORY "/run/dconf/user/" /* + uid */

struct lock_gnome_key {
	struct gschema_key schema;
	const char *path;
	bool is_switch;
	uint32_t otherwise; /* gsettings-desktop-schemas' own default, where the PC has no compiled schema */
};

#define LOCK_GNOME_KEYS 4
extern const struct lock_gnome_key lock_gnome_keys[LOCK_GNOME_KEYS];

/* Our database: these values (in the order of lock_gnome_keys), all of them locked. `out` is initialised by the caller. */
bool lock_gnome_database(struct buf *out, const uint32_t numbers[LOCK_GNOME_KEYS], struct err *err);
