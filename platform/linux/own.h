/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/host.h"

/*
 * Files that epagent sets, so that undoing is exact. Before the first change the original (content, owner, mode, times, or "there was
 * no file", and which folders were missing) is kept under <state>/own/ with the digest of what we wrote, durably, before the file
 * is touched. Withdrawing puts the original back only if the file still is what we wrote; else it is left alone and the
 * error (INVALID, "changed by somebody else since") says so. Writes are beside-and-rename with fsync. Twice is once.
 */

/* `path` as seen on the PC; its folders are made (0755 root) if missing, and remembered. The new file is root's, `mode`. */
bool own_set(const struct host *host, const char *path, const void *bytes, size_t size, uint32_t mode, struct err *err);

/* The tree as it was before own_set: the file, and the folders that own_set made if they are empty. Not set by us: true. */
bool own_withdraw(const struct host *host, const char *path, struct err *err);

/* True if own_set has set it and it has not been withdrawn; `changed` tells if somebody changed it since. */
bool own_is_set(const struct host *host, const char *path, bool *changed);
