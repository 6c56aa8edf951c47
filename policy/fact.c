/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/fact.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SUBJECT_MAX 200

void facts_init(struct facts *facts)
{
	*facts = (struct facts){.items = NULL};
	arena_init(&facts->arena, FACTS_MAX_BYTES);
}

void facts_fini(struct facts *facts)
{
	arena_fini(&facts->arena);
	*facts = (struct facts){.items = NULL};
}

/* A text that is shown to people: printable, and never NULL even when the arena is full. */
static const char *keep(struct facts *facts, const char *text, size_t max_chars)
{
	char shown[1200];

	text_printable(shown, sizeof shown, text, strlen(text), max_chars);
	const char *copy = arena_strdup(&facts->arena, shown);
	if (!copy)
		facts->overflow = true;
	return copy ? copy : "";
}

struct fact *facts_add(struct facts *facts, enum control_id control, const char *subject_fmt, ...)
{
	char subject[SUBJECT_MAX];
	va_list args;

	va_start(args, subject_fmt);
	(void)vsnprintf(subject, sizeof subject, subject_fmt, args);
	va_end(args);
	struct fact *fact = facts->count < FACTS_MAX ? ARENA_PUSH(&facts->arena, facts->items, facts->count) : NULL;
	if (!fact) {
		facts->overflow = true;
		fact = &facts->spill;
	}
	*fact = (struct fact){.control = control, .state = FACT_UNKNOWN, .reason = "not_read"};
	fact->subject = keep(facts, subject, SUBJECT_MAX);
	return fact;
}

void fact_known(struct fact *fact, struct value value)
{
	fact->state = FACT_KNOWN;
	fact->value = value;
	fact->at_best = false;
	fact->reason = NULL;
}

void fact_at_best(struct fact *fact, struct value value)
{
	fact->value = value;
	fact->at_best = true;
}

static void without_value(struct facts *facts, struct fact *fact, enum fact_state state, const char *reason)
{
	fact->state = state;
	fact->value = (struct value){.kind = VALUE_NONE};
	fact->fixed = fact->at_best = false;
	fact->reason = keep(facts, reason, TEXT_EVIDENCE_MAX);
}

void fact_unknown(struct facts *facts, struct fact *fact, const char *reason)
{
	without_value(facts, fact, FACT_UNKNOWN, reason);
}

void fact_unsupported(struct facts *facts, struct fact *fact, const char *reason)
{
	without_value(facts, fact, FACT_UNSUPPORTED, reason);
}

void fact_reason(struct facts *facts, struct fact *fact, const char *reason)
{
	fact->reason = keep(facts, reason, TEXT_EVIDENCE_MAX);
}

void fact_via(struct facts *facts, struct fact *fact, const char *mechanism)
{
	fact->via = keep(facts, mechanism, TEXT_EVIDENCE_MAX);
}

static struct param *add_param(struct facts *facts, struct fact *fact, const char *name)
{
	struct param *param = ARENA_PUSH(&facts->arena, fact->params, fact->param_count);

	if (!param) {
		facts->overflow = true;
		return NULL;
	}
	param->name = keep(facts, name, TEXT_EVIDENCE_MAX);
	return param;
}

void fact_param_number(struct facts *facts, struct fact *fact, const char *name, int64_t number)
{
	struct param *param = add_param(facts, fact, name);

	if (param)
		param->number = number;
}

void fact_param_text(struct facts *facts, struct fact *fact, const char *name, const char *text)
{
	struct param *param = add_param(facts, fact, name);

	if (param)
		param->text = keep(facts, text, 255);
}

static struct evidence *show(struct facts *facts, struct fact *fact, const char *source, const char *key)
{
	struct evidence *evidence = NULL;

	if (fact->evidence_count >= EVIDENCE_MAX)
		return NULL;
	evidence = ARENA_PUSH(&facts->arena, fact->evidence, fact->evidence_count);
	if (!evidence) {
		facts->overflow = true;
		return NULL;
	}
	evidence->source = keep(facts, source, 255);
	evidence->key = keep(facts, key ? key : "", 128);
	return evidence;
}

void fact_show_number(struct facts *facts, struct fact *fact, const char *source, const char *key, int64_t number)
{
	struct evidence *evidence = show(facts, fact, source, key);

	if (evidence) {
		evidence->kind = EVIDENCE_NUMBER;
		evidence->number = number;
	}
}

void fact_show_switch(struct facts *facts, struct fact *fact, const char *source, const char *key, bool on)
{
	struct evidence *evidence = show(facts, fact, source, key);

	if (evidence) {
		evidence->kind = EVIDENCE_SWITCH;
		evidence->number = on;
	}
}

static void show_text(struct facts *facts, struct fact *fact, struct evidence given, size_t max_chars)
{
	struct evidence *evidence = show(facts, fact, given.source, given.key);

	if (evidence) {
		evidence->kind = given.kind;
		evidence->text = keep(facts, given.text, max_chars);
	}
}

void fact_show_word(struct facts *facts, struct fact *fact, const char *source, const char *key, const char *word)
{
	show_text(facts, fact, (struct evidence){source, key, EVIDENCE_WORD, 0, word}, TEXT_EVIDENCE_MAX);
}

void fact_show_path(struct facts *facts, struct fact *fact, const char *source, const char *key, const char *path)
{
	show_text(facts, fact, (struct evidence){source, key, EVIDENCE_PATH, 0, path}, 255);
}

void fact_show_error(struct facts *facts, struct fact *fact, const char *source, const struct err *err)
{
	fact_show_word(facts, fact, source, "error", err_kind_name(err->kind));
}

struct session *facts_add_session(struct facts *facts, int64_t uid)
{
	static struct session spill;
	struct session *session = ARENA_PUSH(&facts->arena, facts->sessions, facts->session_count);

	facts->sessions_known = true;
	if (!session) {
		facts->overflow = true;
		session = &spill;
	}
	session->uid = uid;
	return session;
}
