/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/document.h"

#include "base/attr.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <limits.h>
#include <string.h>

static const char *const fault_names[] = {
	[DOCUMENT_FINE] = "fine",
	[DOCUMENT_UNSIGNED] = "unsigned",
	[DOCUMENT_MALFORMED] = "malformed",
	[DOCUMENT_TRAILING] = "trailing",
	[DOCUMENT_CUT] = "cut",
	[DOCUMENT_TOO_LONG] = "too_long",
	[DOCUMENT_WRONG_TYPE] = "wrong_type",
	[DOCUMENT_OTHER_ROOT] = "other_root",
	[DOCUMENT_WRONG_USAGE] = "wrong_usage",
	[DOCUMENT_EXPIRED] = "expired",
	[DOCUMENT_BAD_SIGNATURE] = "bad_signature",
	[DOCUMENT_OLDER] = "older",
	[DOCUMENT_CHANGED] = "changed",
};

/* The document's parts, still unproven. */
struct parts {
	const uint8_t *header, *certificate, *signature, *bytes;
	size_t certificate_size, signature_size, size;
};

const char *document_fault_name(enum document_fault fault)
{
	return fault_names[fault];
}

static bool fault(struct document *document, enum document_fault why, const char *text, struct err *err)
{
	document->fault = why;
	return err_set(err, why == DOCUMENT_TOO_LONG ? ERR_LIMIT : ERR_INVALID, "%s", text);
}

static bool take_parts(struct document *document, const struct document_want *want, struct parts *parts, struct err *err)
{
	struct signed_header header;

	if (!signed_is_document(document->raw, document->raw_size))
		return fault(document, DOCUMENT_UNSIGNED, "it is not a signed document", err);
	if (document->raw_size < SIGNED_HEADER_SIZE)
		return fault(document, DOCUMENT_CUT, "it ends inside its header", err);
	if (!signed_header_parse(&header, document->raw))
		return fault(document, DOCUMENT_MALFORMED, "its header is not that of a signed document", err);
	if (header.type != want->type)
		return fault(document, DOCUMENT_WRONG_TYPE, "it is a document of another type", err);
	if (header.size > document_size_max(header.type))
		return fault(document, DOCUMENT_TOO_LONG, "it is longer than a document of its type may be", err);
	size_t whole = (size_t)SIGNED_HEADER_SIZE + header.certificate_size + header.signature_size + header.size;
	if (document->raw_size < whole)
		return fault(document, DOCUMENT_CUT, "it ends before its bytes do", err);
	if (document->raw_size > whole)
		return fault(document, DOCUMENT_TRAILING, "something follows the document", err);
	document->type = header.type;
	document->version = header.version;
	document->signed_at = header.signed_at;
	parts->header = document->raw;
	parts->certificate = parts->header + SIGNED_HEADER_SIZE;
	parts->certificate_size = header.certificate_size;
	parts->signature = parts->certificate + header.certificate_size;
	parts->signature_size = header.signature_size;
	parts->bytes = parts->signature + header.signature_size;
	parts->size = header.size;
	return true;
}

static void drop_x509(X509 **certificate)
{
	X509_free(*certificate);
}

static X509 *read_root(const struct document_trust *trust)
{
	BIO *bio = BIO_new_mem_buf(trust->root_pem, trust->root_pem_size > INT_MAX ? 0 : (int)trust->root_pem_size);
	X509 *root = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	uint8_t pin[SHA256_SIZE];
	unsigned size = 0;

	BIO_free(bio);
	if (root && X509_digest(root, EVP_sha256(), pin, &size) == 1 && size == sizeof pin && memcmp(pin, trust->pin, sizeof pin) == 0)
		return root;
	X509_free(root);
	return NULL;
}

/* The whole of the DER, one certificate and nothing behind it. */
static X509 *read_certificate(const struct parts *parts)
{
	const unsigned char *at = parts->certificate;
	X509 *certificate = d2i_X509(NULL, &at, (long)parts->certificate_size);

	if (certificate && at == parts->certificate + parts->certificate_size)
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* Directly under the root: no certificate in between is offered to OpenSSL. The time is looked at by ends_before. */
static bool is_under(X509 *root, X509 *certificate)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *look = X509_STORE_CTX_new();
	bool under = store && look && X509_STORE_add_cert(store, root) == 1 && X509_STORE_CTX_init(look, store, certificate, NULL) == 1;

	if (under) {
		X509_STORE_CTX_set_flags(look, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_X509_STRICT);
		under = X509_verify_cert(look) == 1 && X509_STORE_CTX_get_error(look) == X509_V_OK;
	}
	X509_STORE_CTX_free(look);
	X509_STORE_free(store);
	return under;
}

/* Exactly one extended usage, the role's own; a P-256 key that may sign, and no authority. */
static bool has_usage(X509 *certificate, enum document_role role)
{
	EXTENDED_KEY_USAGE *found = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	ASN1_OBJECT *wanted = OBJ_txt2obj(document_role_usage(role), 1);
	char curve[32] = "";
	bool fine = found && wanted && sk_ASN1_OBJECT_num(found) == 1 && OBJ_cmp(sk_ASN1_OBJECT_value(found, 0), wanted) == 0;
	EVP_PKEY *key = X509_get0_pubkey(certificate);

	fine = fine && key && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1 && strcmp(curve, "prime256v1") == 0;
	fine = fine && X509_get_key_usage(certificate) == KU_DIGITAL_SIGNATURE && X509_check_ca(certificate) == 0;
	ASN1_OBJECT_free(wanted);
	sk_ASN1_OBJECT_pop_free(found, ASN1_OBJECT_free);
	return fine;
}

static bool ends_before(const X509 *certificate, int64_t floor_utc)
{
	time_t floor = floor_utc > DOCUMENT_BUILT_AT ? (time_t)floor_utc : (time_t)DOCUMENT_BUILT_AT;

	return ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), floor) < 0;
}

static bool is_signed(X509 *certificate, const struct parts *parts)
{
	EVP_MD_CTX *look = EVP_MD_CTX_new();
	bool fine = look && EVP_DigestVerifyInit(look, NULL, EVP_sha256(), NULL, X509_get0_pubkey(certificate)) == 1 &&
	            EVP_DigestVerifyUpdate(look, parts->header, SIGNED_HEADER_SIZE) == 1 &&
	            EVP_DigestVerifyUpdate(look, parts->certificate, parts->certificate_size) == 1 &&
	            EVP_DigestVerifyUpdate(look, parts->bytes, parts->size) == 1 &&
	            EVP_DigestVerifyFinal(look, parts->signature, parts->signature_size) == 1;

	EVP_MD_CTX_free(look);
	return fine;
}

static bool check_signer(const struct document_trust *trust, struct document *document, const struct parts *parts, struct err *err)
{
	AUTO(drop_x509) X509 *root = read_root(trust);
	AUTO(drop_x509) X509 *certificate = read_certificate(parts);

	if (!root)
		return fault(document, DOCUMENT_OTHER_ROOT, "the root certificate kept on this PC is not the pinned one", err);
	if (!certificate)
		return fault(document, DOCUMENT_MALFORMED, "its certificate cannot be read", err);
	if (!is_under(root, certificate))
		return fault(document, DOCUMENT_OTHER_ROOT, "its certificate is not under the pinned root", err);
	if (!has_usage(certificate, document_type_role(document->type)))
		return fault(document, DOCUMENT_WRONG_USAGE, "its certificate is not meant to sign documents of this type", err);
	if (ends_before(root, trust->floor_utc) || ends_before(certificate, trust->floor_utc))
		return fault(document, DOCUMENT_EXPIRED, "its certificate has ended", err);
	if (!is_signed(certificate, parts))
		return fault(document, DOCUMENT_BAD_SIGNATURE, "it was changed after it was signed", err);
	return true;
}

bool document_verify(const struct document_trust *trust, const struct document_want *want, struct document *document, struct err *err)
{
	struct parts parts = {0};

	document->fault = DOCUMENT_FINE;
	bool fine = take_parts(document, want, &parts, err) && check_signer(trust, document, &parts, err);
	ERR_clear_error();
	if (!fine)
		return false;
	struct sha256_piece piece = {parts.bytes, parts.size};
	sha256(document->digest, &piece, 1);
	document->bytes = (const char *)parts.bytes;
	document->size = parts.size;
	if (document->version < want->held_version)
		return fault(document, DOCUMENT_OLDER, "its version is below the one that is held", err);
	if (document->version == want->held_version && memcmp(document->digest, want->held_digest, SHA256_SIZE) != 0)
		return fault(document, DOCUMENT_CHANGED, "its version is the one that is held, but its bytes are others", err);
	return true;
}
