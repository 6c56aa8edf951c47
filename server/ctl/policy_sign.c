/* SPDX-License-Identifier: Apache-2.0 */
/* epctl policy sign FILE.json --data DIR --version N -o FILE.signed: needs the policy key, but no server. */
#include "base/text.h"
#include "server/ctl/ctl.h"
#include "server/trust.h"

#include <errno.h>
#include <string.h>
#include <time.h>

struct order {
	const char *from, *data, *version, *to;
};

static bool read_arguments(struct order *order, int argc, char **argv)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {{"--data", &order->data}, {"--version", &order->version}, {"-o", &order->to}};

	for (int i = 0; i < argc; i++) {
		size_t at = 0;
		while (at < ARRAY_LEN(options) && strcmp(options[at].name, argv[i]) != 0)
			at++;
		if (at < ARRAY_LEN(options) && i + 1 < argc && !*options[at].value)
			*options[at].value = argv[++i];
		else if (at == ARRAY_LEN(options) && !order->from && argv[i][0] != '-')
			order->from = argv[i];
		else
			return false;
	}
	return order->from && order->data && order->version && order->to;
}

static void close_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

/* What the PC would refuse is refused here: the same reader, and the document's version is the policy's. */
static bool load(struct policy *policy, const char *path, struct err *err)
{
	AUTO(close_file) FILE *file = fopen(path, "rb");
	AUTO(buf_fini) struct buf text;
	char chunk[8192];
	size_t got;

	buf_init(&text, POLICY_MAX_BYTES);
	if (!file)
		return err_errno(err, errno, "cannot open %s", path);
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		buf_append(&text, chunk, got);
	if (ferror(file))
		return err_errno(err, errno, "cannot read %s", path);
	if (text.failed)
		return err_set(err, ERR_LIMIT, "%s: a policy has at most %u bytes", path, POLICY_MAX_BYTES);
	return policy_parse(policy, buf_text(&text), text.size, err) || err_wrap(err, "%s", path);
}

static bool sign(const struct order *order, struct err *err)
{
	AUTO(policy_fini) struct policy policy;
	AUTO(buf_fini) struct buf json, document;
	uint64_t version;

	policy_init(&policy);
	buf_init(&json, POLICY_MAX_BYTES);
	buf_init(&document, 2 * POLICY_MAX_BYTES);
	if (!text_to_u64(order->version, INT64_MAX, &version) || version < 1)
		return err_set(err, ERR_INVALID, "--version wants a number from 1 up, above that of any policy the PCs hold; not %s",
		               order->version);
	if (!load(&policy, order->from, err))
		return false;
	policy.version = (int64_t)version;
	policy_print(&json, &policy);
	if (json.failed)
		return err_set(err, ERR_LIMIT, "a policy has at most %u bytes", POLICY_MAX_BYTES);
	struct trust_paper paper = {DOCUMENT_POLICY, policy.version, (int64_t)time(NULL), buf_text(&json), json.size};
	return trust_sign(order->data, &paper, &document, err) && ctl_write(order->to, &document, err);
}

enum ctl_exit ctl_policy_sign(int argc, char **argv, struct err *err)
{
	struct order order = {NULL, NULL, NULL, NULL};

	if (!read_arguments(&order, argc, argv)) {
		err_set(err, ERR_INVALID, "usage: epctl policy sign FILE.json --data DIR --version N -o FILE.signed");
		return CTL_FAILED;
	}
	return sign(&order, err) ? CTL_OK : CTL_FAILED;
}
