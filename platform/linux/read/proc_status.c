/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/proc_status.h"

#include <stdio.h>
#include <string.h>

/* What follows "Key:" on its own line. Lines of the kernel's making: a name with a newline is shown with \n. */
static const char *find(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0)
			return line + length;
	}
	return NULL;
}

bool proc_status_read(struct proc_status *status, const char *text, size_t size, struct err *err)
{
	char copy[4096], state;
	long long real, effective;
	unsigned outer, inner;

	if (size >= sizeof copy || memchr(text, '\0', size))
		return err_set(err, ERR_INVALID, "not a process's status");
	memcpy(copy, text, size);
	copy[size] = '\0';
	const char *state_at = find(copy, "State:"), *uid_at = find(copy, "Uid:"), *pids = find(copy, "NSpid:");
	if (!state_at || !uid_at || sscanf(state_at, " %c", &state) != 1 || sscanf(uid_at, "%lld %lld", &real, &effective) != 2)
		return err_set(err, ERR_INVALID, "not a process's status");
	*status = (struct proc_status){.state = state, .uid = effective};
	if (pids) {
		char line[128];
		(void)snprintf(line, sizeof line, "%.*s", (int)strcspn(pids, "\n"), pids);
		status->nested = sscanf(line, "%u %u", &outer, &inner) == 2;
	}
	return true;
}

const char *proc_option(const char *text, size_t size, const char *name, char letter)
{
	size_t length = strlen(name);

	for (const char *at = text, *end = text + size, *next; at < end; at = next) {
		next = at + strlen(at) + 1;
		const char *value = next < end ? next : NULL;
		if (strncmp(at, "--", 2) == 0 && strncmp(at + 2, name, length) == 0) {
			if (at[2 + length] == '=')
				return at + 3 + length;
			if (at[2 + length] == '\0')
				return value;
		}
		if (letter && at[0] == '-' && at[1] == letter)
			return at[2] ? at + 2 : value;
	}
	return NULL;
}
