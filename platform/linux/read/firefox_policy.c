/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After EnterprisePoliciesParent, PolicySchemaValidator and Policies (all .sys.mjs) of Firefox 153, which come with the program, and
 * compared with the running program by tests/integration/firefox_policy.py.
 */
#include "platform/linux/read/firefox_policy.h"

#include "base/json.h"
#include "platform/linux/read/lenient_json.h"

#include <string.h>
#include <strings.h>

#define SETTING "signon.rememberSignons"

/* What ECMAScript's trim() takes away. */
static const char *const spaces[] = {
	"\t",           "\n",           "\v",           "\f",           "\r",           " ",
	"\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
	"\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
	"\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
	"\xef\xbb\xbf",
};

static size_t space_at(const char *text, const char *end, bool at_end)
{
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		size_t size = strlen(spaces[i]);
		if ((size_t)(end - text) >= size && memcmp(at_end ? end - size : text, spaces[i], size) == 0)
			return size;
	}
	return 0;
}

static bool is_word(const char *text, const char *end, const char *word)
{
	size_t size = strlen(word);

	return (size_t)(end - text) == size && strncasecmp(text, word, size) == 0;
}

/* A boolean policy: 0, 1 and the words count too, with white space around and in any case. */
static enum policy_word boolean_word(const json_t *value)
{
	if (json_is_boolean(value) || (json_is_real(value) && (json_real_value(value) == 0.0 || json_real_value(value) == 1.0)))
		return json_is_true(value) || json_real_value(value) == 1.0 ? POLICY_ON : POLICY_OFF;
	const char *text = json_is_string(value) ? json_string_value(value) : "", *end = text + json_string_length(value);
	for (size_t size; (size = space_at(text, end, false)) > 0;)
		text += size;
	for (size_t size; (size = space_at(text, end, true)) > 0;)
		end -= size;
	return is_word(text, end, "false") ? POLICY_OFF : is_word(text, end, "true") ? POLICY_ON : POLICY_WRONG_TYPE;
}

static bool is_one_of(const json_t *value, const char *const *words)
{
	for (; json_is_string(value) && *words; words++)
		if (strcmp(json_string_value(value), *words) == 0)
			return true;
	return false;
}

/* 0 and 1 become booleans; every other number and every string is refused by a boolean setting. */
static enum policy_word plain_word(const json_t *value)
{
	return json_is_string(value) ? POLICY_WRONG_TYPE : boolean_word(value);
}

/* {"Value":..,"Status":..,"Type":..} with Type "boolean": JavaScript's truth. */
static enum policy_word truth_word(const json_t *value)
{
	bool on = json_is_true(value) || (json_is_real(value) && json_real_value(value) != 0.0) ||
	          (json_is_string(value) && json_string_length(value) > 0);

	return on ? POLICY_ON : POLICY_OFF;
}

static enum policy_word typed_word(const json_t *entry)
{
	const json_t *value = json_object_get(entry, "Value"), *type = json_object_get(entry, "Type");

	if (!type)
		return value ? plain_word(value) : POLICY_UNSAID;
	return strcmp(json_string_value(type), "boolean") == 0 ? truth_word(value) : POLICY_WRONG_TYPE;
}

/* An entry that does not fit the schema is dropped alone. */
static bool entry_is_valid(const json_t *entry)
{
	const json_t *value = json_object_get(entry, "Value"), *status = json_object_get(entry, "Status"),
		     *type = json_object_get(entry, "Type");

	return (!value || json_is_boolean(value) || json_is_number(value) || json_is_string(value)) &&
	       (!status || is_one_of(status, (const char *const[]){"default", "locked", "user", "clear", NULL})) &&
	       (!type || is_one_of(type, (const char *const[]){"number", "boolean", "string", NULL}));
}

static void apply(struct firefox_logins *out, enum policy_word word)
{
	if (word == POLICY_OFF || word == POLICY_ON)
		out->value = word == POLICY_ON;
}

static void read_setting(struct firefox_logins *out, const json_t *entry)
{
	const json_t *status = json_object_get(entry, "Status");

	if (!json_is_object(entry)) {
		/* The old form: a bare value, always locked. */
		out->preference = plain_word(entry);
		apply(out, out->preference);
		out->locked = out->preference != POLICY_WRONG_TYPE;
		return;
	}
	out->preference = POLICY_WRONG_TYPE;
	if (!entry_is_valid(entry))
		return;
	out->preference = typed_word(entry);
	/* "user" writes the user's own value at each start, "clear" takes it away: he changes both. */
	if (is_one_of(status, (const char *const[]){"user", "clear", NULL}))
		return;
	apply(out, out->preference);
	out->locked = is_one_of(status, (const char *const[]){"locked", NULL});
}

/* Runs before the other policies do. May be an object or, as on Windows, its JSON in a string. */
static void read_preferences(struct firefox_logins *out, const json_t *preferences)
{
	struct err ignored;
	AUTO(json_drop)
	json_t *parsed =
		json_is_string(preferences)
			? lenient_json_parse(JSON_FIREFOX, json_string_value(preferences), json_string_length(preferences), &ignored)
			: NULL;
	const json_t *entry = json_object_get(parsed ? parsed : preferences, SETTING);

	if (entry)
		read_setting(out, entry);
}

static void run_in_order(struct firefox_logins *out, json_t *policies)
{
	const char *name;
	json_t *value;

	json_object_foreach (policies, name, value) {
		bool enabled = strcmp(name, "PasswordManagerEnabled") == 0, offer = strcmp(name, "OfferToSaveLogins") == 0;
		if (enabled || offer) {
			enum policy_word word = enabled ? out->enabled : out->offer;
			apply(out, word);
			out->locked |= word != POLICY_WRONG_TYPE;
		}
		/* Ignored beside a valid OfferToSaveLogins. What is locked stays so, with this value. */
		if (strcmp(name, "OfferToSaveLoginsDefault") == 0 && (out->offer == POLICY_UNSAID || out->offer == POLICY_WRONG_TYPE))
			apply(out, out->offer_default);
	}
}

static enum policy_word named_word(const json_t *policies, const char *name)
{
	const json_t *value = json_object_get(policies, name);

	return value ? boolean_word(value) : POLICY_UNSAID;
}

static bool is_falsy(const json_t *value)
{
	return !value || json_is_null(value) || json_is_false(value) || (json_is_real(value) && json_real_value(value) == 0.0) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

bool firefox_policy_read(const char *text, size_t size, struct firefox_logins *out, struct err *err)
{
	struct firefox_logins logins = {.value = true};

	if (size > 0) {
		AUTO(json_drop) json_t *json = lenient_json_parse(JSON_FIREFOX, text, size, err);
		if (!json)
			return false;
		json_t *policies = json_object_get(json, "policies");
		if (is_falsy(policies))
			return err_set(err, ERR_INVALID, "no \"policies\"");
		logins.enabled = named_word(policies, "PasswordManagerEnabled");
		logins.offer = named_word(policies, "OfferToSaveLogins");
		logins.offer_default = named_word(policies, "OfferToSaveLoginsDefault");
		read_preferences(&logins, json_object_get(policies, "Preferences"));
		run_in_order(&logins, policies);
	}
	*out = logins;
	return true;
}
