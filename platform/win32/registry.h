/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Values of the 64-bit registry, read only. ERR_ABSENT: no such key or value. ERR_INVALID: there, but not a REG_DWORD; the policies read
 * here count only as numbers, and a text "0" is not one. Keys are written as "SOFTWARE\\Policies\\...", below HKEY_LOCAL_MACHINE,
 * which ordinary users cannot write.
 */
bool registry_machine_number(const char *key, const char *name, uint32_t *out, struct err *err);

/* The same below HKEY_USERS\<sid>, a hive that its user can write. */
bool registry_user_number(const char *sid, const char *key, const char *name, uint32_t *out, struct err *err);

/* Is there such a key below HKEY_LOCAL_MACHINE? */
bool registry_machine_has(const char *key);
