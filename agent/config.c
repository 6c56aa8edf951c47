/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include "base/attr.h"
#include "base/text.h"

#include <string.h>

enum kind { A_SWITCH, A_NUMBER };

static const struct keyword {
	const char *name;
	enum kind kind;
	size_t offset;
	uint64_t least, most;
} keywords[] = {
	{"observe", A_SWITCH, offsetof(struct config, observe), 0, 1},
	{"journal", A_NUMBER, offsetof(struct config, journal_mib), 1, 1024},
	{"connections", A_NUMBER, offsetof(struct config, connections), 8, 512},
};

void config_init(struct config *config)
{
	*config = (struct config){
		.observe = false,  /* the signed policy decides */
		.journal_mib = 64, /* about 60,000 records: eight weeks without a server on a busy PC */
		.connections = 64, /* eight users with eight commands each */
	};
}

/* Cuts white space at both ends, in place. */
static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	for (size_t length = strlen(text); length && strchr(" \t\r", text[length - 1]); length--)
		text[length - 1] = '\0';
	return text;
}

static const struct keyword *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (strcmp(keywords[i].name, name) == 0)
			return &keywords[i];
	return NULL;
}

static bool set_value(struct config *config, const struct keyword *keyword, const char *value, struct err *err)
{
	char *target = (char *)config + keyword->offset;
	bool yes = strcmp(value, "yes") == 0;
	uint64_t number;

	if (keyword->kind == A_SWITCH) {
		if (!yes && strcmp(value, "no") != 0)
			return err_set(err, ERR_INVALID, "%s is yes or no", keyword->name);
		memcpy(target, &yes, sizeof yes);
		return true;
	}
	if (!text_to_u64(value, keyword->most, &number) || number < keyword->least)
		return err_set(err, ERR_INVALID, "%s is a number from %llu to %llu", keyword->name, (unsigned long long)keyword->least,
		               (unsigned long long)keyword->most);
	memcpy(target, &number, sizeof number);
	return true;
}

static bool read_line(struct config *config, char *line, struct err *err)
{
	char *comment = strchr(line, '#'), *equals;
	char shown[64];

	if (comment)
		*comment = '\0';
	line = trim(line);
	if (!*line)
		return true;
	equals = strchr(line, '=');
	if (!equals)
		return err_set(err, ERR_INVALID, "keyword = value is wanted");
	*equals = '\0';
	const char *name = trim(line);
	const struct keyword *keyword = find(name);
	text_printable(shown, sizeof shown, name, strlen(name), 32);
	if (!keyword)
		return err_set(err, ERR_INVALID, "there is no keyword \"%s\"", shown);
	return set_value(config, keyword, trim(equals + 1), err);
}

bool config_parse(struct config *config, const char *text, size_t size, unsigned *wrong, struct err *err)
{
	char line[256];
	unsigned number = 1;
	struct err one;

	*wrong = 0;
	for (size_t at = 0; at < size; number++) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - text) - at : size - at;
		bool fine = length < sizeof line && !memchr(text + at, '\0', length);
		if (fine) {
			memcpy(line, text + at, length);
			line[length] = '\0';
			fine = read_line(config, line, &one);
		} else {
			err_set(&one, ERR_INVALID, "longer than %zu characters, or no text", sizeof line - 1);
		}
		if (!fine && (*wrong)++ == 0)
			err_set(err, one.kind, "line %u: %s", number, one.text);
		at += length + 1;
	}
	return *wrong == 0;
}
