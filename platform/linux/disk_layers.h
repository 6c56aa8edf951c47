/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/host.h"
#include "platform/linux/read/block.h"
#include "platform/linux/read/mountinfo.h"

/*
 * What lies below a file system or a device: every way down to a real disk ("leaf"), and whether it crosses an encrypting layer. All from
 * sysfs, without a privilege and without an ioctl. A way that cannot be followed is a problem, unless it is already encrypted above.
 */

struct disks {
	const struct host *host;
	const struct mounts *mounts;
	const char *crypttab; /* "" if there is none */
};

struct layer_note {
	char source[BLOCK_NAME_SIZE + 64], key[BLOCK_NAME_SIZE], word[BLOCK_NAME_SIZE];
};

#define LAYERS_NOTES 20
#define LAYERS_DEPTH 24  /* devices above each other: real ones have up to six or seven */
#define LAYERS_NODES 512 /* devices in all */

struct layers {
	unsigned encrypted, plain; /* leaves */
	unsigned memory, network, image;
	char plain_names[200]; /* "sdb1, sdc" */
	bool plain_on_usb;
	const char *weak;    /* an encrypting layer did not count, and why: "null_cipher", "key_in_the_clear"; or NULL */
	const char *problem; /* the first way that could not be followed, as the word of a fact; or NULL */
	char problem_at[200];
	struct err problem_err; /* ERR_NONE if nothing failed to be read */
	struct layer_note notes[LAYERS_NOTES];
	size_t note_count;
	unsigned nodes;
};

/* Each adds what it finds to `out`, which begins as zeros; several may add to the same. */
void layers_add_device(const struct disks *disks, const char *name, struct layers *out);
void layers_add_number(const struct disks *disks, unsigned major, unsigned minor, struct layers *out);
void layers_add_mount(const struct disks *disks, const struct mount *mount, struct layers *out);
void layers_add_problem(struct layers *out, const char *word, const char *at, const struct err *err);

/* The kernel's name ("dm-1") of /dev/mapper/x, /dev/vg/x, /dev/disk/by-uuid/x, /dev/sda2. */
bool layers_find_device(const struct disks *disks, const char *path, char name[BLOCK_NAME_SIZE], struct err *err);
