/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/answer.h"

#include "agent/answer_log.h"
#include "agent/core.h"
#include "agent/cycle.h"
#include "base/hex.h"
#include "base/text.h"
#include "policy/report.h"

#include <stdlib.h>
#include <string.h>

static json_t *instant(int64_t at_utc)
{
	char text[TEXT_INSTANT_SIZE];

	text_from_instant(text, at_utc);
	return json_string(text);
}

static json_t *no_policy_report(void)
{
	return json_pack("{s:i, s:o, s:n, s:s, s:n, s:[], s:i}", "schema", 1, "at", instant(os_now_utc()), "host", "verdict", "unknown",
	                 "policy", "controls", "hidden", 0);
}

/* `since` is core's to know: how long the verdict has been what it is. */
static void add_since(const struct core *core, json_t *report)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(report, "controls"), i, row) {
		const char *name = json_text(row, "control"), *subject = json_text(row, "subject");
		enum control_id id = name && subject ? catalogue_find(name) : CONTROL_COUNT; /* short of memory a row lacks a part */
		const struct state_row *known = id == CONTROL_COUNT ? NULL : state_find(&core->state, (int)id, subject);
		if (known && known->has_verdict)
			(void)json_object_set_new(row, "since", instant(known->since));
	}
}

/* Before the first look has ended, and while a new policy waits for its first judgement, `pending` is not 0. */
static json_t *answer_status(struct core *core, int64_t viewer_uid, const json_t *body, struct err *err)
{
	const struct state *state = &core->state;
	struct report_about about = {
		.policy = &core->holder.policy, .now_utc = os_now_utc(), .all = viewer_uid < 0, .viewer_uid = viewer_uid};
	json_t *report = core->holder.has ? report_encode(&state->verdicts, &about) : no_policy_report();
	json_t *notes = json_array();

	(void)body;
	if (!report) {
		json_decref(notes);
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	if (core->holder.has)
		add_since(core, report);
	size_t pending = state_pending(state) + (core->holder.has && !state->judged);
	if (pending && core->holder.has)
		(void)json_object_set_new(report, "verdict", json_string("unknown"));
	if (!core->holder.has)
		(void)json_array_append_new(notes, json_string("core.no_policy"));
	if (core->holder.refused[0])
		(void)json_array_append_new(notes, json_string("core.policy_refused"));
	if (core->config.observe)
		(void)json_array_append_new(notes, json_string("core.observe"));
	(void)json_object_set_new(report, "pending", json_integer((json_int_t)pending));
	(void)json_object_set_new(report, "notes", notes);
	return report;
}

static json_t *answer_policy(struct core *core, int64_t viewer_uid, const json_t *body, struct err *err)
{
	const struct holder *holder = &core->holder;
	json_t *answer = json_pack("{s:n, s:n, s:n}", "policy", "taken_at", "refused");

	(void)viewer_uid;
	(void)body;
	if (holder->has) {
		json_t *policy = json_parse(holder->text, holder->size, err);
		(void)json_object_set_new(answer, "policy", policy ? policy : json_null());
		(void)json_object_set_new(answer, "version", json_integer((json_int_t)holder->version));
		(void)json_object_set_new(answer, "taken_at", instant(holder->taken_at));
	}
	if (holder->refused[0])
		(void)json_object_set_new(answer, "refused",
		                          json_pack("{s:s, s:I, s:o, s:s}", "why", holder->refused, "version",
		                                    (json_int_t)holder->refused_version, "at", instant(holder->refused_at), "text",
		                                    holder->refused_text));
	return answer;
}

static void check(json_t *checks, const char *what, bool ok, const char *code, json_t *params)
{
	(void)json_array_append_new(checks, json_pack("{s:s, s:b, s:s, s:o}", "check", what, "ok", (int)ok, "code", code, "params",
	                                              params ? params : json_object()));
}

static json_t *journal_params(const struct journal_state *journal)
{
	return json_pack("{s:I, s:I, s:I, s:s}", "unsent", (json_int_t)journal->unsent, "size_mib", (json_int_t)(journal->size_bytes >> 20),
	                 "free_mib", (json_int_t)(journal->free_bytes >> 20), "error", journal->error);
}

static void check_facts(json_t *checks, const struct state *state)
{
	size_t unknown = 0;

	for (size_t i = 0; i < state->all.count; i++)
		unknown += state->all.items[i].state == FACT_UNKNOWN;
	check(checks, "looks", state_pending(state) == 0, state_pending(state) ? "core.looks_pending" : "core.looks_done",
	      json_pack("{s:I, s:I}", "pending", (json_int_t)state_pending(state), "unknown", (json_int_t)unknown));
}

static json_t *answer_doctor(struct core *core, int64_t viewer_uid, const json_t *body, struct err *err)
{
	static const char *const health[] = {"core.journal_ok", "core.journal_full", "core.journal_cannot_record"};
	struct journal_state journal;
	json_t *checks = json_array();

	(void)viewer_uid;
	(void)body;
	(void)err;
	check(checks, "core", true, "core.running",
	      json_pack("{s:s, s:I}", "version", EPAGENT_VERSION, "seconds", (json_int_t)(os_now_utc() - core->started_at)));
	check(checks, "config", !core->config_fault[0], core->config_fault[0] ? "core.config_wrong" : "core.config_ok",
	      json_pack("{s:s}", "text", core->config_fault));
	check(checks, "policy", core->holder.has, core->holder.has ? "core.policy_held" : "core.no_policy",
	      json_pack("{s:I}", "version", (json_int_t)core->holder.version));
	if (core->holder.refused[0])
		check(checks, "policy_refused", false, "core.policy_refused", json_pack("{s:s}", "why", core->holder.refused));
	if (core->journal) {
		journal_state(core->journal, &journal);
		check(checks, "journal", journal.health == JOURNAL_OK, health[journal.health], journal_params(&journal));
	} else {
		check(checks, "journal", false, "core.journal_cannot_record", NULL);
	}
	check_facts(checks, &core->state);
	return json_pack("{s:o}", "checks", checks);
}

static json_t *answer_look_again(struct core *core, int64_t viewer_uid, const json_t *body, struct err *err)
{
	(void)viewer_uid;
	(void)body;
	(void)err;
	trigger_all(&core->triggers, os_boot_ms());
	cycle_soon(core);
	return json_object();
}

static json_t *answer_policy_load(struct core *core, int64_t viewer_uid, const json_t *body, struct err *err)
{
	const char *hex = json_text(body, "document");
	size_t size = hex ? strlen(hex) / 2 : 0;
	uint8_t *raw = size ? malloc(size) : NULL;
	bool taken = false;

	(void)viewer_uid;
	if (!raw || !hex_parse(raw, size, hex))
		err_set(err, ERR_INVALID, "policy_load wants {\"document\": hexadecimal}");
	else
		taken = holder_take(core, raw, size, err);
	free(raw);
	if (!taken)
		return NULL;
	cycle_judge(core);
	return json_pack("{s:s, s:I}", "id", core->holder.policy.id, "version", (json_int_t)core->holder.version);
}

static json_t *(*const answers[MESSAGE_COUNT])(struct core *, int64_t, const json_t *, struct err *) = {
	[MESSAGE_status] = answer_status,         [MESSAGE_log] = answer_log,
	[MESSAGE_policy] = answer_policy,         [MESSAGE_doctor] = answer_doctor,
	[MESSAGE_look_again] = answer_look_again, [MESSAGE_policy_load] = answer_policy_load,
};

json_t *answer(struct core *core, int64_t viewer_uid, const struct message_in *question, struct err *err)
{
	if (answers[question->type])
		return answers[question->type](core, viewer_uid, question->body, err);
	err_set(err, ERR_UNSUPPORTED, "%s is not answered here", message_rows[question->type].name);
	return NULL;
}

json_t *answer_refusal(const struct err *err)
{
	char text[sizeof err->text];

	text_printable(text, sizeof text, err->text, strlen(err->text), sizeof text);
	return json_pack("{s:s, s:s}", "meaning", err_kind_name(err->kind), "text", text);
}
