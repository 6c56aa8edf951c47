/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/messages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 200

bool language_parse(const char *text, enum language *language)
{
	static const char *const names[] = {[LANGUAGE_JA] = "ja", [LANGUAGE_EN] = "en"};

	for (size_t i = 0; text && i < ARRAY_LEN(names); i++)
		if (strncmp(text, names[i], 2) == 0 && strchr("_.@-", text[2])) { /* the NUL is in it too */
			*language = (enum language)i;
			return true;
		}
	return false;
}

static int compare(const void *key, const void *message)
{
	return strcmp(key, ((const struct message *)message)->key);
}

/* The table is sorted by bytes, as strcmp compares. */
const char *message_find(enum language language, const char *key)
{
	const struct message *found = bsearch(key, message_table, message_count, sizeof *message_table, compare);

	return found ? found->text[language] : NULL;
}

const char *message_of_code(enum language language, const char *code)
{
	const char *own = message_find(language, code), *dot = strchr(code, '.');
	char key[KEY_MAX];

	if (own || !dot)
		return own;
	(void)snprintf(key, sizeof key, "common%s", dot);
	const char *common = message_find(language, key);
	if (common || strncmp(dot, ".mend_", 6) != 0)
		return common;
	/* A mechanism without words of its own: the control's general advice, then everybody's. */
	(void)snprintf(key, sizeof key, "%.*s.mend", (int)(dot - code), code);
	own = message_find(language, key);
	return own ? own : message_find(language, "common.mend");
}

static const struct param *find_param(const char *name, size_t size, const struct param *params, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(params[i].name) == size && memcmp(params[i].name, name, size) == 0)
			return &params[i];
	return NULL;
}

/* One pass: what is filled in may itself contain braces (a file's name) and is not looked at again. */
void message_render(struct buf *out, const char *text, const struct param *params, size_t count)
{
	while (*text) {
		size_t plain = strcspn(text, "{"), size = text[plain] ? strcspn(text + plain, "}") : 0;
		buf_append(out, text, plain);
		text += plain;
		if (size == 0 || !text[size])
			break;
		const struct param *param = find_param(text + 1, size - 1, params, count);
		if (!param)
			buf_append(out, text, size + 1);
		else if (param->text)
			buf_add(out, param->text);
		else
			buf_printf(out, "%" PRId64, param->number);
		text += size + 1;
	}
	buf_add(out, text);
}

void message_add(struct buf *out, enum language language, const char *code, const struct param *params, size_t count)
{
	const char *text = message_of_code(language, code);

	if (text)
		message_render(out, text, params, count);
	else
		buf_add(out, code);
}

const char *message_title(enum language language, enum control_id id)
{
	char key[KEY_MAX];

	(void)snprintf(key, sizeof key, "%s.title", catalogue[id].name);
	const char *text = message_find(language, key);
	if (text)
		return text;
	(void)snprintf(key, sizeof key, "titles.%s", catalogue[id].name);
	text = message_find(language, key);
	return text ? text : catalogue[id].name;
}

const char *message_word(enum language language, const char *group, const char *word)
{
	char key[KEY_MAX];

	(void)snprintf(key, sizeof key, "common.%s.%s", group, word);
	const char *text = message_find(language, key);
	return text ? text : word;
}
