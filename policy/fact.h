/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "policy/catalogue.h"
#include "policy/value.h"

#include <jansson.h>
#include <stddef.h>

/*
 * Facts: what is, found by probes, without opinion. A fact that could not be found is a fact too (UNKNOWN, with the
 * reason as a word and what was tried as evidence). Whether it is allowed is the judge's affair.
 */

enum fact_state {
	FACT_KNOWN,
	FACT_UNKNOWN,    /* there is a truth, and it could not be read; `reason` says why */
	FACT_UNSUPPORTED /* this PC has no such thing (no desktop, no browser): not applicable; `reason` says why */
};

/* Typed, so that nothing can be smuggled in a sentence. */
enum evidence_kind { EVIDENCE_NUMBER, EVIDENCE_SWITCH, EVIDENCE_WORD, EVIDENCE_PATH };

struct evidence {
	const char *source; /* the file, socket or kernel name that was read, as seen on the PC */
	const char *key;    /* what in it; may be "" */
	enum evidence_kind kind;
	int64_t number;
	const char *text;
};

/* A parameter of a reason, put into its sentence at {name}: a number if text is NULL. */
struct param {
	const char *name;
	const char *text;
	int64_t number;
};

struct medium; /* policy/medium.h */
struct fact {
	enum control_id control;
	const char *subject; /* "user:1000", "volume:/", "host" ... */
	enum fact_state state;
	struct value value; /* of the kind that the control's row says; VALUE_NONE unless KNOWN or at_best */
	bool at_best;       /* UNKNOWN only: certainly no better than `value`. The judge: fail if even that fails, else unknown */
	bool fixed;         /* the user whom it is about cannot change it */
	const char *reason; /* a word, or NULL. UNKNOWN and UNSUPPORTED: always. KNOWN: why, where the value alone does not say it */
	const char *via;    /* which mechanism: "gnome", "firefox", "clamav"; chooses how to mend it. May be NULL */
	struct param *params;
	size_t param_count;
	struct evidence *evidence;
	size_t evidence_count;
	const struct medium *medium; /* media controls only */
};

/* One login session of the PC: facts of scope HOST, for `when: users` and `unlocked_screen`. */
struct session {
	int64_t uid;
	const char **groups; /* names */
	size_t group_count;
	bool active, locked, remote;
};

#define FACTS_MAX       20000
#define FACTS_MAX_BYTES (8u << 20)

struct facts {
	struct arena arena;
	struct fact *items;
	size_t count;
	struct session *sessions;
	size_t session_count;
	bool sessions_known;
	bool overflow;     /* more than FACTS_MAX, or the arena's maximum: the set cannot be used */
	struct fact spill; /* what facts_add gives once overflow is set, so that probes need not look */
};

void facts_init(struct facts *facts);
void facts_fini(struct facts *facts);

/* A new fact, UNKNOWN with the reason "not_read" until one of the next three is called. Never NULL.
 * The subject is made as by printf; it and all texts given below are copied. Valid until the next facts_add. */
struct fact *facts_add(struct facts *facts, enum control_id control, const char *subject_fmt, ...) PRINTF_LIKE(3, 4);

/* The state. `fixed` false. */
void fact_known(struct fact *fact, struct value value);
void fact_unknown(struct facts *facts, struct fact *fact, const char *reason);
void fact_unsupported(struct facts *facts, struct fact *fact, const char *reason);
void fact_at_best(struct fact *fact, struct value value); /* after fact_unknown */
/* Why a KNOWN value is what it is; does not change the state. */
void fact_reason(struct facts *facts, struct fact *fact, const char *reason);
void fact_via(struct facts *facts, struct fact *fact, const char *mechanism);

void fact_param_number(struct facts *facts, struct fact *fact, const char *name, int64_t number);
void fact_param_text(struct facts *facts, struct fact *fact, const char *name, const char *text);

/* Evidence: at most EVIDENCE_MAX a fact; what comes after is dropped. WORD and PATH are made printable and cut. */
#define EVIDENCE_MAX 32
void fact_show_number(struct facts *facts, struct fact *fact, const char *source, const char *key, int64_t number);
void fact_show_switch(struct facts *facts, struct fact *fact, const char *source, const char *key, bool on);
void fact_show_word(struct facts *facts, struct fact *fact, const char *source, const char *key, const char *word);
void fact_show_path(struct facts *facts, struct fact *fact, const char *source, const char *key, const char *path);
/* What failed: the error's meaning as a word ("denied"), never its text. */
void fact_show_error(struct facts *facts, struct fact *fact, const char *source, const struct err *err);
struct session *facts_add_session(struct facts *facts, int64_t uid);

/* JSON, for the probe's answer, the journal and recorded machines. The form (version 1):
 *   {"schema":1,"facts":[{"control":"screen_lock","subject":"user:1000","state":"known","value":900,"fixed":true,
 *     "reason":..,"via":..,"params":{..},"evidence":[{"source":..,"key":..,"value":..}],"medium":{..}}],
 *    "sessions":[{"uid":1000,"groups":["clerks"],"active":true,"locked":false,"remote":false}]}
 * "sessions" absent: not known. "at_best" has an UNKNOWN fact's value. DURATION and AGE `never` is the word "never". AGE is an RFC 3339
 * instant, COVERAGE full|partial|none, ACCESS blocked|read_only|open, SWITCH on|off. */
json_t *facts_encode(const struct facts *facts);
json_t *fact_encode(const struct fact *fact);
json_t *fact_encode_evidence(const struct fact *fact);
json_t *fact_encode_params(const struct param *params, size_t count);

/* Everything is checked: unknown control, wrong type, missing reason are INVALID. Adds to `facts`. */
bool facts_decode(struct facts *facts, const json_t *json, struct err *err);
