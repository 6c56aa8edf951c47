/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/config.h"
#include "agent/enforce.h"
#include "agent/holder.h"
#include "agent/journal.h"
#include "agent/note.h"
#include "agent/state.h"
#include "agent/trigger.h"
#include "platform/os.h"

struct probe_client;
struct user_socket;

/* epagentd as one value. The straight line through it is cycle.c. */
struct core {
	const char *run_dir; /* NULL: installed */
	char state_dir[OS_PATH_MAX];
	struct config config;
	char config_fault[160]; /* the first wrong line of agent.conf; "" if there is none */

	struct os_loop *loop;
	struct os_watches *watches;
	struct os_source *timer;     /* the cycle's */
	struct os_source *heartbeat; /* the keeper's */
	struct trigger_set triggers;

	struct journal *journal;
	struct journal_key *key;
	struct note_limits note_limits;
	struct state state;
	struct holder holder;
	struct enforcer enforcer;
	struct probe_client *probe;
	struct user_socket *users;
	int64_t started_at;         /* UTC */
	int64_t head_at_boot_ms;    /* when the last head was signed */
	int64_t beat_at_boot_ms;    /* the heartbeat's timer */
	int64_t recover_at_boot_ms; /* the journal, if it does not record */
};
