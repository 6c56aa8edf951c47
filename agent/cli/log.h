/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/cli/cli.h"

/* epagent log --verify: CLI_FINE if no edit, cut or gap was found, CLI_FAIL with each of them named. */
int log_verify(const struct options *options, struct err *err);
