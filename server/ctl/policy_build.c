/* SPDX-License-Identifier: Apache-2.0 */
/* epctl policy build FILE.yaml -o FILE.json: needs no key and no server; the result is unsigned. */
#include "server/ctl/ctl.h"

#include <string.h>

static bool read_arguments(int argc, char **argv, const char **from, const char **to)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc && !*to)
			*to = argv[++i];
		else if (!*from && argv[i][0] != '-')
			*from = argv[i];
		else
			return false;
	return *from && *to;
}

enum ctl_exit ctl_policy_build(int argc, char **argv, struct err *err)
{
	AUTO(complaints_fini) struct complaints complaints;
	AUTO(policy_fini) struct policy policy;
	AUTO(buf_fini) struct buf json;
	const char *from = NULL, *to = NULL;

	complaints_init(&complaints);
	policy_init(&policy);
	buf_init(&json, POLICY_MAX_BYTES);
	if (!read_arguments(argc, argv, &from, &to)) {
		err_set(err, ERR_INVALID, "usage: epctl policy build FILE.yaml -o FILE.json");
		return CTL_FAILED;
	}
	if (!ctl_policy_load(&policy, from, &complaints, err)) {
		ctl_complain(stderr, from, &complaints);
		return err->kind != ERR_NONE ? CTL_FAILED : CTL_FOUND;
	}
	policy_print(&json, &policy);
	buf_add(&json, "\n");
	return ctl_write(to, &json, err) ? CTL_OK : CTL_FAILED;
}
