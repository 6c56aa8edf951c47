/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3): does nothing where NOTIFY_SOCKET is not set. */
#include "base/attr.h"
#include "platform/os.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

extern char **environ;

/* What systemd or the launcher tells a service. OPENSSL_CONF, locale paths, PATH and the like come from whoever started us by hand. */
static const char *const kept[] = {"LISTEN_PID=",   "LISTEN_FDS=",    "LISTEN_FDNAMES=", "NOTIFY_SOCKET=",
                                   "WATCHDOG_PID=", "WATCHDOG_USEC=", "JOURNAL_STREAM=", "INVOCATION_ID="};

static bool is_kept(const char *entry)
{
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (strncmp(entry, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

void os_environment_clean(void)
{
	char *left[ARRAY_LEN(kept) + 1] = {NULL};
	size_t count = 0;

	for (char **entry = environ; entry && *entry; entry++)
		if (is_kept(*entry) && count < ARRAY_LEN(kept))
			left[count++] = *entry;
	(void)clearenv();
	for (size_t i = 0; i < count; i++)
		(void)putenv(left[i]);
}

void os_service_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void os_service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

int64_t os_service_watchdog_ms(void)
{
	uint64_t usec = 0;

	/* Half of what it tolerates, as sd_watchdog_enabled(3) advises. */
	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 2000) : 0;
}

void os_service_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}
