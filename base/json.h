/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * JSON from anywhere, over jansson: nesting at most JSON_DEPTH_MAX (jansson itself allows 2,048), keys once each,
 * strict UTF-8, no NUL in strings, nothing after the value. Reading browsers' lenient dialects is another reader's work.
 */
#define JSON_DEPTH_MAX 16

/* A new reference, or NULL with err (INVALID with line and column, or LIMIT). */
json_t *json_parse(const char *text, size_t size, struct err *err);

/* Compact, keys in order of insertion, one line, no newline at the end. `out` has failed after it if jansson was short of memory
 * since the last time that this was said: what was built meanwhile may lack a part, and nobody looks at each json_object_set_new. */
void json_print(struct buf *out, const json_t *value);
bool json_is_short(void); /* json_print would say so */

/* For AUTO: AUTO(json_drop) json_t *value = ... */
void json_drop(json_t **value);

/* Members by type. NULL / `otherwise` if absent or of another type. The text belongs to `object`. */
const char *json_text(const json_t *object, const char *key);
json_int_t json_number(const json_t *object, const char *key, json_int_t otherwise);
bool json_flag(const json_t *object, const char *key, bool otherwise);
