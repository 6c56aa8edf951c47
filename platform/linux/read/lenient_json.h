/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

/*
 * JSON exactly as two browsers read their policy files, which is not how base/json.h reads it. Of a doubled key the last value
 * counts, at the first one's place. INVALID: the browser refuses the file too. LIMIT: we do.
 *
 *   CHROMIUM  one byte order mark, comments of both kinds, one comma before a closing bracket, raw line ends in strings, \xHH; no lone
 *             surrogates, no number beyond a double, nesting up to 199; bad UTF-8 is refused, but not looked for in comments
 *   FIREFOX   ECMAScript's JSON.parse after a lossy decoding: nothing of the above; bad UTF-8 in a string is replaced
 */
enum json_dialect { JSON_CHROMIUM, JSON_FIREFOX };

#define LENIENT_JSON_BYTES_MAX  (512u << 10)
#define LENIENT_JSON_VALUES_MAX (64u << 10)
#define LENIENT_JSON_DEPTH_MAX  512 /* Firefox itself has no limit */

/* A new reference, or NULL with err. Strings may hold what jansson's own reader refuses (NUL, lone surrogates). */
json_t *lenient_json_parse(enum json_dialect dialect, const char *text, size_t size, struct err *err);
