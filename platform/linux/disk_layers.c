/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk. /sys/class/block/NAME is a link whose text tells disk and partition; NAME/slaves holds what dm, md and bcache are made of (all
 * of it: a volume group with one plain disk is not encrypted); NAME/dm/uuid tells the kind of a device-mapper device; NAME/loop/backing_file
 * leads a loop device back to a file system; /sys/fs/btrfs/UUID/devices holds all disks of a btrfs, which has no device number.
 * sysfs: Documentation/ABI/testing/sysfs-block, sysfs-block-dm, sysfs-block-loop, sysfs-fs-btrfs, sysfs-block-zram.
 */
#include "platform/linux/disk_layers.h"

#include "base/text.h"
#include "platform/linux/read/crypttab.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE 1024

/* One device on the way down, and what has been crossed so far. */
struct step {
	const char *name;
	const struct step *up;
	unsigned depth;
	bool encrypted;
	bool doubtful; /* a layer that may or may not encrypt has been crossed */
};

struct look {
	const struct disks *disks;
	struct layers *out;
	bool for_key;       /* looking where a key file lies: its own key is not asked for again */
	const char *wanted; /* is this device crossed? */
	bool met;
};

static void walk_device(struct look *look, const char *name, const struct step *up);
static void walk_mount(struct look *look, const struct mount *mount, const struct step *up);

static void note(struct look *look, const char *source, const char *key, const char *word)
{
	struct layers *out = look->out;

	if (out->note_count == LAYERS_NOTES)
		return;
	struct layer_note *new = &out->notes[out->note_count++];
	(void)snprintf(new->source, sizeof new->source, "%.*s", (int)sizeof new->source - 1, source);
	(void)snprintf(new->key, sizeof new->key, "%.*s", (int)sizeof new->key - 1, key);
	(void)snprintf(new->word, sizeof new->word, "%.*s", (int)sizeof new->word - 1, word);
}

void layers_add_problem(struct layers *out, const char *word, const char *at, const struct err *err)
{
	if (out->problem)
		return;
	out->problem = word;
	(void)snprintf(out->problem_at, sizeof out->problem_at, "%.*s", (int)sizeof out->problem_at - 1, at);
	out->problem_err = err ? *err : (struct err){ERR_NONE, ""};
}

/* Below an encrypting layer nothing needs to be known. */
static void problem(struct look *look, const struct step *step, const char *word, const char *at, const struct err *err)
{
	if (step->encrypted)
		look->out->encrypted++;
	else
		layers_add_problem(look->out, word, at, err);
}

static void leaf(struct look *look, const struct step *step, const struct block_place *place)
{
	struct layers *out = look->out;
	char source[BLOCK_NAME_SIZE + 32];

	(void)snprintf(source, sizeof source, "/sys/class/block/%.63s", place->name);
	if (step->doubtful && !step->encrypted) {
		problem(look, step, "dm_not_known", source, NULL);
		return;
	}
	note(look, source, "leaf", step->encrypted ? "encrypted" : "plain");
	if (step->encrypted) {
		out->encrypted++;
		return;
	}
	size_t used = strlen(out->plain_names);
	/* A partition is what people know: the disk's first step, not its last. */
	if (used + BLOCK_NAME_SIZE + 3 < sizeof out->plain_names)
		(void)snprintf(out->plain_names + used, sizeof out->plain_names - used, "%s%s", used ? ", " : "", step->name);
	out->plain++;
	out->plain_on_usb = out->plain_on_usb || place->on_usb;
}

static void elsewhere(struct look *look, const struct step *step, unsigned *counter)
{
	if (step->encrypted)
		look->out->encrypted++;
	else
		++*counter;
}

/* A file of sysfs says that it has 4,096 bytes, however few they are. */
static bool read_text(const struct disks *disks, const char *path, char *out, size_t out_size, struct err *err)
{
	AUTO(buf_fini) struct buf text;

	buf_init(&text, 8192);
	if (!host_read(disks->host, path, 8191, &text, NULL, err))
		return false;
	if (strcspn(buf_text(&text), "\n") >= out_size)
		return err_set(err, ERR_LIMIT, "%s is longer than %zu bytes", path, out_size);
	(void)snprintf(out, out_size, "%.*s", (int)strcspn(buf_text(&text), "\n"), buf_text(&text));
	return true;
}

static bool find_mapped(const struct disks *disks, const char *mapped, char name[BLOCK_NAME_SIZE])
{
	AUTO(names_fini) struct names all = {NULL, 0};
	struct err ignored;
	char path[PATH_SIZE], text[256];

	if (!host_list(disks->host, "/sys/class/block", 4096, &all, &ignored))
		return false;
	for (size_t i = 0; i < all.count; i++) {
		(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/dm/name", all.items[i]);
		if (text_starts(all.items[i], "dm-") && read_text(disks, path, text, sizeof text, &ignored) && text_equal(text, mapped)) {
			(void)snprintf(name, BLOCK_NAME_SIZE, "%s", all.items[i]);
			return true;
		}
	}
	return false;
}

static bool is_device(const struct disks *disks, const char *name)
{
	char path[PATH_SIZE], link[PATH_SIZE];
	struct err ignored;

	if (!block_name_is_sound(name))
		return false;
	(void)snprintf(path, sizeof path, "/sys/class/block/%.*s", BLOCK_NAME_SIZE, name);
	return host_link(disks->host, path, link, sizeof link, &ignored);
}

/* Inside its unit the probe has a /dev of its own without udev's links; udev's database has them too: /run/udev/data/bMAJOR:MINOR holds a
 * line "S:disk/by-uuid/..." for each (sd-device's format, unchanged since udev 182). */
static bool find_udev_link(const struct disks *disks, const char *link, char name[BLOCK_NAME_SIZE])
{
	AUTO(names_fini) struct names all = {NULL, 0};
	char path[PATH_SIZE], line[PATH_SIZE], number[64];
	struct err ignored;

	(void)snprintf(line, sizeof line, "\nS:%.900s\n", link);
	if (!host_list(disks->host, "/sys/class/block", 4096, &all, &ignored))
		return false;
	for (size_t i = 0; i < all.count; i++) {
		AUTO(buf_fini) struct buf text;
		buf_init(&text, 64 << 10);
		(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/dev", all.items[i]);
		if (!read_text(disks, path, number, sizeof number, &ignored))
			continue;
		(void)snprintf(path, sizeof path, "/run/udev/data/b%.63s", number);
		if (!host_read(disks->host, path, (64 << 10) - 2, &text, NULL, &ignored))
			continue;
		if (strncmp(buf_text(&text), line + 1, strlen(line + 1)) == 0 || strstr(buf_text(&text), line)) {
			(void)snprintf(name, BLOCK_NAME_SIZE, "%.63s", all.items[i]);
			return true;
		}
	}
	return false;
}

bool layers_find_device(const struct disks *disks, const char *path, char name[BLOCK_NAME_SIZE], struct err *err)
{
	char link[PATH_SIZE], base[PATH_SIZE];
	struct err ignored;

	if (!text_starts(path, "/dev/"))
		return err_set(err, ERR_INVALID, "%s is not below /dev", path);
	if (host_link(disks->host, path, link, sizeof link, &ignored))
		(void)snprintf(base, sizeof base, "%s", strrchr(link, '/') ? strrchr(link, '/') + 1 : link);
	else
		(void)snprintf(base, sizeof base, "%s", path + strlen("/dev/"));
	/* The kernel turns the slash of cciss/c0d0 into an exclamation mark. */
	for (char *slash = base; (slash = strchr(slash, '/'));)
		*slash = '!';
	if (is_device(disks, base)) {
		(void)snprintf(name, BLOCK_NAME_SIZE, "%.*s", BLOCK_NAME_SIZE - 1, base);
		return true;
	}
	/* Without udev /dev/mapper holds nodes, not links. */
	if (text_starts(path, "/dev/mapper/") && find_mapped(disks, path + strlen("/dev/mapper/"), name))
		return true;
	if (find_udev_link(disks, path + strlen("/dev/"), name))
		return true;
	return err_set(err, ERR_ABSENT, "%s is no device that sysfs shows", path);
}

enum place { PLACE_SAFE, PLACE_CLEAR, PLACE_UNKNOWN };

/* Whether everything that the file lies on is encrypted; a file in memory is gone when the PC is off. */
static enum place look_at_place(const struct disks *disks, const char *path, const char *wanted, bool *met)
{
	struct layers layers = {.encrypted = 0};
	struct look look = {.disks = disks, .out = &layers, .for_key = true, .wanted = wanted};
	const struct mount *mount = mounts_over(disks->mounts, path);

	if (mount)
		walk_mount(&look, mount, &(struct step){.name = ""});
	*met = look.met;
	return layers.plain ? PLACE_CLEAR : layers.problem || !mount ? PLACE_UNKNOWN : PLACE_SAFE;
}

/*
 * A key file in the clear makes its layer worthless. A key that lies on the very volume it opens must be in the initramfs as well, so what
 * counts then is where the initramfs lies (/boot). What a passphrase, a token or chance opens is not in crypttab's third field as a path.
 */
static enum place place_of_key(const struct disks *disks, const char *key, const char *device)
{
	bool met, ignored;
	enum place place = look_at_place(disks, key, device, &met);

	return place == PLACE_SAFE && met ? look_at_place(disks, "/boot/initrd.img", "", &ignored) : place;
}

/* crypttab(5): without a third field systemd takes this file if it is there. What lies on the volume itself cannot open it. */
static enum place place_of_own_key(const struct disks *disks, const char *name, const char *device)
{
	char path[PATH_SIZE];
	bool met;

	(void)snprintf(path, sizeof path, "/etc/cryptsetup-keys.d/%.200s.key", name);
	return host_exists(disks->host, path) ? look_at_place(disks, path, device, &met) : PLACE_SAFE;
}

/* Why the layer is worth nothing, or NULL. What cannot be told is a problem, and the layer counts. */
static const char *weakness(struct look *look, const struct step *step)
{
	char path[PATH_SIZE], name[128];
	struct crypttab_entry entry;
	struct err ignored;

	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/dm/name", step->name);
	if (look->for_key || !look->disks->crypttab[0] || !read_text(look->disks, path, name, sizeof name, &ignored) ||
	    !crypttab_find(look->disks->crypttab, name, &entry))
		return NULL;
	if (entry.null_cipher)
		return "null_cipher";
	enum place place =
		entry.key[0] ? place_of_key(look->disks, entry.key, step->name) : place_of_own_key(look->disks, name, step->name);
	if (place == PLACE_UNKNOWN)
		problem(look, step, "key_not_found", entry.key[0] ? entry.key : name, NULL);
	return place == PLACE_CLEAR ? "key_in_the_clear" : NULL;
}

static void cross_mapper(struct look *look, struct step *step)
{
	char path[PATH_SIZE], uuid[256], type[BLOCK_NAME_SIZE];
	struct err err;

	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/dm/uuid", step->name);
	if (!read_text(look->disks, path, uuid, sizeof uuid, &err)) {
		step->doubtful = true;
		note(look, path, step->name, err_kind_name(err.kind));
		return;
	}
	enum dm_kind kind = block_dm_kind(uuid, type);
	const char *weak = kind == DM_ENCRYPTS && !step->encrypted ? weakness(look, step) : NULL;
	note(look, path, step->name, type[0] ? type : "no maker");
	if (weak) {
		look->out->weak = weak;
		note(look, "/etc/crypttab", step->name, weak);
	}
	step->encrypted = step->encrypted || (kind == DM_ENCRYPTS && !weak);
	step->doubtful = step->doubtful || kind == DM_UNKNOWN;
	look->met = look->met || text_equal(step->name, look->wanted);
}

/* "/dev/sda3" as a loop's or a zram's backing is a device, not a file on the devtmpfs. */
static void walk_file(struct look *look, const char *path, const struct step *step)
{
	char file[PATH_SIZE], name[BLOCK_NAME_SIZE];
	struct err err;

	(void)snprintf(file, sizeof file, "%s", path);
	if (text_ends(file, " (deleted)"))
		file[strlen(file) - strlen(" (deleted)")] = '\0';
	const struct mount *mount = mounts_over(look->disks->mounts, file);
	if (text_starts(file, "/dev/") && !text_starts(file, "/dev/shm/")) {
		if (layers_find_device(look->disks, file, name, &err))
			walk_device(look, name, step);
		else
			problem(look, step, "device_not_found", file, &err);
	} else if (mount) {
		walk_mount(look, mount, step);
	} else {
		problem(look, step, "file_not_found", file, NULL);
	}
}

static void walk_loop(struct look *look, const struct step *step)
{
	char path[PATH_SIZE], file[PATH_SIZE];
	struct err err;

	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/loop/backing_file", step->name);
	if (read_text(look->disks, path, file, sizeof file, &err) && file[0])
		walk_file(look, file, step);
	else
		problem(look, step, "loop_not_readable", path, &err);
}

/* Without CONFIG_ZRAM_WRITEBACK there is no backing_dev, and the pages never leave memory. */
static void walk_zram(struct look *look, const struct step *step)
{
	char path[PATH_SIZE], file[PATH_SIZE];
	struct err err;

	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/backing_dev", step->name);
	bool found = read_text(look->disks, path, file, sizeof file, &err);
	if (!found && err.kind != ERR_ABSENT) {
		problem(look, step, "zram_not_readable", path, &err);
		return;
	}
	note(look, path, step->name, found ? file : "absent");
	if (found && !text_equal(file, "none"))
		walk_file(look, file, step);
	else
		elsewhere(look, step, &look->out->memory);
}

/* What is made up of others but names none: never a disk. */
static void walk_alone(struct look *look, const struct step *step, const struct block_place *place)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/slaves", step->name);
	if (text_starts(step->name, "dm-") || text_starts(step->name, "md"))
		problem(look, step, "no_slaves", path, NULL);
	else if (text_starts(step->name, "ram") && place->is_virtual)
		elsewhere(look, step, &look->out->memory);
	else if (text_starts(step->name, "zd") && place->is_virtual)
		problem(look, step, "zfs_not_readable", path, NULL);
	else if (place->is_virtual)
		problem(look, step, "virtual_device", path, NULL);
	else
		leaf(look, step, place);
}

static void walk_below(struct look *look, struct step *step, const struct block_place *place)
{
	AUTO(names_fini) struct names slaves = {NULL, 0};
	char path[PATH_SIZE];
	struct err err;

	if (text_starts(step->name, "dm-"))
		cross_mapper(look, step);
	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/slaves", step->name);
	if (!host_list(look->disks->host, path, LAYERS_NODES, &slaves, &err) && err.kind != ERR_ABSENT) {
		problem(look, step, "slaves_not_readable", path, &err);
		return;
	}
	for (size_t i = 0; i < slaves.count; i++)
		walk_device(look, slaves.items[i], step);
	if (slaves.count == 0)
		walk_alone(look, step, place);
}

static bool is_above(const struct step *step, const char *name)
{
	for (; step; step = step->up)
		if (text_equal(step->name, name))
			return true;
	return false;
}

/* True if the walk must stop here, with the problem told. */
static bool is_too_far(struct look *look, const char *name, const struct step *up)
{
	const char *word = is_above(up, name)                  ? "device_loop"
	                   : up->depth >= LAYERS_DEPTH         ? "too_many_layers"
	                   : ++look->out->nodes > LAYERS_NODES ? "too_many_layers"
	                   : !block_name_is_sound(name)        ? "device_not_found"
	                                                       : NULL;

	if (word)
		problem(look, up, word, name, NULL);
	return word != NULL;
}

static void walk_device(struct look *look, const char *name, const struct step *up)
{
	struct step step = {.name = name, .up = up, .depth = up->depth + 1, .encrypted = up->encrypted, .doubtful = up->doubtful};
	char path[PATH_SIZE], link[PATH_SIZE];
	struct block_place place;
	struct err err;

	if (is_too_far(look, name, up))
		return;
	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s", name);
	if (!host_link(look->disks->host, path, link, sizeof link, &err)) {
		problem(look, &step, "device_not_found", path, &err);
		return;
	}
	if (!block_place_of_link(link, &place) || !text_equal(place.name, name)) {
		problem(look, &step, "device_not_found", path, NULL);
		return;
	}
	(void)snprintf(path, sizeof path, "/sys/class/block/%.63s/partition", name);
	/* A partition of a real disk is itself the leaf; of a loop or md device it is on whatever that is made of. */
	if (host_exists(look->disks->host, path)) {
		if (place.is_virtual)
			walk_device(look, place.parent, &step);
		else
			leaf(look, &step, &place);
	} else if (text_starts(name, "loop")) {
		walk_loop(look, &step);
	} else if (text_starts(name, "zram")) {
		walk_zram(look, &step);
	} else {
		walk_below(look, &step, &place);
	}
}

static void walk_number(struct look *look, const struct mount *mount, const struct step *up)
{
	char path[64], link[PATH_SIZE];
	struct block_place place;
	struct err err;

	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", mount->major, mount->minor);
	if (!host_link(look->disks->host, path, link, sizeof link, &err))
		problem(look, up, "device_not_found", path, &err);
	else if (!block_place_of_link(link, &place))
		problem(look, up, "device_not_found", path, NULL);
	else
		walk_device(look, place.name, up);
}

/* XFS can keep its log (with names of files) and its real-time files on disks of their own: xfs(5), logdev= and rtdev=. */
static void walk_xfs(struct look *look, const struct mount *mount, const struct step *up)
{
	static const char *const options[] = {"logdev", "rtdev"};
	char path[PATH_SIZE];

	for (size_t i = 0; text_equal(mount->type, "xfs") && i < ARRAY_LEN(options); i++)
		if (mount_option(mount, options[i], path, sizeof path))
			walk_file(look, path, up);
}

static bool has_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (text_equal(names->items[i], name))
			return true;
	return false;
}

/* The devices of the btrfs whose mount names `source`; where that cannot be matched, of the only btrfs there is. */
static bool find_btrfs(const struct disks *disks, const char *source, struct names *devices, struct err *err)
{
	AUTO(names_fini) struct names all = {NULL, 0};
	char path[PATH_SIZE], name[BLOCK_NAME_SIZE] = "";
	struct names sole = {NULL, 0};
	struct err ignored;
	size_t count = 0;

	if (!host_list(disks->host, "/sys/fs/btrfs", 256, &all, err))
		return false;
	(void)layers_find_device(disks, source, name, &ignored);
	for (size_t i = 0; i < all.count; i++) {
		struct names found = {NULL, 0};
		(void)snprintf(path, sizeof path, "/sys/fs/btrfs/%.63s/devices", all.items[i]);
		if (!host_list(disks->host, path, 256, &found, &ignored))
			continue; /* "features" has none */
		names_fini(&sole);
		sole = found;
		count++;
		if (has_name(&found, name))
			break;
	}
	if (count == 0 || !(has_name(&sole, name) || count == 1)) {
		names_fini(&sole);
		return err_set(err, ERR_ABSENT, "no file system in /sys/fs/btrfs has the device %s", source);
	}
	*devices = sole;
	return true;
}

static void walk_btrfs(struct look *look, const struct mount *mount, const struct step *up)
{
	AUTO(names_fini) struct names devices = {NULL, 0};
	struct err err;

	if (!find_btrfs(look->disks, mount->source, &devices, &err)) {
		problem(look, up, "btrfs_not_readable", "/sys/fs/btrfs", &err);
		return;
	}
	note(look, "/sys/fs/btrfs", "devices", devices.count ? devices.items[0] : "none");
	for (size_t i = 0; i < devices.count; i++)
		walk_device(look, devices.items[i], up);
	if (devices.count == 0)
		problem(look, up, "btrfs_not_readable", "/sys/fs/btrfs", NULL);
}

/* Each folder of the list "/a:/b" lies on a file system of its own; one that leads back to the overlay itself was mounted before it and is
 * hidden now (an initramfs' paths, a container's). */
static void walk_folders(struct look *look, const struct mount *overlay, char *list, const struct step *up)
{
	struct step step = {.name = "", .up = up, .depth = up->depth + 1, .encrypted = up->encrypted, .doubtful = up->doubtful};
	char *rest = list;

	for (char *folder; (folder = strsep(&rest, ":"));) {
		const struct mount *below = folder[0] == '/' ? mounts_over(look->disks->mounts, folder) : NULL;
		if (!folder[0])
			continue; /* "lowerdir=/a::/data": a layer for data only */
		if (below && below != overlay && step.depth < LAYERS_DEPTH && ++look->out->nodes < LAYERS_NODES)
			walk_mount(look, below, &step);
		else
			problem(look, up, "overlay_not_readable", folder, NULL);
	}
}

static void walk_overlay(struct look *look, const struct mount *mount, const struct step *up)
{
	char lower[4096], upper[PATH_SIZE];
	bool has_lower = mount_option(mount, "lowerdir", lower, sizeof lower);
	bool has_upper = mount_option(mount, "upperdir", upper, sizeof upper);

	if (has_upper)
		walk_folders(look, mount, upper, up);
	if (has_lower)
		walk_folders(look, mount, lower, up);
	if (!has_lower)
		problem(look, up, "overlay_not_readable", "lowerdir", NULL);
}

static void walk_mount(struct look *look, const struct mount *mount, const struct step *up)
{
	switch (mount_class(mount)) {
	case MOUNT_BLOCK:
		walk_number(look, mount, up);
		walk_xfs(look, mount, up);
		break;
	case MOUNT_BTRFS:
		walk_btrfs(look, mount, up);
		break;
	case MOUNT_OVERLAY:
		walk_overlay(look, mount, up);
		break;
	case MOUNT_ZFS:
		problem(look, up, "zfs_not_readable", mount->source, NULL);
		break;
	case MOUNT_MEMORY:
		elsewhere(look, up, &look->out->memory);
		break;
	case MOUNT_NETWORK:
		elsewhere(look, up, &look->out->network);
		break;
	case MOUNT_IMAGE:
		elsewhere(look, up, &look->out->image);
		break;
	case MOUNT_VIEW:
	case MOUNT_OTHER:
		problem(look, up, "file_system_unknown", mount->type, NULL);
		break;
	}
}

static const struct step top = {.name = ""};

void layers_add_device(const struct disks *disks, const char *name, struct layers *out)
{
	walk_device(&(struct look){.disks = disks, .out = out, .wanted = ""}, name, &top);
}

void layers_add_number(const struct disks *disks, unsigned major, unsigned minor, struct layers *out)
{
	walk_number(&(struct look){.disks = disks, .out = out, .wanted = ""}, &(struct mount){.major = major, .minor = minor}, &top);
}

void layers_add_mount(const struct disks *disks, const struct mount *mount, struct layers *out)
{
	walk_mount(&(struct look){.disks = disks, .out = out, .wanted = ""}, mount, &top);
}
