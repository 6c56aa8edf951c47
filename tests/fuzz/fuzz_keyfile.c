/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/keyfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keyfile file = {(const char *)data, size};
	struct keyfile_walk walk;
	char value[16];

	if (keyfile_get(&file, "Desktop Entry", "Exec", value, sizeof value) && strlen(value) >= sizeof value)
		abort();
	keyfile_begin(&walk, file.text, file.size);
	while (keyfile_next(&walk))
		if (walk.key < file.text || walk.value + walk.value_size > file.text + file.size)
			abort();
	return 0;
}
