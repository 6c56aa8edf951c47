/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A disk in memory that behaves as badly as a disk may: a write stays in a cache until its file is synced, a name until its folder is,
 * and a crash keeps any subset of the cached 512-byte sectors. Each changing call is an operation with a number; the test chooses
 * one and what happens there.
 */
#include "platform/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_FILES  128
#define MEMORY_SECTOR 512

enum memory_fault {
	MEMORY_NONE,
	MEMORY_CRASH,     /* the power goes in the middle of the operation */
	MEMORY_FAIL_ONCE, /* EIO; a write leaves some sectors behind */
	MEMORY_FULL_ONCE, /* ENOSPC */
	MEMORY_FAIL_ON    /* EIO from here on, until memory_disk_mend */
};

struct memory_file {
	char name[96], durable_name[96]; /* "": no such name */
	uint8_t *live, *durable;
	bool *dirty;
	size_t size, durable_size, room;
};

struct memory_disk {
	struct disk disk;
	struct memory_file files[MEMORY_FILES];
	size_t count;
	enum memory_fault fault;
	unsigned fault_at, operation;
	bool dead, failing;
	uint64_t random;
};

static inline uint64_t memory_random(struct memory_disk *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random;
}

/* True if the operation may go on; `*partly`: it fails, but some of it happens. */
static inline bool memory_operation(struct memory_disk *m, bool *partly, struct err *err)
{
	bool here = m->fault != MEMORY_NONE && ++m->operation == m->fault_at;

	*partly = false;
	if (m->dead)
		return err_set(err, ERR_IO, "the power is off");
	if (m->failing)
		return err_errno(err, EIO, "operation");
	if (!here)
		return true;
	*partly = true;
	m->dead = m->fault == MEMORY_CRASH;
	m->failing = m->fault == MEMORY_FAIL_ON;
	if (m->fault == MEMORY_FULL_ONCE)
		*partly = false;
	return err_errno(err, m->fault == MEMORY_FULL_ONCE ? ENOSPC : EIO, "operation %u", m->operation);
}

static inline struct memory_file *memory_find(struct memory_disk *m, const char *path)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->files[i].name, path) == 0)
			return &m->files[i];
	return NULL;
}

static int memory_open(void *context, const char *path, enum disk_open how, struct err *err)
{
	struct memory_disk *m = context;
	struct memory_file *file = memory_find(m, path);
	bool partly;

	if (m->dead) {
		err_set(err, ERR_IO, "the power is off");
		return -1;
	}
	if (how != DISK_CREATE) {
		if (file)
			return (int)(file - m->files);
		err_set(err, ERR_ABSENT, "%s is not there", path);
		return -1;
	}
	if (!memory_operation(m, &partly, err))
		return -1;
	if (file || m->count == MEMORY_FILES) {
		err_set(err, ERR_IO, "%s is there", path);
		return -1;
	}
	file = &m->files[m->count++];
	*file = (struct memory_file){0};
	(void)snprintf(file->name, sizeof file->name, "%s", path);
	return (int)(file - m->files);
}

static void memory_close(void *context, int file)
{
	(void)context;
	(void)file;
}

static bool memory_read(void *context, int file, uint64_t offset, void *bytes, size_t size, struct err *err)
{
	struct memory_disk *m = context;

	if (m->dead)
		return err_set(err, ERR_IO, "the power is off");
	if (offset + size > m->files[file].size)
		return err_set(err, ERR_IO, "the file ends too early");
	if (size)
		memcpy(bytes, m->files[file].live + offset, size);
	return true;
}

static inline void memory_grow(struct memory_file *f, size_t size)
{
	if (size <= f->size)
		return;
	if (size > f->room) {
		size_t room = (size + 65535) & ~(size_t)65535;
		f->live = realloc(f->live, room);
		f->durable = realloc(f->durable, room);
		f->dirty = realloc(f->dirty, room / MEMORY_SECTOR);
		if (!f->live || !f->durable || !f->dirty)
			abort();
		memset(f->live + f->room, 0, room - f->room);
		memset(f->durable + f->room, 0, room - f->room);
		memset(f->dirty + f->room / MEMORY_SECTOR, 0, (room - f->room) / MEMORY_SECTOR);
		f->room = room;
	}
	f->size = size;
}

static bool memory_write(void *context, int file, uint64_t offset, const void *bytes, size_t size, struct err *err)
{
	struct memory_disk *m = context;
	struct memory_file *f = &m->files[file];
	bool partly;
	bool ok = memory_operation(m, &partly, err);

	if (!ok && !partly)
		return false;
	memory_grow(f, offset + size);
	for (size_t at = 0; at < size;) {
		size_t sector = (offset + at) / MEMORY_SECTOR;
		size_t part = (sector + 1) * MEMORY_SECTOR - (offset + at);
		if (part > size - at)
			part = size - at;
		if (ok || memory_random(m) % 2) {
			memcpy(f->live + offset + at, (const uint8_t *)bytes + at, part);
			f->dirty[sector] = true;
		}
		at += part;
	}
	return ok;
}

static inline void memory_settle(struct memory_disk *m, struct memory_file *f, bool all)
{
	if (all || memory_random(m) % 2)
		f->durable_size = f->size;
	for (size_t sector = 0; sector < f->room / MEMORY_SECTOR; sector++) {
		if (!f->dirty[sector])
			continue;
		if (all || memory_random(m) % 2)
			memcpy(f->durable + sector * MEMORY_SECTOR, f->live + sector * MEMORY_SECTOR, MEMORY_SECTOR);
		if (all)
			f->dirty[sector] = false;
	}
}

/* A failed sync may have written some, and what it did not is clean in the cache from now on: a second sync would not write it. */
static bool memory_sync(void *context, int file, struct err *err)
{
	struct memory_disk *m = context;
	struct memory_file *f = &m->files[file];
	bool partly;
	bool ok = memory_operation(m, &partly, err);

	if (ok || partly)
		memory_settle(m, f, ok);
	if (!ok && partly && !m->dead && f->room)
		memset(f->dirty, 0, f->room / MEMORY_SECTOR);
	return ok;
}

static bool memory_info(void *context, int file, struct disk_info *out, struct err *err)
{
	struct memory_disk *m = context;

	if (m->dead)
		return err_set(err, ERR_IO, "the power is off");
	*out = (struct disk_info){.size_bytes = m->files[file].size, .linked = m->files[file].name[0] != '\0'};
	return true;
}

static bool memory_sync_folder(void *context, const char *path, struct err *err)
{
	struct memory_disk *m = context;
	bool partly;

	if (!memory_operation(m, &partly, err))
		return false;
	for (size_t i = 0; i < m->count; i++)
		if (strncmp(m->files[i].name, path, strlen(path)) == 0 || m->files[i].name[0] == '\0')
			memcpy(m->files[i].durable_name, m->files[i].name, sizeof m->files[i].name);
	return true;
}

static bool memory_make_folder(void *context, const char *path, struct err *err)
{
	struct memory_disk *m = context;

	(void)path;
	return !m->dead || err_set(err, ERR_IO, "the power is off");
}

static bool memory_rename(void *context, const char *from, const char *to, struct err *err)
{
	struct memory_disk *m = context;
	struct memory_file *file = memory_find(m, from);
	bool partly;

	if (!memory_operation(m, &partly, err))
		return false;
	if (!file)
		return err_set(err, ERR_ABSENT, "%s is not there", from);
	if (memory_find(m, to))
		return err_set(err, ERR_DENIED, "%s is there already", to);
	(void)snprintf(file->name, sizeof file->name, "%s", to);
	return true;
}

static bool memory_list(void *context, const char *path, void (*each)(void *arg, const char *name), void *arg, struct err *err)
{
	struct memory_disk *m = context;
	size_t size = strlen(path);

	if (m->dead)
		return err_set(err, ERR_IO, "the power is off");
	for (size_t i = 0; i < m->count; i++)
		if (strncmp(m->files[i].name, path, size) == 0 && m->files[i].name[size] == '/')
			each(arg, m->files[i].name + size + 1);
	return true;
}

static int memory_lock(void *context, const char *path, struct err *err)
{
	(void)context;
	(void)path;
	(void)err;
	return 0;
}

static inline void memory_disk_init(struct memory_disk *m, uint64_t seed)
{
	*m = (struct memory_disk){.random = seed * 2654435761u + 88172645463325252ull};
	m->disk = (struct disk){.context = m,
	                        .open = memory_open,
	                        .close = memory_close,
	                        .read = memory_read,
	                        .write = memory_write,
	                        .sync = memory_sync,
	                        .info = memory_info,
	                        .sync_folder = memory_sync_folder,
	                        .make_folder = memory_make_folder,
	                        .rename = memory_rename,
	                        .list = memory_list,
	                        .lock = memory_lock};
}

static inline void memory_disk_fini(struct memory_disk *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->files[i].live);
		free(m->files[i].durable);
		free(m->files[i].dirty);
	}
	m->count = 0;
}

/* The machine comes back: the cache is gone, any part of it may have reached the medium. Names: those synced, or all. */
static inline void memory_disk_reboot(struct memory_disk *m)
{
	bool names = memory_random(m) % 2;

	for (size_t i = 0; i < m->count; i++) {
		struct memory_file *f = &m->files[i];
		memory_settle(m, f, false);
		if (f->room) {
			memset(f->dirty, 0, f->room / MEMORY_SECTOR);
			memcpy(f->live, f->durable, f->room);
		}
		f->size = f->durable_size;
		if (names)
			memcpy(f->durable_name, f->name, sizeof f->name);
		else
			memcpy(f->name, f->durable_name, sizeof f->name);
	}
	m->dead = m->failing = false;
	m->fault = MEMORY_NONE;
}

static inline void memory_disk_mend(struct memory_disk *m)
{
	m->failing = false;
	m->fault = MEMORY_NONE;
}
