/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plasma's lock, set: a closed group [Daemon] at the top of /etc/xdg/kscreenlockerrc, then what the file held before, without its own
 * [Daemon]: a group is closed only after its file, so Timeout[ja]= further down in it would still win (tried).
 */
#include "base/text.h"
#include "platform/linux/own.h"
#include "platform/linux/screen_lock_set.h"

#include <stdio.h>
#include <string.h>

#define KDE_FILE "/etc/xdg/kscreenlockerrc"
#define BEGIN    "# epagent: begin\n"
#define END      "# epagent: end\n"

/* What others have in it: without our own lines. */
static const char *others(const char *text)
{
	const char *end = text_starts(text, BEGIN) ? strstr(text, END) : NULL;

	return end ? end + strlen(END) : text;
}

/* Before its first group a file can only close itself; any other entry would fall into ours. */
static bool begins_with_group(const char *text)
{
	while (*text) {
		text += strspn(text, " \t\r\n");
		if (*text != '#')
			break;
		text += strcspn(text, "\n");
	}
	return *text == '\0' || *text == '[';
}

static bool is_daemon(const char *header, size_t size)
{
	static const char name[] = "[Daemon]";
	size_t length = sizeof name - 1;

	return size >= length && memcmp(header, name, length) == 0 &&
	       (size < length + 2 || memcmp(header + length, "[$", 2) == 0 || header[length] != '[');
}

static void add_others(struct buf *out, const char *text)
{
	bool skip = false;

	while (*text) {
		size_t size = strcspn(text, "\n"), blank = strspn(text, " \t\r");
		if (text[blank] == '[')
			skip = is_daemon(text + blank, size - blank);
		size += text[size] == '\n';
		if (!skip)
			buf_append(out, text, size);
		text += size;
	}
}

bool lock_kde_set(const struct host *host, int64_t seconds, struct err *err)
{
	struct buf now, text;
	bool good = true;

	if (seconds < 60)
		return err_set(err, ERR_UNSUPPORTED, "Plasma cannot lock sooner than after a minute");
	buf_init(&now, 1);
	if (!host_read(host, KDE_FILE, 256u << 10, &now, NULL, err) && err->kind != ERR_ABSENT)
		return false;
	buf_init(&text, 300u << 10);
	buf_printf(&text, BEGIN "[Daemon][$i]\nAutolock=true\nTimeout=%lld\nLockGrace=0\nLock=true\nRequirePassword=true\n" END,
	           (long long)(seconds / 60));
	add_others(&text, others(buf_text(&now)));
	if (!begins_with_group(others(buf_text(&now))))
		good = err_set(err, ERR_INVALID, KDE_FILE " has entries before its first group");
	else if (text.failed)
		good = err_set(err, ERR_LIMIT, KDE_FILE " is too large");
	good = good && own_set(host, KDE_FILE, text.data, text.size, 0644, err);
	buf_fini(&now);
	buf_fini(&text);
	return good;
}

bool lock_kde_withdraw(const struct host *host, struct err *err)
{
	return own_withdraw(host, KDE_FILE, err);
}
