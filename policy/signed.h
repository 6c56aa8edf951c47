/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The form of a signed document, which the server writes and the PC verifies (agent/document.h): header, certificate, signature,
 * bytes, and nothing after. The bytes are verified as they are and parsed afterwards. All numbers big-endian:
 *
 *   0  8  "EPADOC\0\1"                       32  4  size of the signer's certificate (DER)
 *   8  1  type: 1 policy 2 register 3 orders 36  4  size of the signature (DER)
 *   9  7  zero                               40  4  size of the bytes
 *   16 8  version, 1 and up                  44  4  zero
 *   24 8  signed at, UTC seconds             48     certificate, signature, bytes
 *
 * The signature is ECDSA with SHA-256 on P-256 over header, certificate and bytes in this order. The certificate stands directly
 * under the root and bears exactly one extended key usage, that of its role (2.25 is the arc for UUIDs; ours is
 * d62f5289-230b-49fc-be56-664eb7be1465): .1 signs policies, .2 signs registers and orders.
 */
#define SIGNED_HEADER_SIZE     48
#define SIGNED_CERTIFICATE_MAX 2048
#define SIGNED_SIGNATURE_MAX   80
#define SIGNED_USAGE           "2.25.284700503073014520513955514806270039141"

/* 2026-11-22, raised at each release: no certificate in force ends before this, and no clock that is right is behind it. */
#define DOCUMENT_BUILT_AT 1795305600

enum document_type { DOCUMENT_POLICY = 1, DOCUMENT_REGISTER, DOCUMENT_ORDERS };
enum document_role { DOCUMENT_ROLE_POLICY = 1, DOCUMENT_ROLE_ORDERS };

struct signed_header {
	enum document_type type;
	int64_t version, signed_at;
	uint32_t certificate_size, signature_size, size;
};

const char *document_type_name(enum document_type type); /* "policy" */
size_t document_size_max(enum document_type type);       /* of the bytes */
enum document_role document_type_role(enum document_type type);
const char *document_role_name(enum document_role role);  /* "policy", "orders" */
const char *document_role_usage(enum document_role role); /* dotted, as above */

bool signed_is_document(const void *bytes, size_t size); /* it begins as one */
void signed_header_print(uint8_t out[SIGNED_HEADER_SIZE], const struct signed_header *header);

/* False unless everything in it is as above (sizes within their limits, but not yet compared with what follows). */
bool signed_header_parse(struct signed_header *out, const uint8_t in[SIGNED_HEADER_SIZE]);
