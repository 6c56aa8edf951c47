/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder.h"

#include "agent/core.h"
#include "agent/digest.h"
#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static bool is_gone(const json_t *payload, const char *key)
{
	return text_equal(json_text(payload, key), "gone");
}

static void begin(struct state *state)
{
	for (size_t i = 0; i < state->count; i++)
		state->rows[i]->seen = false;
}

static void lost(struct core *core, void *item)
{
	struct state_row *row = item;
	char key[48];
	struct record_stamp none = {.clock = CLOCK_UNKNOWN};

	/* Once for each row until it can be recorded: the same change is offered at every pass. */
	if (!row->counted && core->journal) {
		(void)snprintf(key, sizeof key, "change.%s", state_control_name(row->control));
		journal_count(core->journal, key, &none);
	}
	row->counted = true;
}

static void fact_done(struct core *core, void *item, const json_t *payload)
{
	struct state_row *row = item;

	(void)core;
	row->has_fact = !is_gone(payload, "state");
	row->counted = false;
	digest_fact(row->fact, payload);
}

/* Takes `payload`. */
static void offer_fact(struct note_batch *batch, enum record_kind kind, struct state_row *row, json_t *payload)
{
	uint8_t digest[SHA256_SIZE];

	digest_fact(digest, payload);
	if (!row || row->seen || (row->has_fact && memcmp(digest, row->fact, sizeof digest) == 0)) {
		if (row)
			row->seen = true;
		json_decref(payload);
		return;
	}
	row->seen = true;
	note_add(batch, kind, payload, row);
}

static json_t *encode_sessions(const struct facts *facts)
{
	json_t *json = facts_encode(facts);

	(void)json_object_del(json, "schema");
	(void)json_object_del(json, "facts");
	if (!json_object_get(json, "sessions"))
		(void)json_object_set_new(json, "sessions", json_null());
	return json;
}

void recorder_facts(struct core *core)
{
	struct state *state = &core->state;
	struct note_batch batch = {.core = core, .done = fact_done, .lost = lost};

	begin(state);
	for (int id = 0; id < CONTROL_COUNT; id++)
		for (size_t i = 0; state->held[id] && i < state->held[id]->count; i++) {
			const struct fact *fact = &state->held[id]->items[i];
			offer_fact(&batch, RECORD_fact, state_row(state, id, fact->subject), fact_encode(fact));
		}
	if (state->held[STATE_SESSIONS])
		offer_fact(&batch, RECORD_session, state_row(state, STATE_SESSIONS, "host"), encode_sessions(state->held[STATE_SESSIONS]));
	for (size_t i = 0; i < state->count; i++) {
		struct state_row *row = state->rows[i];
		if (row->has_fact && !row->seen && state_is_looked_at(state, row->control))
			note_add(&batch, RECORD_fact,
			         json_pack("{s:s, s:s, s:s}", "control", state_control_name(row->control), "subject", row->subject, "state",
			                   "gone"),
			         row);
	}
	note_flush(&batch);
	state_sweep(state);
}

static bool kind_of(const json_t *payload, enum verdict_kind *out)
{
	for (int kind = VERDICT_PASS; kind <= VERDICT_EXEMPT; kind++)
		if (text_equal(verdict_name((enum verdict_kind)kind), json_text(payload, "verdict"))) {
			*out = (enum verdict_kind)kind;
			return true;
		}
	return false;
}

static void verdict_done(struct core *core, void *item, const json_t *payload)
{
	struct state_row *row = item;
	const char *since = json_text(payload, "since");

	(void)core;
	row->has_verdict = kind_of(payload, &row->kind);
	row->counted = false;
	digest_verdict(row->verdict, payload);
	if (since)
		(void)text_to_instant(since, &row->since);
}

static json_t *encode_verdict(const struct core *core, const struct state_row *row, const struct verdict *verdict)
{
	char since[TEXT_INSTANT_SIZE];
	bool same = row->has_verdict && row->kind == verdict->verdict;

	text_from_instant(since, same ? row->since : os_now_utc());
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "control", catalogue[verdict->control].name, "subject", verdict->subject,
	                         "verdict", verdict_name(verdict->verdict), "code", verdict->code, "params",
	                         fact_encode_params(verdict->params, verdict->param_count), "since", since);
	if (row->has_verdict)
		(void)json_object_set_new(json, "was", json_string(verdict_name(row->kind)));
	(void)json_object_set_new(json, "mode", json_string(mode_name(verdict->rule->mode)));
	(void)json_object_set_new(json, "severity", json_string(severity_name(verdict->rule->severity)));
	(void)json_object_set_new(json, "policy",
	                          json_pack("{s:s, s:I}", "id", core->holder.policy.id, "version", (json_int_t)core->holder.version));
	return json;
}

static void offer_verdict(struct note_batch *batch, struct state_row *row, const struct verdict *verdict)
{
	uint8_t digest[SHA256_SIZE];

	if (!row || row->seen)
		return;
	row->seen = true;
	json_t *payload = encode_verdict(batch->core, row, verdict);
	digest_verdict(digest, payload);
	if (row->has_verdict && memcmp(digest, row->verdict, sizeof digest) == 0)
		json_decref(payload);
	else
		note_add(batch, RECORD_verdict, payload, row);
}

void recorder_verdicts(struct core *core)
{
	struct state *state = &core->state;
	struct note_batch batch = {.core = core, .done = verdict_done, .lost = lost};

	begin(state);
	for (size_t i = 0; i < state->verdicts.count; i++) {
		const struct verdict *verdict = &state->verdicts.items[i];
		/* Before its first look a control is only not known yet; that is nothing to record. */
		if (state_is_looked_at(state, (int)verdict->control))
			offer_verdict(&batch, state_row(state, (int)verdict->control, verdict->subject), verdict);
	}
	for (size_t i = 0; i < state->count; i++) {
		struct state_row *row = state->rows[i];
		if (row->has_verdict && !row->seen && state_is_looked_at(state, row->control))
			note_add(&batch, RECORD_verdict,
			         json_pack("{s:s, s:s, s:s, s:s}", "control", state_control_name(row->control), "subject", row->subject,
			                   "verdict", "gone", "was", verdict_name(row->kind)),
			         row);
	}
	note_flush(&batch);
	state_sweep(state);
}
