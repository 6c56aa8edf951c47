/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epagentd: core. Watches, judges, enforces, records; answers on the user socket. What it does in which order is in agent/cycle.c.
 *   epagentd [--run DIR] [--observe]     DIR: sockets and state of an agent that is not installed. --observe: enforces nothing.
 */
#include "agent/answer.h"
#include "agent/core.h"
#include "agent/cycle.h"
#include "agent/user.h"
#include "base/log.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_MS 10000
#define RECOVER_MS   60000
#define HEAD_MS      (24ll * 3600 * 1000)
#define CONFIG_FILE  "/etc/epagent/agent.conf"

static bool read_arguments(struct core *core, bool *observe, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--run") == 0 && i + 1 < argc)
			core->run_dir = argv[++i];
		else if (strcmp(argv[i], "--observe") == 0)
			*observe = true;
		else
			return false;
	}
	return true;
}

static void read_config(struct core *core)
{
	char path[OS_PATH_MAX];
	struct buf text;
	struct err err;
	unsigned wrong = 0;

	config_init(&core->config);
	(void)snprintf(path, sizeof path, core->run_dir ? "%.4000s/agent.conf" : CONFIG_FILE, core->run_dir);
	if (!os_file_read(path, CONFIG_MAX_BYTES, &text, &err)) {
		if (err.kind == ERR_ABSENT)
			return;
	} else if (config_parse(&core->config, buf_text(&text), text.size, &wrong, &err)) {
		buf_fini(&text);
		return;
	} else {
		err_wrap(&err, "%s", path);
		buf_fini(&text);
	}
	log_line(LOG_LEVEL_ERROR, "config", "%s; what is wrong is left out (%u lines)", err.text, wrong);
	(void)snprintf(core->config_fault, sizeof core->config_fault, "%.150s", err.text);
}

/* A journal that cannot be opened is never a reason not to watch: core goes on and says so. */
static void open_journal(struct core *core)
{
	char dir[OS_PATH_MAX], key[OS_PATH_MAX];
	bool made = false;
	struct err err;

	(void)snprintf(dir, sizeof dir, "%.4000s/journal", core->state_dir);
	(void)snprintf(key, sizeof key, "%.4000s/journal.key", core->state_dir);
	core->key = journal_key_open(&disk_real, key, &made, &err);
	if (!core->key)
		log_line(LOG_LEVEL_ERROR, "journal", "%s; heads are not signed", err.text);
	struct journal_options options = {.disk = &disk_real,
	                                  .dir = dir,
	                                  .key = core->key,
	                                  .size_bytes = core->config.journal_mib << 20,
	                                  .snapshot = state_snapshot,
	                                  .context = &core->state};
	clock_stamp(&options.stamp);
	core->journal = journal_open(&options, &err);
	if (!core->journal)
		log_line(LOG_LEVEL_ERROR, "journal", "%s; nothing is recorded", err.text);
	else if (!journal_replay(core->journal, state_replay, &core->state, &err))
		log_line(LOG_LEVEL_ERROR, "journal", "%s; everything is recorded anew", err.text);
}

static void record_start(struct core *core)
{
	(void)note(core, RECORD_start,
	           json_pack("{s:s, s:b, s:b}", "version", EPAGENT_VERSION, "after_stop", (int)core->state.stopped, "observe",
	                     (int)core->config.observe),
	           "start");
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

static void recover_journal(struct core *core)
{
	static int64_t tried_boot_ms;
	struct journal_state state;
	struct record_stamp stamp;
	struct err ignored;

	if (!core->journal || os_boot_ms() - tried_boot_ms < RECOVER_MS)
		return;
	tried_boot_ms = os_boot_ms();
	journal_state(core->journal, &state);
	clock_stamp(&stamp);
	if (state.health == JOURNAL_CANNOT_RECORD && journal_recover(core->journal, &stamp, &ignored)) {
		log_line(LOG_LEVEL_NOTICE, "journal", "recording goes on");
		trigger_at(&core->triggers, TRIGGER_JUDGE, os_boot_ms());
		cycle_soon(core);
	}
}

/* The loop turns, so this is reached: that is what the watchdog is told. */
static void on_heartbeat(void *data)
{
	struct core *core = data;
	int64_t watchdog = os_service_watchdog_ms();

	os_service_alive();
	note_settle(core, false);
	recover_journal(core);
	if (os_boot_ms() - core->head_at_boot_ms >= HEAD_MS)
		sign_head(core);
	os_timer_set(core->heartbeat, os_boot_ms() + (watchdog && watchdog < HEARTBEAT_MS ? watchdog : HEARTBEAT_MS));
}

static bool start(struct core *core, struct err *err)
{
	core->loop = os_loop_new(err);
	if (!core->loop)
		return false;
	open_journal(core);
	record_start(core);
	enforce_load(core);
	core->started_at = os_now_utc();
	core->head_at_boot_ms = os_boot_ms();
	if (!cycle_start(core, err))
		return false;
	holder_start(core);
	core->heartbeat = os_timer_new(core->loop, on_heartbeat, core, err);
	core->users = core->heartbeat ? user_open(core, err) : NULL;
	if (!core->users)
		return false;
	on_heartbeat(core);
	return true;
}

static void stop(struct core *core)
{
	user_close(core->users);
	cycle_stop(core);
	note_settle(core, true);
	(void)note(core, RECORD_stop, json_object(), "stop");
	sign_head(core);
	if (core->journal)
		journal_close(core->journal);
	journal_key_free(core->key);
	enforce_fini(&core->enforcer);
	state_fini(&core->state);
	holder_fini(&core->holder);
	os_source_free(core->heartbeat);
	os_loop_free(core->loop);
}

int main(int argc, char **argv)
{
	static struct core core;
	bool observe = false;
	struct err err = {ERR_NONE, ""};

	os_environment_clean();
	if (!read_arguments(&core, &observe, argc, argv)) {
		(void)fprintf(stderr, "epagentd: usage: epagentd [--run DIR] [--observe]\n");
		return 3;
	}
	os_state_dir(core.state_dir, core.run_dir);
	read_config(&core);
	core.config.observe = core.config.observe || observe;
	bool fine = state_init(&core.state) && os_folder_make(core.state_dir, 0700, &err) && start(&core, &err);
	if (fine) {
		os_service_ready();
		fine = os_loop_run(core.loop, &err);
		os_service_stopping();
	}
	if (!fine)
		log_line(LOG_LEVEL_ERROR, "core", "%s; ends", err.text);
	if (core.loop)
		stop(&core);
	return fine ? 0 : 1;
}
