/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state.h"

#include "agent/digest.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

const char *state_control_name(int control)
{
	return control == STATE_SESSIONS ? "sessions" : catalogue[control].name;
}

static int control_find(const char *name)
{
	if (!name)
		return -1;
	enum control_id id = catalogue_find(name);
	return id != CONTROL_COUNT ? (int)id : strcmp(name, "sessions") == 0 ? STATE_SESSIONS : -1;
}

bool state_init(struct state *state)
{
	memset(state, 0, sizeof *state);
	facts_init(&state->all);
	verdicts_init(&state->verdicts);
	return true;
}

static void facts_drop(struct facts *facts)
{
	if (!facts)
		return;
	facts_fini(facts);
	free(facts);
}

static void take_fresh(struct state *state)
{
	for (size_t i = 0; i < STATE_HELD; i++)
		if (state->fresh[i]) {
			facts_drop(state->held[i]);
			state->held[i] = state->fresh[i];
			state->fresh[i] = NULL;
		}
}

void state_fini(struct state *state)
{
	verdicts_fini(&state->verdicts);
	facts_fini(&state->all);
	take_fresh(state);
	for (size_t i = 0; i < STATE_HELD; i++)
		facts_drop(state->held[i]);
	for (size_t i = 0; i < state->count; i++) {
		free(state->rows[i]->subject);
		free(state->rows[i]);
	}
	free(state->rows);
}

/* Verdicts borrow from facts: they go first. */
static void forget_verdicts(struct state *state)
{
	verdicts_fini(&state->verdicts);
	verdicts_init(&state->verdicts);
	state->judged = false;
	facts_fini(&state->all);
	facts_init(&state->all);
}

void state_hold(struct state *state, int id, struct facts *facts)
{
	facts_drop(state->fresh[id]);
	state->fresh[id] = facts;
}

static bool gather_one(struct facts *all, const struct facts *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct fact *slot = ARENA_PUSH(&all->arena, all->items, all->count);
		if (!slot)
			return false;
		*slot = from->items[i];
	}
	return true;
}

void state_gather(struct state *state)
{
	forget_verdicts(state);
	take_fresh(state);
	for (size_t i = 0; i < CONTROL_COUNT; i++)
		if (state->held[i] && !gather_one(&state->all, state->held[i]))
			state->all.overflow = true;
	const struct facts *logins = state->held[STATE_SESSIONS];
	if (logins && logins->sessions_known) {
		state->all.sessions = logins->sessions;
		state->all.session_count = logins->session_count;
		state->all.sessions_known = true;
	}
}

bool state_is_looked_at(const struct state *state, int id)
{
	return state->held[id] || (id < CONTROL_COUNT && !catalogue[id].written);
}

size_t state_pending(const struct state *state)
{
	size_t pending = 0;

	for (int id = 0; id < CONTROL_COUNT; id++)
		pending += !state_is_looked_at(state, id);
	return pending;
}

static int compare(const struct state_row *row, int control, const char *subject)
{
	return row->control != control ? row->control - control : strcmp(row->subject, subject);
}

/* The place of the row, or where it would be. */
static size_t place(const struct state *state, int control, const char *subject, bool *there)
{
	size_t low = 0, high = state->count;

	*there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(state->rows[middle], control, subject);
		if (order == 0)
			*there = true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct state_row *state_find(const struct state *state, int control, const char *subject)
{
	bool there;
	size_t at = place(state, control, subject, &there);

	return there ? state->rows[at] : NULL;
}

struct state_row *state_row(struct state *state, int control, const char *subject)
{
	bool there;
	size_t at = place(state, control, subject, &there);

	if (there)
		return state->rows[at];
	struct state_row **rows = realloc(state->rows, (state->count + 1) * sizeof(struct state_row *));
	if (!rows)
		return NULL;
	state->rows = rows;
	struct state_row *row = calloc(1, sizeof *row);
	if (!row || !(row->subject = strdup(subject))) {
		free(row);
		return NULL;
	}
	row->control = control;
	memmove(rows + at + 1, rows + at, (state->count - at) * sizeof(struct state_row *));
	rows[at] = row;
	state->count++;
	return row;
}

void state_sweep(struct state *state)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->count; i++) {
		struct state_row *row = state->rows[i];
		if (row->has_fact || row->has_verdict || row->seen) {
			state->rows[kept++] = row;
			continue;
		}
		free(row->subject);
		free(row);
	}
	state->count = kept;
}

static void replay_fact(struct state_row *row, const json_t *json)
{
	row->has_fact = !text_equal(json_text(json, "state"), "gone");
	digest_fact(row->fact, json);
}

static bool find_verdict(const char *name, enum verdict_kind *out)
{
	for (int kind = VERDICT_PASS; kind <= VERDICT_EXEMPT; kind++)
		if (text_equal(verdict_name((enum verdict_kind)kind), name)) {
			*out = (enum verdict_kind)kind;
			return true;
		}
	return false;
}

static void replay_verdict(struct state_row *row, const json_t *json)
{
	const char *since = json_text(json, "since");

	row->has_verdict = find_verdict(json_text(json, "verdict"), &row->kind);
	if (!since || !text_to_instant(since, &row->since))
		row->since = 0;
	digest_verdict(row->verdict, json);
}

static void replay_snapshot_row(struct state *state, const json_t *json)
{
	int control = control_find(json_text(json, "control"));
	const char *subject = json_text(json, "subject"), *fact = json_text(json, "fact"), *mark = json_text(json, "mark");
	struct state_row *row = control >= 0 && subject ? state_row(state, control, subject) : NULL;

	if (!row)
		return;
	row->has_fact = fact && hex_parse(row->fact, sizeof row->fact, fact);
	replay_verdict(row, json);
	row->has_verdict = row->has_verdict && mark && hex_parse(row->verdict, sizeof row->verdict, mark);
}

static void replay_snapshot(struct state *state, const json_t *json)
{
	const json_t *item;
	const char *policy = json_text(json, "policy");
	size_t i;

	for (i = 0; i < state->count; i++)
		state->rows[i]->has_fact = state->rows[i]->has_verdict = false;
	json_array_foreach (json_object_get(json, "rows"), i, item)
		replay_snapshot_row(state, item);
	if (policy)
		(void)hex_parse(state->policy, sizeof state->policy, policy);
}

static void replay_row(struct state *state, const struct record *record, const json_t *json)
{
	bool sessions = record->kind == RECORD_session;
	int control = sessions ? STATE_SESSIONS : control_find(json_text(json, "control"));
	const char *subject = sessions ? "host" : json_text(json, "subject");
	struct state_row *row = control >= 0 && subject ? state_row(state, control, subject) : NULL;

	if (row && record->kind == RECORD_verdict)
		replay_verdict(row, json);
	else if (row)
		replay_fact(row, json);
}

bool state_replay(void *context, const struct record *record)
{
	struct state *state = context;
	struct err ignored;
	AUTO(json_drop) json_t *json = json_parse(record->payload, record->payload_size, &ignored);

	state->stopped = record->kind == RECORD_stop || (state->stopped && record->kind == RECORD_head);
	if (!json)
		return true;
	if (record->kind == RECORD_snapshot)
		replay_snapshot(state, json);
	else if (record->kind == RECORD_fact || record->kind == RECORD_verdict || record->kind == RECORD_session)
		replay_row(state, record, json);
	else if (record->kind == RECORD_policy_taken && json_text(json, "digest"))
		(void)hex_parse(state->policy, sizeof state->policy, json_text(json, "digest"));
	return true;
}

static json_t *encode_row(const struct state_row *row)
{
	char hex[2 * SHA256_SIZE + 1], since[TEXT_INSTANT_SIZE];
	json_t *json = json_pack("{s:s, s:s}", "control", state_control_name(row->control), "subject", row->subject);

	if (row->has_fact) {
		hex_print(hex, row->fact, sizeof row->fact);
		(void)json_object_set_new(json, "fact", json_string(hex));
	}
	if (row->has_verdict) {
		text_from_instant(since, row->since);
		hex_print(hex, row->verdict, sizeof row->verdict);
		(void)json_object_set_new(json, "verdict", json_string(verdict_name(row->kind)));
		(void)json_object_set_new(json, "since", json_string(since));
		(void)json_object_set_new(json, "mark", json_string(hex));
	}
	return json;
}

void state_snapshot(void *context, struct buf *out)
{
	const struct state *state = context;
	char policy[2 * SHA256_SIZE + 1];
	json_t *rows = json_array();

	for (size_t i = 0; i < state->count; i++)
		if (state->rows[i]->has_fact || state->rows[i]->has_verdict)
			(void)json_array_append_new(rows, encode_row(state->rows[i]));
	hex_print(policy, state->policy, sizeof state->policy);
	AUTO(json_drop) json_t *json = json_pack("{s:i, s:s, s:o}", "schema", 1, "policy", policy, "rows", rows);
	json_print(out, json);
}

void state_anew(void *context)
{
	struct state *state = context;

	/* No fact, verdict or policy has a digest of zeros: each differs from what is recorded. */
	for (size_t i = 0; i < state->count; i++) {
		memset(state->rows[i]->fact, 0, sizeof state->rows[i]->fact);
		memset(state->rows[i]->verdict, 0, sizeof state->rows[i]->verdict);
	}
	memset(state->policy, 0, sizeof state->policy);
	state->anew = true;
}
