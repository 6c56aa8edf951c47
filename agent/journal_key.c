/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal_key.h"

#include "base/attr.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX 4096
#define GROUP        "prime256v1"
#define SECURE_BYTES (64u << 10)
#define SECURE_LEAST 32

struct journal_key {
	EVP_PKEY *pair;
	uint8_t point[RECORD_KEY_SIZE];
};

void journal_key_free(struct journal_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pair);
	free(key);
}

static void context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

/* Takes `pair`. P-256 with halves that belong together, or nothing. */
static struct journal_key *key_new(EVP_PKEY *pair)
{
	char group[32] = "";
	size_t size = 0;
	struct journal_key *key = calloc(1, sizeof *key);
	AUTO(context_free) EVP_PKEY_CTX *check = pair ? EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL) : NULL;

	if (key && check && EVP_PKEY_get_group_name(pair, group, sizeof group, &size) == 1 && strcmp(group, GROUP) == 0 &&
	    EVP_PKEY_pairwise_check(check) == 1 &&
	    EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, key->point, sizeof key->point, &size) == 1 &&
	    size == RECORD_KEY_SIZE && key->point[0] == 4) {
		key->pair = pair;
		return key;
	}
	EVP_PKEY_free(pair);
	free(key);
	return NULL;
}

static struct journal_key *key_read(const struct disk *disk, const char *path, struct err *err)
{
	char text[KEY_FILE_MAX];
	struct disk_info info;

	int file = disk->open(disk->context, path, DISK_READ, err);
	if (file < 0)
		return NULL;
	bool read = disk->info(disk->context, file, &info, err) &&
	            (info.size_bytes <= sizeof text || err_set(err, ERR_INVALID, "%s is too large for a key", path)) &&
	            disk->read(disk->context, file, 0, text, info.size_bytes, err);
	disk->close(disk->context, file);
	if (!read)
		return NULL;
	BIO *bio = BIO_new_mem_buf(text, (int)info.size_bytes);
	struct journal_key *key = key_new(PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL));
	BIO_free(bio);
	OPENSSL_cleanse(text, sizeof text);
	if (!key)
		err_set(err, ERR_INVALID, "%s holds no P-256 key", path);
	return key;
}

static bool write_new(const struct disk *disk, const char *path, const char *bytes, size_t size, struct err *err)
{
	int file = disk->open(disk->context, path, DISK_CREATE, err);

	if (file < 0)
		return false;
	bool ok = disk->write(disk->context, file, 0, bytes, size, err) && disk->sync(disk->context, file, err);
	disk->close(disk->context, file);
	return ok;
}

static bool sync_folder_of(const struct disk *disk, const char *path, struct err *err)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');

	(void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 0, path);
	return disk->sync_folder(disk->context, folder, err);
}

/* A name beside `path` that is not taken. What a crash or damage left there stays for people to look at. */
static bool set_aside(const struct disk *disk, const char *path, struct err *err)
{
	char to[4096];

	for (int i = 1; i <= 64; i++) {
		(void)snprintf(to, sizeof to, "%.4000s.aside-%d", path, i);
		if (disk->rename(disk->context, path, to, err))
			return sync_folder_of(disk, path, err);
		if (err->kind == ERR_ABSENT)
			return true;
		if (err->kind != ERR_DENIED)
			return false;
	}
	return false;
}

/* Beside, synced, then named: a crash never leaves half a key under the name. */
static bool key_write(const struct disk *disk, const char *path, const struct journal_key *key, struct err *err)
{
	char beside[4096], *text;

	(void)snprintf(beside, sizeof beside, "%.4000s.new", path);
	BIO *bio = BIO_new(BIO_s_secmem());
	if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, NULL, NULL) != 1) {
		BIO_free(bio);
		return err_set(err, ERR_LIMIT, "no memory to write a key");
	}
	long size = BIO_get_mem_data(bio, &text);
	bool ok = set_aside(disk, beside, err) && write_new(disk, beside, text, (size_t)size, err) &&
	          disk->rename(disk->context, beside, path, err) && sync_folder_of(disk, path, err);
	BIO_free(bio);
	return ok;
}

struct journal_key *journal_key_open(const struct disk *disk, const char *path, bool *made, struct err *err)
{
	/* Private numbers then lie in locked pages that no core dump has. Without (no memory to lock) they lie in the heap. */
	if (!CRYPTO_secure_malloc_initialized())
		(void)CRYPTO_secure_malloc_init(SECURE_BYTES, SECURE_LEAST);
	struct journal_key *key = key_read(disk, path, err);

	*made = false;
	if (key)
		return key;
	if (err->kind == ERR_INVALID ? !set_aside(disk, path, err) : err->kind != ERR_ABSENT)
		return NULL;
	key = key_new(EVP_EC_gen("P-256"));
	if (!key) {
		err_set(err, ERR_UNSUPPORTED, "libcrypto makes no P-256 key");
		return NULL;
	}
	if (!key_write(disk, path, key, err)) {
		err_wrap(err, "new key %s", path);
		journal_key_free(key);
		return NULL;
	}
	*made = true;
	return key;
}

void journal_key_public(const struct journal_key *key, uint8_t out[RECORD_KEY_SIZE])
{
	memcpy(out, key->point, RECORD_KEY_SIZE);
}

bool journal_key_sign(const struct journal_key *key, struct record_head *head, struct err *err)
{
	uint8_t message[RECORD_HEAD_MESSAGE_SIZE];
	size_t size = sizeof head->signature;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	record_head_message(message, &head->at, head->count);
	bool ok = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pair) == 1 &&
	          EVP_DigestSign(context, head->signature, &size, message, sizeof message) == 1;
	EVP_MD_CTX_free(context);
	if (!ok)
		return err_set(err, ERR_IO, "libcrypto could not sign");
	head->signature_size = size;
	memcpy(head->key, key->point, RECORD_KEY_SIZE);
	return true;
}

static EVP_PKEY *key_from_point(const uint8_t point[RECORD_KEY_SIZE])
{
	uint8_t bytes[RECORD_KEY_SIZE];
	char group[] = GROUP;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

	memcpy(bytes, point, sizeof bytes);
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
	                       OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes), OSSL_PARAM_construct_end()};
	if (context && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(context);
	return key;
}

bool journal_key_verify(const struct record_head *head)
{
	uint8_t message[RECORD_HEAD_MESSAGE_SIZE];
	EVP_PKEY *key = head->key[0] == 4 ? key_from_point(head->key) : NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	record_head_message(message, &head->at, head->count);
	bool ok = key && context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	          EVP_DigestVerify(context, head->signature, head->signature_size, message, sizeof message) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return ok;
}
