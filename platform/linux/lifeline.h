/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "platform/host.h"

/*
 * The disks without which this PC does not run: every leaf below /, /boot, the EFI partition and swap, through partitions, dm, md,
 * LUKS, btrfs, loop files and overlays. No policy may deny the device that carries one of them.
 */
#define LIFELINE_MAX   512 /* disks and layers in all */
#define LIFELINE_DEPTH 24

struct lifeline {
	struct arena arena;
	const char **links; /* of each leaf: the text of its link in /sys/class/block */
	size_t count;
	size_t visited;
	bool complete; /* false: something below could not be followed; what was found still holds */
};

void lifeline_read(struct lifeline *lifeline, const struct host *host);
void lifeline_fini(struct lifeline *lifeline);
