/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "policy/catalogue.h"
#include "policy/fact.h"

/*
 * Every sentence that anyone is shown, in two languages, from policy/messages/{ja,en}/<name>.json. Keys:
 *   <control>.title .what .why            about a control (a LATER row has only its title, in titles.json)
 *   <control>.<code>  <control>.mend_...  what a verdict says; common.<code> where the control has no sentence of its own
 *   common.verdict.<pass|...>  common.mode.<...>  common.severity.<...>  common.subject.<user|...>
 *   status.<key>  and so on               what a program of ours says besides: one file for each program
 */
enum language { LANGUAGE_JA, LANGUAGE_EN };

struct message {
	const char *key;
	const char *text[2]; /* by language */
};
extern const struct message message_table[]; /* sorted by key; build/gen/messages.c */
extern const size_t message_count;

/* "ja", "en", or a locale such as "ja_JP.UTF-8": what it begins with. False on anything else. */
bool language_parse(const char *text, enum language *language);

/* NULL if there is no such key. */
const char *message_find(enum language language, const char *key);

/* The sentence of a verdict's code or mend ("screen_lock.too_long"): its own, else the common one of its last word, else NULL. */
const char *message_of_code(enum language language, const char *code);

/* Appends `text` with each {name} filled in; a name that is not given stays as it is. */
void message_render(struct buf *out, const char *text, const struct param *params, size_t count);

/* Both at once; a code without a sentence is shown as itself, so that nothing is ever silent. */
void message_add(struct buf *out, enum language language, const char *code, const struct param *params, size_t count);

const char *message_title(enum language language, enum control_id id);

/* "common.<group>.<word>": message_word(language, "verdict", "pass"). The word itself if there is none. */
const char *message_word(enum language language, const char *group, const char *word);
