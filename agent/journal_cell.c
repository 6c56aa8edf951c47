/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_cell.h"

#include "agent/journal_format.h"

#include <string.h>

static const char magic[8] = "EPCELL1";
static const char tag[16] = "epagent cell   1";

static void hash_of(uint8_t out[SHA256_SIZE], const uint8_t *slot)
{
	const struct sha256_piece pieces[] = {{tag, sizeof tag}, {slot, CELL_SLOT_SIZE - SHA256_SIZE}};

	sha256(out, pieces, 2);
}

void cell_encode(uint8_t slot[CELL_SLOT_SIZE], uint64_t generation, const void *payload, size_t size)
{
	memset(slot, 0, CELL_SLOT_SIZE);
	memcpy(slot, magic, sizeof magic);
	for (size_t i = 0; i < 8; i++)
		slot[8 + i] = (uint8_t)(generation >> 8 * i);
	for (size_t i = 0; i < 4; i++)
		slot[16 + i] = (uint8_t)(size >> 8 * i);
	memcpy(slot + 24, payload, size);
	hash_of(slot + CELL_SLOT_SIZE - SHA256_SIZE, slot);
}

/* 0: blank or bad. */
static uint64_t slot_generation(const uint8_t *slot, size_t *size)
{
	uint8_t hash[SHA256_SIZE];
	uint64_t generation = 0;

	hash_of(hash, slot);
	if (memcmp(slot, magic, sizeof magic) != 0 || memcmp(hash, slot + CELL_SLOT_SIZE - SHA256_SIZE, SHA256_SIZE) != 0)
		return 0;
	for (size_t i = 8; i-- > 0;)
		generation = generation << 8 | slot[8 + i];
	*size = 0;
	for (size_t i = 4; i-- > 0;)
		*size = *size << 8 | slot[16 + i];
	return *size <= CELL_PAYLOAD_MAX ? generation : 0;
}

void cell_decode(const uint8_t bytes[CELL_SIZE], struct cell *out)
{
	*out = (struct cell){.there = true};
	for (int i = 0; i < 2; i++) {
		const uint8_t *slot = bytes + i * CELL_SLOT_SIZE;
		size_t size;
		uint64_t generation = slot_generation(slot, &size);
		if (!generation && !bytes_are_zero(slot, CELL_SLOT_SIZE))
			out->damaged = true;
		if (generation > out->generation) {
			out->generation = generation;
			out->size = size;
			memcpy(out->payload, slot + 24, size);
		}
	}
}

bool cell_load(const struct disk *disk, const char *path, struct cell *out, struct err *err)
{
	uint8_t bytes[CELL_SIZE];
	struct disk_info info;

	*out = (struct cell){0};
	int file = disk->open(disk->context, path, DISK_READ, err);
	if (file < 0)
		return err->kind == ERR_ABSENT;
	bool read = disk->info(disk->context, file, &info, err);
	if (read && info.size_bytes != CELL_SIZE)
		*out = (struct cell){.there = true, .damaged = true};
	else if (read && (read = disk->read(disk->context, file, 0, bytes, sizeof bytes, err)))
		cell_decode(bytes, out);
	disk->close(disk->context, file);
	return read;
}

static int open_or_make(const struct disk *disk, const char *path, bool *made, struct err *err)
{
	static const uint8_t zeros[CELL_SIZE];
	int file = disk->open(disk->context, path, DISK_WRITE, err);

	*made = false;
	if (file >= 0 || err->kind != ERR_ABSENT)
		return file;
	file = disk->open(disk->context, path, DISK_CREATE, err);
	if (file >= 0 && !disk->write(disk->context, file, 0, zeros, sizeof zeros, err)) {
		disk->close(disk->context, file);
		return -1;
	}
	*made = true;
	return file;
}

static bool sync_folder_of(const struct disk *disk, const char *path, struct err *err)
{
	char folder[4096];
	size_t size = (size_t)(strrchr(path, '/') - path);

	memcpy(folder, path, size);
	folder[size] = '\0';
	return disk->sync_folder(disk->context, folder, err);
}

bool cell_store(const struct disk *disk, const char *path, struct cell *cell, const void *payload, size_t size, struct err *err)
{
	uint8_t slot[CELL_SLOT_SIZE];
	bool made;
	uint64_t generation = cell->generation + 1;

	int file = open_or_make(disk, path, &made, err);
	cell->touched = file >= 0;
	if (file < 0)
		return false;
	cell_encode(slot, generation, payload, size);
	bool ok = disk->write(disk->context, file, generation % 2 * CELL_SLOT_SIZE, slot, sizeof slot, err) &&
	          disk->sync(disk->context, file, err) && (!made || sync_folder_of(disk, path, err));
	disk->close(disk->context, file);
	if (!ok)
		return false;
	cell->generation = generation;
	cell->there = true;
	memmove(cell->payload, payload, size);
	cell->size = size;
	return true;
}
