/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "policy/signed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The office's keys, in DATA/keys (0700): one root and, under it, one key for each role. For NAME in root, policy, orders:
 *   NAME.key   the P-256 key, PEM (0600)           root.pin   SHA-256 of the root's DER, hexadecimal: what a PC pins
 *   NAME.pem   its certificate
 * The root is good for 20 years, the others for 10. root.key is needed again only to make a new key; it may lie elsewhere.
 */
#define TRUST_ROOT_DAYS (20 * 365 + 5)
#define TRUST_ROLE_DAYS (10 * 365 + 2)

/* Makes all of it, or nothing: INVALID if DATA/keys is there already. DATA itself is made (0700) if it is missing. */
bool trust_new(const char *data_dir, int64_t now_utc, struct err *err);

/* What is to be signed. */
struct trust_paper {
	enum document_type type;
	int64_t version;
	int64_t signed_at;
	const void *bytes;
	size_t size;
};

/* Appends the signed document (policy/signed.h). The key's certificate must be the key's own. */
bool trust_sign(const char *data_dir, const struct trust_paper *paper, struct buf *out, struct err *err);

/* ---- the parts, for the two above and for tests that need a certificate that is wrong in one point ---------------------------- */
struct evp_pkey_st;
struct x509_st;

struct trust_pair {
	struct evp_pkey_st *key;
	struct x509_st *certificate;
};
void trust_pair_fini(struct trust_pair *pair);

struct trust_kind {
	const char *name;  /* the certificate's common name */
	const char *usage; /* dotted extended key usage; NULL: an authority */
	const char *curve; /* "P-256" */
	int64_t from_utc;
	int days;
};

/* issuer NULL: signed by itself. */
bool trust_make(struct trust_pair *out, const struct trust_kind *kind, const struct trust_pair *issuer, struct err *err);
bool trust_sign_with(const struct trust_pair *pair, const struct trust_paper *paper, struct buf *out, struct err *err);
