/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order is everything: original durable, record durable ("pending"), folders and file changed, record durable ("done"). After a
 * crash anywhere the file holds the original, the old or the new bytes, and the record tells all three apart. A folder's times
 * are put back after each change in it, so that a tree before equals the tree after; "pending" keeps them across a crash.
 */
#include "platform/linux/own.h"

#include "base/buf.h"
#include "platform/linux/own_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

struct way {
	const struct host *host;
	const char *path;
	const char *name; /* the last component */
	unsigned folders; /* how many lie above it */
	int state;
	bool has_record;
	struct own_record record;
};

/* What lies at the path now. */
struct present {
	bool exists;
	struct stat at;
	char digest[OWN_DIGEST_SIZE];
	struct buf bytes;
};

static void present_fini(struct present *present)
{
	buf_fini(&present->bytes);
}

static void way_fini(const struct way *way)
{
	own_close(&way->state);
}

static bool has_dots(const char *path)
{
	for (const char *at = path; (at = strchr(at, '/')); at++) {
		size_t length = strcspn(at + 1, "/");
		if (length == 0 || (length <= 2 && strspn(at + 1, ".") >= length))
			return true;
	}
	return false;
}

static bool way_init(struct way *way, const struct host *host, const char *path, struct err *err)
{
	struct err why;

	*way = (struct way){.host = host, .path = path, .state = -1};
	for (const char *at = path + 1; (at = strchr(at, '/')); at++)
		way->folders++;
	if (path[0] != '/' || has_dots(path) || strlen(path) >= OWN_PATH_MAX || way->folders > OWN_FOLDERS_MAX - 1)
		return err_set(err, ERR_INVALID, "%s is no path that can be owned", path);
	way->name = strrchr(path, '/') + 1;
	way->state = own_state_open(host, err);
	if (way->state < 0)
		return false;
	way->has_record = own_record_read(way->state, path, &way->record, &why);
	if (way->has_record || why.kind == ERR_ABSENT)
		return true;
	*err = why;
	return err_wrap(err, "%s", path);
}

/* The first `depth` components as text; depth 0 is "". */
static void folder_path(char out[OWN_PATH_MAX], const char *path, unsigned depth)
{
	const char *end = path;

	for (unsigned i = 0; i < depth; i++)
		end = strchr(end + 1, '/');
	(void)snprintf(out, OWN_PATH_MAX, "%.*s", (int)(end - path), path);
}

/* Whoever can write a folder can swap what we put there: root's alone, no links. In a machine's folder, its owner is root. */
static bool is_roots_alone(const struct host *host, int fd)
{
	struct stat at, root;

	return fstat(fd, &at) == 0 && fstat(host_root_fd(host), &root) == 0 && (at.st_uid == 0 || at.st_uid == root.st_uid) &&
	       !(at.st_mode & S_IWOTH) && !((at.st_mode & S_IWGRP) && at.st_gid != 0 && at.st_gid != root.st_gid);
}

static int make_folder(int parent, const char *name)
{
	if (mkdirat(parent, name, 0755) != 0)
		return -1;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fchmod(fd, 0755) != 0 || fsync(parent) != 0)) {
		own_close(&fd);
		return -1;
	}
	return fd;
}

/* The folder `depth` components down, readable; -1 with err, ABSENT if it is not there. */
static int open_folder(const struct way *way, unsigned depth, bool make, struct err *err)
{
	int fd = openat(host_root_fd(way->host), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *at = way->path + 1;
	char name[256];

	for (unsigned i = 0; fd >= 0 && i < depth; i++) {
		int parent = fd;
		size_t length = strcspn(at, "/");
		(void)snprintf(name, sizeof name, "%.*s", (int)length, at);
		at += length + 1;
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && make)
			fd = make_folder(parent, name);
		int number = errno;
		own_close(&parent);
		errno = number;
		if (fd >= 0 && !is_roots_alone(way->host, fd)) {
			own_close(&fd);
			err_set(err, ERR_DENIED, "%s: the folder %s is not root's alone", way->path, name);
			return -1;
		}
	}
	if (fd < 0)
		err_errno(err, errno == ENOTDIR ? ELOOP : errno, "%s: folder", way->path);
	return fd;
}

/* Extended attributes (ACLs above all) are not kept, so a file that has some is not touched. A security label comes anew. */
static bool has_attributes(int fd)
{
	char names[1024];
	ssize_t size = flistxattr(fd, names, sizeof names);

	for (ssize_t i = 0; i < size; i += (ssize_t)strlen(names + i) + 1)
		if (strncmp(names + i, "security.", 9) != 0)
			return true;
	return size < 0 && errno == ERANGE;
}

static bool read_bytes(int fd, struct present *out)
{
	char *room = buf_reserve(&out->bytes, (size_t)out->at.st_size);

	if (!room || pread(fd, room, (size_t)out->at.st_size, 0) != out->at.st_size)
		return false;
	out->bytes.size = (size_t)out->at.st_size;
	own_digest(out->digest, out->bytes.data, out->bytes.size);
	return true;
}

/* Looking must not change when it was last read; only the owner may ask for that. */
static int open_quietly(int folder, const char *name)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(folder, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(folder, name, flags) : fd;
}

static bool look_in(int folder, const char *name, struct present *out, struct err *err)
{
	AUTO(own_close) int fd = open_quietly(folder, name);

	if (fd < 0)
		return errno == ENOENT || err_errno(err, errno, "%s", name);
	if (fstat(fd, &out->at) != 0 || !S_ISREG(out->at.st_mode) || out->at.st_nlink != 1 || has_attributes(fd))
		return err_set(err, ERR_UNSUPPORTED, "%s is not a plain file with one name and no ACL", name);
	if (out->at.st_size > OWN_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s is larger than %u bytes", name, OWN_BYTES_MAX);
	out->exists = read_bytes(fd, out);
	return out->exists || err_set(err, ERR_IO, "%s changed while it was read", name);
}

static bool look(const struct way *way, struct present *out, struct err *err)
{
	struct err why;
	AUTO(own_close) int folder = open_folder(way, way->folders, false, &why);

	*out = (struct present){.exists = false};
	buf_init(&out->bytes, OWN_BYTES_MAX + 1);
	if (folder >= 0)
		return look_in(folder, way->name, out, err);
	if (why.kind == ERR_ABSENT)
		return true;
	*err = why;
	return false;
}

static bool is_ours(const struct own_record *record, const struct present *now)
{
	return now->exists && (strcmp(now->digest, record->wrote[0]) == 0 || strcmp(now->digest, record->wrote[1]) == 0);
}

static bool is_original(const struct own_record *record, const struct present *now)
{
	return now->exists == record->had_file && (!now->exists || strcmp(now->digest, record->digest) == 0);
}

static bool changed_by_others(const struct way *way, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s was changed by somebody else since", way->path);
}

/* Folders that are missing now will be ours; so are those that another record of ours made. */
static void mark_folders(struct way *way)
{
	char folder[OWN_PATH_MAX];
	struct err ignored;

	for (unsigned i = 1; i <= way->folders; i++) {
		AUTO(own_close) int fd = open_folder(way, i, false, &ignored);
		folder_path(folder, way->path, i);
		if (fd < 0 || own_made_folder(way->state, folder))
			way->record.made |= 1u << (i - 1);
	}
}

/* The deepest folder that was there before us: the one whose times a change of ours touches. */
static unsigned touched_depth(const struct way *way)
{
	unsigned depth = way->folders;

	while (depth > 0 && way->record.made >> (depth - 1) & 1)
		depth--;
	return depth;
}

/* Durable before anything is touched. Times that an unfinished change kept are the true ones. */
static bool begin(struct way *way, struct err *err)
{
	struct stat at;
	AUTO(own_close) int folder = open_folder(way, touched_depth(way), false, err);

	if (folder < 0 || fstat(folder, &at) != 0)
		return folder < 0 ? false : err_errno(err, errno, "%s", way->path);
	if (!way->record.pending) {
		way->record.times[0] = at.st_atim;
		way->record.times[1] = at.st_mtim;
		way->record.pending = true;
	}
	return own_record_write(way->state, &way->record, err);
}

static bool restore_times(const struct way *way, struct err *err)
{
	AUTO(own_close) int folder = open_folder(way, touched_depth(way), false, err);

	return folder >= 0 && (futimens(folder, way->record.times) == 0 || err_errno(err, errno, "%s: folder times", way->path));
}

static bool put(const struct way *way, struct own_file file, struct err *err)
{
	AUTO(own_close) int folder = open_folder(way, way->folders, true, err);

	file.name = way->name;
	return folder >= 0 && own_file_write(folder, &file, err);
}

static bool keep_original(struct way *way, const struct present *now, struct err *err)
{
	way->record = (struct own_record){.had_file = now->exists};
	memcpy(way->record.path, way->path, strlen(way->path) + 1);
	if (now->exists) {
		way->record.was = now->at;
		memcpy(way->record.digest, now->digest, sizeof now->digest);
	}
	way->has_record = true;
	if (!now->exists)
		return own_record_remove(way->state, way->path, err);
	return own_original_write(way->state, &way->record, &now->bytes, err) || err_wrap(err, "%s could not be kept as it is", way->path);
}

static bool stands_already(const struct way *way, const struct present *now, const char *digest, uint32_t mode)
{
	return way->has_record && !way->record.pending && now->exists && strcmp(now->digest, digest) == 0 &&
	       strcmp(way->record.wrote[0], digest) == 0 && now->at.st_uid == geteuid() && (now->at.st_mode & 07777) == (mode & 0777);
}

static bool set(struct way *way, struct own_file file, struct err *err)
{
	AUTO(present_fini) struct present now;
	char digest[OWN_DIGEST_SIZE];

	if (!look(way, &now, err))
		return false;
	own_digest(digest, file.bytes, file.size);
	if (stands_already(way, &now, digest, file.mode))
		return true;
	if (way->has_record && !is_ours(&way->record, &now) && !is_original(&way->record, &now))
		return changed_by_others(way, err);
	if (!way->has_record && !keep_original(way, &now, err))
		return false;
	mark_folders(way);
	/* Whichever of the two the file held stays known until the new bytes are in place. */
	if (now.exists && strcmp(now.digest, way->record.wrote[1]) == 0)
		memcpy(way->record.wrote[0], now.digest, sizeof now.digest);
	memcpy(way->record.wrote[1], digest, sizeof digest);
	if (!begin(way, err) || !put(way, file, err) || !restore_times(way, err))
		return false;
	memcpy(way->record.wrote[0], digest, sizeof digest);
	way->record.wrote[1][0] = '\0';
	way->record.pending = false;
	return own_record_write(way->state, &way->record, err);
}

bool own_set(const struct host *host, const char *path, const void *bytes, size_t size, uint32_t mode, struct err *err)
{
	AUTO(way_fini) struct way way = {.state = -1};

	if (size > OWN_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %u bytes", path, OWN_BYTES_MAX);
	return way_init(&way, host, path, err) && set(&way, (struct own_file){.bytes = bytes, .size = size, .mode = mode}, err);
}

/* Removes the file if there was none, and what a crash left beside it. The folder may be missing already. */
static bool clear_folder(const struct way *way, bool with_file, struct err *err)
{
	struct err why;
	AUTO(own_close) int folder = open_folder(way, way->folders, false, &why);

	if (folder < 0) {
		if (why.kind != ERR_ABSENT)
			*err = why;
		return why.kind == ERR_ABSENT;
	}
	own_file_clean(folder, way->name);
	if (with_file && unlinkat(folder, way->name, 0) != 0 && errno != ENOENT)
		return err_errno(err, errno, "%s", way->path);
	return fsync(folder) == 0 || err_errno(err, errno, "%s", way->path);
}

/* Our folders, from the deepest up; one that others use now stays. */
static bool take_folders(const struct way *way, struct err *err)
{
	unsigned depth = way->folders;
	struct err why;
	char folder[OWN_PATH_MAX];

	for (; depth > 0 && way->record.made >> (depth - 1) & 1; depth--) {
		AUTO(own_close) int parent = open_folder(way, depth - 1, false, &why);
		folder_path(folder, way->path, depth);
		if (parent < 0)
			continue;
		if (unlinkat(parent, strrchr(folder, '/') + 1, AT_REMOVEDIR) != 0 && errno != ENOENT)
			return errno == ENOTEMPTY || errno == EEXIST || err_errno(err, errno, "%s", folder);
		if (fsync(parent) != 0)
			return err_errno(err, errno, "%s", folder);
	}
	return true;
}

static bool put_back(const struct way *way, struct err *err)
{
	AUTO(buf_fini) struct buf bytes = {.data = NULL};

	if (!way->record.had_file)
		return clear_folder(way, true, err) && take_folders(way, err);
	return own_original_read(way->state, &way->record, &bytes, err) &&
	       put(way, (struct own_file){.bytes = buf_text(&bytes), .size = bytes.size, .was = &way->record.was}, err);
}

static bool withdraw(struct way *way, struct err *err)
{
	AUTO(present_fini) struct present now;

	if (!look(way, &now, err))
		return false;
	bool ours = is_ours(&way->record, &now);
	if (!ours && !is_original(&way->record, &now))
		return changed_by_others(way, err);
	/* A crash can leave folders, and a folder's times, without the file. */
	bool untouched = !ours && way->record.had_file;
	if (!begin(way, err) || !(untouched ? clear_folder(way, false, err) : put_back(way, err)) || !restore_times(way, err))
		return false;
	return own_record_remove(way->state, way->path, err);
}

bool own_withdraw(const struct host *host, const char *path, struct err *err)
{
	AUTO(way_fini) struct way way = {.state = -1};

	if (!way_init(&way, host, path, err))
		return false;
	return way.has_record ? withdraw(&way, err) : own_record_remove(way.state, path, err);
}

bool own_is_set(const struct host *host, const char *path, bool *changed)
{
	AUTO(way_fini) struct way way = {.state = -1};
	AUTO(present_fini) struct present now = {.exists = false};
	struct err ignored;

	if (!way_init(&way, host, path, &ignored) || !way.has_record)
		return false;
	*changed = !look(&way, &now, &ignored) || !is_ours(&way.record, &now);
	return true;
}
