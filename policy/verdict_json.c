/* SPDX-License-Identifier: Apache-2.0 */
/* One verdict as a row of the public report. */
#include "base/text.h"
#include "policy/judge.h"

static const char *const verdict_names[] = {
	[VERDICT_PASS] = "pass",     [VERDICT_FAIL] = "fail", [VERDICT_UNKNOWN] = "unknown", [VERDICT_NOT_APPLICABLE] = "not_applicable",
	[VERDICT_EXEMPT] = "exempt",
};

const char *verdict_name(enum verdict_kind kind)
{
	return verdict_names[kind];
}

/* A fact keeps the instant; people want the age. A clock that is a little behind gives 0. */
static json_t *encode_found(const struct fact *fact, int64_t now_utc)
{
	if (!fact || fact->state != FACT_KNOWN)
		return json_null();
	if (fact->value.kind != VALUE_AGE || fact->value.never)
		return value_encode(&fact->value);
	return json_integer(now_utc > fact->value.number ? now_utc - fact->value.number : 0);
}

static json_t *encode_exemption(const struct exemption *exemption)
{
	char until[TEXT_INSTANT_SIZE];

	if (!exemption)
		return json_null();
	text_from_instant(until, exemption->ends_at);
	return json_pack("{s:s, s:s}", "id", exemption->id, "until", until);
}

static json_t *encode_clauses(const struct rule *rule)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rule->clause_count; i++)
		json_array_append_new(list, json_string(rule->clauses[i]));
	return list;
}

/* The keys and their order are a public contract (docs/policy.md): only ever added to, with a new schema number. */
json_t *verdict_encode(const struct verdict *verdict, int64_t now_utc)
{
	const struct rule *rule = verdict->rule;
	json_t *row = json_object();

	json_object_set_new(row, "control", json_string(catalogue[verdict->control].name));
	json_object_set_new(row, "subject", json_string(verdict->subject));
	json_object_set_new(row, "verdict", json_string(verdict_name(verdict->verdict)));
	json_object_set_new(row, "code", json_string(verdict->code));
	json_object_set_new(row, "params", fact_encode_params(verdict->params, verdict->param_count));
	json_object_set_new(row, "found", encode_found(verdict->fact, now_utc));
	json_object_set_new(row, "required", require_encode(&rule->require));
	json_object_set_new(row, "mend", verdict->mend ? json_string(verdict->mend) : json_null());
	json_object_set_new(row, "mode", json_string(mode_name(rule->mode)));
	json_object_set_new(row, "severity", json_string(severity_name(rule->severity)));
	json_object_set_new(row, "clauses", encode_clauses(rule));
	json_object_set_new(row, "since", json_null());
	json_object_set_new(row, "exemption", encode_exemption(verdict->exemption));
	json_object_set_new(row, "evidence", verdict->fact ? fact_encode_evidence(verdict->fact) : json_array());
	return row;
}
