/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The PC that a probe looks at: this one ("live"), or a machine in a folder (a mounted disk, a recording, a fixture). Every probe
 * reaches the machine through this seam and no other, so that the same code judges both. In a folder there are no sockets and no
 * D-Bus: what hangs on them is unknown there.
 *
 * Two opens and nothing else. Both refuse to leave the machine's root, to follow /proc's magic links, and to block:
 *   host_open       system files. Refused (DENIED): any component or symlink on the way that is owned by an ordinary user
 *                   (uid >= UID_MIN); service accounts pass. In a folder the owner of the folder counts as root.
 *   host_open_home  one user's file, below that user's home. Refused: any symlink or way out, a file that is not regular, has more
 *                   than one link, or belongs to anybody but that user or root.
 * Paths are absolute and as seen on the PC ("/etc/passwd"); below a home they are relative (".config/dconf/user").
 */
struct host;

struct user {
	int64_t uid;
	const char *name; /* "" if no passwd entry has that uid */
	const char *home; /* absolute, as seen on the PC */
};

enum file_kind { FILE_REGULAR, FILE_FOLDER, FILE_OTHER };

struct file_info {
	enum file_kind kind;
	int64_t uid, gid; /* in a folder, the folder's owner is shown as 0 */
	uint32_t mode;    /* permission bits */
	uint64_t size_bytes;
	int64_t modified_at; /* UTC seconds */
	uint64_t device;     /* stat's st_dev */
	bool fixed;          /* no ordinary user can write or replace it: owners below UID_MIN, no write bit for others, for a group but
	                        root's or for whom an ACL names, it and every folder on the way (a sticky one passes) */
	bool reachable;      /* everybody may pass every folder on the way */
	bool world_readable; /* and read it */
};

/* root_dir NULL: this PC. state_dir NULL: nothing can be enforced through it. `now_utc` is the time that the probe is told. */
struct host *host_new(const char *root_dir, const char *state_dir, int64_t now_utc, struct err *err);
void host_free(struct host *host);
void host_drop(struct host **host); /* for AUTO */

bool host_is_live(const struct host *host);
int64_t host_now_utc(const struct host *host);
const char *host_state_dir(const struct host *host); /* NULL: only looking */
/* The machine's root, an O_PATH descriptor that stays the host's. For own.c alone, which writes; probes have the two opens. */
int host_root_fd(const struct host *host);
/* login.defs' UID_MIN of that PC, 1000 if it does not say. */
int64_t host_uid_min(const struct host *host);

/* Whole contents of a regular file; LIMIT if larger than max_bytes, IO if it changed size under the reader. `info` may be NULL.
 * Files of /proc and /sys have no size beforehand: they are read to their end. */
bool host_read(const struct host *host, const char *path, size_t max_bytes, struct buf *out, struct file_info *info, struct err *err);
#define HOST_HOME_MAX (1u << 20)
bool host_read_home(const struct host *host, const struct user *user, const char *path, size_t max_bytes, struct buf *out,
                    struct file_info *info, struct err *err);

/* The descriptors themselves (close with close()), for a reader that seeks. -1 with err. */
int host_open(const struct host *host, const char *path, struct file_info *info, struct err *err);
int host_open_home(const struct host *host, const struct user *user, const char *path, struct file_info *info, struct err *err);

/* Names in a folder, sorted bytewise, without "." and ".."; at most max_names (LIMIT). */
struct names {
	char **items;
	size_t count;
};
void names_fini(struct names *names);
bool host_list(const struct host *host, const char *path, size_t max_names, struct names *out, struct err *err);
bool host_list_home(const struct host *host, const struct user *user, const char *path, size_t max_names, struct names *out,
                    struct err *err);

/* What is at `path`, without reading it. */
bool host_info(const struct host *host, const char *path, struct file_info *info, struct err *err);
/* False only if it is certain that there is no such thing: a browser whose folder we may not see, or that a sandbox hides, is
 * installed until the contrary is read, and then unknown rather than not applicable. */
bool host_exists(const struct host *host, const char *path);

/* Live only (UNSUPPORTED in a folder): a connection to the UNIX socket at `path`, non-blocking, closed with close(). The way there is
 * walked as by host_open. `peer_uid` is who listens. -1 with err: ABSENT also when nobody listens any more, LIMIT when the listener's
 * queue is full. A Windows build has none: UNSUPPORTED. */
int host_connect(const struct host *host, const char *path, int64_t *peer_uid, struct err *err);
/* Whose a home folder is: the one question host_info refuses, for a home is its user's. INVALID if it is no folder. */
bool host_home_owner(const struct host *host, const char *home, int64_t *uid, struct err *err);

/* A symlink's own text (sysfs: "../../devices/..."). */
bool host_link(const struct host *host, const char *path, char *out, size_t out_size, struct err *err);
