/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/trigger.h"

static int64_t period_ms(int id)
{
	if (id == TRIGGER_JUDGE || (id < CONTROL_COUNT && !catalogue[id].written))
		return INT64_MAX;
	if (id == TRIGGER_LOGINS)
		return TRIGGER_LOGINS_PERIOD_S * 1000;
	return (int64_t)(catalogue[id].period_s ? catalogue[id].period_s : TRIGGER_EVENTS_PERIOD_S) * 1000;
}

static bool is_looked_at(int id)
{
	return period_ms(id) != INT64_MAX || id == TRIGGER_JUDGE;
}

void trigger_init(struct trigger_set *set, int64_t now_ms)
{
	for (int id = 0; id < TRIGGER_COUNT; id++) {
		set->due[id] = INT64_MAX;
		set->looked[id] = INT64_MIN;
	}
	trigger_all(set, now_ms);
}

void trigger_at(struct trigger_set *set, int id, int64_t at_ms)
{
	if (is_looked_at(id) && at_ms < set->due[id])
		set->due[id] = at_ms;
}

void trigger_event(struct trigger_set *set, int id, int64_t now_ms)
{
	int64_t soon = now_ms + TRIGGER_SETTLE_MS;
	int64_t spaced = set->looked[id] == INT64_MIN ? soon : set->looked[id] + TRIGGER_SPACE_MS;

	trigger_at(set, id, spaced > soon ? spaced : soon);
}

void trigger_all(struct trigger_set *set, int64_t now_ms)
{
	for (int id = 0; id < TRIGGER_COUNT; id++)
		trigger_at(set, id, now_ms);
}

bool trigger_take(struct trigger_set *set, int64_t now_ms, bool out[TRIGGER_COUNT])
{
	bool any = false;

	for (int id = 0; id < TRIGGER_COUNT; id++) {
		out[id] = set->due[id] <= now_ms;
		if (!out[id])
			continue;
		int64_t period = period_ms(id);
		set->looked[id] = now_ms;
		set->due[id] = period == INT64_MAX ? INT64_MAX : now_ms + period;
		any = true;
	}
	return any;
}

int64_t trigger_next(const struct trigger_set *set)
{
	int64_t next = INT64_MAX;

	for (int id = 0; id < TRIGGER_COUNT; id++)
		next = set->due[id] < next ? set->due[id] : next;
	return next;
}
