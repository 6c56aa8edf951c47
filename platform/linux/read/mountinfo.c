/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/mountinfo.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Only what has no block device under its own number needs a line here; a type that ends in "*" is a beginning. */
static const struct {
	const char *type;
	enum mount_class class;
} types[] = {
	{"btrfs", MOUNT_BTRFS},
	{"zfs", MOUNT_ZFS},
	{"overlay", MOUNT_OVERLAY},
	{"ecryptfs", MOUNT_VIEW},
	{"aufs", MOUNT_VIEW},
	{"shiftfs", MOUNT_VIEW},
	/* Network ones among FUSE first; the rest of "fuse." are views. fuseblk (ntfs-3g, exfat) has a real device number. */
	{"fuse.sshfs", MOUNT_NETWORK},
	{"fuse.glusterfs", MOUNT_NETWORK},
	{"fuse.ceph*", MOUNT_NETWORK},
	{"fuse.s3fs", MOUNT_NETWORK},
	{"fuse.rclone", MOUNT_NETWORK},
	{"fuse.davfs*", MOUNT_NETWORK},
	{"fuse.curlftpfs", MOUNT_NETWORK},
	{"fuse.vmhgfs-fuse", MOUNT_NETWORK},
	{"fuse.lxcfs", MOUNT_MEMORY},
	{"fusectl", MOUNT_MEMORY},
	{"fuse.*", MOUNT_VIEW},
	{"fuse", MOUNT_VIEW},
	{"nfs*", MOUNT_NETWORK}, /* nfs, nfs4; nfsd is the server's control and holds nothing either */
	{"cifs", MOUNT_NETWORK},
	{"smb*", MOUNT_NETWORK},
	{"ncpfs", MOUNT_NETWORK},
	{"afs", MOUNT_NETWORK},
	{"ceph", MOUNT_NETWORK},
	{"coda", MOUNT_NETWORK},
	{"lustre", MOUNT_NETWORK},
	{"orangefs", MOUNT_NETWORK},
	{"9p", MOUNT_NETWORK},
	{"virtiofs", MOUNT_NETWORK},
	{"vboxsf", MOUNT_NETWORK},
	{"davfs", MOUNT_NETWORK},
	{"squashfs", MOUNT_IMAGE},
	{"iso9660", MOUNT_IMAGE},
	{"erofs", MOUNT_IMAGE},
	{"cramfs", MOUNT_IMAGE},
	{"romfs", MOUNT_IMAGE},
	{"tmpfs", MOUNT_MEMORY},
	{"devtmpfs", MOUNT_MEMORY},
	{"ramfs", MOUNT_MEMORY},
	{"rootfs", MOUNT_MEMORY},
	{"proc", MOUNT_MEMORY},
	{"sysfs", MOUNT_MEMORY},
	{"cgroup*", MOUNT_MEMORY},
	{"cpuset", MOUNT_MEMORY},
	{"devpts", MOUNT_MEMORY},
	{"mqueue", MOUNT_MEMORY},
	{"hugetlbfs", MOUNT_MEMORY},
	{"securityfs", MOUNT_MEMORY},
	{"selinuxfs", MOUNT_MEMORY},
	{"smackfs", MOUNT_MEMORY},
	{"apparmorfs", MOUNT_MEMORY},
	{"debugfs", MOUNT_MEMORY},
	{"tracefs", MOUNT_MEMORY},
	{"configfs", MOUNT_MEMORY},
	{"pstore", MOUNT_MEMORY},
	{"efivarfs", MOUNT_MEMORY},
	{"bpf", MOUNT_MEMORY},
	{"autofs", MOUNT_MEMORY},
	{"binfmt_misc", MOUNT_MEMORY},
	{"binder*", MOUNT_MEMORY},
	{"functionfs", MOUNT_MEMORY},
	{"nsfs", MOUNT_MEMORY},
	{"resctrl", MOUNT_MEMORY},
	{"rpc_pipefs", MOUNT_MEMORY},
	{"xenfs", MOUNT_MEMORY},
};

static bool type_matches(const char *type, const char *pattern)
{
	size_t length = strlen(pattern);

	return pattern[length - 1] == '*' ? strncmp(type, pattern, length - 1) == 0 : strcmp(type, pattern) == 0;
}

enum mount_class mount_class(const struct mount *mount)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (type_matches(mount->type, types[i].type))
			return types[i].class;
	return mount->major ? MOUNT_BLOCK : MOUNT_OTHER;
}

bool mount_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		unsigned number = 0;
		for (int i = 1; i <= 3; i++) {
			if (from[i] < '0' || from[i] > '7')
				return false;
			number = number * 8 + (unsigned)(from[i] - '0');
		}
		if (number == 0 || number > 255)
			return false;
		*to++ = (char)number;
		from += 4;
	}
	*to = '\0';
	return true;
}

static bool read_device(char *text, struct mount *mount)
{
	uint64_t number[2];
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	if (!text_to_u64(text, UINT32_MAX, &number[0]) || !text_to_u64(colon + 1, UINT32_MAX, &number[1]))
		return false;
	mount->major = (unsigned)number[0];
	mount->minor = (unsigned)number[1];
	return true;
}

static char *take_word(char **rest)
{
	char *word = *rest;
	size_t length = strcspn(word, " ");

	if (length == 0)
		return NULL;
	*rest = word + length + (word[length] == ' ');
	word[length] = '\0';
	return word;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"; the optional fields end at the lone "-". */
static bool read_line(char *line, struct mount *mount)
{
	char *words[6], *word;

	/* After an empty word there are none. */
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		words[i] = take_word(&line);
	do
		word = take_word(&line);
	while (word && strcmp(word, "-") != 0);
	char *type = word ? take_word(&line) : NULL;
	/* An empty source shows as two spaces: mount(2) takes "" too. */
	bool no_source = type && line[0] == ' ';
	char *source = no_source ? line : type ? take_word(&line) : NULL;
	if (no_source)
		*line++ = '\0';
	char *options = source ? take_word(&line) : NULL;
	if (!type || !source || !read_device(words[2], mount) || !mount_unescape(words[3]) || !mount_unescape(words[4]) ||
	    words[4][0] != '/' || !mount_unescape(type) || !mount_unescape(source))
		return false;
	mount->root = words[3];
	mount->point = words[4];
	mount->type = type;
	mount->source = source;
	mount->options = options ? options : "";
	return true;
}

bool mounts_read(struct mounts *mounts, const char *text, size_t size, struct err *err)
{
	*mounts = (struct mounts){.items = NULL};
	arena_init(&mounts->arena, 4 * MOUNTS_MAX_BYTES);
	if (size > MOUNTS_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "the mount table is larger than %u bytes", MOUNTS_MAX_BYTES);
	for (size_t at = 0, number = 0; at < size; number++) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - text) - at : size - at;
		char *line = arena_strndup(&mounts->arena, text + at, length);
		struct mount mount = {.line = number};
		if (number >= MOUNTS_MAX || !line)
			return err_set(err, ERR_LIMIT, "the mount table has more than %d lines", MOUNTS_MAX);
		at += length + 1;
		if (length == 0)
			continue;
		if (memchr(line, '\0', length) || !read_line(line, &mount)) {
			mounts->broken++;
			continue;
		}
		struct mount *slot = ARENA_PUSH(&mounts->arena, mounts->items, mounts->count);
		if (!slot)
			return err_set(err, ERR_LIMIT, "the mount table is too large");
		*slot = mount;
	}
	return true;
}

void mounts_fini(struct mounts *mounts)
{
	arena_fini(&mounts->arena);
	*mounts = (struct mounts){.items = NULL};
}

static bool is_below(const char *path, const char *point)
{
	size_t length = strlen(point);

	if (strcmp(point, "/") == 0)
		return path[0] == '/';
	return strncmp(path, point, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

const struct mount *mounts_over(const struct mounts *mounts, const char *path)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->items[i];
		if (is_below(path, mount->point) && (!best || strlen(mount->point) >= strlen(best->point)))
			best = mount;
	}
	return best;
}

bool mount_option(const struct mount *mount, const char *name, char *out, size_t out_size)
{
	const char *at = mount->options;
	size_t name_length = strlen(name);

	while (*at) {
		size_t length = 0;
		while (at[length] && at[length] != ',')
			length += at[length] == '\\' && at[length + 1] ? 2 : 1;
		if (length > name_length + 1 && strncmp(at, name, name_length) == 0 && at[name_length] == '=') {
			length -= name_length + 1;
			if (length >= out_size)
				return false;
			memcpy(out, at + name_length + 1, length);
			out[length] = '\0';
			return true;
		}
		at += length;
		at += *at == ',';
	}
	return false;
}
