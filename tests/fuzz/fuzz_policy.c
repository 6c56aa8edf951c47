/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's JSON: what loads is printed, loads again and prints the same. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(policy_fini) struct policy policy, again;
	AUTO(buf_fini) struct buf first, second;
	struct err err;

	policy_init(&policy);
	policy_init(&again);
	buf_init(&first, 4 * POLICY_MAX_BYTES);
	buf_init(&second, 4 * POLICY_MAX_BYTES);
	if (!policy_parse(&policy, (const char *)data, size, &err))
		return 0;
	policy_print(&first, &policy);
	if (first.size > POLICY_MAX_BYTES) /* its defaults made it too large: epctl would have said so */
		return 0;
	if (!policy_parse(&again, buf_text(&first), first.size, &err))
		abort();
	policy_print(&second, &again);
	if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
		abort();
	return 0;
}
