/* SPDX-License-Identifier: Apache-2.0 */
/* OfferToSaveLogins beside PasswordManagerEnabled, both alike: then no order, and no OfferToSaveLoginsDefault, can turn it round. */
#include "platform/linux/password_memory_merge.h"

#include "base/json.h"
#include "platform/linux/read/lenient_json.h"

#include <stdlib.h>
#include <string.h>

/* As Firefox reads it; a broken file has no policies that could be kept. */
static json_t *parse(const struct buf *text, struct err *err)
{
	if (text->size == 0)
		return json_object();
	json_t *json = lenient_json_parse(JSON_FIREFOX, text->data, text->size, err);
	if (json && !json_is_object(json)) {
		json_decref(json);
		err_set(err, ERR_INVALID, "no object");
		return NULL;
	}
	return json;
}

/* Numbers come as doubles from the reader; whole ones are printed whole. In place; a new reference. */
static json_t *whole_numbers(json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;
	void *next;

	json_object_foreach_safe(value, next, key, item) json_object_set_new_nocheck(value, key, whole_numbers(item));
	json_array_foreach (value, i, item)
		json_array_set_new(value, i, whole_numbers(item));
	if (json_is_real(value) && json_real_value(value) >= -9007199254740992.0 && json_real_value(value) <= 9007199254740992.0 &&
	    json_real_value(value) == (double)(json_int_t)json_real_value(value))
		return json_integer((json_int_t)json_real_value(value));
	return json_incref(value);
}

static bool print(json_t *json, struct buf *out, struct err *err)
{
	AUTO(json_drop) json_t *whole = whole_numbers(json);
	char *text = json_dumps(whole, JSON_INDENT(2));
	struct err why;

	if (!text)
		return err_set(err, ERR_INVALID, "holds what cannot be written again");
	buf_init(out, LENIENT_JSON_BYTES_MAX + 1);
	buf_add(out, text);
	buf_add(out, "\n");
	free(text);
	if (out->failed)
		return err_set(err, ERR_LIMIT, "would become too large");
	/* What was printed must mean what was read: strict text that reads as an equal tree. */
	AUTO(json_drop) json_t *again = lenient_json_parse(JSON_FIREFOX, out->data, out->size, &why);
	AUTO(json_drop) json_t *again_whole = again ? whole_numbers(again) : NULL;
	return (again && json_equal(again_whole, whole)) || err_set(err, ERR_INVALID, "holds what cannot be written again");
}

static json_t *holders_of(json_t *file)
{
	return json_object_get(json_object_get(file, "epagent"), "set_for");
}

static json_t *without(const json_t *holders, const char *id, const struct firefox_holders *keep)
{
	json_t *rest = json_array(), *item;
	size_t i;

	json_array_foreach (holders, i, item) {
		const char *one = json_string_value(item);
		if (one && strcmp(one, id) != 0 && (!keep || keep->still_holds(one, keep->data)))
			json_array_append(rest, item);
	}
	return rest;
}

static void set_holders(json_t *file, json_t *holders)
{
	json_object_set_new(file, "epagent", json_pack("{s:o}", "set_for", holders));
}

bool firefox_merge(const struct buf *base, const struct firefox_wish *wish, struct buf *out, struct err *err)
{
	AUTO(json_drop) json_t *file = parse(base, err);

	if (!file)
		return err_wrap(err, "the policies that are there cannot be kept; mend or remove the file first");
	if (!json_object_get(file, "policies"))
		json_object_set_new(file, "policies", json_object());
	json_t *policies = json_object_get(file, "policies");
	if (!json_is_object(policies))
		return err_set(err, ERR_INVALID, "\"policies\" is no object; mend or remove the file first");
	json_object_set_new(policies, "PasswordManagerEnabled", json_boolean(wish->on));
	json_object_set_new(policies, "OfferToSaveLogins", json_boolean(wish->on));
	/* Always in the same order, so that twice is once. */
	bool held = false;
	json_t *holders = holders_of(file), *item;
	size_t i;
	json_array_foreach (holders, i, item)
		held |= json_is_string(item) && strcmp(json_string_value(item), wish->holder) == 0;
	if (!held) {
		json_t *more = without(holders, wish->holder, NULL);
		json_array_append_new(more, json_string(wish->holder));
		set_holders(file, more);
	}
	return print(file, out, err);
}

bool firefox_release(const struct buf *ours, const char *holder, const struct firefox_holders *holders, struct buf *out, bool *others,
                     struct err *err)
{
	AUTO(json_drop) json_t *file = parse(ours, err);

	if (!file)
		return false;
	json_t *rest = without(holders_of(file), holder, holders);
	*others = json_array_size(rest) > 0;
	set_holders(file, rest);
	return print(file, out, err);
}
