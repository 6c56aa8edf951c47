/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* /etc/crypttab (crypttab(5) of systemd and of Debian's cryptsetup): which volume is opened with which key. */

struct crypttab_entry {
	char name[128];
	char key[512];    /* a path in the machine, or "" if a person, a token or chance gives the key */
	bool null_cipher; /* "encrypts" with nothing */
};

/* The entry of `name`; the last one if there are several. false: none, or a line longer than we take. */
bool crypttab_find(const char *text, const char *name, struct crypttab_entry *entry);
