/* SPDX-License-Identifier: Apache-2.0 */
/* epagent log: what the agent recorded, oldest first. Core shows others only what is theirs; --verify reads the disk itself. */
#include "agent/cli/ask.h"
#include "agent/cli/log.h"
#include "agent/cli/show.h"
#include "agent/cli/words.h"

#include "base/text.h"
#include "policy/catalogue.h"

#include <stdio.h>

#define USUAL       100 /* the last so many, unless all are wanted */
#define PAGE        500
#define TIME_COLUMN 18

struct listing {
	const struct options *options;
	struct show_style style;
	bool (*put)(struct listing *listing, const json_t *record, struct err *err);
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_text(object, key);

	return text ? text : "";
}

/* "Screen lock, user:1000: " before what is said of it. */
static void add_subject(struct words *words, const json_t *payload)
{
	const char *control = text_of(payload, "control");
	enum control_id id = catalogue_find(control);

	words_add(words, "%s, %s: ", id == CONTROL_COUNT ? control : message_title(words->language, id), text_of(payload, "subject"));
}

static void add_verdict(struct words *words, const json_t *payload)
{
	AUTO(params_fini) struct params params;

	params_init(&params, json_object_get(payload, "params"));
	add_subject(words, payload);
	words_add(words, "%s. ", message_word(words->language, "verdict", text_of(payload, "verdict")));
	words_message(words, text_of(payload, "code"), params.items, params.count);
}

static void add_fact(struct words *words, const json_t *payload)
{
	const json_t *value = json_object_get(payload, "value");
	AUTO(buf_fini) struct buf shown;

	buf_init(&shown, 8192);
	add_subject(words, payload);
	if (value && (json_is_object(value) || json_is_array(value)))
		json_print(&shown, value);
	else if (json_is_integer(value))
		buf_printf(&shown, "%lld", (long long)json_integer_value(value));
	else
		buf_add(&shown, json_is_string(value) ? json_string_value(value) : text_of(payload, "reason"));
	struct param found = {"found", buf_text(&shown), 0};
	words_status(words, "record.found", "", &found, 1);
}

static bool is_known(const struct words *words, const char *kind)
{
	char key[96];

	(void)snprintf(key, sizeof key, "status.record.%.60s", kind);
	return message_find(words->language, key) != NULL;
}

/* A kind with a sentence of its own gets it, filled from its payload. */
static void add_other(struct words *words, const char *kind, const json_t *payload)
{
	AUTO(params_fini) struct params params;

	params_init(&params, json_is_object(payload) ? payload : NULL);
	if (json_text(payload, "control"))
		add_subject(words, payload);
	words_status(words, "record.", is_known(words, kind) ? kind : "unknown", params.items, params.count);
}

static bool put_text(struct listing *listing, const json_t *record, struct err *err)
{
	AUTO(buf_fini) struct buf text;
	struct words words = {.out = &text, .language = listing->style.language, .columns = listing->style.columns};
	const char *kind = text_of(record, "kind");
	const json_t *payload = json_object_get(record, "payload");

	buf_init(&text, 1u << 20);
	words_init(&words);
	words_instant(&words, text_of(record, "at"));
	(void)words_flush(&words, TIME_COLUMN);
	if (text_equal(kind, "verdict"))
		add_verdict(&words, payload);
	else if (text_equal(kind, "fact"))
		add_fact(&words, payload);
	else
		add_other(&words, kind, payload);
	words_line(&words, TIME_COLUMN);
	words_fini(&words);
	return cli_print(&text, err);
}

static bool put_json(struct listing *listing, const json_t *record, struct err *err)
{
	(void)listing;
	return show_json(record, err);
}

/* One page; *next is the question for the one after it, or NULL. Takes `question`. */
static bool put_page(struct listing *listing, json_t *question, json_t **next, struct err *err)
{
	AUTO(json_drop) json_t *asked = question;
	AUTO(json_drop) json_t *answer = ask_core(listing->options, MESSAGE_log, asked, err);
	const json_t *record, *epoch = json_object_get(answer, "epoch"), *number = json_object_get(answer, "next");
	size_t i;

	*next = NULL;
	if (!answer)
		return false;
	json_array_foreach (json_object_get(answer, "records"), i, record)
		if (!listing->put(listing, record, err))
			return false;
	/* An answer that does not move on would be asked for ever. */
	if (listing->options->all && json_is_integer(number) && !json_equal(number, json_object_get(asked, "after")))
		*next = json_pack("{s:O, s:O?, s:i}", "after", number, "epoch", epoch, "most", PAGE);
	return true;
}

int log_run(const struct options *options, struct err *err)
{
	struct listing listing = {.options = options, .style = show_style_of(options), .put = options->json ? put_json : put_text};
	json_t *question = options->all ? json_pack("{s:i, s:i}", "after", 0, "most", PAGE) : json_pack("{s:i}", "most", USUAL);

	if (options->verify) {
		json_decref(question);
		if (options->all)
			return err_set(err, ERR_INVALID, "--verify and --all exclude each other: the whole journal is verified"), CLI_ERROR;
		return log_verify(options, err);
	}
	while (question)
		if (!put_page(&listing, question, &question, err))
			return CLI_ERROR;
	return CLI_FINE;
}
