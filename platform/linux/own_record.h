/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "platform/host.h"

#include <sys/stat.h>

/*
 * What own.c remembers about one path, as <state>/own/<id>.json, with the original's bytes in <id>.original. Both are
 * durable (file and folder) when a write returns. <id> is the beginning of the path's SHA-256.
 */
#define OWN_PATH_MAX    1024
#define OWN_BYTES_MAX   (1u << 20)
#define OWN_FOLDERS_MAX 24 /* deeper paths are refused */
#define OWN_DIGEST_SIZE 65
#define OWN_RECORDS_MAX 256

struct own_record {
	char path[OWN_PATH_MAX];
	/* Digests of what the file may hold by our hand: [0] what was written last, [1] what was being written when `pending`. */
	char wrote[2][OWN_DIGEST_SIZE];
	bool pending; /* a change began and is not known to have ended: `times` are the touched folder's from before it */
	struct timespec times[2];
	uint32_t made;   /* bit i: we made the i-th folder on the way (0: the first below the root) */
	bool had_file;   /* the original; false: there was none, and `was` means nothing */
	struct stat was; /* owner, mode, size and times only */
	char digest[OWN_DIGEST_SIZE];
};

/* <state>/own, made (0700) if missing, locked for this process alone until closed. -1 with err; UNSUPPORTED without a state folder. */
int own_state_open(const struct host *host, struct err *err);

void own_digest(char out[OWN_DIGEST_SIZE], const void *bytes, size_t size);

/* The record's text. */
bool own_record_parse(const char *text, size_t size, struct own_record *out, struct err *err);

/* False with ABSENT: no record. INVALID: damaged, and then nothing may be touched. */
bool own_record_read(int state, const char *path, struct own_record *out, struct err *err);
bool own_record_write(int state, const struct own_record *record, struct err *err);
/* The record first, durably, then the original. No record: what a crash left of an original goes. */
bool own_record_remove(int state, const char *path, struct err *err);

/* Also proves that owner, mode and times could be given back: the kept file gets them. */
bool own_original_write(int state, const struct own_record *record, const struct buf *bytes, struct err *err);
/* INVALID if it is not what was kept. */
bool own_original_read(int state, const struct own_record *record, struct buf *out, struct err *err);

/* True if some record says that we made this folder. */
bool own_made_folder(int state, const char *folder);

/* Beside-and-rename in `folder`, with fsync of both. `was` NULL: root's own with `mode`; else owner, mode and times of `was`. */
struct own_file {
	const char *name;
	const void *bytes;
	size_t size;
	uint32_t mode;
	const struct stat *was;
};
bool own_file_write(int folder, const struct own_file *file, struct err *err);
/* Takes away what a crash in the middle of own_file_write left. */
void own_file_clean(int folder, const char *name);

void own_close(const int *fd); /* for AUTO */
