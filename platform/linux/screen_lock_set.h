/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/linux/screen_lock.h"

/* The sessions of the login screen, into `pc`. */
bool lock_find_logins(struct lock_pc *pc, struct err *err);

/* The card's enforce. */
bool lock_enforce(const struct host *host, const char *subject, const struct value *want, struct err *err);

/* For everybody: locked after `seconds` at most, and nobody can change it. GNOME besides keeps each of these users from another profile. */
bool lock_gnome_set(const struct host *host, int64_t seconds, const int64_t *uids, size_t uid_count, struct err *err);
bool lock_gnome_release(const struct host *host, int64_t uid, struct err *err); /* one user's part */
bool lock_gnome_withdraw(const struct host *host, struct err *err);             /* everybody's part */

/* Plasma counts whole minutes: less than one is UNSUPPORTED. */
bool lock_kde_set(const struct host *host, int64_t seconds, struct err *err);
bool lock_kde_withdraw(const struct host *host, struct err *err);
