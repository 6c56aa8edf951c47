/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openat2(2) with RESOLVE_IN_ROOT keeps every lookup inside the machine; RESOLVE_NO_MAGICLINKS keeps /proc/PID/root and fd links
 * shut. CAP_DAC_READ_SEARCH would follow a clerk's symlink into /etc/shadow, so the way is walked component by component
 * and each link's owner is looked at before it is followed.
 */
#include "platform/host.h"

#include "base/text.h"
#include "platform/linux/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's own limit */

struct host {
	int root;
	bool live;
	uid_t owner; /* of a folder: shown as 0 */
	gid_t group;
	int64_t uid_min;
	int64_t now_utc;
	char *state_dir;
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static int open_beneath(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static int64_t shown_uid(const struct host *host, uid_t uid)
{
	return !host->live && uid == host->owner ? 0 : (int64_t)uid;
}

static int64_t shown_gid(const struct host *host, gid_t gid)
{
	return !host->live && gid == host->group ? 0 : (int64_t)gid;
}

/* Others, or a group that is not root's, may write; or whom an ACL names: acl(5), its mask is what the group's bits show. */
static bool is_open(const struct host *host, int fd, const struct stat *at)
{
	char self[40];

	if ((at->st_mode & S_IWOTH) || !(at->st_mode & S_IWGRP) || shown_gid(host, at->st_gid) != 0)
		return (at->st_mode & (S_IWOTH | S_IWGRP)) != 0;
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return getxattr(self, "system.posix_acl_access", NULL, 0) > 0;
}

static bool is_ordinary(const struct host *host, uid_t uid)
{
	return shown_uid(host, uid) >= host->uid_min && uid != 65534;
}

static void read_uid_min(struct host *host)
{
	struct buf text;
	struct err ignored;

	host->uid_min = 1000;
	buf_init(&text, 64 << 10);
	if (host_read(host, "/etc/login.defs", 64 << 10, &text, NULL, &ignored))
		for (const char *line = text.data; line && *line; line = strchr(line, '\n')) {
			long long number;
			line += *line == '\n';
			if (sscanf(line, "UID_MIN %lld", &number) == 1 && number > 0 && number < 60000)
				host->uid_min = number;
		}
	buf_fini(&text);
}

static int open_root(const char *dir, struct stat *at, struct err *err)
{
	int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* A fence around the process may forbid openat2 altogether: nothing seen must not become "nothing there". */
	AUTO(close_fd) int looks = root < 0 ? -1 : open_beneath(root, ".", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);

	if (looks < 0 || fstat(looks, at) != 0) {
		err_errno(err, errno, "cannot look into the machine's folder %s", dir);
		close_fd(&root);
		return -1;
	}
	return root;
}

struct host *host_new(const char *root_dir, const char *state_dir, int64_t now_utc, struct err *err)
{
	struct stat at;
	int root = open_root(root_dir ? root_dir : "/", &at, err);

	if (root < 0)
		return NULL;
	struct host *host = calloc(1, sizeof *host);
	if (host)
		*host = (struct host){.root = root,
		                      .live = !root_dir,
		                      .owner = root_dir ? at.st_uid : 0,
		                      .group = root_dir ? at.st_gid : 0,
		                      .uid_min = 1000,
		                      .now_utc = now_utc,
		                      .state_dir = state_dir ? strdup(state_dir) : NULL};
	if (!host || (state_dir && !host->state_dir)) {
		err_set(err, ERR_LIMIT, "out of memory");
		free(host);
		close_fd(&root);
		return NULL;
	}
	read_uid_min(host);
	return host;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	close_fd(&host->root);
	free(host->state_dir);
	free(host);
}

void host_drop(struct host **host)
{
	host_free(*host);
	*host = NULL;
}

bool host_is_live(const struct host *host)
{
	return host->live;
}

int64_t host_now_utc(const struct host *host)
{
	return host->now_utc;
}

const char *host_state_dir(const struct host *host)
{
	return host->state_dir;
}

int host_root_fd(const struct host *host)
{
	return host->root;
}

int64_t host_uid_min(const struct host *host)
{
	return host->uid_min;
}

/* Kernel file systems cannot be written to by ordinary users in ways that matter here, and their owners mean nothing: a process's
 * folder in /proc belongs to that process's user. */
static bool is_kernel_fs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == 0x9fa0 /* proc */ || fs.f_type == 0x62656572 /* sysfs */);
}

/*
 * Walks `path` below the root with our own symlink handling, so that every component's owner is seen. The result is an O_PATH
 * descriptor of the last component, which is followed if it is a link unless `keep_link`.
 */
struct walk {
	const struct host *host;
	char rest[4096]; /* what is left to walk */
	char done[4096]; /* the way so far, from the root, without a slash at its end; "" is the root */
	unsigned links;
	bool keep_link;
	int64_t uid; /* whose home is walked to: his folders pass, his links do not; -1: nobody's */
};

/* What a walk found at its end, and what the folders on the way mean for it. */
struct seen {
	struct stat at;
	bool open;   /* somebody but its owner and root may write it */
	bool loose;  /* one lets an ordinary user swap what is in it */
	bool closed; /* one lets not everybody pass */
};

static bool check_owner(const struct walk *walk, int fd, const struct stat *at, struct err *err)
{
	bool own = shown_uid(walk->host, at->st_uid) == walk->uid && S_ISDIR(at->st_mode);

	if (own || !is_ordinary(walk->host, at->st_uid) || is_kernel_fs(fd))
		return true;
	return err_set(err, ERR_DENIED, "%s belongs to an ordinary user (uid %u)", walk->done, (unsigned)at->st_uid);
}

/* What is too long for the kernel is kept one byte too long, so that the kernel refuses it: a cut name is another file's. */
static bool take_component(struct walk *walk, char *name, size_t name_size)
{
	size_t skip = strspn(walk->rest, "/"), length = strcspn(walk->rest + skip, "/");

	if (length == 0)
		return false;
	(void)snprintf(name, name_size, "%.*s", (int)length, walk->rest + skip);
	memmove(walk->rest, walk->rest + skip + length, strlen(walk->rest + skip + length) + 1);
	return true;
}

/* /proc/PID/root, cwd, exe, fd/N: not texts but doors. Only the kernel knows them from /proc/self, which is a text. */
static bool is_magic(const struct walk *walk, int link)
{
	if (!is_kernel_fs(link))
		return false;
	int fd = open_beneath(walk->host->root, walk->done + 1, O_PATH, RESOLVE_IN_ROOT);
	bool magic = fd < 0 && errno == ELOOP;
	close_fd(&fd);
	return magic;
}

static bool follow(struct walk *walk, int link, struct err *err)
{
	char target[2048], joined[4096];
	ssize_t size = readlinkat(link, "", target, sizeof target - 1);

	if (size < 0)
		return err_errno(err, errno, "cannot read the link %s", walk->done);
	if (is_magic(walk, link))
		return err_errno(err, ELOOP, "%s", walk->done);
	target[size] = '\0';
	if (++walk->links > LINKS_MAX)
		return err_set(err, ERR_LIMIT, "%s: too many links, as for every program", walk->done);
	if (snprintf(joined, sizeof joined, "%s/%s", target, walk->rest) >= (int)sizeof joined)
		return err_set(err, ERR_LIMIT, "%s: path too long", walk->done);
	memcpy(walk->rest, joined, sizeof joined);
	if (target[0] == '/')
		walk->done[0] = '\0';
	else
		*strrchr(walk->done, '/') = '\0';
	return true;
}

/* One step: `name` is appended to the way and opened. Gives the descriptor, or -1 with err. */
static int step(struct walk *walk, const char *name, struct stat *at, struct err *err)
{
	size_t length = strlen(walk->done);

	if (snprintf(walk->done + length, sizeof walk->done - length, "/%s", name) >= (int)(sizeof walk->done - length)) {
		err_set(err, ERR_LIMIT, "path too long");
		return -1;
	}
	int fd = open_beneath(walk->host->root, walk->done + 1, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);
	if (fd < 0 || fstat(fd, at) != 0 || !check_owner(walk, fd, at, err)) {
		if (fd < 0)
			err_errno(err, errno, "%s", walk->done);
		close_fd(&fd);
		return -1;
	}
	return fd;
}

/* `how` says whether the last link is kept and whose home it leads to. */
static int walk_as(struct walk how, const char *path, struct seen *seen, struct err *err)
{
	struct stat *at = &seen->at;
	const struct host *host = how.host;
	struct walk walk = how;
	char name[NAME_MAX + 2];
	int fd = dup(host->root);

	if (strlen(path) >= sizeof walk.rest || fd < 0 || fstat(fd, at) != 0) {
		close_fd(&fd);
		err_set(err, ERR_LIMIT, "%s: cannot be walked", path);
		return -1;
	}
	memcpy(walk.rest, path, strlen(path) + 1);
	while (take_component(&walk, name, sizeof name)) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			char *slash = strrchr(walk.done, '/');
			if (slash)
				*slash = '\0';
			continue;
		}
		close_fd(&fd);
		fd = step(&walk, name, at, err);
		if (fd < 0)
			return -1;
		bool last = walk.rest[strspn(walk.rest, "/")] == '\0';
		if (S_ISDIR(at->st_mode) && !last) {
			seen->loose |= is_open(host, fd, at) && !(at->st_mode & S_ISVTX);
			seen->closed |= !(at->st_mode & S_IXOTH);
		}
		if (S_ISLNK(at->st_mode) && !(last && walk.keep_link) && !follow(&walk, fd, err)) {
			close_fd(&fd);
			return -1;
		}
	}
	/* A way that ended in ".." or in a link to "/" has not opened its end yet. */
	close_fd(&fd);
	fd = walk.done[0] ? open_beneath(host->root, walk.done + 1, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT) : dup(host->root);
	if (fd < 0 || fstat(fd, at) != 0) {
		err_errno(err, errno, "%s", path);
		close_fd(&fd);
		return -1;
	}
	seen->open = is_open(host, fd, at);
	return fd;
}

static int walk_path(const struct host *host, const char *path, bool keep_link, struct seen *seen, struct err *err)
{
	return walk_as((struct walk){.host = host, .keep_link = keep_link, .uid = -1}, path, seen, err);
}

static void fill_info(const struct host *host, const struct seen *seen, struct file_info *info)
{
	const struct stat *at = &seen->at;

	if (!info)
		return;
	*info = (struct file_info){
		.kind = S_ISREG(at->st_mode)   ? FILE_REGULAR
	                : S_ISDIR(at->st_mode) ? FILE_FOLDER
	                                       : FILE_OTHER,
		.uid = shown_uid(host, at->st_uid),
		.gid = shown_gid(host, at->st_gid),
		.mode = (uint32_t)at->st_mode & 07777,
		.size_bytes = (uint64_t)at->st_size,
		.modified_at = (int64_t)at->st_mtim.tv_sec,
		.device = (uint64_t)at->st_dev,
		.fixed = !is_ordinary(host, at->st_uid) && !seen->open && !seen->loose,
		.reachable = !seen->closed,
		.world_readable = (at->st_mode & S_IROTH) && !seen->closed,
	};
}

/* From O_PATH to a readable descriptor of the very same file, without walking again. */
static int reopen(int path_fd, const struct stat *at, const char *path, struct err *err)
{
	char self[40];

	if (!S_ISREG(at->st_mode) && !S_ISDIR(at->st_mode)) {
		err_set(err, ERR_INVALID, "%s is neither a file nor a folder", path);
		return -1;
	}
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", path_fd);
	int fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		err_errno(err, errno, "%s", path);
	return fd;
}

int host_open(const struct host *host, const char *path, struct file_info *info, struct err *err)
{
	struct seen seen = {.loose = false};
	AUTO(close_fd) int found = walk_path(host, path, false, &seen, err);

	if (found < 0)
		return -1;
	fill_info(host, &seen, info);
	return reopen(found, &seen.at, path, err);
}

static int walk_home(const struct host *host, const struct user *user, const char *path, struct stat *at, struct err *err)
{
	/* The home itself may lie behind root's links (/home -> /srv/home); what is in it is the user's own and may not be a link, nor
	 * another file system: his FUSE mount could keep us waiting for ever. */
	struct seen seen = {.loose = false};
	AUTO(close_fd) int home = walk_as((struct walk){.host = host, .uid = user->uid}, user->home, &seen, err);

	if (home < 0)
		return -1;
	*at = seen.at;
	const uint64_t stay = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
	int fd = path[0] ? open_beneath(home, path, O_PATH | O_NOFOLLOW, stay) : dup(home);
	if (fd < 0 || fstat(fd, at) != 0) {
		err_errno(err, errno, "%s/%s", user->home, path);
		close_fd(&fd);
		return -1;
	}
	if (shown_uid(host, at->st_uid) != user->uid && shown_uid(host, at->st_uid) != 0) {
		err_set(err, ERR_DENIED, "%s/%s belongs to uid %u", user->home, path, (unsigned)at->st_uid);
		close_fd(&fd);
		return -1;
	}
	return fd;
}

int host_open_home(const struct host *host, const struct user *user, const char *path, struct file_info *info, struct err *err)
{
	struct stat at;
	AUTO(close_fd) int found = walk_home(host, user, path, &at, err);

	if (found < 0)
		return -1;
	if (!S_ISREG(at.st_mode) || at.st_nlink != 1) {
		err_set(err, ERR_DENIED, "%s/%s is not a plain file with one name", user->home, path);
		return -1;
	}
	fill_info(host, &(struct seen){.at = at, .open = is_open(host, found, &at)}, info);
	return reopen(found, &at, path, err);
}

static bool read_all(int fd, const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
	struct stat before, after;

	if (fstat(fd, &before) != 0 || !S_ISREG(before.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", path);
	if ((uint64_t)before.st_size > max_bytes)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
	buf_init(out, max_bytes + 1);
	for (;;) {
		char *room = buf_reserve(out, out->size + 4096 <= out->max ? 4096 : out->max - out->size);
		size_t most = out->size + 4096 <= out->max ? 4096 : out->max - out->size;
		if (!room || most == 0)
			break;
		ssize_t got = read(fd, room, most);
		if (got < 0) {
			int number = errno;
			buf_fini(out);
			return err_errno(err, number, "%s", path);
		}
		if (got == 0)
			break;
		out->size += (size_t)got;
		out->data[out->size] = '\0';
	}
	if (out->failed || out->size > max_bytes) {
		buf_fini(out);
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
	}
	bool moved = fstat(fd, &after) != 0 || after.st_size != before.st_size || after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
	             after.st_mtim.tv_nsec != before.st_mtim.tv_nsec ||
	             (before.st_size > 0 && !is_kernel_fs(fd) && (uint64_t)before.st_size != out->size);
	if (moved && !is_kernel_fs(fd)) {
		buf_fini(out);
		return err_set(err, ERR_IO, "%s changed while it was read", path);
	}
	if (out->data)
		out->data[out->size] = '\0';
	return true;
}

bool host_read(const struct host *host, const char *path, size_t max_bytes, struct buf *out, struct file_info *info, struct err *err)
{
	AUTO(close_fd) int fd = host_open(host, path, info, err);

	return fd >= 0 && read_all(fd, path, max_bytes, out, err);
}

bool host_read_home(const struct host *host, const struct user *user, const char *path, size_t max_bytes, struct buf *out,
                    struct file_info *info, struct err *err)
{
	AUTO(close_fd) int fd = host_open_home(host, user, path, info, err);

	return fd >= 0 && read_all(fd, path, max_bytes, out, err);
}

bool host_list(const struct host *host, const char *path, size_t max_names, struct names *out, struct err *err)
{
	int fd = host_open(host, path, NULL, err);

	return fd >= 0 && names_read(fd, path, max_names, out, err);
}

bool host_list_home(const struct host *host, const struct user *user, const char *path, size_t max_names, struct names *out,
                    struct err *err)
{
	struct stat at;
	AUTO(close_fd) int found = walk_home(host, user, path, &at, err);

	if (found < 0)
		return false;
	if (!S_ISDIR(at.st_mode))
		return err_set(err, ERR_INVALID, "%s/%s is no folder", user->home, path);
	int fd = reopen(found, &at, path, err);
	return fd >= 0 && names_read(fd, path, max_names, out, err);
}

bool host_info(const struct host *host, const char *path, struct file_info *info, struct err *err)
{
	struct seen seen = {.loose = false};
	AUTO(close_fd) int found = walk_path(host, path, false, &seen, err);

	if (found < 0)
		return false;
	fill_info(host, &seen, info);
	return true;
}

bool host_home_owner(const struct host *host, const char *home, int64_t *uid, struct err *err)
{
	struct stat at;
	AUTO(close_fd) int fd = open_beneath(host->root, home + strspn(home, "/"), O_PATH, RESOLVE_IN_ROOT);

	if (fd < 0 || fstat(fd, &at) != 0)
		return err_errno(err, errno, "home %s", home);
	if (!S_ISDIR(at.st_mode))
		return err_set(err, ERR_INVALID, "home %s is no folder", home);
	*uid = shown_uid(host, at.st_uid);
	return true;
}

bool host_exists(const struct host *host, const char *path)
{
	struct file_info info;
	struct err err;

	return host_info(host, path, &info, &err) || err.kind != ERR_ABSENT;
}

bool host_link(const struct host *host, const char *path, char *out, size_t out_size, struct err *err)
{
	struct seen seen = {.loose = false};
	AUTO(close_fd) int found = walk_path(host, path, true, &seen, err);

	if (found < 0)
		return false;
	ssize_t size = S_ISLNK(seen.at.st_mode) ? readlinkat(found, "", out, out_size - 1) : -1;
	if (size < 0)
		return err_set(err, ERR_INVALID, "%s is no link", path);
	out[size] = '\0';
	return true;
}

/* Nobody listens behind a socket file that a dead process left: as absent as no file. */
static bool connect_error(struct err *err, int number, const char *path)
{
	if (number == ECONNREFUSED)
		return err_set(err, ERR_ABSENT, "%s: nobody listens", path);
	if (number == EAGAIN)
		return err_set(err, ERR_LIMIT, "%s: the listener's queue is full", path);
	return err_errno(err, number, "%s", path);
}

int host_connect(const struct host *host, const char *path, int64_t *peer_uid, struct err *err)
{
	struct seen seen = {.loose = false};
	struct ucred peer;
	socklen_t size = sizeof peer;
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	if (!host->live) {
		err_set(err, ERR_UNSUPPORTED, "a machine in a folder has no sockets");
		return -1;
	}
	AUTO(close_fd) int found = walk_path(host, path, false, &seen, err);
	if (found < 0)
		return -1;
	if (!S_ISSOCK(seen.at.st_mode)) {
		err_set(err, ERR_INVALID, "%s is no socket", path);
		return -1;
	}
	/* By descriptor, so that what was walked is what is connected to. */
	(void)snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d", found);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
		connect_error(err, errno, path);
		close_fd(&fd);
		return -1;
	}
	*peer_uid = (int64_t)peer.uid;
	return fd;
}
