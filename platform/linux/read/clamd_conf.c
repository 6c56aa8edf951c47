/* SPDX-License-Identifier: Apache-2.0 */
/* clamd.conf(5); where that page is silent, what clamconf 1.4.6 printed. */
#include "platform/linux/read/clamd_conf.h"

#include "base/attr.h"

#include <string.h>
#include <strings.h>

struct option {
	const char *name;
	void (*take)(struct clamd_conf *conf, const char *value);
	struct clamd_paths *(*list)(struct clamd_conf *conf);
};

static void take_socket(struct clamd_conf *conf, const char *value)
{
	if (!conf->socket)
		conf->socket = value;
}

static void take_user(struct clamd_conf *conf, const char *value)
{
	if (!conf->user)
		conf->user = value;
}

static void take_database(struct clamd_conf *conf, const char *value)
{
	if (!conf->database)
		conf->database = value;
}

static void take_tcp(struct clamd_conf *conf, const char *value)
{
	(void)value;
	conf->tcp = true;
}

static struct clamd_paths *list_include(struct clamd_conf *conf)
{
	return &conf->include;
}

static struct clamd_paths *list_mount(struct clamd_conf *conf)
{
	return &conf->mount;
}

static struct clamd_paths *list_exclude(struct clamd_conf *conf)
{
	return &conf->exclude;
}

static const struct option options[] = {
	{"LocalSocket", take_socket, NULL},          {"User", take_user, NULL},
	{"DatabaseDirectory", take_database, NULL},  {"TCPSocket", take_tcp, NULL},
	{"OnAccessIncludePath", NULL, list_include}, {"OnAccessMountPath", NULL, list_mount},
	{"OnAccessExcludePath", NULL, list_exclude},
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* clamd takes yes, true and 1, and their opposites, in either case, and nothing else. */
static bool parse_switch(const char *value, bool *on)
{
	static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(value, words[i]) == 0) {
			*on = i % 2;
			return true;
		}
	return false;
}

static bool add_path(struct clamd_paths *paths, struct arena *arena, const char *path, struct err *err)
{
	const char **slot = paths->count < CLAMD_CONF_PATHS ? ARENA_PUSH(arena, paths->items, paths->count) : NULL;

	if (!slot)
		return err_set(err, ERR_LIMIT, "more than %d paths", CLAMD_CONF_PATHS);
	*slot = path;
	return true;
}

struct parsing {
	struct clamd_conf *conf;
	struct arena *arena;
	unsigned line;
	bool prevention_seen;
};

static bool take_option(struct parsing *at, const char *name, const char *value, struct err *err)
{
	bool on;

	if (strcmp(name, "Example") == 0)
		return err_set(err, ERR_INVALID, "line %u: the word Example, clamd does not start", at->line);
	if (value[0] == '\0')
		return err_set(err, ERR_INVALID, "line %u: no value", at->line);
	if (strcmp(name, "OnAccessPrevention") == 0) {
		if (!parse_switch(value, &on))
			return err_set(err, ERR_INVALID, "line %u: neither yes nor no", at->line);
		if (!at->prevention_seen)
			at->conf->prevention = on;
		at->prevention_seen = true;
	}
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strcmp(name, options[i].name) != 0)
			continue;
		if (options[i].list)
			return add_path(options[i].list(at->conf), at->arena, value, err);
		options[i].take(at->conf, value);
	}
	return true;
}

/* The value without quotes and without space at its end, in place. */
static bool trim(char **value, unsigned line, struct err *err)
{
	char *end = *value + strlen(*value);

	while (end > *value && is_space(end[-1]))
		*--end = '\0';
	if ((*value)[0] != '"')
		return true;
	char *close = strchr(++*value, '"');
	if (!close)
		return err_set(err, ERR_INVALID, "line %u: a quotation mark is not closed", line);
	*close = '\0';
	return true;
}

static bool take_line(struct parsing *at, char *line, struct err *err)
{
	while (is_space(*line))
		line++;
	if (*line == '#' || *line == '\0')
		return true;
	char *value = line;
	while (*value && !is_space(*value))
		value++;
	while (is_space(*value))
		*value++ = '\0';
	return trim(&value, at->line, err) && take_option(at, line, value, err);
}

/* The next line of `*rest`, which is changed in place; NULL at the end. */
static char *next_line(char **rest)
{
	char *line = *rest;

	if (!line || !*line)
		return NULL;
	char *end = strchr(line, '\n');
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

bool clamd_conf_read(struct clamd_conf *conf, struct arena *arena, const char *text, size_t size, struct err *err)
{
	char *rest = size <= CLAMD_CONF_MAX ? arena_strndup(arena, text, size) : NULL;
	struct parsing at = {.conf = conf, .arena = arena};

	*conf = (struct clamd_conf){.socket = NULL};
	if (!rest)
		return err_set(err, ERR_LIMIT, "larger than %u bytes", CLAMD_CONF_MAX);
	for (char *line; (line = next_line(&rest)) != NULL;) {
		at.line++;
		if (!take_line(&at, line, err))
			return false;
	}
	return true;
}

bool clamd_paths_read(struct clamd_paths *paths, struct arena *arena, const char *text, size_t size, struct err *err)
{
	char *rest = size <= CLAMD_CONF_MAX ? arena_strndup(arena, text, size) : NULL;

	if (!rest)
		return err_set(err, ERR_LIMIT, "larger than %u bytes", CLAMD_CONF_MAX);
	for (char *line; (line = next_line(&rest)) != NULL;) {
		for (size_t length = strlen(line); length && is_space(line[length - 1]); length--)
			line[length - 1] = '\0';
		if (line[0] == '/' && !add_path(paths, arena, line, err))
			return false;
	}
	return true;
}

/* "/home" lies in "/home", "/home/" and "/", but not in "/ho". */
static bool lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length && folder[length - 1] == '/')
		length--;
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_excluded(const struct clamd_paths *exclude, const char *path)
{
	for (size_t i = 0; i < exclude->count; i++)
		if (lies_in(path, exclude->items[i]))
			return true;
	return false;
}

bool clamd_conf_covers_nothing(const struct clamd_conf *conf)
{
	for (size_t i = 0; i < conf->include.count; i++)
		if (!is_excluded(&conf->exclude, conf->include.items[i]))
			return false;
	return true;
}
