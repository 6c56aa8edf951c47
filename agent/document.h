/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "base/sha256.h"
#include "policy/signed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Signed documents (policy/signed.h has their form): the only way by which a PC is told what should be. A document counts if its
 * certificate stands directly under the root that this PC pins by the SHA-256 of its DER, and is meant for its role alone.
 * The system clock is never asked: a certificate passes if its notAfter is not before the floor; notBefore is not looked at.
 */

/* Why a document was refused; document_fault_name gives the word after "document." in the messages. */
enum document_fault {
	DOCUMENT_FINE,
	DOCUMENT_UNSIGNED,      /* not a signed document at all */
	DOCUMENT_MALFORMED,     /* sizes, version or reserved bytes are not as above */
	DOCUMENT_TRAILING,      /* something follows the bytes */
	DOCUMENT_CUT,           /* it ends before its bytes do */
	DOCUMENT_TOO_LONG,      /* more bytes than its type may have */
	DOCUMENT_WRONG_TYPE,    /* not the type that was asked for */
	DOCUMENT_OTHER_ROOT,    /* the root is not the pinned one, or the certificate is not under it */
	DOCUMENT_WRONG_USAGE,   /* a certificate of another role or of a weaker kind */
	DOCUMENT_EXPIRED,       /* root or certificate ended before the floor */
	DOCUMENT_BAD_SIGNATURE, /* header, certificate or bytes were changed after signing */
	DOCUMENT_OLDER,         /* a version below the one that is held */
	DOCUMENT_CHANGED        /* the version that is held, with other bytes: to be alarmed */
};

struct document_trust {
	const void *root_pem; /* trust/root.pem of the state folder */
	size_t root_pem_size;
	uint8_t pin[SHA256_SIZE]; /* SHA-256 of the root's DER: trust/root.pin, as hexadecimal, kept since enrolment */
	int64_t floor_utc;        /* the last time that the server proved, 0 if none; never lower than DOCUMENT_BUILT_AT in effect */
};

struct document_want {
	enum document_type type;
	int64_t held_version;             /* 0: none is held */
	uint8_t held_digest[SHA256_SIZE]; /* `digest` of the one that is held */
};

struct document {
	const void *raw; /* the caller's: the whole document */
	size_t raw_size;
	/* Filled by document_verify; `bytes` points into raw. */
	enum document_fault fault;
	enum document_type type;
	int64_t version, signed_at;
	const char *bytes;
	size_t size;
	uint8_t digest[SHA256_SIZE]; /* of the bytes */
};

/* True: it may be parsed and, once it is parsed, be held. False: `document->fault` and err say why; nothing else in it is to be
 * used. The order of the faults above is the order of the looks: nothing is said of a version before its signature held. */
bool document_verify(const struct document_trust *trust, const struct document_want *want, struct document *document, struct err *err);

const char *document_fault_name(enum document_fault fault); /* "bad_signature" */
