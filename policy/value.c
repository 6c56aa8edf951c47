/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/value.h"

#include "base/text.h"

struct value value_switch(bool on)
{
	return (struct value){.kind = VALUE_SWITCH, .number = on};
}

struct value value_seconds(int64_t seconds)
{
	return (struct value){.kind = VALUE_DURATION, .never = seconds <= 0, .number = seconds > 0 ? seconds : 0};
}

struct value value_instant(int64_t at_utc)
{
	return (struct value){.kind = VALUE_AGE, .number = at_utc};
}

struct value value_coverage(enum coverage coverage)
{
	return (struct value){.kind = VALUE_COVERAGE, .number = coverage};
}

struct value value_access(enum access access)
{
	return (struct value){.kind = VALUE_ACCESS, .number = access};
}

struct value value_count(int64_t count)
{
	return (struct value){.kind = VALUE_COUNT, .number = count};
}

struct value value_never(enum value_kind kind)
{
	return (struct value){.kind = kind, .never = true};
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind || a->never != b->never || a->number != b->number || a->word_count != b->word_count)
		return false;
	for (size_t i = 0; i < a->word_count; i++)
		if (!text_equal(a->words[i], b->words[i]))
			return false;
	return true;
}
