/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include "base/attr.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct option_row {
	const char *name;
	const char *value; /* NULL: a switch */
	enum option_bit bit;
	size_t offset; /* of a const char * or a bool in struct options */
	const char *help;
};

#define AT(member) offsetof(struct options, member)

static const struct option_row rows[] = {
	{"--policy", "FILE", OPTION_POLICY, AT(policy), "the policy to judge by, as written by epctl policy build"},
	{"--root", "DIR", OPTION_ROOT, AT(root), "look at the machine in this folder instead of this PC"},
	{"--facts", "FILE", OPTION_FACTS, AT(facts), "judge a recorded answer of epagent-probe; nothing is looked at"},
	{"--register", "FILE", OPTION_REGISTER, AT(media_register), "the register of media"},
	{"--orders", "FILE", OPTION_ORDERS, AT(orders), "the orders for this PC"},
	{"--at", "TIME", OPTION_AT, AT(at_utc), "judge as of this time, such as 2026-11-22T00:20:00Z"},
	{"--run", "DIR", OPTION_RUN, AT(run_dir), "where the agent's state and sockets are"},
	{"--load", "FILE", OPTION_LOAD, AT(load), "hand the agent this signed policy (root)"},
	{"--verify", NULL, OPTION_VERIFY, AT(verify), "prove that no record was changed, cut out or lost"},
	{"--all", NULL, OPTION_ALL, AT(all), "everything that is kept, not only the last hundred"},
	{"--json", NULL, OPTION_JSON, AT(json), "for programs: JSON on standard output"},
	{"--verbose", NULL, OPTION_VERBOSE, AT(verbose), "show the evidence too"},
	{"--lang", "ja|en", OPTION_LANG, AT(lang), "the language; without it the locale's"},
};

static const struct option_row *find(const char *word, unsigned allowed)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if ((allowed & rows[i].bit) && strcmp(rows[i].name, word) == 0)
			return &rows[i];
	return NULL;
}

void options_describe(struct buf *out, const struct command *command)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (command->options & rows[i].bit)
			buf_printf(out, "      %-10s %-6s %s\n", rows[i].name, rows[i].value ? rows[i].value : "", rows[i].help);
}

static bool refuse(const char *word, const struct command *command, struct err *err)
{
	AUTO(buf_fini) struct buf list;

	buf_init(&list, 512);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (command->options & rows[i].bit)
			buf_printf(&list, " %s", rows[i].name);
	return err_set(err, ERR_INVALID, "%s does not take %.60s; it takes%s", command->name, word,
	               list.size ? buf_text(&list) : " nothing");
}

static bool set_value(struct options *options, const struct option_row *row, const char *value, struct err *err)
{
	if (!value)
		return err_set(err, ERR_INVALID, "%s wants %s after it", row->name, row->value);
	if (row->bit == OPTION_AT) {
		options->at_given = true;
		return text_to_instant(value, &options->at_utc) ||
		       err_set(err, ERR_INVALID, "--at wants a time such as 2026-11-22T00:20:00Z, not %.60s", value);
	}
	if (row->bit == OPTION_LANG && strcmp(value, "ja") != 0 && strcmp(value, "en") != 0)
		return err_set(err, ERR_INVALID, "--lang wants ja or en, not %.60s", value);
	memcpy((char *)options + row->offset, &value, sizeof value);
	return true;
}

/* POSIX's order: the first of the three that is set and not empty. */
static enum language language_of_locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	enum language language = LANGUAGE_EN;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value) {
			(void)language_parse(value, &language);
			break;
		}
	}
	return language;
}

bool options_parse(struct options *options, const struct command *command, char **words, struct err *err)
{
	*options = (struct options){.at_utc = (int64_t)time(NULL)};
	for (; *words; words++) {
		const struct option_row *row = find(*words, command->options);
		if (!row)
			return refuse(*words, command, err);
		if (!row->value) {
			*((bool *)((char *)options + row->offset)) = true;
		} else if (!set_value(options, row, words[1], err)) {
			return false;
		} else {
			words++;
		}
	}
	options->language = language_of_locale();
	if (options->lang)
		(void)language_parse(options->lang, &options->language);
	return true;
}
