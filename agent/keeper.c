/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper.h"

#include "agent/core.h"
#include "agent/cycle.h"
#include "base/log.h"
#include "platform/clock.h"

#include <stdio.h>

#define RECOVER_MS 60000
#define REOPEN_MS  5000 /* core before us may just be ending */
#define HEAD_MS    (24ll * 3600 * 1000)

static bool open_journal(struct core *core, struct err *err)
{
	char dir[OS_PATH_MAX];

	(void)snprintf(dir, sizeof dir, "%.4000s/journal", core->state_dir);
	struct journal_options options = {.disk = &disk_real,
	                                  .dir = dir,
	                                  .key = core->key,
	                                  .size_bytes = core->config.journal_mib << 20,
	                                  .snapshot = state_snapshot,
	                                  .anew = state_anew,
	                                  .context = &core->state};
	clock_stamp(&options.stamp);
	core->journal = journal_open(&options, err);
	return core->journal != NULL;
}

static void replay(struct core *core)
{
	struct err err;

	core->state.anew = false; /* nothing has been recorded by this process yet */
	if (!journal_replay(core->journal, state_replay, &core->state, &err))
		log_line(LOG_LEVEL_ERROR, "journal", "%s; everything is recorded anew", err.text);
	(void)note(core, RECORD_start,
	           json_pack("{s:s, s:b, s:b}", "version", EPAGENT_VERSION, "after_stop", (int)core->state.stopped, "observe",
	                     (int)core->config.observe),
	           "start");
}

void keeper_open(struct core *core)
{
	char key[OS_PATH_MAX];
	bool made = false;
	struct err err;

	(void)snprintf(key, sizeof key, "%.4000s/journal.key", core->state_dir);
	core->key = journal_key_open(&disk_real, key, &made, &err);
	if (!core->key)
		log_line(LOG_LEVEL_ERROR, "journal", "%s; heads are not signed", err.text);
	if (open_journal(core, &err))
		replay(core);
	else
		log_line(LOG_LEVEL_ERROR, "journal", "%s; nothing is recorded until it opens", err.text);
	core->head_at_boot_ms = os_boot_ms();
}

static void sign_head(struct core *core)
{
	struct record_stamp stamp;
	struct err err;

	core->head_at_boot_ms = os_boot_ms();
	clock_stamp(&stamp);
	if (core->journal && core->key && !journal_sign_head(core->journal, &stamp, &err))
		log_line(LOG_LEVEL_ERROR, "journal", "no head is signed: %s; tried again tomorrow", err.text);
}

static bool records(const struct core *core)
{
	struct journal_state state;

	if (core->journal)
		journal_state(core->journal, &state);
	return core->journal && state.health != JOURNAL_CANNOT_RECORD;
}

/* What could not be recorded meanwhile is offered again by the next pass. */
static void recover(struct core *core)
{
	struct record_stamp stamp;
	struct err ignored;
	bool had = core->journal != NULL;

	if (records(core) || os_boot_ms() < core->recover_at_boot_ms)
		return;
	core->recover_at_boot_ms = os_boot_ms() + (had ? RECOVER_MS : REOPEN_MS);
	clock_stamp(&stamp);
	if (had ? !journal_recover(core->journal, &stamp, &ignored) : !open_journal(core, &ignored))
		return;
	if (!had)
		replay(core);
	log_line(LOG_LEVEL_NOTICE, "journal", "recording goes on");
	trigger_at(&core->triggers, TRIGGER_JUDGE, os_boot_ms());
	cycle_soon(core);
}

static int64_t next_beat(const struct core *core)
{
	int64_t watchdog = os_service_watchdog_ms(), settle = note_settle_at(core), next = core->head_at_boot_ms + HEAD_MS;

	if (watchdog && os_boot_ms() + watchdog < next)
		next = os_boot_ms() + watchdog;
	if (settle < next)
		next = settle;
	return !records(core) && core->recover_at_boot_ms < next ? core->recover_at_boot_ms : next;
}

/* The loop turns, so this is reached: that is what the watchdog is told. */
static void on_beat(void *data)
{
	struct core *core = data;

	os_service_alive();
	note_settle(core, false);
	recover(core);
	keeper_look(core);
	keeper_settle(core);
	if (os_boot_ms() - core->head_at_boot_ms >= HEAD_MS)
		sign_head(core);
	core->beat_at_boot_ms = next_beat(core);
	os_timer_set(core->heartbeat, core->beat_at_boot_ms);
}

bool keeper_start(struct core *core, struct err *err)
{
	core->heartbeat = os_timer_new(core->loop, on_beat, core, err);
	if (core->heartbeat)
		on_beat(core);
	return core->heartbeat != NULL;
}

void keeper_soon(struct core *core)
{
	int64_t soon = os_boot_ms() + REOPEN_MS;

	if (!core->heartbeat)
		return;
	if (!records(core) && core->recover_at_boot_ms < os_boot_ms())
		core->recover_at_boot_ms = soon;
	/* Only ever earlier: what happens again and again must not put the watchdog's beat off. */
	int64_t next = next_beat(core);
	if (next >= core->beat_at_boot_ms)
		return;
	core->beat_at_boot_ms = next;
	os_timer_set(core->heartbeat, next);
}

void keeper_look(struct core *core)
{
	struct record_stamp stamp;

	clock_stamp(&stamp);
	if (core->journal)
		journal_look(core->journal, &stamp);
}

void keeper_settle(struct core *core)
{
	if (!core->state.anew)
		return;
	core->state.anew = false;
	log_line(LOG_LEVEL_ERROR, "journal", "a new epoch has begun; all facts and verdicts are recorded anew");
	trigger_at(&core->triggers, TRIGGER_JUDGE, os_boot_ms());
	cycle_soon(core);
}

void keeper_stop(struct core *core)
{
	note_settle(core, true);
	(void)note(core, RECORD_stop, json_object(), "stop");
	sign_head(core);
	if (core->journal)
		journal_close(core->journal);
	core->journal = NULL;
	journal_key_free(core->key);
	os_source_free(core->heartbeat);
	core->heartbeat = NULL;
}
