/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The catalogue of controls: policy/controls.def as an enum and a table. */

enum control_id {
#define CONTROL(name, subject, value, by, period) CONTROL_##name,
#define LATER(name, subject, value)               CONTROL_##name,
#include "policy/controls.def"
#undef CONTROL
#undef LATER
	CONTROL_COUNT
};

/* What one fact of a control is about; the word before the colon in "user:1000". HOST has none: "host". */
enum subject_kind { SUBJECT_HOST, SUBJECT_USER, SUBJECT_VOLUME, SUBJECT_PRODUCT, SUBJECT_PROGRAM, SUBJECT_MEDIUM };

enum value_kind {
	VALUE_NONE,
	VALUE_SWITCH,   /* on or off */
	VALUE_DURATION, /* seconds, or never */
	VALUE_AGE,      /* the instant (UTC seconds) of what ages, or never */
	VALUE_COVERAGE, /* enum coverage */
	VALUE_ACCESS,   /* enum access: what can be done with a medium now */
	VALUE_COUNT,    /* a number of things */
	VALUE_LIST      /* words */
};

enum probed_by { BY_PROBE, BY_CORE };

struct control_row {
	const char *name;
	enum subject_kind subject;
	enum value_kind value;
	enum probed_by by;
	uint32_t period_s;
	bool written; /* false: a LATER row */
};

extern const struct control_row catalogue[CONTROL_COUNT];

/* CONTROL_COUNT if there is none of that name. */
enum control_id catalogue_find(const char *name);

/* usb_storage and its like: decided per medium by `only`, `access`, `encrypted` ... */
static inline bool catalogue_is_media(enum control_id id)
{
	return catalogue[id].value == VALUE_ACCESS;
}
