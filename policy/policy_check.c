/* SPDX-License-Identifier: Apache-2.0 */
/* The words in which the validator complains, and the shapes that every part of a policy is made of. */
#include "policy/policy_check.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * What is shown came from a file that may be anybody's: printable and short, so that a terminal or a log cannot be fooled
 * by it.
 */
#define SHOWN_CHARS 40

const char *check_show(const char *text)
{
	static _Thread_local char shown[2][SHOWN_CHARS * 4 + 8];
	static _Thread_local unsigned turn;
	char *out = shown[turn++ % 2];

	text_printable(out, sizeof shown[0], text, strlen(text), SHOWN_CHARS);
	return out;
}

void check_complain(struct checker *check, const struct node *node, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	complaints_add(check->out, node ? node->line : 0, "%s%s", check->where, text);
}

/* The number of letters to change, add or drop, up to 31 letters (one row of the usual table). */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t size = strlen(b);

	if (size >= ARRAY_LEN(row) || strlen(a) >= ARRAY_LEN(row))
		return 99;
	for (unsigned j = 0; j <= size; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned corner = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < size; j++) {
			unsigned best = corner + (a[i] != b[j]);
			corner = row[j + 1];
			if (corner + 1 < best)
				best = corner + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[size];
}

/* Up to three letters apart, and never so far that nothing of the word is left. */
const char *check_nearest(const char *text, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	unsigned best = 4;

	for (size_t i = 0; i < count; i++) {
		unsigned far = distance(text, words[i]);
		if (far < best && far < strlen(words[i])) {
			best = far;
			nearest = words[i];
		}
	}
	return nearest;
}

const char *check_text(struct checker *check, const struct node *node, const char *want)
{
	if (!node)
		return NULL;
	if (node->kind == NODE_SCALAR && node->text[0])
		return node->text;
	check_complain(check, node, "`%s` must be %s", node->key ? node->key : "an entry", want);
	return NULL;
}

/* "`a`, `b` or `c`" */
static void list_words(char *out, size_t size, const char *const *words, size_t count)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && at < size; i++) {
		int added = snprintf(out + at, size - at, "%s`%s`", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
		at += added > 0 ? (size_t)added : 0;
	}
}

int check_word(struct checker *check, const struct node *node, const char *const *words, size_t count)
{
	char list[300];

	list_words(list, sizeof list, words, count);
	const char *text = check_text(check, node, list);
	if (!text)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	check_complain(check, node, "`%s: %s` is not understood: write %s", node->key, check_show(text), list);
	return -1;
}

/* YAML's \e could write to somebody's terminal through a report, and marks that turn or hide text could lie there. */
bool check_printable(struct checker *check, const struct node *node, const char *key)
{
	char shown[256];

	text_printable(shown, sizeof shown, node->text, strlen(node->text), sizeof shown);
	if (strcmp(shown, node->text) == 0)
		return true;
	check_complain(check, node, "a text of `%s` has a character that cannot be shown", key);
	return false;
}

/* `yes`, `on` and `1` are refused: YAML 1.1 and 1.2 disagree about them, and so do people. */
bool check_flag(struct checker *check, const struct node *node, bool otherwise)
{
	static const char *const words[] = {"false", "true"};
	int index = node ? check_word(check, node, words, ARRAY_LEN(words)) : -1;

	return index < 0 ? otherwise : index == 1;
}

/* In YAML a bare number is refused: "10" would be ten seconds where its writer meant minutes. */
int64_t check_seconds(struct checker *check, const struct node *node, int64_t max_s)
{
	const char *text = check_text(check, node, "a time such as 10m, 24h or 7d");
	int64_t seconds;

	if (!text)
		return -1;
	uint64_t number;
	bool bare = text_to_u64(text, UINT64_MAX, &number);
	if (bare && number != 0 && !check->bare_numbers)
		check_complain(check, node, "`%s: %s` has no unit: write %sm for minutes, %sh for hours or %sd for days", node->key,
		               check_show(text), check_show(text), check_show(text), check_show(text));
	else if (!text_to_duration(text, &seconds))
		check_complain(check, node, "`%s: %s` is not a time: write a whole number with s, m, h or d, such as 10m", node->key,
		               check_show(text));
	else if (seconds > max_s)
		check_complain(check, node, "`%s: %s` is too long: at most %" PRId64 "d", node->key, check_show(text), max_s / 86400);
	else
		return seconds;
	return -1;
}

bool check_keys(struct checker *check, const struct node *map, const char *const *words, size_t count)
{
	char list[300];

	list_words(list, sizeof list, words, count);
	if (map->kind != NODE_MAP) {
		check_complain(check, map, "`%s` must be a map with %s", map->key ? map->key : "an entry", list);
		return false;
	}
	/* Each unknown key by itself: with two misspelt ones both are told. */
	for (size_t i = 0; i < map->count; i++) {
		const struct node *item = &map->items[i];
		bool known = false;
		for (size_t j = 0; j < count; j++)
			known = known || strcmp(item->key, words[j]) == 0;
		if (known)
			continue;
		const char *nearest = check_nearest(item->key, words, count);
		if (nearest)
			check_complain(check, item, "there is no `%s` here: did you mean `%s`?", check_show(item->key), nearest);
		else
			check_complain(check, item, "there is no `%s` here: write %s", check_show(item->key), list);
	}
	return true;
}

bool check_list(struct checker *check, const struct node *node, size_t max, const char ***words, size_t *word_count)
{
	if (node->kind != NODE_LIST || node->count == 0 || node->count > max) {
		check_complain(check, node, "`%s` must be a list of 1 to %zu texts, such as [a, b]", node->key, max);
		return false;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = &node->items[i];
		if (item->kind != NODE_SCALAR || !item->text[0] || strlen(item->text) > 200) {
			check_complain(check, item, "an entry of `%s` must be a text of 1 to 200 bytes", node->key);
			return false;
		}
		if (!check_printable(check, item, node->key))
			return false;
		const char **slot = ARENA_PUSH(&check->policy->arena, *words, *word_count);
		if (!slot || !(*slot = arena_strdup(&check->policy->arena, item->text)))
			return false;
	}
	return true;
}
