/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The seam between the journal and a file system: the few calls that durability hangs on, so that a test can fail, tear or
 * lose each of them. Paths are absolute; files are made 0600, folders 0700; nothing follows a symlink at the last component.
 * A function returns false (or -1) with err. Whole or nothing: write writes all bytes or fails.
 */
enum disk_open { DISK_READ, DISK_WRITE, DISK_CREATE /* must not exist yet */ };

struct disk_info {
	uint64_t size_bytes;
	bool linked; /* false: the open file has been deleted from its folder */
};

struct disk {
	void *context;
	int (*open)(void *context, const char *path, enum disk_open how, struct err *err);
	void (*close)(void *context, int file);
	bool (*read)(void *context, int file, uint64_t offset, void *bytes, size_t size, struct err *err); /* short is an error */
	bool (*write)(void *context, int file, uint64_t offset, const void *bytes, size_t size, struct err *err);
	bool (*sync)(void *context, int file, struct err *err); /* what was written to it is on the medium */
	bool (*info)(void *context, int file, struct disk_info *out, struct err *err);
	bool (*sync_folder)(void *context, const char *path, struct err *err);            /* names made, moved and removed in it, too */
	bool (*make_folder)(void *context, const char *path, struct err *err);            /* there already: true */
	bool (*rename)(void *context, const char *from, const char *to, struct err *err); /* never onto something: DENIED */
	bool (*list)(void *context, const char *path, void (*each)(void *arg, const char *name), void *arg, struct err *err);
	/* Held until closed; DENIED if another process has it. Gives a handle for close. */
	int (*lock)(void *context, const char *path, struct err *err);
};

/* The real one. */
extern const struct disk disk_real;
