/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/swaps.h"

#include "base/text.h"
#include "platform/linux/read/mountinfo.h"

#include <string.h>

#define DELETED " (deleted)" /* d_path's mark on a file that has no name any more but is still used */

/* mm/swapfile.c, swap_show(): the path, at least one blank, "partition" or "file", tabs, numbers. */
static bool read_line(const char *line, size_t length, struct swap *swap)
{
	size_t path = 0, at;

	while (path < length && line[path] != ' ' && line[path] != '\t')
		path++;
	for (at = path; at < length && (line[at] == ' ' || line[at] == '\t');)
		at++;
	if (path == 0 || path >= sizeof swap->path || line[0] != '/' || memchr(line, '\0', path))
		return false;
	swap->is_file = length - at >= 4 && memcmp(line + at, "file", 4) == 0;
	if (!swap->is_file && !(length - at >= 9 && memcmp(line + at, "partition", 9) == 0))
		return false;
	memcpy(swap->path, line, path);
	swap->path[path] = '\0';
	if (!mount_unescape(swap->path))
		return false;
	if (text_ends(swap->path, DELETED))
		swap->path[strlen(swap->path) - strlen(DELETED)] = '\0';
	return true;
}

bool swaps_read(struct swaps *swaps, const char *text, size_t size, struct err *err)
{
	static const char heading[] = "Filename";

	swaps->count = swaps->broken = 0;
	if (size < sizeof heading || memcmp(text, heading, sizeof heading - 1) != 0)
		return err_set(err, ERR_INVALID, "the list of swaps does not begin with its heading");
	for (size_t at = 0, number = 0; at < size; number++) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - text) - at : size - at;
		const char *line = text + at;
		at += length + 1;
		if (number == 0 || length == 0)
			continue;
		if (swaps->count == SWAPS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d swaps", SWAPS_MAX);
		if (read_line(line, length, &swaps->items[swaps->count]))
			swaps->count++;
		else
			swaps->broken++;
	}
	return true;
}
