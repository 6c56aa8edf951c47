/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/crypttab. */
#include "platform/linux/read/crypttab.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct crypttab_entry entry;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (crypttab_find(text, "root", &entry) && entry.key[0] && entry.key[0] != '/')
		__builtin_trap();
	free(text);
	return 0;
}
