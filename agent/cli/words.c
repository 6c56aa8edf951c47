/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/words.h"

#include "agent/cli/width.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LINE_MAX (64u << 10)

void words_init(struct words *words)
{
	buf_init(&words->line, LINE_MAX);
}

void words_fini(struct words *words)
{
	buf_fini(&words->line);
}

void words_add(struct words *words, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	buf_add(&words->line, text);
}

void words_status(struct words *words, const char *name, const char *rest, const struct param *params, size_t count)
{
	char key[128];

	(void)snprintf(key, sizeof key, "status.%s%.60s", name, rest);
	const char *text = message_find(words->language, key);
	if (text)
		message_render(&words->line, text, params, count);
	else
		buf_add(&words->line, key);
}

void words_message(struct words *words, const char *code, const struct param *params, size_t count)
{
	message_add(&words->line, words->language, code, params, count);
}

void words_instant(struct words *words, const char *instant)
{
	int64_t at_utc;
	time_t at = text_to_instant(instant, &at_utc) ? (time_t)at_utc : (time_t)-1;
	/* Only what a person reads is in local time; JSON keeps UTC. */
	const struct tm *local = at >= 0 ? localtime(&at) : NULL;

	if (local)
		words_add(words, "%04d-%02d-%02d %02d:%02d", local->tm_year + 1900, local->tm_mon + 1, local->tm_mday, local->tm_hour,
		          local->tm_min);
	else
		buf_add(&words->line, instant);
}

size_t words_flush(struct words *words, size_t columns)
{
	size_t used = width_of(buf_text(&words->line));

	width_pad(words->out, buf_text(&words->line), columns);
	words_fini(words);
	words_init(words);
	return used;
}

void words_line(struct words *words, size_t indent)
{
	width_wrap(words->out, buf_text(&words->line), indent, words->columns);
	words_fini(words);
	words_init(words);
}

void params_init(struct params *params, const json_t *object)
{
	const char *name;
	json_t *value;

	*params = (struct params){NULL, 0};
	params->items = calloc(json_object_size(object) + 1, sizeof *params->items);
	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		if (!params->items || (!json_is_string(value) && !json_is_integer(value)))
			continue;
		params->items[params->count++] = (struct param){name, json_string_value(value), json_integer_value(value)};
	}
}

void params_fini(struct params *params)
{
	free(params->items);
	*params = (struct params){NULL, 0};
}
