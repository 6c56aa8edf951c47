/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * /etc/epagent/agent.conf (with --run DIR: DIR/agent.conf): what belongs to this PC and not to its policy. Lines of `keyword = value`, # begins a
 * comment. There need not be such a file. A line that is wrong is told with its number and left out: an agent that does not
 * start protects nobody.
 */
struct config {
	bool observe;         /* observe = yes|no: enforce nothing on this PC, whatever the policy says; what was set is withdrawn */
	uint64_t journal_mib; /* journal = 1..1024 (MiB): size of a new journal */
	uint64_t connections; /* connections = 8..512: commands and programs that may ask at once */
};

#define CONFIG_MAX_BYTES (16u << 10)

/* The defaults, with a reason for each beside it in config.c. */
void config_init(struct config *config);

/* Reads the text over what is there. False if any line was wrong: err has the first one; `*wrong` counts them. */
bool config_parse(struct config *config, const char *text, size_t size, unsigned *wrong, struct err *err);
