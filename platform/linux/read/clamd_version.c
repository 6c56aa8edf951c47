/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/clamd_version.h"

#include "base/text.h"
#include "platform/linux/read/civil.h"

#include <stdio.h>
#include <string.h>

static bool read_date(const char *text, int64_t *local)
{
	char month[4];
	struct civil date;
	int used = 0;

	/* "Fri Nov 20 08:00:00 2026"; a day below 10 is padded with a space. */
	if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &date.day, &date.hour, &date.minute, &date.second,
	           &date.year, &used) != 6 ||
	    text[used] != '\0')
		return false;
	date.month = civil_month(month);
	return civil_seconds(&date, local);
}

static bool not_an_answer(struct err *err)
{
	return err_set(err, ERR_INVALID, "not an answer to VERSION");
}

bool clamd_version_read(struct clamd_version *version, const char *text, size_t size, struct err *err)
{
	char line[128];
	uint64_t number = 0;

	*version = (struct clamd_version){.has_database = false};
	while (size && (text[size - 1] == '\n' || text[size - 1] == '\0'))
		size--;
	if (size >= sizeof line || memchr(text, '\0', size))
		return not_an_answer(err);
	memcpy(line, text, size);
	line[size] = '\0';
	if (!text_starts(line, "ClamAV "))
		return not_an_answer(err);
	char *engine = line + strlen("ClamAV "), *database = strchr(engine, '/');
	if (database)
		*database++ = '\0';
	if (!*engine || strlen(engine) >= sizeof version->engine)
		return not_an_answer(err);
	memcpy(version->engine, engine, strlen(engine) + 1);
	if (!database)
		return true;
	char *date = strchr(database, '/');
	if (!date)
		return not_an_answer(err);
	*date++ = '\0';
	if (!text_to_u64(database, UINT32_MAX, &number) || !read_date(date, &version->local_time))
		return not_an_answer(err);
	version->number = (uint32_t)number;
	version->has_database = true;
	return true;
}
