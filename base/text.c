/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "base/attr.h"

#include <stdio.h>
#include <string.h>

/* The length of the well-formed UTF-8 sequence at `s`, 0 if there is none (RFC 3629, table 3-7 of Unicode). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	if (s[0] < 0x80)
		return 1;
	size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || left < length)
		return 0;
	unsigned char low = 0x80, high = 0xbf;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

bool text_is_utf8(const char *text, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < size;) {
		size_t length = utf8_length(s + i, size - i);
		if (!length)
			return false;
		i += length;
	}
	return true;
}

/* C0, DEL, C1, and the marks that turn or hide text (U+200B-200F, 202A-202E, 2066-2069, FEFF). */
static bool is_shown(const unsigned char *s, size_t length)
{
	if (length == 1)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (length == 2)
		return !(s[0] == 0xc2 && s[1] < 0xa0);
	if (length == 3 && s[0] == 0xe2 && s[1] == 0x80)
		return !((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae));
	if (length == 3 && s[0] == 0xe2 && s[1] == 0x81)
		return !(s[2] >= 0xa6 && s[2] <= 0xa9);
	return !(length == 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0);
}

void text_printable(char *out, size_t out_size, const char *text, size_t size, size_t max_chars)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0, chars = 0;

	for (size_t i = 0; i < size; chars++) {
		size_t length = utf8_length(s + i, size - i);
		bool shown = length && is_shown(s + i, length);
		const void *piece = shown ? (const void *)(s + i) : "\xef\xbf\xbd";
		size_t piece_size = shown ? length : 3;
		if (chars == max_chars || at + piece_size + 4 > out_size) {
			if (at + 4 <= out_size) {
				memcpy(out + at, "...", 3);
				at += 3;
			}
			break;
		}
		memcpy(out + at, piece, piece_size);
		at += piece_size;
		i += length ? length : 1;
	}
	if (out_size)
		out[at] = '\0';
}

bool text_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t size = strlen(text), tail = strlen(suffix);

	return size >= tail && memcmp(text + size - tail, suffix, tail) == 0;
}

bool text_to_u64(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		uint64_t digit = (uint64_t)(*text - '0');
		if (number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	if (number > max)
		return false;
	*out = number;
	return true;
}

/* Years are counted from 1 March, in eras of 400 years of 146,097 days: so the leap day is the last of a year. */
int64_t text_days_from_civil(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

void text_from_instant(char out[TEXT_INSTANT_SIZE], int64_t at_utc)
{
	int64_t days = at_utc / 86400, second = at_utc % 86400;

	if (second < 0) {
		second += 86400;
		days--;
	}
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int day = (int)(doy - (153 * mp + 2) / 5 + 1), month = (int)(mp < 10 ? mp + 3 : mp - 9);
	long long year = (long long)(yoe + era * 400 + (month <= 2));
	(void)snprintf(out, TEXT_INSTANT_SIZE, "%04lld-%02d-%02dT%02d:%02d:%02dZ", year % 10000, month, day, (int)(second / 3600),
	               (int)(second / 60 % 60), (int)(second % 60));
}

static bool digits(const char **at, int count, int *out)
{
	int number = 0;

	for (int i = 0; i < count; i++, ++*at) {
		if (**at < '0' || **at > '9')
			return false;
		number = number * 10 + (**at - '0');
	}
	*out = number;
	return true;
}

static bool skip(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return false;
	++*at;
	return true;
}

static bool offset(const char **at, int64_t *seconds)
{
	int hour, minute;
	int sign = **at == '-' ? -1 : 1;

	*seconds = 0;
	if (skip(at, "Zz"))
		return true;
	if (!skip(at, "+-") || !digits(at, 2, &hour) || !skip(at, ":") || !digits(at, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*seconds = sign * (hour * 3600 + minute * 60);
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

bool text_to_instant(const char *text, int64_t *at_utc)
{
	int year, month, day, hour, minute, second;
	int64_t shift;
	const char *at = text;

	if (!digits(&at, 4, &year) || !skip(&at, "-") || !digits(&at, 2, &month) || !skip(&at, "-") || !digits(&at, 2, &day) ||
	    !skip(&at, "Tt ") || !digits(&at, 2, &hour) || !skip(&at, ":") || !digits(&at, 2, &minute) || !skip(&at, ":") ||
	    !digits(&at, 2, &second))
		return false;
	if (skip(&at, "."))
		while (*at >= '0' && *at <= '9')
			at++;
	if (!offset(&at, &shift) || *at)
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
	    second > 60)
		return false;
	*at_utc = text_days_from_civil(year, (unsigned)month, (unsigned)day) * 86400 + hour * 3600 + minute * 60 + second - shift;
	return true;
}

bool text_to_duration(const char *text, int64_t *seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char number[20];
	size_t size = strlen(text);
	int64_t factor = 1;
	uint64_t count;

	for (size_t i = 0; size && i < ARRAY_LEN(units); i++)
		if (text[size - 1] == units[i].unit) {
			factor = units[i].seconds;
			size--;
			break;
		}
	if (size == 0 || size >= sizeof number)
		return false;
	memcpy(number, text, size);
	number[size] = '\0';
	if (!text_to_u64(number, 100ull * 366 * 86400, &count) || (int64_t)count > INT64_C(100) * 366 * 86400 / factor)
		return false;
	*seconds = (int64_t)count * factor;
	return true;
}
