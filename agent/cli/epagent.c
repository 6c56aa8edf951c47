/* SPDX-License-Identifier: Apache-2.0 */
/* epagent: what a person or a script asks this PC. The table below is all there is; each row is a file of its own. */
#include "agent/cli/cli.h"
#include "base/attr.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS_CHECK                                                                                                                      \
	(OPTION_POLICY | OPTION_ROOT | OPTION_FACTS | OPTION_REGISTER | OPTION_ORDERS | OPTION_AT | OPTION_JSON | OPTION_LANG |            \
	 OPTION_VERBOSE)

static const struct command commands[] = {
	{"--status", status_run, OPTION_JSON | OPTION_LANG | OPTION_VERBOSE | OPTION_RUN, "this PC's verdicts, from the running agent"},
	{"check", check_run, OPTIONS_CHECK, "look at this PC (or a machine in a folder) and judge it now, without the agent"},
	{"policy", policy_run, OPTION_LOAD | OPTION_JSON | OPTION_LANG | OPTION_RUN, "the policy in force, in words"},
	{"log", log_run, OPTION_ALL | OPTION_VERIFY | OPTION_JSON | OPTION_LANG | OPTION_RUN, "what the agent recorded"},
	{"doctor", doctor_run, OPTION_JSON | OPTION_LANG | OPTION_RUN, "what the agent needs, step by step, and which step fails"},
	{"version", version_run, 0, "the version of this program"},
};

static bool usage(struct err *err)
{
	AUTO(buf_fini) struct buf text;

	buf_init(&text, 16 << 10);
	buf_add(&text, "usage: epagent COMMAND [OPTION ...]\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		buf_printf(&text, "\n  %-10s %s\n", commands[i].name, commands[i].summary);
		options_describe(&text, &commands[i]);
	}
	buf_add(&text, "\nExit status of --status and check: 0 nothing to mend, 1 something fails, 2 something is unknown, 3 the command "
	               "failed.\n");
	return cli_print(&text, err);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (text_equal(commands[i].name, name) || (text_equal(name, "--version") && text_equal(commands[i].name, "version")))
			return &commands[i];
	return NULL;
}

static bool is_help(const char *word)
{
	return text_equal(word, "--help") || text_equal(word, "-h");
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find(argv[1]) : NULL;
	struct options options;
	struct err err = {ERR_NONE, ""};
	int status = CLI_ERROR;

	if (argc > 1 && (is_help(argv[argc - 1]) || text_equal(argv[1], "help")))
		status = usage(&err) ? CLI_FINE : CLI_ERROR;
	else if (!command)
		err_set(&err, ERR_INVALID, "%s%s; \"epagent --help\" lists the commands",
		        argc > 1 ? "there is no command " : "no command given", argc > 1 ? argv[1] : "");
	else if (options_parse(&options, command, argv + 2, &err))
		status = command->run(&options, &err);
	if (status == CLI_ERROR) {
		char shown[sizeof err.text * 3];
		text_printable(shown, sizeof shown, err.text, strlen(err.text), sizeof err.text);
		(void)fprintf(stderr, "epagent: %s\n", shown);
	}
	return status;
}
