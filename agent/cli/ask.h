/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/cli/cli.h"

#include "agent/message.h"

/* One question to the running agent. NULL with err, which says what to do next. `body` may be NULL. */
json_t *ask_core(const struct options *options, enum message_type type, const json_t *body, struct err *err);
