/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void journal_path(const struct journal *j, const char *name, char out[PATH_SIZE])
{
	(void)snprintf(out, PATH_SIZE, "%s/%s", j->dir, name);
}

void journal_note(struct journal *j, const struct err *err)
{
	(void)snprintf(j->error, sizeof j->error, "%.*s", (int)sizeof j->error - 1, err->text);
}

void journal_use(struct journal *j, int file)
{
	const struct disk *disk = j->options.disk;

	if (j->file >= 0)
		disk->close(disk->context, j->file);
	j->file = file;
}

bool journal_load(const struct disk *disk, const char *path, uint8_t **bytes, size_t *size, struct err *err)
{
	struct disk_info info;

	int file = disk->open(disk->context, path, DISK_READ, err);
	if (file < 0)
		return false;
	bool ok = disk->info(disk->context, file, &info, err);
	if (ok && info.size_bytes > SEGMENT_SIZE_MAX)
		ok = err_set(err, ERR_LIMIT, "%s is larger than a segment can be", path);
	uint8_t *all = ok ? malloc(info.size_bytes + 1) : NULL;
	if (ok && !all)
		ok = err_set(err, ERR_LIMIT, "no memory to read %s", path);
	ok = ok && disk->read(disk->context, file, 0, all, info.size_bytes, err);
	disk->close(disk->context, file);
	if (!ok) {
		free(all);
		return false;
	}
	*bytes = all;
	*size = info.size_bytes;
	return true;
}

/* aside-<ms>-<name>, with a number behind it where that is taken. */
bool journal_set_aside(struct journal *j, const char *name, struct err *err)
{
	const struct disk *disk = j->options.disk;
	char from[PATH_SIZE], to[PATH_SIZE], beside[2 * NAME_SIZE];

	if (j->aside >= ASIDE_MAX)
		return err_set(err, ERR_LIMIT, "%s holds %u files set aside; look at them and take them away", j->dir, j->aside);
	journal_path(j, name, from);
	for (int i = 1; i <= ASIDE_MAX; i++) {
		int size = snprintf(beside, sizeof beside, "aside-%lld-%s", (long long)j->options.stamp.at_ms, name);
		if (i > 1)
			(void)snprintf(beside + size, sizeof beside - (size_t)size, "-%d", i);
		journal_path(j, beside, to);
		if (disk->rename(disk->context, from, to, err)) {
			j->aside++;
			return disk->sync_folder(disk->context, j->dir, err);
		}
		if (err->kind != ERR_DENIED)
			return false;
	}
	return false;
}

bool journal_zero(struct journal *j, const char *name, size_t from, size_t to, struct err *err)
{
	static const uint8_t zeros[1u << 16];
	const struct disk *disk = j->options.disk;
	char path[PATH_SIZE];

	journal_path(j, name, path);
	int file = disk->open(disk->context, path, DISK_WRITE, err);
	bool ok = file >= 0;
	for (size_t at = from; ok && at < to; at += sizeof zeros)
		ok = disk->write(disk->context, file, at, zeros, to - at < sizeof zeros ? to - at : sizeof zeros, err);
	ok = ok && disk->sync(disk->context, file, err);
	if (file >= 0)
		disk->close(disk->context, file);
	return ok;
}

bool journal_blank_slot(struct journal *j, const char *name, struct err *err)
{
	const struct disk *disk = j->options.disk;
	char path[PATH_SIZE];
	bool made = false;

	journal_path(j, name, path);
	if (!journal_zero(j, name, 0, SEGMENT_HEADER_SIZE, err)) {
		if (err->kind != ERR_ABSENT || !disk->make_folder(disk->context, j->dir, err))
			return false;
		int file = disk->open(disk->context, path, DISK_CREATE, err);
		if (file < 0)
			return false;
		disk->close(disk->context, file);
		made = true;
	}
	return journal_zero(j, name, 0, j->segment_size, err) && (!made || disk->sync_folder(disk->context, j->dir, err));
}

bool journal_mark(struct journal *j, bool clean, struct err *err)
{
	uint8_t bytes[MARK_SIZE];
	char path[PATH_SIZE];
	struct err again;

	j->mark.clean = clean;
	j->mark.slots = JOURNAL_SEGMENTS;
	j->mark.segment_size = j->segment_size;
	j->mark.last = j->last;
	j->mark.count = j->count_before + j->last.number;
	mark_encode(bytes, &j->mark);
	journal_path(j, "mark", path);
	bool ok = cell_store(j->options.disk, path, &j->mark_cell, bytes, sizeof bytes, err);
	if (!ok) {
		journal_note(j, err);
		if (!j->mark_cell.touched || !journal_set_aside(j, "mark", &again))
			return false;
		ok = cell_store(j->options.disk, path, &j->mark_cell, bytes, sizeof bytes, err);
	}
	j->clean_on_disk = ok && clean;
	return ok;
}
