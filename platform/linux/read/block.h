/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Small texts of sysfs about block devices, as the kernel and device-mapper's tools write them. */

#define BLOCK_NAME_SIZE 64

/* What a device-mapper device does with what is written through it, told from /sys/block/dm-N/dm/uuid. */
enum dm_kind {
	DM_ENCRYPTS,
	DM_PASSES, /* hands data on as it is: LVM, multipath, partitions, verity, integrity */
	DM_UNKNOWN /* no uuid, or a maker that we do not know: it may encrypt or not */
};

/* `type` gets the word that says it ("CRYPT-LUKS2", "LVM"), "" if there is none. */
enum dm_kind block_dm_kind(const char *uuid, char type[BLOCK_NAME_SIZE]);

/* "253:0\n" */
bool block_device_number(const char *text, unsigned *major, unsigned *minor);

/* Where a device hangs, from the text of its link in /sys/class/block or /sys/dev/block. */
struct block_place {
	char name[BLOCK_NAME_SIZE];   /* "sda1" */
	char parent[BLOCK_NAME_SIZE]; /* the folder above: the disk's name if this is a partition */
	bool is_virtual;              /* made by a driver out of nothing that sysfs shows */
	bool on_usb;
};
bool block_place_of_link(const char *link, struct block_place *place);

/* A name that can be put into a path of sysfs: not empty, no slash, no dots only, not too long. */
bool block_name_is_sound(const char *name);

/* What a resume= means (kernel/power/swap.c, initramfs-tools' resume, systemd's hibernate-resume). */
enum resume_kind { RESUME_NONE, RESUME_PATH, RESUME_NUMBER, RESUME_BROKEN };

struct resume {
	enum resume_kind kind;
	char path[512]; /* /dev/... ; UUID=, LABEL=, PARTUUID= and PARTLABEL= as udev's links under /dev/disk */
	unsigned major, minor;
};
void block_read_resume(const char *text, struct resume *resume);
