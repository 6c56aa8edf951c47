/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/1/mountinfo says which device number a mount has, /sys/dev/block which device that is, and slaves/ what lies below it. The
 * probe's own mount table would show its sandbox, so it is only asked where PID 1's is shut (an ordinary user).
 */
#include "platform/linux/lifeline.h"

#include "base/attr.h"
#include "base/text.h"
#include "platform/linux/read/block.h"
#include "platform/linux/read/mountinfo.h"
#include "platform/linux/read/swaps.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define LINK_SIZE 1024
#define PATH_SIZE 160

static const char *const points[] = {"/", "/boot", "/boot/efi", "/efi"};

struct descent {
	struct lifeline *lifeline;
	const struct host *host;
	struct mounts mounts;
	unsigned depth;
};

static void add_path(struct descent *descent, const char *path);
static void add_mount(struct descent *descent, const struct mount *mount);

static void keep(struct lifeline *lifeline, const char *link)
{
	for (size_t i = 0; i < lifeline->count; i++)
		if (strcmp(lifeline->links[i], link) == 0)
			return;
	const char **slot = ARENA_PUSH(&lifeline->arena, lifeline->links, lifeline->count);
	if (slot)
		*slot = arena_strdup(&lifeline->arena, link);
	if (!slot || !*slot)
		lifeline->complete = false;
}

static bool read_text(const struct host *host, const char *path, struct buf *out)
{
	struct err ignored;

	if (!host_read(host, path, MOUNTS_MAX_BYTES, out, NULL, &ignored) || !out->data)
		return false;
	while (out->size && out->data[out->size - 1] == '\n')
		out->data[--out->size] = '\0';
	return true;
}

static void add_device(struct descent *descent, const char *name);

/* What a device stands on: the names in its folder `slaves` (dm, md), or in a btrfs's `devices` if `member` is among them (or
 * NULL). False if there are none. */
static bool add_folder(struct descent *descent, const char *folder, const char *member)
{
	AUTO(names_fini) struct names names = {NULL, 0};
	struct err ignored;
	bool is_ours = !member;

	if (!host_list(descent->host, folder, LIFELINE_MAX, &names, &ignored))
		return false;
	for (size_t i = 0; i < names.count; i++)
		is_ours = is_ours || strcmp(names.items[i], member) == 0;
	for (size_t i = 0; is_ours && i < names.count; i++)
		add_device(descent, names.items[i]);
	return is_ours && names.count > 0;
}

static bool add_loop(struct descent *descent, const char *name)
{
	AUTO(buf_fini) struct buf file = {.data = NULL};
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof path, "/sys/class/block/%s/loop/backing_file", name);
	if (!read_text(descent->host, path, &file))
		return false;
	add_path(descent, buf_text(&file));
	return true;
}

static void descend(struct descent *descent, const char *name)
{
	char path[PATH_SIZE], link[LINK_SIZE];
	struct block_place place;
	struct err ignored;

	(void)snprintf(path, sizeof path, "/sys/class/block/%s", name);
	if (!host_link(descent->host, path, link, sizeof link, &ignored) || !block_place_of_link(link, &place)) {
		descent->lifeline->complete = false;
		return;
	}
	(void)snprintf(path, sizeof path, "/sys/class/block/%s", place.parent);
	bool is_partition = block_name_is_sound(place.parent) && host_exists(descent->host, path);
	(void)snprintf(path, sizeof path, "/sys/class/block/%s/slaves", name);
	if (is_partition)
		add_device(descent, place.parent);
	else if (!add_folder(descent, path, NULL) && !add_loop(descent, name))
		keep(descent->lifeline, link);
}

static void add_device(struct descent *descent, const char *name)
{
	/* A hostile or broken tree may be endless or a ring. */
	if (!block_name_is_sound(name) || descent->depth >= LIFELINE_DEPTH || descent->lifeline->visited >= LIFELINE_MAX) {
		descent->lifeline->complete = false;
		return;
	}
	descent->lifeline->visited++;
	descent->depth++;
	descend(descent, name);
	descent->depth--;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_number(struct descent *descent, unsigned number_major, unsigned number_minor)
{
	char path[PATH_SIZE], link[LINK_SIZE];
	struct err ignored;

	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", number_major, number_minor);
	if (host_link(descent->host, path, link, sizeof link, &ignored))
		add_device(descent, last_part(link));
	else
		descent->lifeline->complete = false;
}

/* "/dev/sda2", or a link such as /dev/mapper/vg-root -> ../dm-0. */
static const char *device_name(const struct descent *descent, const char *path, char link[LINK_SIZE])
{
	struct err ignored;

	if (!text_starts(path, "/dev/"))
		return NULL;
	return last_part(host_link(descent->host, path, link, LINK_SIZE, &ignored) ? link : path);
}

/* All devices of the btrfs that `name` is one of. */
static void add_btrfs(struct descent *descent, const struct mount *mount)
{
	AUTO(names_fini) struct names ids = {NULL, 0};
	char link[LINK_SIZE], path[PATH_SIZE];
	struct err ignored;
	const char *name = device_name(descent, mount->source, link);

	if (!name || !host_list(descent->host, "/sys/fs/btrfs", LIFELINE_MAX, &ids, &ignored)) {
		descent->lifeline->complete = false;
		return;
	}
	for (size_t i = 0; i < ids.count; i++) {
		(void)snprintf(path, sizeof path, "/sys/fs/btrfs/%.60s/devices", ids.items[i]);
		if (add_folder(descent, path, name))
			return;
	}
	add_device(descent, name);
}

static void add_overlay(struct descent *descent, const struct mount *mount)
{
	static const char *const options[] = {"lowerdir", "upperdir"};
	char value[2048];

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (mount_option(mount, options[i], value, sizeof value))
			for (char *part = value, *next; part; part = next) {
				next = strchr(part, ':');
				if (next)
					*next++ = '\0';
				add_path(descent, part);
			}
}

static void add_mount(struct descent *descent, const struct mount *mount)
{
	if (descent->depth >= LIFELINE_DEPTH) {
		descent->lifeline->complete = false;
		return;
	}
	descent->depth++;
	enum mount_class class = mount_class(mount);
	if (class == MOUNT_BTRFS)
		add_btrfs(descent, mount);
	else if (class == MOUNT_OVERLAY)
		add_overlay(descent, mount);
	else if (mount->major != 0)
		add_number(descent, mount->major, mount->minor);
	descent->depth--;
}

static void add_path(struct descent *descent, const char *path)
{
	const struct mount *mount = path[0] == '/' ? mounts_over(&descent->mounts, path) : NULL;

	if (mount)
		add_mount(descent, mount);
}

static void add_points(struct descent *descent)
{
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		const struct mount *mount = mounts_over(&descent->mounts, points[i]);
		if (mount && strcmp(mount->point, points[i]) == 0)
			add_mount(descent, mount);
	}
}

/* In a plain chroot the mount table has no line for "/". */
static void add_live_root(struct descent *descent)
{
	struct file_info info;
	struct err ignored;

	if (host_is_live(descent->host) && host_info(descent->host, "/", &info, &ignored) && major(info.device) != 0)
		add_number(descent, major(info.device), minor(info.device));
}

static void add_swaps(struct descent *descent)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct swaps swaps;
	struct err err;
	char link[LINK_SIZE];

	if (!host_read(descent->host, "/proc/swaps", SWAPS_MAX_BYTES, &text, NULL, &err) ||
	    !swaps_read(&swaps, buf_text(&text), text.size, &err)) {
		descent->lifeline->complete = false;
		return;
	}
	for (size_t i = 0; i < swaps.count; i++) {
		const char *name = swaps.items[i].is_file ? NULL : device_name(descent, swaps.items[i].path, link);
		if (name)
			add_device(descent, name);
		else
			add_path(descent, swaps.items[i].path);
	}
}

void lifeline_read(struct lifeline *lifeline, const struct host *host)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct descent descent = {.lifeline = lifeline, .host = host};
	struct err ignored;

	*lifeline = (struct lifeline){.complete = true};
	arena_init(&lifeline->arena, 4u << 20);
	bool read = read_text(host, "/proc/1/mountinfo", &text) || read_text(host, "/proc/self/mountinfo", &text);
	if (read && mounts_read(&descent.mounts, buf_text(&text), text.size, &ignored))
		add_points(&descent);
	else
		lifeline->complete = false;
	add_live_root(&descent);
	add_swaps(&descent);
	mounts_fini(&descent.mounts);
}

void lifeline_fini(struct lifeline *lifeline)
{
	arena_fini(&lifeline->arena);
}
