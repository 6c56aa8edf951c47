/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/clamd_conf.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct clamd_conf conf;
	struct clamd_paths paths = {NULL, 0};
	struct err err;

	arena_init(&arena, 1u << 20);
	if (clamd_conf_read(&conf, &arena, (const char *)data, size, &err) && conf.include.count == 0 && !clamd_conf_covers_nothing(&conf))
		abort();
	(void)clamd_paths_read(&paths, &arena, (const char *)data, size, &err);
	if (paths.count > CLAMD_CONF_PATHS)
		abort();
	arena_fini(&arena);
	return 0;
}
