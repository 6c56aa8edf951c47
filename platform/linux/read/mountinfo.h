/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The kernel's mount table, /proc/PID/mountinfo (Documentation/filesystems/proc.rst, 3.5). */

/* Where a file system keeps what is written to it. */
enum mount_class {
	MOUNT_BLOCK,   /* on the block device major:minor */
	MOUNT_BTRFS,   /* on block devices that only /sys/fs/btrfs names; major is 0 */
	MOUNT_ZFS,     /* on a pool that only ZFS's own tools name; major is 0 */
	MOUNT_OVERLAY, /* on the file systems of the folders that its options name */
	MOUNT_VIEW,    /* shows other mounted file systems in another way (ecryptfs, FUSE); has no disk of its own */
	MOUNT_MEMORY,  /* in memory, or made up by the kernel */
	MOUNT_NETWORK, /* on another machine, or on the host of this virtual machine */
	MOUNT_IMAGE,   /* a read-only format: squashfs (snaps, live systems), CD-ROM */
	MOUNT_OTHER    /* a type that we do not know, without a block device: nothing can be said */
};

struct mount {
	unsigned major, minor;
	const char *root;    /* which part of the file system is mounted; "/" is all of it */
	const char *point;   /* octal escapes undone; any bytes but NUL */
	const char *type;    /* "ext4", "fuse.sshfs" ... */
	const char *source;  /* "/dev/mapper/vg-root", "rpool/ROOT/debian", "none" ... */
	const char *options; /* the file system's own */
	size_t line;         /* the later of two mounts on one point hides the earlier */
};

#define MOUNTS_MAX       16384
#define MOUNTS_MAX_BYTES (8u << 20)

struct mounts {
	struct arena arena;
	struct mount *items;
	size_t count;
	size_t broken; /* lines that are not what the format says */
};

/* LIMIT for more than MOUNTS_MAX lines or MOUNTS_MAX_BYTES. Broken lines are counted and passed over. Finish with mounts_fini,
 * also after false. */
bool mounts_read(struct mounts *mounts, const char *text, size_t size, struct err *err);
void mounts_fini(struct mounts *mounts);

enum mount_class mount_class(const struct mount *mount);

/* The mount that `path` lies on: the longest mount point above it, the later line of two equal ones. NULL if there is none. */
const struct mount *mounts_over(const struct mounts *mounts, const char *path);

/* The value of `name` in an option list ("lowerdir=/a:/b,upperdir=/c"), in `out`; false if it is absent, empty or too long.
 * A comma or colon that belongs to the value is escaped by a backslash. */
bool mount_option(const struct mount *mount, const char *name, char *out, size_t out_size);

/* Undoes \ooo in place; false on a broken escape or on \000. Also /proc/swaps' form. */
bool mount_unescape(char *text);
