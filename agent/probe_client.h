/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/trigger.h"
#include "base/err.h"

#include <stdbool.h>

/*
 * Core's end of the conversation with epagent-probe. Never blocks. Whatever happens to the other end, every control that was asked gets an answer
 * within the look's time: its facts, or UNKNOWN with timeout, limit, crashed or not_read. A probe that ended is asked
 * again, twice, for what it had not answered.
 */
struct core;
struct facts;

struct probe_client_calls {
	void (*found)(struct core *core, int id, struct facts *facts); /* takes facts; id may be TRIGGER_LOGINS */
	void (*done)(struct core *core);
};

struct probe_client *probe_client_new(struct core *core, const struct probe_client_calls *calls, struct err *err);
void probe_client_free(struct probe_client *client);

/* Asks for what is due and is probed there. False: nothing of it is. `done` is called later, never from here. */
bool probe_client_look(struct probe_client *client, const bool due[TRIGGER_COUNT]);
bool probe_client_is_busy(const struct probe_client *client);
