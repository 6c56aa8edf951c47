/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows KConfigIniBackend::parseConfig and KEntryMap::setEntry of KConfig 5: nested groups are joined by 0x1d, "[Daemon] [$i]" (with a
 * space) and "[Daemon][$ie]" lock nothing, a group is closed only after the file that closes it, and an entry for one language
 * is another entry than the one without: [$i] on a key does not keep Timeout[ja] out (tried: it wins).
 */
#include "platform/linux/read/kconfig.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 1024

struct line {
	const char *at;
	size_t size;
};

struct parse {
	struct kconfig *config;
	const struct kconfig_file *file;
	char group[NAME_MAX_BYTES];
	bool file_immutable, group_immutable;
	bool closes; /* the group, once this file has been read */
};

/* What the options behind a key say. */
struct options {
	bool immutable, expands, deleted, localised, broken;
};

void kconfig_init(struct kconfig *config, const char *group)
{
	*config = (struct kconfig){.group = group};
	arena_init(&config->arena, 1u << 20);
}

void kconfig_fini(struct kconfig *config)
{
	arena_fini(&config->arena);
}

static struct line trim(struct line line)
{
	while (line.size && strchr(" \t\r\n\v\f", line.at[0]) && line.at[0]) {
		line.at++;
		line.size--;
	}
	while (line.size && line.at[line.size - 1] && strchr(" \t\r\n\v\f", line.at[line.size - 1]))
		line.size--;
	return line;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* KConfigIniBackend::printableToString: \s \t \n \r \\ \; \, \xNN. What does not fit is cut. */
static void unescape(char *out, size_t out_size, struct line in)
{
	static const char from[] = "stnr\\;,", to[] = " \t\n\r\\;,";
	size_t at = 0;

	for (size_t i = 0; i < in.size && at + 1 < out_size; i++) {
		char c = in.at[i];
		const char *known = c == '\\' && i + 1 < in.size && in.at[i + 1] ? strchr(from, in.at[i + 1]) : NULL;
		if (known) {
			c = to[known - from];
			i++;
		} else if (c == '\\' && i + 3 < in.size && in.at[i + 1] == 'x' && hex_digit(in.at[i + 2]) >= 0 &&
		           hex_digit(in.at[i + 3]) >= 0) {
			c = (char)(hex_digit(in.at[i + 2]) * 16 + hex_digit(in.at[i + 3]));
			i += 3;
		}
		out[at++] = c;
	}
	out[at] = '\0';
}

/* "[Daemon][Sub][$i]". A header without its last bracket changes nothing, as in KConfig. */
static void take_header(struct parse *parse, struct line line)
{
	char name[NAME_MAX_BYTES] = "";
	bool named = false;
	size_t start = 1, end;

	parse->group_immutable = parse->file_immutable;
	do {
		const char *bracket = memchr(line.at + start, ']', line.size - start);
		if (!bracket)
			return;
		end = (size_t)(bracket - line.at);
		if (end + 1 == line.size && end == start + 2 && memcmp(line.at + start, "$i", 2) == 0) {
			parse->file_immutable = parse->file_immutable || !named;
			parse->group_immutable = parse->group_immutable || named;
		} else {
			size_t used = strlen(name);
			if (named && used + 1 < sizeof name)
				name[used++] = '\x1d';
			unescape(name + used, sizeof name - used, (struct line){line.at + start, end - start});
			named = true;
		}
		start = end + 2;
	} while (start <= line.size && line.at[end + 1] == '[');
	memcpy(parse->group, name, sizeof name);
	parse->closes |= parse->group_immutable && strcmp(name, parse->config->group) == 0;
}

static struct options take_options(struct line *key)
{
	struct options options = {.broken = false};
	const char *open;

	while ((open = memrchr(key->at, '[', key->size))) {
		size_t start = (size_t)(open - key->at);
		const char *close = memchr(open, ']', key->size - start);
		if (!close || (open[1] != '$' && options.localised)) {
			options.broken = true;
			break;
		}
		if (close > open + 1 && open[1] == '$') {
			size_t size = (size_t)(close - open);
			options.immutable |= memchr(open, 'i', size) != NULL;
			options.expands |= memchr(open, 'e', size) != NULL;
			options.deleted |= memchr(open, 'd', size) != NULL;
		} else {
			options.localised = true;
		}
		key->size = start;
		if (options.deleted)
			break;
	}
	return options;
}

static struct kconfig_entry *find_entry(const struct kconfig *config, const char *key)
{
	for (size_t i = 0; i < config->entry_count; i++)
		if (!config->entries[i].localised && strcmp(config->entries[i].key, key) == 0)
			return &config->entries[i];
	return NULL;
}

static void set_entry(struct parse *parse, const char *key, const char *value, const struct options *options)
{
	struct kconfig *config = parse->config;
	struct arena *arena = &config->arena;
	/* Of the languages every one is kept: which one a session takes is not ours to know. */
	struct kconfig_entry *entry = options->localised ? NULL : find_entry(config, key);
	bool immutable = options->immutable || parse->group_immutable;

	if (entry && entry->immutable)
		return;
	if (!entry)
		entry = config->entry_count == KCONFIG_MAX ? arena_alloc(arena, SIZE_MAX)
		                                           : ARENA_PUSH(arena, config->entries, config->entry_count);
	if (entry)
		*entry = (struct kconfig_entry){.key = arena_strdup(arena, key),
		                                .value = arena_strdup(arena, value),
		                                .localised = options->localised,
		                                .expands = options->expands && strchr(value, '$'),
		                                .deleted = options->deleted,
		                                .immutable = immutable,
		                                .locked = immutable && !parse->file->users_own,
		                                .source = arena_strdup(arena, parse->file->source)};
}

static void take_entry(struct parse *parse, struct line line)
{
	char key[NAME_MAX_BYTES], value[NAME_MAX_BYTES];
	const char *equals = memchr(line.at, '=', line.size);
	struct line name = trim((struct line){line.at, equals ? (size_t)(equals - line.at) : line.size});
	struct line text = {line.at + line.size, 0};

	if (name.size == 0 || parse->config->group_immutable || strcmp(parse->group, parse->config->group) != 0)
		return;
	if (equals)
		text = trim((struct line){equals + 1, line.size - (size_t)(equals - line.at) - 1});
	struct options options = take_options(&name);
	if (options.broken || (!equals && !options.deleted))
		return;
	unescape(key, sizeof key, name);
	unescape(value, sizeof value, options.deleted ? (struct line){"", 0} : text);
	set_entry(parse, key, value, &options);
}

bool kconfig_add(struct kconfig *config, const struct kconfig_file *file, bool *closed, struct err *err)
{
	struct parse parse = {.config = config, .file = file};

	for (size_t at = 0; at < file->size;) {
		const char *newline = memchr(file->text + at, '\n', file->size - at);
		size_t size = newline ? (size_t)(newline - file->text) - at : file->size - at;
		struct line line = trim((struct line){file->text + at, size});
		at += size + 1;
		if (line.size == 0 || line.at[0] == '#')
			continue;
		if (line.at[0] == '[')
			take_header(&parse, line);
		else
			take_entry(&parse, line);
	}
	*closed = parse.file_immutable;
	/* A group that an earlier file has closed stays as that file made it. */
	if (parse.closes && !config->group_immutable) {
		config->group_immutable = true;
		config->group_locked = !file->users_own;
	}
	if (config->arena.failed)
		return err_set(err, ERR_LIMIT, "more settings than fit in memory");
	return true;
}

const struct kconfig_entry *kconfig_find(const struct kconfig *config, const char *key)
{
	const struct kconfig_entry *entry = find_entry(config, key);

	return entry && !entry->deleted ? entry : NULL;
}

bool kconfig_is_locked(const struct kconfig *config, const char *key)
{
	const struct kconfig_entry *entry = find_entry(config, key);

	return config->group_locked || (entry && entry->locked);
}

bool kconfig_to_bool(const char *value)
{
	static const char *const negatives[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < ARRAY_LEN(negatives); i++)
		if (strcasecmp(value, negatives[i]) == 0)
			return false;
	return true;
}
