/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/cmdline.h"

#include <string.h>

/* The next word, as lib/cmdline.c cuts them: blanks part words unless inside double quotes. False at the end. */
static bool next_word(const char **at, const char **word, size_t *length)
{
	bool quoted = false;
	const char *end = *at + strspn(*at, " \t\n");

	*word = end;
	for (; *end && (quoted || !strchr(" \t\n", *end)); end++)
		if (*end == '"')
			quoted = !quoted;
	*length = (size_t)(end - *word);
	*at = end;
	return *length > 0;
}

static bool copy_unquoted(const char *from, size_t length, char *out, size_t out_size)
{
	size_t size = 0;

	for (size_t i = 0; i < length; i++) {
		if (from[i] == '"' || from[i] == '\'')
			continue;
		if (size + 1 >= out_size)
			return false;
		out[size++] = from[i];
	}
	out[size] = '\0';
	return true;
}

bool cmdline_value(const char *text, const char *name, char *out, size_t out_size)
{
	size_t name_length = strlen(name), length;
	const char *word;
	bool found = false;

	while (next_word(&text, &word, &length)) {
		size_t skip = word[0] == '"'; /* "resume=/dev/sda2" as a whole may stand in quotes */
		if (length > name_length + skip && strncmp(word + skip, name, name_length) == 0 && word[skip + name_length] == '=')
			found = copy_unquoted(word + skip + name_length + 1, length - skip - name_length - 1, out, out_size);
	}
	return found;
}

bool cmdline_has(const char *text, const char *wanted)
{
	size_t length;
	const char *word;

	while (next_word(&text, &word, &length))
		if (length == strlen(wanted) && strncmp(word, wanted, length) == 0)
			return true;
	return false;
}

bool cmdline_assignment(const char *text, const char *name, char *out, size_t out_size)
{
	size_t name_length = strlen(name);
	bool found = false;

	while (*text) {
		size_t length = strcspn(text, "\n"), blank = strspn(text, " \t");
		const char *line = text + blank;
		if (length > blank + name_length && strncmp(line, name, name_length) == 0 && line[name_length] == '=') {
			size_t value = strcspn(line + name_length + 1, " \t\n#");
			found = copy_unquoted(line + name_length + 1, value, out, out_size);
		}
		text += length;
		text += *text == '\n';
	}
	return found;
}
