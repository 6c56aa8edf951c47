/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epagentd: core. Watches, judges, enforces, records; answers on the user socket. What it does in which order is in agent/cycle.c.
 *   epagentd [--run DIR] [--observe]     DIR: sockets and state of an agent that is not installed. --observe: enforces nothing.
 */
#include "agent/answer.h"
#include "agent/core.h"
#include "agent/cycle.h"
#include "agent/keeper.h"
#include "agent/user.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_FILE "/etc/epagent/agent.conf"

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

static bool start(struct core *core, struct err *err)
{
	core->loop = os_loop_new(err);
	/* First: started by hand, without its socket, it ends and leaves nothing. */
	core->users = core->loop ? user_open(core, err) : NULL;
	if (!core->users || !os_folder_make(core->state_dir, 0700, err))
		return false;
	keeper_open(core);
	enforce_load(core);
	core->started_at = os_now_utc();
	if (!cycle_start(core, err))
		return false;
	holder_start(core);
	return keeper_start(core, err);
}

static void stop(struct core *core)
{
	user_close(core->users);
	cycle_stop(core);
	keeper_stop(core);
	enforce_fini(&core->enforcer);
	state_fini(&core->state);
	holder_fini(&core->holder);
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
	bool fine = state_init(&core.state) && start(&core, &err);
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
