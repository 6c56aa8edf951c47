/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of own.c. A record that cannot be read whole is an error, never a reason to start anew: the original would be lost.
 */
#include "platform/linux/own_record.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define RECORD_MAX (16u << 10)
#define NAME_SIZE  64

void own_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

void own_digest(char out[OWN_DIGEST_SIZE], const void *bytes, size_t size)
{
	uint8_t digest[SHA256_SIZE];

	sha256(digest, &(struct sha256_piece){bytes, size}, 1);
	hex_print(out, digest, sizeof digest);
}

static void name_of(char out[NAME_SIZE], const char *path, const char *suffix)
{
	char digest[OWN_DIGEST_SIZE];

	own_digest(digest, path, strlen(path));
	(void)snprintf(out, NAME_SIZE, "%.32s%s", digest, suffix);
}

int own_state_open(const struct host *host, struct err *err)
{
	const char *dir = host_state_dir(host);
	AUTO(own_close) int state = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!dir || state < 0) {
		if (!dir)
			err_set(err, ERR_UNSUPPORTED, "nothing can be set without a state folder");
		else
			err_errno(err, errno, "%s", dir);
		return -1;
	}
	bool made = mkdirat(state, "own", 0700) == 0;
	int own = openat(state, "own", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO(own_close) int durable = made ? openat(state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (own < 0 || (made && (durable < 0 || fsync(durable) != 0)) || flock(own, LOCK_EX) != 0) {
		err_errno(err, errno, "%s/own", dir);
		own_close(&own);
		return -1;
	}
	return own;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t wrote = write(fd, bytes, size);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		bytes += wrote;
		size -= (size_t)wrote;
	}
	return true;
}

/* Owner before mode: chown clears the set-id bits. Times last. */
static bool dress(int fd, const struct own_file *file)
{
	const struct stat *was = file->was;

	if (!was)
		return fchown(fd, geteuid(), getegid()) == 0 && fchmod(fd, file->mode & 0777) == 0;
	return fchown(fd, was->st_uid, was->st_gid) == 0 && fchmod(fd, was->st_mode & 07777) == 0 &&
	       futimens(fd, (struct timespec[]){was->st_atim, was->st_mtim}) == 0;
}

/* Always the same name, so that what a crash left is found. */
static void beside_of(char out[NAME_SIZE + 1], const char *name)
{
	out[0] = '.';
	name_of(out + 1, name, ".epagent-new");
}

void own_file_clean(int folder, const char *name)
{
	char beside[NAME_SIZE + 1];

	beside_of(beside, name);
	(void)unlinkat(folder, beside, 0);
}

bool own_file_write(int folder, const struct own_file *file, struct err *err)
{
	char beside[NAME_SIZE + 1];

	own_file_clean(folder, file->name);
	beside_of(beside, file->name);
	AUTO(own_close) int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, errno, "%s", file->name);
	if (!write_all(fd, file->bytes, file->size) || !dress(fd, file) || fsync(fd) != 0 ||
	    renameat(folder, beside, folder, file->name) != 0 || fsync(folder) != 0) {
		int number = errno;
		(void)unlinkat(folder, beside, 0);
		return err_errno(err, number, "%s", file->name);
	}
	return true;
}

static bool read_state(int state, const char *name, size_t max_bytes, struct buf *out, struct err *err)
{
	AUTO(own_close) int fd = openat(state, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat at;

	if (fd < 0 || fstat(fd, &at) != 0)
		return err_errno(err, errno, "%s", name);
	buf_init(out, max_bytes + 1);
	char *room = (uint64_t)at.st_size <= max_bytes ? buf_reserve(out, (size_t)at.st_size) : NULL;
	if (!room || read(fd, room, (size_t)at.st_size) != at.st_size) {
		buf_fini(out);
		return err_set(err, ERR_INVALID, "%s cannot be read whole", name);
	}
	out->size = (size_t)at.st_size;
	out->data[out->size] = '\0';
	return true;
}

static json_t *encode_times(const struct timespec times[2])
{
	return json_pack("[IIII]", (json_int_t)times[0].tv_sec, (json_int_t)times[0].tv_nsec, (json_int_t)times[1].tv_sec,
	                 (json_int_t)times[1].tv_nsec);
}

static bool decode_times(const json_t *json, struct timespec times[2])
{
	json_int_t at[4];

	for (size_t i = 0; i < 4; i++) {
		const json_t *item = json_array_get(json, i);
		at[i] = json_integer_value(item);
		if (!json_is_integer(item) || (i % 2 == 1 && (at[i] < 0 || at[i] > 999999999)))
			return false;
	}
	times[0] = (struct timespec){.tv_sec = at[0], .tv_nsec = at[1]};
	times[1] = (struct timespec){.tv_sec = at[2], .tv_nsec = at[3]};
	return true;
}

static json_t *encode(const struct own_record *record)
{
	json_t *json = json_pack("{s:i, s:s, s:[ss], s:b, s:o, s:I}", "schema", 1, "path", record->path, "wrote", record->wrote[0],
	                         record->wrote[1], "pending", record->pending, "folder_times", encode_times(record->times), "folders_made",
	                         (json_int_t)record->made);

	if (record->had_file)
		json_object_set_new(json, "original",
		                    json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "sha256", record->digest, "size",
		                              (json_int_t)record->was.st_size, "uid", (json_int_t)record->was.st_uid, "gid",
		                              (json_int_t)record->was.st_gid, "mode", (json_int_t)record->was.st_mode, "times",
		                              encode_times((struct timespec[]){record->was.st_atim, record->was.st_mtim})));
	return json;
}

static bool decode_digest(const json_t *json, char out[OWN_DIGEST_SIZE])
{
	uint8_t bytes[SHA256_SIZE];
	const char *text = json_string_value(json);

	if (!text || (*text && !hex_parse(bytes, sizeof bytes, text)))
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool decode_original(const json_t *json, struct own_record *out)
{
	struct timespec times[2];
	json_int_t size = json_number(json, "size", -1), uid = json_number(json, "uid", -1), gid = json_number(json, "gid", -1),
		   mode = json_number(json, "mode", -1);

	out->had_file = json != NULL;
	if (!json)
		return true;
	if (!decode_digest(json_object_get(json, "sha256"), out->digest) || !*out->digest ||
	    !decode_times(json_object_get(json, "times"), times) || size < 0 || size > (json_int_t)OWN_BYTES_MAX || uid < 0 || gid < 0 ||
	    uid > UINT32_MAX || gid > UINT32_MAX || !S_ISREG((mode_t)mode) || mode > 0177777)
		return false;
	out->was.st_size = size;
	out->was.st_uid = (uid_t)uid;
	out->was.st_gid = (gid_t)gid;
	out->was.st_mode = (mode_t)mode;
	out->was.st_atim = times[0];
	out->was.st_mtim = times[1];
	return true;
}

static bool decode(const json_t *json, struct own_record *out)
{
	const char *path = json_text(json, "path");
	const json_t *wrote = json_object_get(json, "wrote");
	json_int_t made = json_number(json, "folders_made", -1);

	*out = (struct own_record){.pending = json_flag(json, "pending", true)};
	if (json_number(json, "schema", 0) != 1 || !path || strlen(path) >= sizeof out->path || made < 0 || made >= 1 << OWN_FOLDERS_MAX ||
	    !decode_digest(json_array_get(wrote, 0), out->wrote[0]) || !decode_digest(json_array_get(wrote, 1), out->wrote[1]) ||
	    !decode_times(json_object_get(json, "folder_times"), out->times))
		return false;
	memcpy(out->path, path, strlen(path) + 1);
	out->made = (uint32_t)made;
	return decode_original(json_object_get(json, "original"), out);
}

bool own_record_parse(const char *text, size_t size, struct own_record *out, struct err *err)
{
	AUTO(json_drop) json_t *json = json_parse(text, size, err);

	return json && (decode(json, out) || err_set(err, ERR_INVALID, "damaged"));
}

static bool read_record(int state, const char *name, struct own_record *out, struct err *err)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};

	return read_state(state, name, RECORD_MAX, &text, err) &&
	       (own_record_parse(buf_text(&text), text.size, out, err) || err_wrap(err, "%s", name));
}

bool own_record_read(int state, const char *path, struct own_record *out, struct err *err)
{
	char name[NAME_SIZE];

	name_of(name, path, ".json");
	if (!read_record(state, name, out, err))
		return false;
	return text_equal(out->path, path) || err_set(err, ERR_INVALID, "%s is of another path", name);
}

bool own_record_write(int state, const struct own_record *record, struct err *err)
{
	AUTO(buf_fini) struct buf text;
	AUTO(json_drop) json_t *json = encode(record);
	char name[NAME_SIZE];

	buf_init(&text, RECORD_MAX);
	json_print(&text, json);
	name_of(name, record->path, ".json");
	if (text.failed)
		return err_set(err, ERR_LIMIT, "%s: record too large", record->path);
	return own_file_write(state, &(struct own_file){.name = name, .bytes = text.data, .size = text.size, .mode = 0600}, err);
}

static bool remove_durably(int state, const char *name, struct err *err)
{
	if (unlinkat(state, name, 0) != 0)
		return errno == ENOENT || err_errno(err, errno, "%s", name);
	return fsync(state) == 0 || err_errno(err, errno, "%s", name);
}

bool own_record_remove(int state, const char *path, struct err *err)
{
	char record[NAME_SIZE], original[NAME_SIZE];

	name_of(record, path, ".json");
	name_of(original, path, ".original");
	return remove_durably(state, record, err) && remove_durably(state, original, err);
}

bool own_original_write(int state, const struct own_record *record, const struct buf *bytes, struct err *err)
{
	char name[NAME_SIZE];

	name_of(name, record->path, ".original");
	return own_file_write(state, &(struct own_file){.name = name, .bytes = buf_text(bytes), .size = bytes->size, .was = &record->was},
	                      err);
}

bool own_original_read(int state, const struct own_record *record, struct buf *out, struct err *err)
{
	char name[NAME_SIZE], digest[OWN_DIGEST_SIZE];

	name_of(name, record->path, ".original");
	if (!read_state(state, name, OWN_BYTES_MAX, out, err))
		return false;
	own_digest(digest, buf_text(out), out->size);
	if (strcmp(digest, record->digest) == 0)
		return true;
	buf_fini(out);
	return err_set(err, ERR_INVALID, "the kept original of %s is damaged", record->path);
}

/* The folder is the way's first `depth + 1` components: as long as `folder` and followed by a slash. */
static bool made_it(const struct own_record *record, const char *folder)
{
	size_t length = strlen(folder), depth = 0;

	if (strncmp(record->path, folder, length) != 0 || record->path[length] != '/')
		return false;
	for (size_t i = 1; i < length; i++)
		depth += folder[i] == '/';
	return record->made >> depth & 1;
}

bool own_made_folder(int state, const char *folder)
{
	int copy = openat(state, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	bool found = false;
	size_t left = OWN_RECORDS_MAX;

	if (!dir) {
		own_close(&copy);
		return false;
	}
	for (const struct dirent *entry; !found && left > 0 && (entry = readdir(dir));) {
		struct own_record record;
		struct err ignored;
		if (entry->d_name[0] == '.' || !text_ends(entry->d_name, ".json"))
			continue;
		left--;
		found = read_record(state, entry->d_name, &record, &ignored) && made_it(&record, folder);
	}
	(void)closedir(dir);
	return found;
}
