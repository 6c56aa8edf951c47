/* SPDX-License-Identifier: Apache-2.0 */
/* The policy as people write it: what lint accepts, a PC must load. What it does not, it must say something about. */
#include "policy/policy.h"
#include "server/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(policy_fini) struct policy policy, loaded;
	AUTO(complaints_fini) struct complaints complaints;
	AUTO(arena_fini) struct arena arena;
	AUTO(buf_fini) struct buf json;
	struct err err;

	policy_init(&policy);
	policy_init(&loaded);
	complaints_init(&complaints);
	arena_init(&arena, 16u << 20);
	buf_init(&json, POLICY_MAX_BYTES);
	const struct node *root = yaml_parse(&arena, (const char *)data, size, &complaints);
	if (!root || !policy_read(&policy, root, &complaints)) {
		if (complaints.count == 0)
			abort();
		return 0;
	}
	policy_print(&json, &policy);
	if (!json.failed && !policy_parse(&loaded, buf_text(&json), json.size, &err))
		abort();
	return 0;
}
