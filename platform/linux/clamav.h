/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "platform/host.h"
#include "platform/linux/process.h"
#include "platform/linux/read/clamd_conf.h"
#include "policy/fact.h"

/* ClamAV on this PC: which programs there are, how clamd is configured, and what it answers. Shared by the antivirus controls. */

#define CLAMAV_WAIT_MS    5000
#define CLAMAV_ANSWER_MAX 256

struct clamav {
	struct arena arena;
	const char *daemon;  /* clamd's program file; NULL: not installed */
	const char *scanner; /* clamscan's; NULL: not installed */
	const char *conf_path;
	struct clamd_conf conf;
	struct file_info conf_info;
	struct err conf_err;    /* ERR_NONE: conf was read */
	bool processes_seen;    /* else process_err */
	struct process process; /* clamd */
	struct err process_err;
};

void clamav_init(struct clamav *clamav);
void clamav_fini(struct clamav *clamav);

/* False if neither program is there. */
bool clamav_find(struct clamav *clamav, const struct host *host);

/* From here on the settings are those that `process` (clamonacc) was started with; no more questions to clamd. */
bool clamav_follow(struct clamav *clamav, const struct host *host, const struct process *process, struct err *err);

/* One question to clamd ("PING", "VERSION") and its answer, without the end of the line. */
struct clamav_talk {
	const char *command;
	char answer[CLAMAV_ANSWER_MAX];
	struct facts *facts; /* what was tried goes into the evidence of `fact` */
	struct fact *fact;
};

/* Over the UNIX socket, within 5 s, and only if root or the user of clamd.conf listens there. NULL if it answered, or the word that
 * says why not: no_configuration, configuration_not_read, tcp_only, not_running, socket_denied, peer_refused, no_answer, not_live. */
const char *clamav_ask(const struct clamav *clamav, const struct host *host, struct clamav_talk *talk);
