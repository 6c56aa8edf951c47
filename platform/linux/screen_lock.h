/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "platform/host.h"
#include "policy/fact.h"

/*
 * Between the card of screen_lock and its desktops. A PC can offer several ways to log in (sessions of the login screen); each
 * belongs to a desktop, and each desktop says for a user how long it takes until the screen is locked.
 */
#define LOCK_NAMES_MAX    4
#define LOCK_LOGIN_MAX    32
#define LOCK_DEFAULTS_MAX 4

struct lock_desktop;

struct lock_default {       /* what holds where nobody sets a key: the same for every user of a session */
	const char *source; /* NULL: not looked yet */
	uint32_t number;
};

struct lock_login {                            /* one .desktop file below wayland-sessions or xsessions */
	const struct lock_desktop *desktop;    /* NULL: one that is not written yet */
	const char *file;                      /* "/usr/share/wayland-sessions/gnome.desktop" */
	const char *names[LOCK_NAMES_MAX + 1]; /* DesktopNames, ended by NULL; the first names the desktop */
	struct lock_default defaults[LOCK_DEFAULTS_MAX];
};

struct lock_pc {
	const struct host *host;
	struct facts *facts;
	struct arena arena;
	struct lock_login logins[LOCK_LOGIN_MAX];
	size_t login_count;
};

struct lock_answer {
	const char *unknown; /* why it is not known; NULL: it is known */
	int64_t seconds;     /* 0: never. If not known: it is certainly no shorter; LOCK_NO_BOUND: nothing is known */
	bool fixed;          /* the user cannot change it */
	const char *reason;  /* why it never locks, or NULL */
};
#define LOCK_NO_BOUND (-1)

struct lock_desktop {
	const char *name;                 /* via: "gnome" */
	const char *program;              /* without this file nobody can log in to it */
	const char *const *session_names; /* DesktopNames' first, ended by NULL */
	/* `user` NULL: whoever logs in for the first time. Adds evidence to `fact`. */
	struct lock_answer (*read)(struct lock_pc *pc, struct lock_login *login, const struct user *user, struct fact *fact);
};

extern const struct lock_desktop lock_gnome, lock_kde;

/* A file below the user's home; for a first login the same path below /etc/skel. `path` gets the name as seen on the PC. */
#define LOCK_PATH_SIZE 512
bool lock_read_home(const struct lock_pc *pc, const struct user *user, const char *name, char path[LOCK_PATH_SIZE], struct buf *out,
                    struct err *err);

/* A system file as a session of an ordinary user sees it. ABSENT also if he may not read it. `fixed`: no ordinary user can change it. */
bool lock_read_system(const struct host *host, const char *path, struct buf *out, bool *fixed, struct err *err);
#define LOCK_FILE_MAX (8u << 20)
