/* SPDX-License-Identifier: Apache-2.0 */
/* The commands' side of platform/os.h. The agent's processes do not run on Windows yet, so there is nobody to connect to, and a command that
 * asks the running agent says so; `epagent check` needs no agent. */
#include "platform/os.h"

#include <stdio.h>
#include <time.h>
#include <windows.h>

int64_t os_boot_ms(void)
{
	return (int64_t)GetTickCount64();
}

int64_t os_now_utc(void)
{
	return (int64_t)time(NULL);
}

void os_socket_path(char out[OS_PATH_MAX], const char *run_dir, const char *name)
{
	(void)snprintf(out, OS_PATH_MAX, "%s\\%s", run_dir ? run_dir : "\\\\.\\pipe\\epagent", name);
}

void os_state_dir(char out[OS_PATH_MAX], const char *run_dir)
{
	(void)snprintf(out, OS_PATH_MAX, "%s\\state", run_dir ? run_dir : "C:\\ProgramData\\epagent");
}

static bool no_agent(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "the agent does not run on Windows yet; epagent check looks and judges without it");
}

int os_connect(const char *run_dir, const char *name, struct err *err)
{
	(void)run_dir;
	(void)name;
	no_agent(err);
	return -1;
}

long os_read(int fd, void *bytes, size_t size, struct err *err)
{
	(void)fd;
	(void)bytes;
	(void)size;
	no_agent(err);
	return OS_FAILED;
}

long os_write(int fd, const void *bytes, size_t size, struct err *err)
{
	(void)fd;
	(void)bytes;
	(void)size;
	no_agent(err);
	return OS_FAILED;
}

bool os_wait(int fd, int events, int64_t until_boot_ms, struct err *err)
{
	(void)fd;
	(void)events;
	(void)until_boot_ms;
	return no_agent(err);
}

void os_close(int *fd)
{
	*fd = -1;
}
