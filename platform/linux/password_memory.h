/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/control.h"

/*
 * The programs of password_memory: a table over families that read the same kind of policy. A new program is one row in
 * password_memory.c; a new family one file with the functions below.
 */
struct place {
	const char *file;    /* where its packages put the program; it exists: installed */
	const char *install; /* the folder that `distribution/policies.json` is below; NULL: none, or not known */
	const char *unless;  /* another program's package brings this name too: does not count if that one is there */
};
#define PLACES_MAX 5

struct program;

struct family {
	const char *via; /* chooses how to mend it */
	void (*probe)(const struct host *host, const struct program *program, struct facts *out, struct fact *fact);
	bool (*enforce)(const struct host *host, const struct program *program, const struct value *want, struct err *err);
};

struct program {
	const char *id; /* subject program:<id> */
	const struct family *family;
	const char *folder; /* of its policies, as its builders fixed it */
	struct place places[PLACES_MAX];
};

extern const struct program password_programs[];
extern const size_t password_program_count;
extern const struct family password_chromium, password_firefox;

bool program_has_place(const struct host *host, const struct place *place);
bool program_is_installed(const struct host *host, const struct program *program);

/* After DENIED: some folder on the way may not be passed by everybody, so that it was not the owner who was refused. */
bool program_path_is_closed(const struct host *host, const char *path);

/* The last existing one of the folder and those above it is fixed: nobody else can make what is missing. */
bool program_folder_is_fixed(const struct host *host, const char *folder);
