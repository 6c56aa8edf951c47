/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/passwd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct passwd_file passwd;
	struct uid_ranges ranges;
	struct err err;

	arena_init(&arena, 1u << 20);
	if (passwd_parse(&passwd, &arena, (const char *)data, size, &err))
		for (size_t i = 0; i < passwd.count; i++)
			if (!passwd_find(&passwd, passwd.items[i].uid))
				abort();
	(void)passwd_parse_subuid(&ranges, &arena, (const char *)data, size, &err);
	arena_fini(&arena);
	return 0;
}
