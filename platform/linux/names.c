/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void names_fini(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct names){NULL, 0};
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool names_add(struct names *names, const char *name)
{
	char **moved = realloc(names->items, (names->count + 1) * sizeof *moved);

	if (moved)
		names->items = moved;
	char *copy = moved ? strdup(name) : NULL;
	if (!copy)
		return false;
	names->items[names->count++] = copy;
	return true;
}

bool names_read(int fd, const char *path, size_t max_names, struct names *out, struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct names names = {NULL, 0};
	bool fits = true;

	if (!dir) {
		err_errno(err, errno, "%s", path);
		(void)close(fd);
		return false;
	}
	for (const struct dirent *entry; fits && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			fits = names.count < max_names && names_add(&names, entry->d_name);
	(void)closedir(dir);
	if (!fits) {
		names_fini(&names);
		return err_set(err, ERR_LIMIT, "%s holds more than %zu names", path, max_names);
	}
	if (names.count)
		qsort(names.items, names.count, sizeof *names.items, by_bytes);
	*out = names;
	return true;
}
