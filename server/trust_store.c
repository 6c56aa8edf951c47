/* SPDX-License-Identifier: Apache-2.0 */
/* Keys on disk. They are written into a folder beside and appear by one rename: a cut in between leaves no half of a trust. */
#include "server/trust.h"

#include "base/attr.h"
#include "base/hex.h"
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 4096

struct folder {
	char path[NAME_MAX_BYTES];
};

static bool name_file(char *out, const struct folder *folder, const char *name, const char *ending, struct err *err)
{
	int length = snprintf(out, NAME_MAX_BYTES, "%s/%s%s", folder->path, name, ending);

	return (length > 0 && length < NAME_MAX_BYTES) || err_set(err, ERR_LIMIT, "the name of the data folder is too long");
}

static void drop_bio(BIO **bio)
{
	BIO_free_all(*bio);
}

static bool write_file(const struct folder *folder, const char *name, const char *ending, BIO *text, struct err *err)
{
	char path[NAME_MAX_BYTES];
	char *bytes;
	long size = BIO_get_mem_data(text, &bytes);

	if (!name_file(path, folder, name, ending, err))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, strcmp(ending, ".key") == 0 ? 0600 : 0644);
	if (fd < 0)
		return err_errno(err, errno, "cannot make %s", path);
	bool fine = write(fd, bytes, (size_t)size) == size && fsync(fd) == 0;
	if (!fine)
		err_errno(err, errno, "cannot write %s", path);
	(void)close(fd);
	return fine;
}

static bool write_pair(const struct folder *folder, const char *name, const struct trust_pair *pair, struct err *err)
{
	AUTO(drop_bio) BIO *key = BIO_new(BIO_s_secmem());
	AUTO(drop_bio) BIO *certificate = BIO_new(BIO_s_mem());

	if (!key || !certificate || PEM_write_bio_PrivateKey(key, pair->key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_X509(certificate, pair->certificate) != 1)
		return err_set(err, ERR_IO, "cannot encode the key %s", name);
	return write_file(folder, name, ".key", key, err) && write_file(folder, name, ".pem", certificate, err);
}

static bool write_pin(const struct folder *folder, const struct trust_pair *root, struct err *err)
{
	AUTO(drop_bio) BIO *text = BIO_new(BIO_s_mem());
	uint8_t pin[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (!text || X509_digest(root->certificate, EVP_sha256(), pin, NULL) != 1)
		return err_set(err, ERR_IO, "cannot take the root's digest");
	hex_print(hex, pin, sizeof pin);
	return (BIO_printf(text, "%s\n", hex) > 0 || err_set(err, ERR_LIMIT, "out of memory")) &&
	       write_file(folder, "root", ".pin", text, err);
}

static bool write_all(const struct folder *folder, int64_t now_utc, struct err *err)
{
	static const enum document_role roles[] = {DOCUMENT_ROLE_POLICY, DOCUMENT_ROLE_ORDERS};
	AUTO(trust_pair_fini) struct trust_pair root = {NULL, NULL};
	struct trust_kind kind = {"epagent root", NULL, "P-256", now_utc, TRUST_ROOT_DAYS};

	if (!trust_make(&root, &kind, NULL, err) || !write_pair(folder, "root", &root, err) || !write_pin(folder, &root, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		AUTO(trust_pair_fini) struct trust_pair pair = {NULL, NULL};
		char name[32];
		(void)snprintf(name, sizeof name, "epagent %s", document_role_name(roles[i]));
		kind = (struct trust_kind){name, document_role_usage(roles[i]), "P-256", now_utc, TRUST_ROLE_DAYS};
		if (!trust_make(&pair, &kind, &root, err) || !write_pair(folder, document_role_name(roles[i]), &pair, err))
			return false;
	}
	return true;
}

static void remove_all(const struct folder *folder)
{
	static const char *const names[] = {"root.key", "root.pem", "root.pin", "policy.key", "policy.pem", "orders.key", "orders.pem"};
	char path[NAME_MAX_BYTES];
	struct err ignored;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (name_file(path, folder, names[i], "", &ignored))
			(void)unlink(path);
	(void)rmdir(folder->path);
}

/* What was written outlives a power cut only once its folder is synced too. */
static bool sync_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fine = fd >= 0 && fsync(fd) == 0;

	if (!fine)
		err_errno(err, errno, "cannot sync %s", path);
	if (fd >= 0)
		(void)close(fd);
	return fine;
}

static bool is_there(const char *path)
{
	struct stat at;

	return lstat(path, &at) == 0;
}

bool trust_new(const char *data_dir, int64_t now_utc, struct err *err)
{
	struct folder keys, made;

	if (snprintf(keys.path, sizeof keys.path, "%s/keys", data_dir) >= (int)sizeof keys.path ||
	    snprintf(made.path, sizeof made.path, "%s/keys.new", data_dir) >= (int)sizeof made.path)
		return err_set(err, ERR_LIMIT, "the name of the data folder is too long");
	if (is_there(keys.path))
		return err_set(err, ERR_INVALID, "%s is there already; move it away if every PC shall trust a new root", keys.path);
	if (mkdir(data_dir, 0700) != 0 && errno != EEXIST)
		return err_errno(err, errno, "cannot make %s", data_dir);
	remove_all(&made); /* an earlier attempt that was cut off */
	if (mkdir(made.path, 0700) != 0)
		return err_errno(err, errno, "cannot make %s", made.path);
	bool fine = write_all(&made, now_utc, err) && sync_folder(made.path, err);
	if (fine && rename(made.path, keys.path) != 0)
		fine = err_errno(err, errno, "cannot make %s", keys.path);
	if (!fine)
		remove_all(&made);
	return fine && sync_folder(data_dir, err);
}

static BIO *open_file(const char *data_dir, const char *name, const char *ending, struct err *err)
{
	struct folder folder;
	char path[NAME_MAX_BYTES];

	if (snprintf(folder.path, sizeof folder.path, "%s/keys", data_dir) >= (int)sizeof folder.path ||
	    !name_file(path, &folder, name, ending, err))
		return NULL;
	BIO *bio = BIO_new_file(path, "rb");
	if (!bio)
		err_errno(err, errno, "cannot open %s; epctl keys new --data DIR makes the keys", path);
	return bio;
}

/* A key behind a pass phrase is not asked for on a terminal: it cannot be read, and that is said. */
static int no_phrase(char *out, int size, int writing, void *data)
{
	(void)out, (void)size, (void)writing, (void)data;
	return -1;
}

bool trust_sign(const char *data_dir, const struct trust_paper *paper, struct buf *out, struct err *err)
{
	const char *role = document_role_name(document_type_role(paper->type));
	AUTO(trust_pair_fini) struct trust_pair pair = {NULL, NULL};
	AUTO(drop_bio) BIO *key = open_file(data_dir, role, ".key", err);
	AUTO(drop_bio) BIO *certificate = key ? open_file(data_dir, role, ".pem", err) : NULL;

	if (!certificate)
		return false;
	if (paper->version < 1)
		return err_set(err, ERR_INVALID, "a version is a number from 1 up");
	if (paper->size > document_size_max(paper->type))
		return err_set(err, ERR_LIMIT, "a %s has at most %zu bytes", document_type_name(paper->type),
		               document_size_max(paper->type));
	pair.key = PEM_read_bio_PrivateKey(key, NULL, no_phrase, NULL);
	pair.certificate = PEM_read_bio_X509(certificate, NULL, no_phrase, NULL);
	if (!pair.key || !pair.certificate)
		return err_set(err, ERR_INVALID, "%s/keys/%s.key or %s.pem cannot be read as PEM", data_dir, role, role);
	return trust_sign_with(&pair, paper, out, err);
}
