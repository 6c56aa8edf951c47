/* SPDX-License-Identifier: Apache-2.0 */
/* epctl: for whoever keeps the policies. */
#include "server/ctl/ctl.h"

#include <string.h>

static const struct ctl_command commands[] = {
	{"policy", "lint", "FILE.yaml", "says what is wrong in a policy, line by line", ctl_policy_lint},
	{"policy", "build", "FILE.yaml -o FILE.json", "writes the JSON that `epagent check --policy` reads", ctl_policy_build},
	{"policy", "sign", "FILE.json --data DIR --version N -o FILE.signed", "signs a built policy; a PC's agent takes nothing unsigned",
         ctl_policy_sign},
	{"keys", "new", "--data DIR", "makes the office's root and the keys that sign, in DIR/keys", ctl_keys_new},
};

static void usage(FILE *to)
{
	(void)fprintf(to, "epctl " EPAGENT_VERSION "\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)fprintf(to, "  epctl %s %s %s\n      %s\n", commands[i].group, commands[i].name, commands[i].arguments,
		              commands[i].about);
	(void)fprintf(to, "exit status: 0 good, 1 something is wrong in the file, 3 the command failed\n");
}

/* What standard output did not take is no answer. */
static enum ctl_exit ended(enum ctl_exit status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	(void)fprintf(stderr, "epctl: cannot write to standard output\n");
	return CTL_FAILED;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
	struct err err = {.kind = ERR_NONE};

	if (argc > 1 && (is_help(argv[argc - 1]) || (argc == 2 && strcmp(argv[1], "help") == 0))) {
		usage(stdout);
		return (int)ended(CTL_OK);
	}
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)) {
		(void)puts("epctl " EPAGENT_VERSION);
		return (int)ended(CTL_OK);
	}
	for (size_t i = 0; argc > 2 && i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].group) != 0 || strcmp(argv[2], commands[i].name) != 0)
			continue;
		enum ctl_exit status = commands[i].run(argc - 3, argv + 3, &err);
		if (status == CTL_FAILED)
			(void)fprintf(stderr, "epctl: %s\n", err.text);
		return (int)ended(status);
	}
	usage(stderr);
	return CTL_FAILED;
}
