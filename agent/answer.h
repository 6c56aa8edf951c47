/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/message.h"

/* What core answers to the questions of message.def. */
struct core;

/* `viewer_uid` -1: root, who sees all. NULL with err: it is refused. */
json_t *answer(struct core *core, int64_t viewer_uid, const struct message_in *question, struct err *err);

/* The body of `refused`. */
json_t *answer_refusal(const struct err *err);
