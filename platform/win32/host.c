/* SPDX-License-Identifier: Apache-2.0 */
/* The PC as Windows probes see it: the registry and the system's interfaces. There is no machine in a folder here; what a Windows PC says is
 * recorded as facts (epagent-probe) and judged anywhere (epagent check --facts). */
#include "platform/host.h"

#include <stdlib.h>
#include <string.h>

struct host {
	int64_t now_utc;
	char *state_dir;
};

struct host *host_new(const char *root_dir, const char *state_dir, int64_t now_utc, struct err *err)
{
	if (root_dir) {
		err_set(err, ERR_UNSUPPORTED, "--root is not there on Windows: record the PC with epagent-probe and judge it with --facts");
		return NULL;
	}
	struct host *host = calloc(1, sizeof *host);
	if (host)
		*host = (struct host){.now_utc = now_utc, .state_dir = state_dir ? strdup(state_dir) : NULL};
	if (!host || (state_dir && !host->state_dir)) {
		free(host);
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	return host;
}

void host_free(struct host *host)
{
	if (host)
		free(host->state_dir);
	free(host);
}

void host_drop(struct host **host)
{
	host_free(*host);
	*host = NULL;
}

bool host_is_live(const struct host *host)
{
	(void)host;
	return true;
}

int64_t host_now_utc(const struct host *host)
{
	return host->now_utc;
}

/* Files are no source of truth here: what the probes of Windows read is the registry and the system's interfaces. */
bool host_info(const struct host *host, const char *path, struct file_info *info, struct err *err)
{
	(void)host;
	(void)info;
	return err_set(err, ERR_UNSUPPORTED, "%s: files are not looked at on Windows", path);
}

const char *host_state_dir(const struct host *host)
{
	return host->state_dir;
}
