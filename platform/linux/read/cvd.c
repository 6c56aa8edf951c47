/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/cvd.h"

#include "base/text.h"
#include "platform/linux/read/civil.h"

#include <stdio.h>
#include <string.h>

enum { FIELD_MAGIC, FIELD_DATE, FIELD_NUMBER, FIELD_BUILT = 8, FIELD_COUNT };

/* "20 Nov 2026 08-00 +0900": colons part the fields, so the time has a hyphen. */
static bool read_date(const char *text, int64_t *at_utc)
{
	char month[4], sign;
	struct civil date = {.second = 0};
	int zone, used = 0;

	if (sscanf(text, "%2d %3[A-Za-z] %4d %2d-%2d %c%4d%n", &date.day, month, &date.year, &date.hour, &date.minute, &sign, &zone,
	           &used) != 7 ||
	    text[used] != '\0' || (sign != '+' && sign != '-') || zone < 0 || zone > 1400)
		return false;
	date.month = civil_month(month);
	if (!civil_seconds(&date, at_utc))
		return false;
	int seconds = (zone / 100 * 60 + zone % 100) * 60;
	*at_utc -= sign == '+' ? seconds : -seconds;
	return true;
}

static size_t split(char *line, char *fields[FIELD_COUNT])
{
	size_t count = 0;

	for (char *at = line; at && count < FIELD_COUNT; count++) {
		fields[count] = at;
		at = strchr(at, ':');
		if (at)
			*at++ = '\0';
	}
	return count;
}

bool cvd_read(struct cvd *cvd, const char *bytes, size_t size, struct err *err)
{
	char line[CVD_HEADER_SIZE + 1], *fields[FIELD_COUNT];
	uint64_t number, built = 0;

	if (size < CVD_HEADER_SIZE || memchr(bytes, '\0', CVD_HEADER_SIZE))
		return err_set(err, ERR_INVALID, "not a database: no header");
	size = CVD_HEADER_SIZE;
	memcpy(line, bytes, size);
	while (size && (line[size - 1] == ' ' || line[size - 1] == '\n'))
		size--;
	line[size] = '\0';
	size_t count = split(line, fields);
	if (count <= FIELD_NUMBER || strcmp(fields[FIELD_MAGIC], "ClamAV-VDB") != 0 ||
	    !text_to_u64(fields[FIELD_NUMBER], UINT32_MAX, &number))
		return err_set(err, ERR_INVALID, "not a database: another header");
	bool has_seconds = count > FIELD_BUILT && text_to_u64(fields[FIELD_BUILT], INT64_C(1) << 36, &built) && built > 0;
	*cvd = (struct cvd){.number = (uint32_t)number, .built_at = (int64_t)built};
	if (!has_seconds && !read_date(fields[FIELD_DATE], &cvd->built_at))
		return err_set(err, ERR_INVALID, "a database without a date");
	return true;
}
