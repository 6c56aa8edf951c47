/* SPDX-License-Identifier: Apache-2.0 */
/* As dconf_engine_read_profile_file reads it: comments from '#', blanks around a line, everything else is "kind:name". */
#include "platform/linux/read/dconf_profile.h"

#include "base/attr.h"

#include <string.h>

static const char *const kinds[] = {
	[DCONF_USER_DB] = "user-db:",
	[DCONF_SERVICE_DB] = "service-db:",
	[DCONF_SYSTEM_DB] = "system-db:",
	[DCONF_FILE_DB] = "file-db:",
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static bool add(struct dconf_profile *out, const char *line, size_t size, struct err *err)
{
	for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++) {
		size_t prefix = strlen(kinds[kind]);
		if (size <= prefix || memcmp(line, kinds[kind], prefix) != 0)
			continue;
		if (out->count == DCONF_SOURCES_MAX || size - prefix >= DCONF_NAME_MAX)
			return err_set(err, ERR_LIMIT, "dconf profile: more than %d databases, or a name too long", DCONF_SOURCES_MAX);
		struct dconf_source *source = &out->sources[out->count++];
		source->kind = (enum dconf_source_kind)kind;
		memcpy(source->name, line + prefix, size - prefix);
		source->name[size - prefix] = '\0';
	}
	return true;
}

bool dconf_profile_parse(struct dconf_profile *out, const char *text, size_t size, struct err *err)
{
	struct dconf_profile profile = {.count = 0};

	for (size_t at = 0; at < size;) {
		const char *line = text + at, *newline = memchr(line, '\n', size - at);
		size_t length = newline ? (size_t)(newline - line) : size - at;
		at += length + 1;
		const char *stop = memchr(line, '\0', length);
		length = stop ? (size_t)(stop - line) : length;
		stop = memchr(line, '#', length);
		length = stop ? (size_t)(stop - line) : length;
		for (; length && is_space(*line); line++)
			length--;
		while (length && is_space(line[length - 1]))
			length--;
		if (!add(&profile, line, length, err))
			return false;
	}
	*out = profile;
	return true;
}

void dconf_profile_default(struct dconf_profile *out)
{
	*out = (struct dconf_profile){.sources = {{DCONF_USER_DB, "user"}}, .count = 1};
}
