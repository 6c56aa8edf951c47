/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/attr.h"
#include "base/buf.h"
#include "base/json.h"
#include "policy/messages.h"

#include <stddef.h>

/*
 * One line in the making: words are gathered, then put out at once, printable and in columns (agent/cli/width.h). Only what goes
 * through here may hold what a PC, a file or core said.
 */
struct words {
	struct buf *out;
	enum language language;
	size_t columns; /* of the page */
	struct buf line;
};

/* out, language and columns are the caller's to set. */
void words_init(struct words *words);
void words_fini(struct words *words);

void words_add(struct words *words, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "status.<name><rest>"; the key itself where the catalogue has no such sentence. */
void words_status(struct words *words, const char *name, const char *rest, const struct param *params, size_t count);
void words_message(struct words *words, const char *code, const struct param *params, size_t count);
/* An RFC 3339 instant in this PC's own time; what is none is shown as it is. */
void words_instant(struct words *words, const char *instant);

/* Puts out what was gathered: padded to `columns`, its width returned; or as lines, the cursor now at `indent`. */
size_t words_flush(struct words *words, size_t columns);
void words_line(struct words *words, size_t indent);

/* A row's "params" object as message_render takes them. Borrows the texts. */
struct params {
	struct param *items;
	size_t count;
};
void params_init(struct params *params, const json_t *object);
void params_fini(struct params *params);
