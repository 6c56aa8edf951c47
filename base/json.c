/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_short;

static void *ask(size_t size)
{
	void *bytes = malloc(size);

	if (!bytes)
		is_short = true;
	return bytes;
}

__attribute__((constructor)) static void watch_memory(void)
{
	json_set_alloc_funcs(ask, free);
}

bool json_is_short(void)
{
	return is_short;
}

/* Depth is counted before jansson recurses over the text. Brackets inside strings do not count. */
static bool depth_is_sane(const char *text, size_t size)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return false;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return true;
}

json_t *json_parse(const char *text, size_t size, struct err *err)
{
	json_error_t why;

	/* jansson passes over a NUL between two tokens. */
	if (memchr(text, '\0', size)) {
		err_set(err, ERR_INVALID, "JSON holds a NUL byte");
		return NULL;
	}
	if (!depth_is_sane(text, size)) {
		err_set(err, ERR_LIMIT, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
		return NULL;
	}
	json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	if (!value)
		err_set(err, ERR_INVALID, "JSON line %d, column %d: %s", why.line, why.column, why.text);
	return value;
}

static int append(const char *bytes, size_t size, void *data)
{
	buf_append(data, bytes, size);
	return 0;
}

void json_print(struct buf *out, const json_t *value)
{
	if (json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0 || is_short) {
		buf_fini(out);
		out->failed = true;
		is_short = false;
	}
}

void json_drop(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}

const char *json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

json_int_t json_number(const json_t *object, const char *key, json_int_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool json_flag(const json_t *object, const char *key, bool otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}
