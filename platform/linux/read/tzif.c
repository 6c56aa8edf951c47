/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9636; the rule in the footer is POSIX's TZ, extended there to hours from -167 to 167. */
#include "platform/linux/read/tzif.h"

#include "base/attr.h"
#include "base/text.h"

#include <string.h>

#define HEADER_SIZE 44
#define OFFSET_MAX  (26 * 3600)

static bool invalid(struct err *err)
{
	return err_set(err, ERR_INVALID, "not a time zone file");
}

static int64_t big_endian(const unsigned char *at, size_t width)
{
	uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < width; i++)
		value = value << 8 | at[i];
	return (int64_t)value;
}

struct block {
	const unsigned char *times, *kinds, *types; /* transition times, the type of each, the types themselves */
	size_t time_count, type_count, width, size; /* size: from the header's first byte to the block's end */
};

/* The order in the header: isut, isstd, leap, time, type, char. */
static bool read_block(struct block *block, const unsigned char *bytes, size_t size, size_t width)
{
	uint64_t counts[6], total;

	if (size < HEADER_SIZE || memcmp(bytes, "TZif", 4) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		counts[i] = (uint64_t)big_endian(bytes + 20 + i * 4, 4) & 0xffffffff;
	total = counts[3] * width + counts[3] + counts[4] * 6 + counts[5] + counts[2] * (width + 4) + counts[1] + counts[0];
	if (total > size - HEADER_SIZE || counts[4] == 0)
		return false;
	block->times = bytes + HEADER_SIZE;
	block->kinds = block->times + counts[3] * width;
	block->types = block->kinds + counts[3];
	block->time_count = (size_t)counts[3];
	block->type_count = (size_t)counts[4];
	block->width = width;
	block->size = HEADER_SIZE + (size_t)total;
	return true;
}

static bool type_offset(const struct block *block, size_t type, int32_t *offset)
{
	if (type >= block->type_count)
		return false;
	*offset = (int32_t)big_endian(block->types + type * 6, 4);
	return *offset >= -OFFSET_MAX && *offset <= OFFSET_MAX;
}

/* --- the footer's rule --- */

struct moment {
	enum { JULIAN, DAY, WEEKDAY } kind;
	int a, week, weekday; /* JULIAN 1-365, DAY 0-365; WEEKDAY: month, week 1-5, 0 = Sunday */
	int time;             /* seconds after midnight */
};

struct rule {
	int32_t standard, summer; /* seconds east */
	struct moment begin, end;
};

static bool read_number(const char **at, int max, int *out)
{
	int number = 0, digits = 0;

	for (; **at >= '0' && **at <= '9' && digits < 4; ++*at, digits++)
		number = number * 10 + (**at - '0');
	*out = number;
	return digits > 0 && number <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool read_clock(const char **at, int *seconds)
{
	int sign = 1, part;

	if (**at == '-' || **at == '+')
		sign = *(*at)++ == '-' ? -1 : 1;
	if (!read_number(at, 167, &part))
		return false;
	*seconds = part * 3600;
	for (int unit = 60; unit && **at == ':'; unit /= 60) {
		++*at;
		if (!read_number(at, 59, &part))
			return false;
		*seconds += part * unit;
	}
	*seconds *= sign;
	return true;
}

static bool skip_name(const char **at)
{
	const char *start = *at, *quoted = *start == '<' ? strchr(start, '>') : NULL;

	if (quoted)
		*at = quoted + 1;
	while (!quoted && ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z')))
		++*at;
	return *at - start >= 3;
}

static bool read_moment(const char **at, struct moment *moment)
{
	bool ok;

	*moment = (struct moment){.kind = DAY, .time = 2 * 3600};
	if (*(*at)++ != ',')
		return false;
	if (**at == 'M') {
		moment->kind = WEEKDAY;
		++*at;
		ok = read_number(at, 12, &moment->a) && moment->a >= 1 && *(*at)++ == '.' && read_number(at, 5, &moment->week) &&
		     moment->week >= 1 && *(*at)++ == '.' && read_number(at, 6, &moment->weekday);
	} else {
		if (**at == 'J') {
			moment->kind = JULIAN;
			++*at;
		}
		ok = read_number(at, 365, &moment->a);
	}
	if (ok && **at == '/') {
		++*at;
		ok = read_clock(at, &moment->time);
	}
	return ok;
}

static bool read_rule(struct rule *rule, const char *text)
{
	int west;

	*rule = (struct rule){.standard = 0};
	if (!skip_name(&text) || !read_clock(&text, &west))
		return false;
	rule->standard = rule->summer = -west;
	if (!*text)
		return true;
	if (!skip_name(&text))
		return false;
	rule->summer = rule->standard + 3600;
	if (*text != ',') {
		if (!read_clock(&text, &west))
			return false;
		rule->summer = -west;
	}
	return read_moment(&text, &rule->begin) && read_moment(&text, &rule->end) && !*text;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The moment in `year`, local digits as if UTC. */
static int64_t moment_in(const struct moment *moment, int64_t year)
{
	int64_t day;

	if (moment->kind == WEEKDAY) {
		int64_t first = text_days_from_civil(year, (unsigned)moment->a, 1);
		int64_t next =
			moment->a == 12 ? text_days_from_civil(year + 1, 1, 1) : text_days_from_civil(year, (unsigned)moment->a + 1, 1);
		/* 1970-01-01 was a Thursday: day 4 of a week that begins on Sunday. */
		int64_t to_first = (moment->weekday - (first + 4) % 7 + 7) % 7;
		day = first + to_first + (moment->week - 1) * 7;
		while (day >= next)
			day -= 7;
	} else {
		day = text_days_from_civil(year, 1, 1) + moment->a;
		/* Jn counts from 1 and never counts 29 February. */
		if (moment->kind == JULIAN)
			day += (is_leap(year) && moment->a >= 60) - 1;
	}
	return day * 86400 + moment->time;
}

static int64_t year_of(int64_t at_utc)
{
	char text[TEXT_INSTANT_SIZE];

	text_from_instant(text, at_utc);
	return (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
}

static int32_t rule_offset(const struct rule *rule, int64_t at_utc)
{
	int64_t year = year_of(at_utc + rule->standard);
	int64_t begin = moment_in(&rule->begin, year) - rule->standard, end = moment_in(&rule->end, year) - rule->summer;
	/* South of the equator summer spans the new year. */
	bool summer = begin < end ? at_utc >= begin && at_utc < end : at_utc >= begin || at_utc < end;
	return summer ? rule->summer : rule->standard;
}

/* --- the whole file --- */

struct zone {
	struct block block;
	struct rule rule;
	bool has_rule;
};

static bool read_footer(struct zone *zone, const char *bytes, size_t size)
{
	char text[128];
	const char *end = size > 1 && bytes[0] == '\n' ? memchr(bytes + 1, '\n', size - 1) : NULL;

	if (!end || (size_t)(end - bytes) > sizeof text)
		return false;
	size_t length = (size_t)(end - bytes) - 1;
	memcpy(text, bytes + 1, length);
	text[length] = '\0';
	zone->has_rule = length > 0;
	return length == 0 || read_rule(&zone->rule, text);
}

static bool read_zone(struct zone *zone, const char *bytes, size_t size)
{
	const unsigned char *start = (const unsigned char *)bytes;

	*zone = (struct zone){.has_rule = false};
	if (size > TZIF_MAX || !read_block(&zone->block, start, size, 4))
		return false;
	if (start[4] < '2')
		return true;
	/* From version 2 on a second block with 64-bit times follows, and the first may be empty. */
	size_t first = zone->block.size;
	if (!read_block(&zone->block, start + first, size - first, 8))
		return false;
	return read_footer(zone, bytes + first + zone->block.size, size - first - zone->block.size);
}

static bool zone_offset(const struct zone *zone, int64_t at_utc, int32_t *offset)
{
	const struct block *block = &zone->block;
	size_t after = 0;

	while (after < block->time_count && big_endian(block->times + after * block->width, block->width) <= at_utc)
		after++;
	if (after == block->time_count && zone->has_rule) {
		*offset = rule_offset(&zone->rule, at_utc);
		return true;
	}
	return type_offset(block, after ? block->kinds[after - 1] : 0, offset);
}

bool tzif_offset(const char *bytes, size_t size, int64_t at_utc, int32_t *offset, struct err *err)
{
	struct zone zone;
	int32_t found;

	if (!read_zone(&zone, bytes, size) || !zone_offset(&zone, at_utc, &found))
		return invalid(err);
	*offset = found;
	return true;
}

bool tzif_to_utc(const char *bytes, size_t size, int64_t local, int64_t *at_utc, struct err *err)
{
	struct zone zone;
	int32_t before, after, check;

	/* The offsets of a day before and a day after: around a change these two are the candidates, else they are equal. */
	if (!read_zone(&zone, bytes, size) || !zone_offset(&zone, local - 86400, &before) || !zone_offset(&zone, local + 86400, &after))
		return invalid(err);
	int32_t east = before > after ? before : after, west = before > after ? after : before;
	if (!zone_offset(&zone, local - east, &check))
		return invalid(err);
	/* The larger offset gives the earlier instant. It holds if the clocks really showed it then. */
	if (check == east || !zone_offset(&zone, local - west, &check) || check != west)
		*at_utc = local - east;
	else
		*at_utc = local - west;
	return true;
}
