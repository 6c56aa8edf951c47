/* SPDX-License-Identifier: Apache-2.0 */
/* epctl policy lint FILE.yaml */
#include "server/ctl/ctl.h"

void ctl_complain(FILE *to, const char *path, const struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++)
		if (complaints->items[i].line)
			(void)fprintf(to, "%s:%u: %s\n", path, complaints->items[i].line, complaints->items[i].text);
		else
			(void)fprintf(to, "%s: %s\n", path, complaints->items[i].text);
}

enum ctl_exit ctl_policy_lint(int argc, char **argv, struct err *err)
{
	AUTO(complaints_fini) struct complaints complaints;
	AUTO(policy_fini) struct policy policy;

	complaints_init(&complaints);
	policy_init(&policy);
	if (argc != 1) {
		err_set(err, ERR_INVALID, "usage: epctl policy lint FILE.yaml");
		return CTL_FAILED;
	}
	if (ctl_policy_load(&policy, argv[0], &complaints, err)) {
		(void)printf("%s: good, %zu rule%s\n", argv[0], policy.rule_count, policy.rule_count == 1 ? "" : "s");
		return CTL_OK;
	}
	if (err->kind != ERR_NONE)
		return CTL_FAILED;
	ctl_complain(stdout, argv[0], &complaints);
	return CTL_FOUND;
}
