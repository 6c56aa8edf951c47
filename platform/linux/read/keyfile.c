/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/keyfile.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *size)
{
	for (; *size && is_blank(**text); ++*text)
		--*size;
	while (*size && is_blank((*text)[*size - 1]))
		--*size;
}

void keyfile_begin(struct keyfile_walk *walk, const char *text, size_t size)
{
	*walk = (struct keyfile_walk){.at = text, .end = text + size, .group = "", .key = "", .value = ""};
}

static bool take_pair(struct keyfile_walk *walk, const char *line, size_t size)
{
	const char *equals = memchr(line, '=', size);

	if (!equals || equals == line)
		return false;
	walk->key = line;
	walk->key_size = (size_t)(equals - line);
	walk->value = equals + 1;
	walk->value_size = size - walk->key_size - 1;
	trim(&walk->key, &walk->key_size);
	trim(&walk->value, &walk->value_size);
	return true;
}

bool keyfile_next(struct keyfile_walk *walk)
{
	while (walk->at < walk->end) {
		const char *line = walk->at, *newline = memchr(line, '\n', (size_t)(walk->end - line));
		size_t size = (size_t)((newline ? newline : walk->end) - line);
		walk->at = newline ? newline + 1 : walk->end;
		trim(&line, &size);
		if (size == 0 || line[0] == '#')
			continue;
		if (line[0] == '[' && line[size - 1] == ']' && size > 1) {
			walk->group = line + 1;
			walk->group_size = size - 2;
		} else if (take_pair(walk, line, size)) {
			return true;
		}
	}
	return false;
}

static bool is_text(const char *bytes, size_t size, const char *text)
{
	return strlen(text) == size && memcmp(bytes, text, size) == 0;
}

bool keyfile_is(const struct keyfile_walk *walk, const char *group, const char *key)
{
	return is_text(walk->group, walk->group_size, group) && is_text(walk->key, walk->key_size, key);
}

bool keyfile_get(const struct keyfile *file, const char *group, const char *key, char *out, size_t out_size)
{
	struct keyfile_walk walk;

	out[0] = '\0';
	keyfile_begin(&walk, file->text, file->size);
	while (keyfile_next(&walk)) {
		if (!keyfile_is(&walk, group, key))
			continue;
		if (walk.value_size >= out_size)
			return false;
		memcpy(out, walk.value, walk.value_size);
		out[walk.value_size] = '\0';
	}
	return true;
}
