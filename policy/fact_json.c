/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as JSON and back; the form is in fact.h. What is decoded came from another process or a file: all of it is checked. */
#include "base/json.h"
#include "base/text.h"
#include "policy/fact.h"
#include "policy/medium.h"

#include <string.h>

static const char *const state_names[] = {"known", "unknown", "unsupported"};
static const char *const switch_names[] = {"off", "on"};
static const char *const coverage_names[] = {"none", "partial", "full"};
static const char *const access_names[] = {"blocked", "read_only", "open"};

static int find_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}
#define FIND_NAME(names, name) find_name((names), ARRAY_LEN(names), (name))

static json_t *encode_words(const char *const *words, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(words[i]));
	return list;
}

json_t *value_encode(const struct value *value)
{
	char instant[TEXT_INSTANT_SIZE];

	if (value->never)
		return json_string("never");
	switch (value->kind) {
	case VALUE_SWITCH:
		return json_string(switch_names[value->number != 0]);
	case VALUE_AGE:
		text_from_instant(instant, value->number);
		return json_string(instant);
	case VALUE_COVERAGE:
		return json_string(coverage_names[value->number]);
	case VALUE_ACCESS:
		return json_string(access_names[value->number]);
	case VALUE_DURATION:
	case VALUE_COUNT:
		return json_integer(value->number);
	case VALUE_LIST:
		return encode_words(value->words, value->word_count);
	case VALUE_NONE:
		break;
	}
	return json_null();
}

json_t *fact_encode_params(const struct param *params, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(object, params[i].name, params[i].text ? json_string(params[i].text) : json_integer(params[i].number));
	return object;
}

static json_t *encode_one_evidence(const struct evidence *evidence)
{
	json_t *value = evidence->kind == EVIDENCE_NUMBER   ? json_integer(evidence->number)
	                : evidence->kind == EVIDENCE_SWITCH ? json_boolean(evidence->number != 0)
	                                                    : json_string(evidence->text);

	/* A path is told from a word by its own key, so that decoding gives the same kinds back. */
	return json_pack("{s:s, s:s, s:o}", "source", evidence->source, "key", evidence->key,
	                 evidence->kind == EVIDENCE_PATH ? "path" : "value", value);
}

json_t *fact_encode_evidence(const struct fact *fact)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fact->evidence_count; i++)
		json_array_append_new(list, encode_one_evidence(&fact->evidence[i]));
	return list;
}

json_t *fact_encode(const struct fact *fact)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "control", catalogue[fact->control].name, "subject", fact->subject, "state",
	                           state_names[fact->state]);

	if (fact->state == FACT_KNOWN) {
		json_object_set_new(object, "value", value_encode(&fact->value));
		json_object_set_new(object, "fixed", json_boolean(fact->fixed));
	}
	if (fact->state == FACT_UNKNOWN && fact->at_best)
		json_object_set_new(object, "at_best", value_encode(&fact->value));
	if (fact->reason)
		json_object_set_new(object, "reason", json_string(fact->reason));
	if (fact->via)
		json_object_set_new(object, "via", json_string(fact->via));
	if (fact->param_count)
		json_object_set_new(object, "params", fact_encode_params(fact->params, fact->param_count));
	if (fact->evidence_count)
		json_object_set_new(object, "evidence", fact_encode_evidence(fact));
	if (fact->medium)
		json_object_set_new(object, "medium", medium_encode(fact->medium));
	return object;
}

static json_t *encode_session(const struct session *session)
{
	return json_pack("{s:I, s:o, s:b, s:b, s:b}", "uid", (json_int_t)session->uid, "groups",
	                 encode_words(session->groups, session->group_count), "active", session->active, "locked", session->locked,
	                 "remote", session->remote);
}

json_t *facts_encode(const struct facts *facts)
{
	json_t *list = json_array(), *sessions = json_array();

	for (size_t i = 0; i < facts->count; i++)
		json_array_append_new(list, fact_encode(&facts->items[i]));
	for (size_t i = 0; i < facts->session_count; i++)
		json_array_append_new(sessions, encode_session(&facts->sessions[i]));
	json_t *object = json_pack("{s:i, s:o}", "schema", 1, "facts", list);
	if (facts->sessions_known)
		json_object_set(object, "sessions", sessions);
	json_decref(sessions);
	return object;
}

static bool decode_words(struct arena *arena, const json_t *json, const char ***words, size_t *count)
{
	size_t i;
	const json_t *item;

	if (!json_is_array(json))
		return false;
	json_array_foreach (json, i, item) {
		const char **slot = json_is_string(item) ? ARENA_PUSH(arena, *words, *count) : NULL;
		if (!slot || !(*slot = arena_strdup(arena, json_string_value(item))))
			return false;
	}
	return true;
}

static bool decode_named(struct value *value, const json_t *json, const char *const *names, size_t count)
{
	int index = find_name(names, count, json_string_value(json));

	value->number = index;
	return index >= 0;
}

static bool decode_value(struct facts *facts, struct value *value, const json_t *json)
{
	if ((value->kind == VALUE_DURATION || value->kind == VALUE_AGE) && text_equal(json_string_value(json), "never")) {
		value->never = true;
		return true;
	}
	switch (value->kind) {
	case VALUE_SWITCH:
		return decode_named(value, json, switch_names, ARRAY_LEN(switch_names));
	case VALUE_COVERAGE:
		return decode_named(value, json, coverage_names, ARRAY_LEN(coverage_names));
	case VALUE_ACCESS:
		return decode_named(value, json, access_names, ARRAY_LEN(access_names));
	case VALUE_AGE:
		return json_is_string(json) && text_to_instant(json_string_value(json), &value->number);
	case VALUE_DURATION:
	case VALUE_COUNT:
		value->number = json_integer_value(json);
		return json_is_integer(json) && value->number >= (value->kind == VALUE_DURATION);
	case VALUE_LIST:
		return decode_words(&facts->arena, json, &value->words, &value->word_count);
	case VALUE_NONE:
		break;
	}
	return false;
}

static bool decode_params(struct facts *facts, struct fact *fact, json_t *json)
{
	const char *name;
	json_t *value;

	if (json && !json_is_object(json))
		return false;
	json_object_foreach (json, name, value) {
		if (json_is_integer(value))
			fact_param_number(facts, fact, name, json_integer_value(value));
		else if (json_is_string(value))
			fact_param_text(facts, fact, name, json_string_value(value));
		else
			return false;
	}
	return true;
}

static bool decode_one_evidence(struct facts *facts, struct fact *fact, const json_t *json)
{
	const char *source = json_text(json, "source"), *key = json_text(json, "key"), *path = json_text(json, "path");
	const json_t *value = json_object_get(json, "value");

	if (!source || !key)
		return false;
	if (path)
		fact_show_path(facts, fact, source, key, path);
	else if (json_is_integer(value))
		fact_show_number(facts, fact, source, key, json_integer_value(value));
	else if (json_is_boolean(value))
		fact_show_switch(facts, fact, source, key, json_is_true(value));
	else if (json_is_string(value))
		fact_show_word(facts, fact, source, key, json_string_value(value));
	else
		return false;
	return true;
}

static bool decode_details(struct facts *facts, struct fact *fact, const json_t *json, struct err *err)
{
	const json_t *evidence = json_object_get(json, "evidence"), *item, *medium = json_object_get(json, "medium");
	size_t i;

	if (!decode_params(facts, fact, json_object_get(json, "params")))
		return err_set(err, ERR_INVALID, "params must be numbers and texts");
	json_array_foreach (evidence, i, item)
		if (!decode_one_evidence(facts, fact, item))
			return err_set(err, ERR_INVALID, "evidence %zu is not {source, key, value}", i);
	if (medium) {
		fact->medium = medium_decode(&facts->arena, medium, err);
		return fact->medium != NULL;
	}
	return true;
}

static bool decode_at_best(struct facts *facts, struct fact *fact, const json_t *json)
{
	struct value value = {.kind = catalogue[fact->control].value};

	if (!json)
		return true;
	if (fact->state != FACT_UNKNOWN || !decode_value(facts, &value, json))
		return false;
	fact_at_best(fact, value);
	return true;
}

static bool decode_state(struct facts *facts, struct fact *fact, const json_t *json, struct err *err)
{
	const char *reason = json_text(json, "reason"), *via = json_text(json, "via");
	struct value value = {.kind = catalogue[fact->control].value};
	int state = FIND_NAME(state_names, json_text(json, "state"));

	if (state < 0)
		return err_set(err, ERR_INVALID, "state must be known, unknown or unsupported");
	if (state != FACT_KNOWN && !reason)
		return err_set(err, ERR_INVALID, "state %s needs a reason", state_names[state]);
	if (state == FACT_UNKNOWN)
		fact_unknown(facts, fact, reason);
	else if (state == FACT_UNSUPPORTED)
		fact_unsupported(facts, fact, reason);
	else if (!decode_value(facts, &value, json_object_get(json, "value")))
		return err_set(err, ERR_INVALID, "the value is not of the kind that this control has");
	else
		fact_known(fact, value);
	if (!decode_at_best(facts, fact, json_object_get(json, "at_best")))
		return err_set(err, ERR_INVALID, "at_best is not of the kind that this control has, or the state is not unknown");
	if (state == FACT_KNOWN && reason)
		fact_reason(facts, fact, reason);
	if (via)
		fact_via(facts, fact, via);
	fact->fixed = state == FACT_KNOWN && json_flag(json, "fixed", false);
	return true;
}

static bool decode_fact(struct facts *facts, const json_t *json, struct err *err)
{
	const char *name = json_text(json, "control"), *subject = json_text(json, "subject");
	enum control_id id = name ? catalogue_find(name) : CONTROL_COUNT;

	if (id == CONTROL_COUNT || !subject)
		return err_set(err, ERR_INVALID, "no such control, or no subject");
	struct fact *fact = facts_add(facts, id, "%s", subject);
	if (!decode_state(facts, fact, json, err) || !decode_details(facts, fact, json, err))
		return err_wrap(err, "%s %s", name, subject);
	return true;
}

static bool decode_session(struct facts *facts, const json_t *json)
{
	json_int_t uid = json_number(json, "uid", -1);
	struct session *session = uid >= 0 ? facts_add_session(facts, uid) : NULL;

	if (!session || !decode_words(&facts->arena, json_object_get(json, "groups"), &session->groups, &session->group_count))
		return false;
	session->active = json_flag(json, "active", false);
	session->locked = json_flag(json, "locked", false);
	session->remote = json_flag(json, "remote", false);
	return true;
}

bool facts_decode(struct facts *facts, const json_t *json, struct err *err)
{
	const json_t *list = json_object_get(json, "facts"), *sessions = json_object_get(json, "sessions"), *item;
	size_t i;

	if (json_number(json, "schema", 0) != 1 || !json_is_array(list))
		return err_set(err, ERR_INVALID, "not an answer of epagent-probe (schema 1)");
	json_array_foreach (list, i, item)
		if (!decode_fact(facts, item, err))
			return err_wrap(err, "fact %zu", i);
	facts->sessions_known = facts->sessions_known || sessions;
	json_array_foreach (sessions, i, item)
		if (!decode_session(facts, item))
			return err_set(err, ERR_INVALID, "session %zu is not {uid, groups, active, locked, remote}", i);
	if (facts->overflow)
		return err_set(err, ERR_LIMIT, "more facts than %d, or larger than %u bytes", FACTS_MAX, FACTS_MAX_BYTES);
	return true;
}
