/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/passwd.h"

#include "base/text.h"

#include <string.h>

#define LINE_MAX_BYTES 4096        /* longer lines are nobody's account */
#define UID_LAST       4294967294u /* (uid_t)-1 is no user */

/* Cuts `line` at colons, in place; gives how many fields there are, at most `max`. */
static size_t cut(char *line, char **fields, size_t max)
{
	size_t count = 0;

	for (char *at = line; at && count < max; count++) {
		fields[count] = at;
		at = strchr(at, ':');
		if (at)
			*at++ = '\0';
	}
	return count;
}

/* The next line of *at as a copy that ends in NUL; false at the end. An overlong line comes out empty. */
static bool next_line(const char **at, const char *end, char line[LINE_MAX_BYTES])
{
	if (*at >= end)
		return false;
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	size_t size = (size_t)((stop ? stop : end) - *at);
	size_t kept = size < LINE_MAX_BYTES ? size : 0;
	memcpy(line, *at, kept);
	line[kept] = '\0';
	*at = stop ? stop + 1 : end;
	return true;
}

bool passwd_parse(struct passwd_file *out, struct arena *arena, const char *text, size_t size, struct err *err)
{
	const char *at = text, *end = text + size;
	char line[LINE_MAX_BYTES], *fields[7];
	uint64_t uid;

	*out = (struct passwd_file){NULL, 0};
	while (next_line(&at, end, line)) {
		if (cut(line, fields, 7) != 7 || !fields[0][0] || strchr("+-#", fields[0][0]) || !text_to_u64(fields[2], UID_LAST, &uid))
			continue;
		struct passwd_entry *entry = ARENA_PUSH(arena, out->items, out->count);
		if (entry)
			*entry = (struct passwd_entry){arena_strdup(arena, fields[0]), (int64_t)uid, arena_strdup(arena, fields[5]),
			                               arena_strdup(arena, fields[6])};
		if (arena->failed)
			return err_set(err, ERR_LIMIT, "more accounts than fit in memory");
	}
	return true;
}

bool passwd_parse_subuid(struct uid_ranges *out, struct arena *arena, const char *text, size_t size, struct err *err)
{
	const char *at = text, *end = text + size;
	char line[LINE_MAX_BYTES], *fields[4];
	uint64_t first, count;

	*out = (struct uid_ranges){NULL, 0};
	while (next_line(&at, end, line)) {
		if (cut(line, fields, 4) != 3 || !text_to_u64(fields[1], UID_LAST, &first) || !text_to_u64(fields[2], UID_LAST, &count))
			continue;
		struct uid_range *range = ARENA_PUSH(arena, out->items, out->count);
		if (!range)
			return err_set(err, ERR_LIMIT, "more uid ranges than fit in memory");
		*range = (struct uid_range){(int64_t)first, (int64_t)count};
	}
	return true;
}

const struct passwd_entry *passwd_find(const struct passwd_file *passwd, int64_t uid)
{
	for (size_t i = 0; i < passwd->count; i++)
		if (passwd->items[i].uid == uid)
			return &passwd->items[i];
	return NULL;
}
