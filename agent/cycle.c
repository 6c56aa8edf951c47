/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The straight line. Read this first.
 *
 *   event -> dirty set -> probe -> facts -> judge -> verdicts -> journal -> enforce -> outcome -> journal
 *           (trigger.c)  (probes, by probe_client.c)  (policy/judge.c)  (recorder.c)  (enforce.c)
 *
 * A stage reads only what lies before it. An event carries no truth: it makes a control dirty, and the probe is asked. What enforcing
 * changed is dirty again, so the next look proves it. A new policy makes everything dirty. Nothing has a way of its own.
 */
#include "agent/cycle.h"

#include "agent/core.h"
#include "agent/keeper.h"
#include "agent/probe_client.h"
#include "agent/recorder.h"
#include "base/log.h"
#include "platform/control.h"

#include <stdlib.h>

/* The wall clock may be set while we sleep: never longer than this until the judge's `next` is asked again. */
#define SLEEP_MAX_MS 300000

/* ---- event -> dirty set ---- */

struct cause { /* what one trigger makes dirty */
	struct core *core;
	int id;
};
static struct cause causes[TRIGGER_COUNT];

static void on_event(void *data)
{
	const struct cause *cause = data;

	trigger_event(&cause->core->triggers, cause->id, os_boot_ms());
	cycle_soon(cause->core);
}

static void watch(struct core *core, int id, const struct trigger *trigger)
{
	struct err err;

	causes[id] = (struct cause){core, id};
	if (!os_watches_add(core->watches, trigger, on_event, &causes[id], &err))
		log_line(LOG_LEVEL_NOTICE, "trigger", "%s: %s; it is looked at by its period only",
		         id == TRIGGER_LOGINS ? "sessions" : catalogue[id].name, err.text);
}

static void watch_all(struct core *core)
{
	static const struct trigger logins = {TRIGGER_SESSIONS, NULL};

	for (int id = 0; id < CONTROL_COUNT; id++) {
		const struct control *control = control_of((enum control_id)id);
		for (const struct trigger *t = control ? control->triggers : NULL; t && !(t->kind == TRIGGER_PATH && !t->what); t++)
			watch(core, id, t);
	}
	watch(core, TRIGGER_LOGINS, &logins);
}

/* ---- dirty set -> probe -> facts ---- */

/* Controls of devices: the kernel's own words, read by core itself. */
static void look_here(struct core *core, const bool due[TRIGGER_COUNT])
{
	struct err err;

	for (int id = 0; id < CONTROL_COUNT; id++) {
		if (!due[id] || !catalogue[id].written || catalogue[id].by != BY_CORE)
			continue;
		AUTO(host_drop) struct host *host = host_new(NULL, core->state_dir, os_now_utc(), &err);
		struct facts *facts = host ? calloc(1, sizeof *facts) : NULL;
		if (!facts)
			continue; /* what was known stays, and the period looks again */
		facts_init(facts);
		control_probe((enum control_id)id, host, facts);
		state_hold(&core->state, id, facts);
	}
}

static void on_found(struct core *core, int id, struct facts *facts)
{
	state_hold(&core->state, id == TRIGGER_LOGINS ? STATE_SESSIONS : id, facts);
}

/* ---- facts -> judge -> verdicts ---- */

static bool judge_all(struct core *core)
{
	struct state *state = &core->state;
	struct judge_input in = {.policy = &core->holder.policy, .facts = &state->all, .now_utc = os_now_utc()};
	struct err err;

	state_gather(state);
	if (!core->holder.has)
		return false;
	state->judged = judge(&state->verdicts, &in, &err);
	if (!state->judged) {
		log_line(LOG_LEVEL_ERROR, "judge", "%s; no verdicts until something changes", err.text);
		return false;
	}
	if (state->verdicts.next != JUDGE_NO_NEXT)
		trigger_at(&core->triggers, TRIGGER_JUDGE, os_boot_ms() + (state->verdicts.next - in.now_utc) * 1000);
	return true;
}

/* ---- verdicts -> journal -> enforce -> outcome -> journal ---- */

void cycle_judge(struct core *core)
{
	bool judged = judge_all(core);

	keeper_look(core);
	recorder_facts(core);
	if (judged) {
		recorder_verdicts(core);
		holder_settle(core);
		enforce_verdicts(core);
	}
	keeper_settle(core);
	cycle_soon(core);
}

/* ---- the timer that drives all of it ---- */

static void on_timer(void *data)
{
	struct core *core = data;
	bool due[TRIGGER_COUNT];

	if (!probe_client_is_busy(core->probe) && trigger_take(&core->triggers, os_boot_ms(), due)) {
		look_here(core, due);
		if (!probe_client_look(core->probe, due))
			cycle_judge(core);
	}
	cycle_soon(core);
}

void cycle_soon(struct core *core)
{
	int64_t next = trigger_next(&core->triggers), latest = os_boot_ms() + SLEEP_MAX_MS;

	/* While the probe looks, what becomes dirty waits: its end comes back here. */
	if (probe_client_is_busy(core->probe))
		next = INT64_MAX;
	os_timer_set(core->timer, next < latest ? next : latest);
}

bool cycle_start(struct core *core, struct err *err)
{
	static const struct probe_client_calls calls = {on_found, cycle_judge};

	trigger_init(&core->triggers, os_boot_ms());
	core->timer = os_timer_new(core->loop, on_timer, core, err);
	core->watches = core->timer ? os_watches_new(core->loop, err) : NULL;
	core->probe = core->watches ? probe_client_new(core, &calls, err) : NULL;
	if (!core->probe)
		return false;
	watch_all(core);
	cycle_soon(core);
	return true;
}

void cycle_stop(struct core *core)
{
	probe_client_free(core->probe);
	os_watches_free(core->watches);
	os_source_free(core->timer);
}
