/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/cli/cli.h"

#include "base/json.h"

/* A report (house contract, policy/report.h) as people or programs read it. It may come from core: nothing in it is trusted to
 * be there, of its type, or printable. */

/* To standard output: JSON with --json, else text in the options' language. */
bool show_report(const json_t *report, const struct options *options, struct err *err);

/* enum cli_exit of the whole, by its "verdict"; a report without one is CLI_UNKNOWN. */
int show_exit(const json_t *report);

struct show_style {
	enum language language;
	bool verbose, colour;
	size_t columns;
};
void show_text(struct buf *out, const json_t *report, const struct show_style *style);

/* What the options and the terminal ask for. */
struct show_style show_style_of(const struct options *options);

/* Any other JSON value, indented, to standard output. */
bool show_json(const json_t *value, struct err *err);
