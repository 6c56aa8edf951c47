/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/disk.h"
#include "policy/record.h"

/*
 * Core's signing key: ECDSA P-256, made at first start in the state folder (PKCS#8 PEM, 0600). A key file that cannot be read is
 * set aside (never deleted) and a new one is made; heads carry the public key, so the change shows.
 */
struct journal_key;

/* `*made`: a new key was made. NULL with err if none can be made (nothing can be signed then). */
struct journal_key *journal_key_open(const struct disk *disk, const char *path, bool *made, struct err *err);
void journal_key_free(struct journal_key *key);

void journal_key_public(const struct journal_key *key, uint8_t out[RECORD_KEY_SIZE]);
/* Fills key and signature of `head` from its `at` and `count`. */
bool journal_key_sign(const struct journal_key *key, struct record_head *head, struct err *err);
/* With the key that the head itself carries; whether that is the right one is for the caller to compare. */
bool journal_key_verify(const struct record_head *head);
