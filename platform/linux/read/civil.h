/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* A date as programs print it in English, such as ctime(3) does in every locale. */
struct civil {
	int year, month, day, hour, minute, second; /* month 1-12 */
};

/* "Jan" ... "Dec" -> 1 ... 12; 0 for anything else. */
int civil_month(const char *name);

/* Its digits as seconds since 1970, as if it were UTC; false if there is no such date or it lies outside 1970-9999. */
bool civil_seconds(const struct civil *civil, int64_t *seconds);
