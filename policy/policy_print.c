/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON of a policy: every default written out, one order of keys, so that equal policies are equal bytes. */
#include "base/json.h"
#include "policy/policy_check.h"

/*
 * Objects keep the order of insertion (jansson from 2.8 on) and json_print writes no white space: the bytes depend on the
 * policy alone. They are what is hashed and signed, so a change here changes the hash of every policy: raise POLICY_FORMAT
 * with it.
 */
static json_t *words_encode(const char *const *words, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(words[i]));
	return list;
}

static json_t *media_encode(const struct require *require)
{
	json_t *object = json_object();

	if (require->only_registered)
		json_object_set_new(object, "only", json_string("registered"));
	json_object_set_new(object, "access", json_string(require->access == ACCESS_READ_ONLY ? "read_only" : "read_write"));
	json_object_set_new(object, "encrypted", json_boolean(require->encrypted));
	json_object_set_new(object, "scanned", json_boolean(require->scanned));
	json_object_set_new(object, "unlocked_screen", json_boolean(require->unlocked_screen));
	return object;
}

json_t *require_encode(const struct require *require)
{
	json_t *object = require->kind == REQUIRE_MEDIA ? media_encode(require) : json_object();

	if (require->kind == REQUIRE_IS)
		json_object_set_new(object, "is", json_string(is_words[require->is]));
	else if (require->kind == REQUIRE_AT_MOST)
		json_object_set_new(object, "at_most", json_integer(require->limit));
	else if (require->kind == REQUIRE_AT_LEAST)
		json_object_set_new(object, "at_least", json_integer(require->limit));
	else if (require->kind == REQUIRE_ONLY)
		json_object_set_new(object, "only", words_encode(require->only, require->only_count));
	/* False is written too: left out it would be read back as true. */
	if (require->has_enforced)
		json_object_set_new(object, "enforced", json_boolean(require->enforced));
	return object;
}

static json_t *when_encode(const struct when *when)
{
	json_t *object = json_object();
	char hours[WHEN_HOURS_SIZE];

	/* Printed anew, not as it was written: "Mon,Tue 8..." and "Mon-Tue 8..." are the same hours. */
	if (when->has_hours) {
		when_print_hours(hours, when);
		json_object_set_new(object, "hours", json_string(hours));
	}
	if (when->has_users)
		json_object_set_new(object, "users", words_encode(when->users, when->user_count));
	return object;
}

static json_t *rule_encode(const struct rule *rule)
{
	json_t *object = json_object();

	json_object_set_new(object, "control", json_string(catalogue[rule->control].name));
	if (rule->has_when)
		json_object_set_new(object, "when", when_encode(&rule->when));
	json_object_set_new(object, "require", require_encode(&rule->require));
	json_object_set_new(object, "mode", json_string(mode_name(rule->mode)));
	json_object_set_new(object, "severity", json_string(severity_name(rule->severity)));
	json_object_set_new(object, "grace", json_integer(rule->grace_s));
	json_object_set_new(object, "clauses", words_encode(rule->clauses, rule->clause_count));
	return object;
}

static json_t *head_encode(const struct policy *policy)
{
	json_t *object = json_object(), *title = json_object();

	json_object_set_new(object, "policy", json_string(policy->id));
	json_object_set_new(object, "version", json_integer(policy->version));
	json_object_set_new(object, "format", json_integer(POLICY_FORMAT));
	if (policy->title_ja)
		json_object_set_new(title, "ja", json_string(policy->title_ja));
	if (policy->title_en)
		json_object_set_new(title, "en", json_string(policy->title_en));
	json_object_set_new(object, "title", title);
	if (policy->zone)
		json_object_set_new(object, "zone", json_string(policy->zone));
	json_object_set_new(object, "timezone", json_string(policy->timezone));
	return object;
}

void policy_print(struct buf *out, const struct policy *policy)
{
	AUTO(json_drop) json_t *object = head_encode(policy);
	json_t *rules = json_array();

	for (size_t i = 0; i < policy->rule_count; i++)
		json_array_append_new(rules, rule_encode(&policy->rules[i]));
	json_object_set_new(object, "rules", rules);
	json_print(out, object);
}
