/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3): does nothing where NOTIFY_SOCKET is not set. */
#include "platform/os.h"

#include <systemd/sd-daemon.h>

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
