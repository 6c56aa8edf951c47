/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "policy/messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The command line of epagent: one subcommand a file, one row a subcommand in epagent.c, one row an option in options.c. The usage
 * is printed from these tables.
 */

/* Exit status of --status and check. Other commands use CLI_FINE and CLI_ERROR; log --verify and doctor CLI_FAIL too. */
enum cli_exit {
	CLI_FINE = 0,    /* nothing to mend */
	CLI_FAIL = 1,    /* something fails */
	CLI_UNKNOWN = 2, /* nothing fails, but something is unknown */
	CLI_ERROR = 3    /* the command itself failed; err says why and what to do */
};

struct options {
	const char *root, *policy, *facts, *media_register, *orders, *run_dir, *load, *lang;
	int64_t at_utc; /* now, unless --at says otherwise */
	bool at_given, json, verify, all, verbose;
	enum language language; /* what people read: by --lang, else by LC_ALL, LC_MESSAGES, LANG; else English */
};

/* Which options a subcommand takes. */
enum option_bit {
	OPTION_ROOT = 1 << 0,
	OPTION_POLICY = 1 << 1,
	OPTION_FACTS = 1 << 2,
	OPTION_REGISTER = 1 << 3,
	OPTION_ORDERS = 1 << 4,
	OPTION_AT = 1 << 5,
	OPTION_JSON = 1 << 6,
	OPTION_LANG = 1 << 7,
	OPTION_VERBOSE = 1 << 8,
	OPTION_RUN = 1 << 9,
	OPTION_VERIFY = 1 << 10,
	OPTION_LOAD = 1 << 11,
	OPTION_ALL = 1 << 12
};

struct command {
	const char *name;
	int (*run)(const struct options *options, struct err *err); /* enum cli_exit; CLI_ERROR with err */
	unsigned options;                                           /* option_bit */
	const char *summary;
};

/* Everything after the subcommand. INVALID names the word that is wrong and what the subcommand would take. */
bool options_parse(struct options *options, const struct command *command, char **words, struct err *err);

/* One line for each option that the subcommand takes. */
void options_describe(struct buf *out, const struct command *command);

/* A file that the caller named: whole, at most max_bytes. "-" is standard input. */
bool cli_read_file(const char *path, size_t max_bytes, struct buf *out, struct err *err);

/* Standard output, once, flushed: IO if that fails. */
bool cli_print(const struct buf *text, struct err *err);

int check_run(const struct options *options, struct err *err);
int status_run(const struct options *options, struct err *err);
int policy_run(const struct options *options, struct err *err);
int log_run(const struct options *options, struct err *err);
int doctor_run(const struct options *options, struct err *err);
int version_run(const struct options *options, struct err *err);
