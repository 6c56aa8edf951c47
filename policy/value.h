/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/catalogue.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a fact says: one value, of the kind that its control's row names. */

enum coverage { COVERAGE_NONE, COVERAGE_PARTIAL, COVERAGE_FULL };
enum access { ACCESS_BLOCKED, ACCESS_READ_ONLY, ACCESS_OPEN };

struct value {
	enum value_kind kind;
	bool never;     /* DURATION: off, no password or 0. AGE: it has never happened */
	int64_t number; /* SWITCH 0|1, DURATION seconds, AGE instant, COVERAGE, ACCESS, COUNT */
	const char **words;
	size_t word_count; /* LIST */
};

struct value value_switch(bool on);
struct value value_seconds(int64_t seconds); /* DURATION; <= 0 is never */
struct value value_instant(int64_t at_utc);  /* AGE */
struct value value_coverage(enum coverage coverage);
struct value value_access(enum access access);
struct value value_count(int64_t count);
struct value value_never(enum value_kind kind); /* DURATION or AGE */
bool value_equal(const struct value *a, const struct value *b);

/* Numbers, instants (RFC 3339) and words, as fact.h describes them. */
json_t *value_encode(const struct value *value);
