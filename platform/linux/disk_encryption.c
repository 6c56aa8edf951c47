/* SPDX-License-Identifier: Apache-2.0 */
/*
 * If this PC is stolen while it is off, can its data be read? Asked of each mounted local file system, each swap and the hibernation target;
 * disk_layers.c walks down from each. The mount table is /proc/1/mountinfo, by device number: the probe's own table shows its sandbox,
 * where even "/" is read-only. A mount's ro flag says nothing about what the disk holds and is not looked at.
 *
 * Not volumes: /boot and the EFI partition (they hold the loader, and cannot be encrypted on most PCs), memory, read-only image formats
 * (squashfs of a snap, a CD: anybody can have the same bytes), views (overlay of a container, FUSE, ecryptfs: their bytes lie on file systems
 * that are mounted, and judged, themselves). For "/" every kind is answered, so that it can never be missing.
 */
#include "base/text.h"
#include "platform/control.h"
#include "platform/linux/disk_layers.h"
#include "platform/linux/read/cmdline.h"
#include "platform/linux/read/swaps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define BOOT_DEVICES_MAX 16
#define TROUBLES_MAX     6

/* What could not be read at all goes into one fact about the host. */
struct trouble {
	const char *word, *source;
	struct err err;
};

struct machine {
	struct disks disks;
	struct mounts mounts;
	struct swaps swaps;
	const char *mounts_source;
	struct facts *out;
	struct trouble troubles[TROUBLES_MAX];
	size_t trouble_count;
	struct buf crypttab;
};

/* A mount, or "/" by its number alone (mount is NULL). */
struct volume {
	const char *point;
	const struct mount *mount;
	unsigned major, minor;
};

struct volumes {
	struct volume *items;
	size_t count;
};

static void volumes_fini(struct volumes *volumes)
{
	free(volumes->items);
}

static void trouble(struct machine *pc, const char *word, const char *source, const struct err *err)
{
	if (pc->trouble_count < TROUBLES_MAX)
		pc->troubles[pc->trouble_count++] = (struct trouble){word, source, *err};
}

static void show_layers(struct facts *out, struct fact *fact, const struct layers *layers)
{
	for (size_t i = 0; i < layers->note_count; i++)
		fact_show_word(out, fact, layers->notes[i].source, layers->notes[i].key, layers->notes[i].word);
	if (!layers->problem)
		return;
	if (layers->problem_err.kind != ERR_NONE)
		fact_show_error(out, fact, layers->problem_at, &layers->problem_err);
	else
		fact_show_path(out, fact, layers->problem_at, "tried", layers->problem);
}

/* One plain leaf is enough to fail, whatever else could not be followed; without one, what could not be followed is unknown. */
static void settle(struct facts *out, struct fact *fact, const struct layers *layers)
{
	if (layers->plain) {
		bool partly = layers->encrypted || layers->problem;
		fact_known(fact, value_coverage(partly ? COVERAGE_PARTIAL : COVERAGE_NONE));
		fact_param_text(out, fact, "plain", layers->plain_names);
		if (layers->weak)
			fact_reason(out, fact, layers->weak);
	} else if (layers->problem) {
		fact_unknown(out, fact, layers->problem);
		fact_param_text(out, fact, "tried", layers->problem_at);
	} else if (layers->encrypted) {
		fact_known(fact, value_coverage(COVERAGE_FULL));
	} else if (layers->network || layers->memory || layers->image) {
		fact_unsupported(out, fact, layers->network ? "network" : layers->memory ? "memory" : "image");
	} else {
		fact_unknown(out, fact, "no_disk_found");
	}
	fact->fixed = fact->state == FACT_KNOWN; /* encryption is below every user */
	show_layers(out, fact, layers);
}

/* --- volumes --- */

static bool is_boot_point(const char *point)
{
	/* the last two: Ubuntu with encryption by TPM mounts its boot and seed (EFI) partitions there */
	static const char *const points[] = {
		"/boot", "/boot/efi", "/boot/firmware", "/efi", "/run/mnt/ubuntu-boot", "/run/mnt/ubuntu-seed"};

	for (size_t i = 0; i < ARRAY_LEN(points); i++)
		if (text_equal(point, points[i]))
			return true;
	return false;
}

/* The device numbers whose whole file system is mounted at a boot point: their bind mounts elsewhere are the same. A part of a larger one
 * (a btrfs subvolume at /boot: root is "/@boot") is not. */
static size_t find_boot_devices(const struct mounts *mounts, const struct mount *boot[BOOT_DEVICES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < mounts->count && count < BOOT_DEVICES_MAX; i++) {
		const struct mount *mount = &mounts->items[i];
		if (mount->major && text_equal(mount->root, "/") && is_boot_point(mount->point))
			boot[count++] = mount;
	}
	return count;
}

static bool holds_data(const struct mount *mount, const struct mount *const *boot, size_t boot_count)
{
	enum mount_class class = mount_class(mount);

	if (text_equal(mount->point, "/"))
		return !text_equal(mount->type, "autofs");
	if (class == MOUNT_OVERLAY || class == MOUNT_VIEW || class == MOUNT_MEMORY || class == MOUNT_IMAGE || is_boot_point(mount->point))
		return false;
	for (size_t i = 0; i < boot_count; i++)
		if (boot[i]->major == mount->major && boot[i]->minor == mount->minor)
			return false;
	return true;
}

static int compare_number(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

/* By device; within one device the shortest mount point first. */
static int by_device(const void *a, const void *b)
{
	const struct volume *left = a, *right = b;
	int order = compare_number(left->major, right->major);

	order = order ? order : compare_number(left->minor, right->minor);
	order = order ? order : compare_number((unsigned)strlen(left->point), (unsigned)strlen(right->point));
	return order ? order : strcmp(left->point, right->point);
}

static int by_point(const void *a, const void *b)
{
	int order = strcmp(((const struct volume *)a)->point, ((const struct volume *)b)->point);

	return order ? order : by_device(a, b);
}

/* Several mounts of one device are one volume. */
static void keep_one_per_device(struct volumes *volumes)
{
	size_t kept = 0;

	if (volumes->count)
		qsort(volumes->items, volumes->count, sizeof *volumes->items, by_device);
	for (size_t i = 0; i < volumes->count; i++) {
		const struct volume *before = kept ? &volumes->items[kept - 1] : NULL;
		if (!before || before->major != volumes->items[i].major || before->minor != volumes->items[i].minor)
			volumes->items[kept++] = volumes->items[i];
	}
	volumes->count = kept;
}

/* Live, "/" is also what stat says: a plain chroot's table has no line for it. btrfs shows another number there than in the table (one for
 * each subvolume), so an anonymous number says nothing and is left to the table. */
static void add_root(struct machine *pc, struct volumes *volumes)
{
	struct file_info root;
	struct err err;
	bool has_line = false;

	if (!host_is_live(pc->disks.host) || !host_info(pc->disks.host, "/", &root, &err))
		return;
	unsigned number[2] = {major(root.device), minor(root.device)};
	for (size_t i = 0; i < pc->mounts.count; i++)
		has_line = has_line || (pc->mounts.items[i].major == number[0] && pc->mounts.items[i].minor == number[1]);
	if (!has_line && number[0])
		volumes->items[volumes->count++] = (struct volume){.point = "/", .major = number[0], .minor = number[1]};
}

static bool find_volumes(struct machine *pc, struct volumes *volumes)
{
	const struct mount *boot[BOOT_DEVICES_MAX];
	size_t boot_count = find_boot_devices(&pc->mounts, boot);

	volumes->items = calloc(pc->mounts.count + 1, sizeof *volumes->items);
	if (!volumes->items)
		return false;
	for (size_t i = 0; i < pc->mounts.count; i++) {
		const struct mount *mount = &pc->mounts.items[i];
		if (holds_data(mount, boot, boot_count))
			volumes->items[volumes->count++] = (struct volume){mount->point, mount, mount->major, mount->minor};
	}
	add_root(pc, volumes);
	keep_one_per_device(volumes);
	if (volumes->count)
		qsort(volumes->items, volumes->count, sizeof *volumes->items, by_point);
	return true;
}

static void add_volume(const struct machine *pc, const struct volume *volume, struct layers *layers)
{
	if (volume->mount)
		layers_add_mount(&pc->disks, volume->mount, layers);
	else
		layers_add_number(&pc->disks, volume->major, volume->minor, layers);
}

/* A mount over a mount: both disks are in the PC, and one subject answers for both. Returns how many it took. */
static size_t report_volume(struct machine *pc, const struct volume *first, size_t left)
{
	struct layers layers = {.encrypted = 0};
	struct fact *fact = facts_add(pc->out, CONTROL_disk_encryption, "volume:%s", first->point);
	size_t count = 0;
	char number[32];

	do {
		(void)snprintf(number, sizeof number, "%u:%u", first[count].major, first[count].minor);
		fact_show_word(pc->out, fact, first[count].mount ? pc->mounts_source : "stat", "device", number);
		if (first[count].mount)
			fact_show_word(pc->out, fact, pc->mounts_source, "type", first[count].mount->type);
		add_volume(pc, &first[count], &layers);
		count++;
	} while (count < left && text_equal(first[count].point, first->point));
	settle(pc->out, fact, &layers);
	fact_via(pc->out, fact, layers.plain_on_usb ? "medium" : layers.weak ? layers.weak : "volume");
	return count;
}

static void report_volumes(struct machine *pc)
{
	AUTO(volumes_fini) struct volumes volumes = {NULL, 0};
	bool has_root = false;

	if (!find_volumes(pc, &volumes)) {
		trouble(pc, "mounts_not_readable", pc->mounts_source, &(struct err){ERR_LIMIT, ""});
		return;
	}
	for (size_t i = 0; i < volumes.count;) {
		has_root = has_root || text_equal(volumes.items[i].point, "/");
		i += report_volume(pc, &volumes.items[i], volumes.count - i);
	}
	if (!has_root && volumes.count && !host_is_live(pc->disks.host)) {
		struct fact *fact = facts_add(pc->out, CONTROL_disk_encryption, "volume:/");
		fact_unknown(pc->out, fact, "root_not_found");
		fact_show_word(pc->out, fact, pc->mounts_source, "/", "absent");
	}
}

/* --- swaps --- */

static void add_swap(const struct machine *pc, const struct swap *swap, struct layers *layers)
{
	const struct mount *mount = swap->is_file ? mounts_over(&pc->mounts, swap->path) : NULL;
	char name[BLOCK_NAME_SIZE];
	struct err err;

	if (mount)
		layers_add_mount(&pc->disks, mount, layers);
	else if (swap->is_file)
		layers_add_problem(layers, "file_not_found", swap->path, NULL);
	else if (layers_find_device(&pc->disks, swap->path, name, &err))
		layers_add_device(&pc->disks, name, layers);
	else
		layers_add_problem(layers, "device_not_found", swap->path, &err);
}

static void report_swaps(struct machine *pc)
{
	for (size_t i = 0; i < pc->swaps.count; i++) {
		const struct swap *swap = &pc->swaps.items[i];
		struct layers layers = {.encrypted = 0};
		struct fact *fact = facts_add(pc->out, CONTROL_disk_encryption, "swap:%s", swap->path);
		fact_show_word(pc->out, fact, "/proc/swaps", "type", swap->is_file ? "file" : "partition");
		add_swap(pc, swap, &layers);
		settle(pc->out, fact, &layers);
		fact_via(pc->out, fact, layers.weak ? layers.weak : "swap");
	}
}

/* --- hibernation --- */

static bool read_small(const struct machine *pc, const char *path, char *out, size_t out_size, struct err *err)
{
	AUTO(buf_fini) struct buf text;

	buf_init(&text, 16 << 10);
	if (!host_read(pc->disks.host, path, (16 << 10) - 1, &text, NULL, err))
		return false;
	(void)snprintf(out, out_size, "%s", buf_text(&text));
	return true;
}

/* The kernel offers "disk" only where it can hibernate (not under lockdown, nohibernate, or without swap support at all). A folder may simply
 * not have the file. */
static bool can_hibernate(const struct machine *pc)
{
	char text[256];
	struct err err;

	if (!read_small(pc, "/sys/power/state", text, sizeof text, &err))
		return !(host_is_live(pc->disks.host) && err.kind == ERR_ABSENT);
	return strstr(text, "disk") != NULL;
}

static bool find_number(const struct machine *pc, const unsigned number[2], char name[BLOCK_NAME_SIZE], struct err *err)
{
	char path[64], link[1024];
	struct block_place place;

	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", number[0], number[1]);
	if (!host_link(pc->disks.host, path, link, sizeof link, err))
		return false;
	if (!block_place_of_link(link, &place))
		return err_set(err, ERR_INVALID, "%s leads nowhere", path);
	(void)snprintf(name, BLOCK_NAME_SIZE, "%s", place.name);
	return true;
}

static bool find_resume(const struct machine *pc, const struct resume *resume, char name[BLOCK_NAME_SIZE], struct err *err)
{
	if (resume->kind == RESUME_PATH)
		return layers_find_device(&pc->disks, resume->path, name, err);
	return find_number(pc, (const unsigned[]){resume->major, resume->minor}, name, err);
}

/* On systems that hibernate into a swap file resume= names the device of the file system that it lies on. */
static bool swap_is_on(const struct machine *pc, const struct swap *swap, const char *device, bool has_offset)
{
	const struct mount *mount = swap->is_file && has_offset ? mounts_over(&pc->mounts, swap->path) : NULL;
	char name[BLOCK_NAME_SIZE];
	struct err ignored;

	return (swap->is_file ? mount && find_number(pc, (const unsigned[]){mount->major, mount->minor}, name, &ignored)
	                      : layers_find_device(&pc->disks, swap->path, name, &ignored)) &&
	       text_equal(name, device);
}

/* Then it is looked at as a swap. */
static bool is_active_swap(const struct machine *pc, const char *device, bool has_offset)
{
	for (size_t i = 0; i < pc->swaps.count; i++)
		if (swap_is_on(pc, &pc->swaps.items[i], device, has_offset))
			return true;
	return false;
}

struct target {
	const char *source;
	struct resume resume;
	bool has_offset;
};

static size_t find_targets(struct machine *pc, struct target targets[2])
{
	char text[8192], value[512];
	struct err err;
	size_t count = 0;

	if (read_small(pc, "/sys/power/resume", text, sizeof text, &err)) {
		targets[count] = (struct target){.source = "/sys/power/resume"};
		block_read_resume(text, &targets[count++].resume);
	}
	bool has_cmdline = read_small(pc, "/proc/cmdline", text, sizeof text, &err);
	if (!has_cmdline && err.kind != ERR_ABSENT)
		trouble(pc, "cmdline_not_readable", "/proc/cmdline", &err);
	bool has_offset = has_cmdline && cmdline_value(text, "resume_offset", value, sizeof value);
	if (count)
		targets[0].has_offset = has_offset;
	/* The command line goes before initramfs-tools' file. */
	const char *source = has_cmdline && cmdline_value(text, "resume", value, sizeof value) ? "/proc/cmdline" : NULL;
	if (!source && read_small(pc, "/etc/initramfs-tools/conf.d/resume", text, sizeof text, &err) &&
	    cmdline_assignment(text, "RESUME", value, sizeof value))
		source = "/etc/initramfs-tools/conf.d/resume";
	if (source) {
		targets[count] = (struct target){.source = source, .has_offset = has_offset};
		block_read_resume(value, &targets[count++].resume);
	}
	return count;
}

static void report_hibernation(struct machine *pc)
{
	struct layers layers = {.encrypted = 0};
	struct target targets[2];
	size_t count = can_hibernate(pc) ? find_targets(pc, targets) : 0;
	struct fact *fact = NULL;

	for (size_t i = 0; i < count; i++) {
		char name[BLOCK_NAME_SIZE] = "";
		struct err err = {ERR_INVALID, ""};
		if (targets[i].resume.kind == RESUME_NONE)
			continue;
		bool found = targets[i].resume.kind != RESUME_BROKEN && find_resume(pc, &targets[i].resume, name, &err);
		if (found && is_active_swap(pc, name, targets[i].has_offset))
			continue;
		fact = fact ? fact : facts_add(pc->out, CONTROL_disk_encryption, "hibernation");
		fact_show_word(pc->out, fact, targets[i].source, "resume", found ? name : targets[i].resume.path);
		if (found)
			layers_add_device(&pc->disks, name, &layers);
		else
			layers_add_problem(&layers, "resume_not_found", targets[i].source, &err);
	}
	if (!fact)
		return;
	settle(pc->out, fact, &layers);
	fact_via(pc->out, fact, layers.weak ? layers.weak : "hibernation");
}

/* --- all --- */

static void read_mounts(struct machine *pc)
{
	static const char *const sources[] = {"/proc/1/mountinfo", "/proc/self/mountinfo"};
	struct err err = {ERR_NONE, ""};
	bool done = false;

	for (size_t i = 0; !done && i < ARRAY_LEN(sources); i++) {
		AUTO(buf_fini) struct buf text;
		struct err now;
		buf_init(&text, MOUNTS_MAX_BYTES);
		pc->mounts_source = sources[i];
		done = host_read(pc->disks.host, sources[i], MOUNTS_MAX_BYTES - 1, &text, NULL, &now);
		if (done && !mounts_read(&pc->mounts, buf_text(&text), text.size, &err)) {
			/* half a table could leave out the plain disk */
			mounts_fini(&pc->mounts);
			trouble(pc, "mounts_not_readable", sources[i], &err);
		} else if (!done && i == 0) {
			err = now;
		}
	}
	if (!done)
		trouble(pc, "mounts_not_readable", sources[0], &err);
	if (pc->mounts.broken)
		trouble(pc, "mounts_broken", pc->mounts_source, &(struct err){ERR_INVALID, ""});
}

static void read_swaps(struct machine *pc)
{
	AUTO(buf_fini) struct buf text;
	struct err err;

	buf_init(&text, SWAPS_MAX_BYTES);
	if (!host_read(pc->disks.host, "/proc/swaps", SWAPS_MAX_BYTES - 1, &text, NULL, &err) ||
	    !swaps_read(&pc->swaps, buf_text(&text), text.size, &err)) {
		pc->swaps.count = 0;
		trouble(pc, "swaps_not_readable", "/proc/swaps", &err);
	} else if (pc->swaps.broken) {
		trouble(pc, "swaps_not_readable", "/proc/swaps", &(struct err){ERR_INVALID, ""});
	}
}

static void report_troubles(struct machine *pc)
{
	if (pc->trouble_count == 0)
		return;
	struct fact *fact = facts_add(pc->out, CONTROL_disk_encryption, "host");
	fact_unknown(pc->out, fact, pc->troubles[0].word);
	for (size_t i = 0; i < pc->trouble_count; i++)
		fact_show_error(pc->out, fact, pc->troubles[i].source, &pc->troubles[i].err);
}

static void machine_fini(struct machine *pc)
{
	mounts_fini(&pc->mounts);
	buf_fini(&pc->crypttab);
}

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	AUTO(machine_fini) struct machine pc = {.out = out, .disks = {.host = host, .crypttab = ""}};
	struct err crypttab = {ERR_NONE, ""};
	size_t before = out->count;

	(void)err;
	pc.disks.mounts = &pc.mounts;
	buf_init(&pc.crypttab, 256 << 10);
	if (host_read(host, "/etc/crypttab", (256 << 10) - 1, &pc.crypttab, NULL, &crypttab))
		pc.disks.crypttab = buf_text(&pc.crypttab);
	else if (crypttab.kind != ERR_ABSENT)
		trouble(&pc, "crypttab_not_readable", "/etc/crypttab", &crypttab);
	read_mounts(&pc);
	read_swaps(&pc);
	report_volumes(&pc);
	if (pc.trouble_count == 0 && out->count == before)
		trouble(&pc, "no_volume", pc.mounts_source, &(struct err){ERR_ABSENT, ""});
	report_swaps(&pc);
	report_hibernation(&pc);
	report_troubles(&pc);
	return true;
}

static const struct trigger triggers[] = {
	{TRIGGER_MOUNTS, NULL}, {TRIGGER_DEVICES, "block"}, {TRIGGER_PATH, "/etc/crypttab"}, TRIGGERS_END};

const struct control control_disk_encryption = {.probe = probe, .triggers = triggers};
