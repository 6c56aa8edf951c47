/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "platform/host.h"
#include "policy/catalogue.h"
#include "policy/fact.h"

#include <stdbool.h>

/*
 * The one interface between epagent and what a PC is. One file for each control on each platform, with the same name, that
 * ends in its card: const struct control control_screen_lock = {...}.
 */

/* When one of these happens, look again. An event never carries truth; the probe is asked again. */
enum trigger_kind {
	TRIGGER_PATH,     /* `what` (file or folder) was changed, made or removed */
	TRIGGER_DEVICES,  /* udev subsystem `what` had an event */
	TRIGGER_MOUNTS,   /* the mount table or the swaps changed */
	TRIGGER_SESSIONS, /* somebody logged in or out, locked or unlocked */
	TRIGGER_UNIT      /* the service `what` started or stopped */
};

struct trigger {
	enum trigger_kind kind;
	const char *what; /* NULL ends a list together with kind TRIGGER_PATH */
};
#define TRIGGERS_END                                                                                                                       \
	{                                                                                                                                  \
		TRIGGER_PATH, NULL                                                                                                         \
	}

struct control {
	/* Adds one fact for each subject. false: could not look; the fact becomes UNKNOWN with the error's meaning as evidence. */
	bool (*probe)(const struct host *host, struct facts *out, struct err *err);

	/* Gives `subject` the value `want`; twice is once. want == NULL withdraws what epagent set, byte for byte.
	 * NULL function: this control only reports. Runs in core, as root. */
	bool (*enforce)(const struct host *host, const char *subject, const struct value *want, struct err *err);

	/* Ends with TRIGGERS_END. May be NULL. */
	const struct trigger *triggers;
};

#define CONTROL(name, subject, value, by, period) extern const struct control control_##name;
#define LATER(name, subject, value)
#include "policy/controls.def"
#undef CONTROL
#undef LATER

/* The platform's card for a row; NULL for a row that is not written yet. */
const struct control *control_of(enum control_id id);

/* Asks one control and turns every failure into facts: a row not written is UNKNOWN `not_written`; a probe that returns false, or
 * nothing within the limits, is UNKNOWN `not_read` with the meaning of the error; no fact at all is UNKNOWN `nothing_found`. */
void control_probe(enum control_id id, const struct host *host, struct facts *out);
