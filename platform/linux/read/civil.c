/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/civil.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

int civil_month(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (strncmp(months + i * 3, name, 3) == 0)
			return i + 1;
	return 0;
}

static bool is_between(int number, int least, int most)
{
	return number >= least && number <= most;
}

bool civil_seconds(const struct civil *civil, int64_t *seconds)
{
	char rfc[80];

	if (!is_between(civil->year, 1970, 9999) || !is_between(civil->month, 1, 12) || !is_between(civil->day, 1, 31) ||
	    !is_between(civil->hour, 0, 23) || !is_between(civil->minute, 0, 59) || !is_between(civil->second, 0, 60))
		return false;
	(void)snprintf(rfc, sizeof rfc, "%04d-%02d-%02dT%02d:%02d:%02dZ", civil->year, civil->month, civil->day, civil->hour,
	               civil->minute, civil->second);
	return text_to_instant(rfc, seconds);
}
