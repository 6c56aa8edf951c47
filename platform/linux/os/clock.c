/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/clock.h"

#include "base/hex.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* /proc/sys/kernel/random/boot_id: a UUID as text, new at every boot. */
static void read_boot_id(uint8_t out[RECORD_BOOT_ID_SIZE])
{
	char text[64] = "", digits[2 * RECORD_BOOT_ID_SIZE + 1] = "";
	size_t count = 0;

	int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return;
	ssize_t got = read(file, text, sizeof text - 1);
	close(file);
	for (ssize_t i = 0; i < got && count < sizeof digits - 1; i++)
		if (text[i] != '-' && text[i] != '\n')
			digits[count++] = text[i];
	if (!hex_parse(out, RECORD_BOOT_ID_SIZE, digits))
		memset(out, 0, RECORD_BOOT_ID_SIZE);
}

/* systemd-timesyncd.service(8): touched at each synchronisation. For where adjtimex is refused: the unit's ProtectClock= refuses even to
 * read by it. Other clock services leave no such mark; then it is not known. */
static enum clock_state ask_timesyncd(void)
{
	struct stat info;

	return stat("/run/systemd/timesync/synchronized", &info) == 0 ? CLOCK_SYNCHRONISED : CLOCK_UNKNOWN;
}

void clock_stamp(struct record_stamp *out)
{
	static uint8_t boot_id[RECORD_BOOT_ID_SIZE];
	static bool known;
	struct timex state = {0};

	if (!known)
		read_boot_id(boot_id);
	known = true;
	*out = (struct record_stamp){.at_ms = now_ms(CLOCK_REALTIME), .boot_ms = (uint64_t)now_ms(CLOCK_BOOTTIME)};
	memcpy(out->boot_id, boot_id, sizeof boot_id);
	int result = adjtimex(&state);
	out->clock = result < 0 ? ask_timesyncd() : result == TIME_ERROR || (state.status & STA_UNSYNC) ? CLOCK_FREE : CLOCK_SYNCHRONISED;
}
