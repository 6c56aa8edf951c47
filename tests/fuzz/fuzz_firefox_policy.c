/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/firefox_policy.h"

#include "platform/linux/password_memory_merge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever stands in the file: what we merge into it is off and locked, and twice is once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firefox_logins before, after;
	struct firefox_wish wish = {.holder = "firefox", .on = false};
	AUTO(buf_fini) struct buf text = {.data = NULL}, once = {.data = NULL}, twice = {.data = NULL};
	struct err err;

	(void)firefox_policy_read((const char *)data, size, &before, &err);
	buf_init(&text, size + 1);
	buf_append(&text, data, size);
	if (!firefox_merge(&text, &wish, &once, &err))
		return 0;
	if (!firefox_policy_read(once.data, once.size, &after, &err) || after.value || !after.locked)
		abort();
	if (!firefox_merge(&once, &wish, &twice, &err) || once.size != twice.size || memcmp(once.data, twice.data, once.size) != 0)
		abort();
	return 0;
}
