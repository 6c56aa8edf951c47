/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to a policy, or to what is wrong with it. */
#include "server/ctl/ctl.h"
#include "server/yaml.h"

#include <errno.h>

static bool read_file(struct buf *out, const char *path, struct err *err)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return err_errno(err, errno, "%s", path);
	for (;;) {
		char *room = buf_reserve(out, 4096);
		size_t size = room ? fread(room, 1, 4096, file) : 0;
		out->size += size;
		if (size == 0)
			break;
	}
	bool failed = ferror(file) != 0;
	(void)fclose(file);
	if (failed)
		return err_set(err, ERR_IO, "%s: cannot be read", path);
	return true;
}

bool ctl_policy_load(struct policy *policy, const char *path, struct complaints *complaints, struct err *err)
{
	AUTO(arena_fini) struct arena scratch;
	AUTO(buf_fini) struct buf text, json;

	arena_init(&scratch, 16u << 20);
	buf_init(&text, POLICY_MAX_BYTES + 8192);
	buf_init(&json, POLICY_MAX_BYTES);
	if (!read_file(&text, path, err))
		return false;
	if (text.failed) {
		complaints_add(complaints, 0, "the file is larger than %u KiB", POLICY_MAX_BYTES >> 10);
		return false;
	}
	const struct node *root = yaml_parse(&scratch, buf_text(&text), text.size, complaints);
	if (!root || !policy_read(policy, root, complaints))
		return false;
	/* With its defaults written out it must still be small enough for a PC to load. */
	policy_print(&json, policy);
	if (json.failed)
		complaints_add(complaints, 0, "the policy's JSON would be larger than %u KiB", POLICY_MAX_BYTES >> 10);
	return !json.failed;
}
