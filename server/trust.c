/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as RFC 5280 has them: v3, random serial, key identifiers, basic constraints and key usage critical. */
#include "server/trust.h"

#include "base/attr.h"
#include "base/sha256.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

struct extension {
	int nid;
	const char *value;
};

static bool failed(struct err *err, const char *what)
{
	char text[160] = "out of memory";
	unsigned long code = ERR_get_error();

	if (code)
		ERR_error_string_n(code, text, sizeof text);
	ERR_clear_error();
	return err_set(err, ERR_IO, "%s: %s", what, text);
}

void trust_pair_fini(struct trust_pair *pair)
{
	EVP_PKEY_free(pair->key);
	X509_free(pair->certificate);
	*pair = (struct trust_pair){NULL, NULL};
}

static bool set_serial(X509 *certificate)
{
	uint8_t bytes[16];
	BIGNUM *number = RAND_bytes(bytes, sizeof bytes) == 1 ? BN_bin2bn(bytes, sizeof bytes, NULL) : NULL;
	bool fine = number && BN_clear_bit(number, 127) >= 0 && BN_set_bit(number, 126) == 1 &&
	            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

	BN_free(number);
	return fine;
}

static bool set_names(X509 *certificate, const char *name, X509 *issuer)
{
	X509_NAME *own = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_txt(own, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : own) == 1;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct trust_kind *kind)
{
	const struct extension wanted[] = {
		{NID_basic_constraints, kind->usage ? "critical,CA:FALSE" : "critical,CA:TRUE"},
		{NID_key_usage, kind->usage ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign"},
		{NID_subject_key_identifier, "hash"},
		{NID_authority_key_identifier, "keyid:always"},
		{NID_ext_key_usage, kind->usage},
	};
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (!wanted[i].value)
			continue;
		X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, wanted[i].nid, wanted[i].value);
		bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
		X509_EXTENSION_free(extension);
		if (!added)
			return false;
	}
	return true;
}

bool trust_make(struct trust_pair *out, const struct trust_kind *kind, const struct trust_pair *issuer, struct err *err)
{
	AUTO(trust_pair_fini) struct trust_pair made = {EVP_EC_gen(kind->curve), X509_new()};
	X509 *by = issuer ? issuer->certificate : NULL;
	time_t from = (time_t)kind->from_utc;

	if (!made.key || !made.certificate || X509_set_version(made.certificate, X509_VERSION_3) != 1 || !set_serial(made.certificate) ||
	    !set_names(made.certificate, kind->name, by) || !ASN1_TIME_set(X509_getm_notBefore(made.certificate), from) ||
	    !ASN1_TIME_adj(X509_getm_notAfter(made.certificate), from, kind->days, 0) || X509_set_pubkey(made.certificate, made.key) != 1 ||
	    !add_extensions(made.certificate, by, kind) || X509_sign(made.certificate, issuer ? issuer->key : made.key, EVP_sha256()) == 0)
		return failed(err, "cannot make the key and certificate");
	*out = made;
	made = (struct trust_pair){NULL, NULL};
	return true;
}

static void drop_bytes(unsigned char **bytes)
{
	OPENSSL_free(*bytes);
}

static void drop_md(EVP_MD_CTX **md)
{
	EVP_MD_CTX_free(*md);
}

static bool sign_once(const struct trust_pair *pair, const struct sha256_piece *pieces, uint8_t *signature, size_t *size)
{
	AUTO(drop_md) EVP_MD_CTX *md = EVP_MD_CTX_new();

	return md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pair->key) == 1 &&
	       EVP_DigestSignUpdate(md, pieces[0].bytes, pieces[0].size) == 1 &&
	       EVP_DigestSignUpdate(md, pieces[1].bytes, pieces[1].size) == 1 &&
	       EVP_DigestSignUpdate(md, pieces[2].bytes, pieces[2].size) == 1 && EVP_DigestSignFinal(md, signature, size) == 1;
}

bool trust_sign_with(const struct trust_pair *pair, const struct trust_paper *paper, struct buf *out, struct err *err)
{
	AUTO(drop_bytes) unsigned char *der = NULL;
	int der_size = i2d_X509(pair->certificate, &der);
	uint8_t head[SIGNED_HEADER_SIZE], signature[SIGNED_SIGNATURE_MAX];
	struct signed_header header = {.type = paper->type,
	                               .version = paper->version,
	                               .signed_at = paper->signed_at,
	                               .certificate_size = (uint32_t)der_size,
	                               .signature_size = 71,
	                               .size = (uint32_t)paper->size};
	size_t size = 0;

	if (der_size < 1 || der_size > SIGNED_CERTIFICATE_MAX)
		return failed(err, "cannot encode the certificate");
	if (X509_check_private_key(pair->certificate, pair->key) != 1)
		return err_set(err, ERR_INVALID, "the key and the certificate are not each other's");
	/* ECDSA's size is known only once it is there, and stands in the header that is signed. DER has 70, 71 or 72 bytes here, half
	 * of them 71: signed again until it is that. */
	for (int i = 0; i < 100 && size != header.signature_size; i++) {
		size = sizeof signature;
		signed_header_print(head, &header);
		struct sha256_piece pieces[] = {{head, sizeof head}, {der, (size_t)der_size}, {paper->bytes, paper->size}};
		if (!sign_once(pair, pieces, signature, &size))
			return failed(err, "cannot sign");
	}
	if (size != header.signature_size)
		return err_set(err, ERR_UNSUPPORTED, "the key does not sign as a P-256 key does");
	buf_append(out, head, sizeof head);
	buf_append(out, der, (size_t)der_size);
	buf_append(out, signature, size);
	buf_append(out, paper->bytes, paper->size);
	return !out->failed || err_set(err, ERR_LIMIT, "the document is too large");
}
