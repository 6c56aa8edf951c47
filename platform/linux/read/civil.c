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

bool civil_seconds(const struct civil *civil, int64_t *seconds)
{
	char rfc[80]; /* six numbers of any size; what is out of range has a sign or a digit too many, or is no date */

	(void)snprintf(rfc, sizeof rfc, "%04d-%02d-%02dT%02d:%02d:%02dZ", civil->year, civil->month, civil->day, civil->hour, civil->minute,
	               civil->second);
	return text_to_instant(rfc, seconds);
}
