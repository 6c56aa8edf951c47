/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/show.h"

#include "base/text.h"
#include "platform/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS_USUAL 100 /* also the most: longer lines are hard to read */

bool show_json(const json_t *value, struct err *err)
{
	if (json_dumpf(value, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
		return err_errno(err, errno, "cannot write to standard output");
	return true;
}

struct show_style show_style_of(const struct options *options)
{
	unsigned columns = COLUMNS_USUAL;
	bool terminal = run_at_terminal(&columns);
	const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");

	return (struct show_style){.language = options->language,
	                           .verbose = options->verbose,
	                           .colour = terminal && !(no_colour && *no_colour) && !text_equal(kind, "dumb"),
	                           .columns = columns < COLUMNS_USUAL ? columns : COLUMNS_USUAL};
}

int show_exit(const json_t *report)
{
	const char *verdict = json_text(report, "verdict");

	if (text_equal(verdict, "fail"))
		return CLI_FAIL;
	if (text_equal(verdict, "pass") || text_equal(verdict, "exempt") || text_equal(verdict, "not_applicable"))
		return CLI_FINE;
	return CLI_UNKNOWN;
}

bool show_report(const json_t *report, const struct options *options, struct err *err)
{
	if (options->json)
		return show_json(report, err);
	AUTO(buf_fini) struct buf text;
	struct show_style style = show_style_of(options);
	buf_init(&text, 32u << 20);
	show_text(&text, report, &style);
	return cli_print(&text, err);
}
