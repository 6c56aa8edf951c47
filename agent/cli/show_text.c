/* SPDX-License-Identifier: Apache-2.0 */
/* The report as text: the whole first, then one block a control, with everything in columns. */
#include "agent/cli/show.h"
#include "agent/cli/words.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT_COLUMNS_MAX 32
#define GAP                 2

/* The five verdicts with their colours (ECMA-48), in the order of the counts. */
static const struct {
	const char *name, *colour;
} kinds[] = {{"fail", "1;31"}, {"unknown", "33"}, {"exempt", "36"}, {"pass", "32"}, {"not_applicable", "2"}};

struct page {
	struct words words; /* first, for words_* */
	const struct show_style *style;
	size_t verdict_columns, subject_columns;
};

static void paint(const struct page *page, const char *colour)
{
	if (page->style->colour)
		buf_printf(page->words.out, "\033[%sm", colour);
}

static const char *colour_of(const char *verdict)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (text_equal(kinds[i].name, verdict))
			return kinds[i].colour;
	return "0";
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_text(object, key);

	return text ? text : "";
}

static void add_counts(struct words *words, const json_t *rows)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		json_int_t count = 0;
		const json_t *row;
		size_t i;
		json_array_foreach (rows, i, row)
			count += text_equal(json_text(row, "verdict"), kinds[k].name);
		if (count > 0)
			words_add(words, " | %s %lld", message_word(words->language, "verdict", kinds[k].name), (long long)count);
	}
}

/* What core says of itself: no policy yet, not everything looked at yet. */
static void show_notes(struct page *page, const json_t *report)
{
	const json_t *note;
	struct param count = {"count", NULL, json_number(report, "pending", 0)};
	size_t i;

	if (count.number > 0) {
		words_status(&page->words, "pending", "", &count, 1);
		words_line(&page->words, 0);
	}
	json_array_foreach (json_object_get(report, "notes"), i, note)
		if (json_is_string(note)) {
			words_message(&page->words, json_string_value(note), NULL, 0);
			words_line(&page->words, 0);
		}
}

/* What is the matter, when, by which policy, how much of each. */
static void show_head(struct page *page, const json_t *report)
{
	const char *verdict = text_of(report, "verdict");
	const json_t *policy = json_object_get(report, "policy");
	json_int_t version = json_number(policy, "version", 0), hidden = json_number(report, "hidden", 0);
	struct param params[] = {{"id", text_of(policy, "id"), 0}, {"version", NULL, version}};

	paint(page, colour_of(verdict));
	words_status(&page->words, "verdict_", verdict, NULL, 0);
	words_line(&page->words, 0);
	paint(page, "0");
	words_instant(&page->words, text_of(report, "at"));
	words_add(&page->words, " | ");
	words_status(&page->words,
	             !json_is_object(policy) ? "no_policy"
	             : version > 0           ? "policy_version"
	                                     : "policy_unpublished",
	             "", params, ARRAY_LEN(params));
	add_counts(&page->words, json_object_get(report, "controls"));
	words_line(&page->words, 0);
	show_notes(page, report);
	if (hidden > 0) {
		struct param count = {"count", NULL, hidden};
		words_status(&page->words, "hidden", "", &count, 1);
		words_line(&page->words, 0);
	}
}

static void add_subject(struct words *words, const char *subject)
{
	const char *colon = strchr(subject, ':');
	char kind[32];

	(void)snprintf(kind, sizeof kind, "%.*s", colon ? (int)(colon - subject) : 31, subject);
	if (text_equal(subject, "user:*"))
		words_status(words, "first_login", "", NULL, 0);
	else
		words_add(words, "%s%s%s", message_word(words->language, "subject", kind), colon ? " " : "", colon ? colon + 1 : "");
}

/* The label's words, then its text, which goes on in lines below its own beginning. */
static void show_labelled(struct page *page, const char *label, size_t indent, const char *text)
{
	struct words *words = &page->words;

	buf_printf(words->out, "%*s", (int)indent, "");
	words_status(words, label, "", NULL, 0);
	size_t used = words_flush(words, 0);
	words_add(words, "%s", text);
	words_line(words, indent + used);
}

static void show_evidence(struct page *page, const json_t *row, size_t indent)
{
	const json_t *list = json_object_get(row, "evidence"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		AUTO(buf_fini) struct buf text;
		buf_init(&text, 8192);
		buf_printf(&text, "%s %s = ", text_of(item, "source"), text_of(item, "key"));
		const json_t *value = json_object_get(item, "value");
		char *printed = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
		buf_add(&text, printed ? printed : "null");
		free(printed);
		show_labelled(page, "evidence", indent, buf_text(&text));
	}
}

static void show_exemption(struct page *page, const json_t *row, size_t indent)
{
	const json_t *exemption = json_object_get(row, "exemption");
	struct param params[] = {{"id", text_of(exemption, "id"), 0}, {"until", text_of(exemption, "until"), 0}};

	if (!json_is_object(exemption))
		return;
	buf_printf(page->words.out, "%*s", (int)indent, "");
	words_status(&page->words, "exempt_until", "", params, ARRAY_LEN(params));
	words_line(&page->words, indent);
}

/* How to mend it, once for neighbours that are mended alike. */
static void show_mend(struct page *page, const json_t *row, const json_t *next, size_t indent)
{
	const char *mend = json_text(row, "mend");
	AUTO(params_fini) struct params params;
	AUTO(buf_fini) struct buf text;

	params_init(&params, json_object_get(row, "params"));
	buf_init(&text, 8192);
	if (!mend)
		return;
	if (text_equal(json_text(next, "control"), json_text(row, "control")) && text_equal(json_text(next, "mend"), mend) &&
	    !page->style->verbose)
		return;
	message_add(&text, page->words.language, mend, params.items, params.count);
	show_labelled(page, "mend", indent, buf_text(&text));
}

static void show_row(struct page *page, const json_t *row, const json_t *next)
{
	struct words *words = &page->words;
	const char *verdict = text_of(row, "verdict");
	size_t indent = GAP + page->verdict_columns + GAP + page->subject_columns + GAP;
	AUTO(params_fini) struct params params;

	params_init(&params, json_object_get(row, "params"));
	buf_printf(words->out, "%*s", GAP, "");
	paint(page, colour_of(verdict));
	words_add(words, "%s", message_word(words->language, "verdict", verdict));
	words_flush(words, page->verdict_columns);
	paint(page, "0");
	buf_printf(words->out, "%*s", GAP, "");
	add_subject(words, text_of(row, "subject"));
	if (words_flush(words, page->subject_columns) > page->subject_columns)
		buf_printf(words->out, "\n%*s", (int)indent - GAP, "");
	buf_printf(words->out, "%*s", GAP, "");
	words_message(words, text_of(row, "code"), params.items, params.count);
	words_line(words, indent);
	show_exemption(page, row, indent);
	if (page->style->verbose)
		show_evidence(page, row, indent);
	show_mend(page, row, next, indent);
}

static void show_title(struct page *page, const json_t *row)
{
	const char *name = text_of(row, "control");
	enum control_id id = catalogue_find(name);

	buf_add(page->words.out, "\n");
	paint(page, "1");
	words_add(&page->words, "%s", id == CONTROL_COUNT ? name : message_title(page->words.language, id));
	if (page->style->verbose)
		words_add(&page->words, "  (%s)", name);
	words_line(&page->words, 0);
	paint(page, "0");
}

/* Columns as wide as their widest word. */
static void measure(struct page *page, const json_t *rows)
{
	AUTO(buf_fini) struct buf unused;
	struct words words = {.out = &unused, .language = page->words.language, .columns = page->words.columns};
	const json_t *row;
	size_t i;

	buf_init(&unused, 32u << 20);
	words_init(&words);
	json_array_foreach (rows, i, row) {
		words_add(&words, "%s", message_word(words.language, "verdict", text_of(row, "verdict")));
		size_t verdict = words_flush(&words, 0);
		add_subject(&words, text_of(row, "subject"));
		size_t subject = words_flush(&words, 0);
		page->verdict_columns = verdict > page->verdict_columns ? verdict : page->verdict_columns;
		if (subject > page->subject_columns && subject <= SUBJECT_COLUMNS_MAX)
			page->subject_columns = subject;
	}
	words_fini(&words);
}

void show_text(struct buf *out, const json_t *report, const struct show_style *style)
{
	const json_t *rows = json_object_get(report, "controls"), *row;
	struct page page = {.words = {.out = out, .language = style->language, .columns = style->columns}, .style = style};
	const char *before = NULL;
	size_t i;

	words_init(&page.words);
	measure(&page, rows);
	show_head(&page, report);
	json_array_foreach (rows, i, row) {
		if (!text_equal(before, text_of(row, "control")))
			show_title(&page, row);
		before = text_of(row, "control");
		show_row(&page, row, json_array_get(rows, i + 1));
	}
	words_fini(&page.words);
}
