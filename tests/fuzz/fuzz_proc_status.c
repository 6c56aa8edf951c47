/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/proc_status.h"

#include <string.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_status status;
	struct err err;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	(void)proc_status_read(&status, text, size, &err);
	const char *value = proc_option(text, size, "config-file", (char)0x63);
	if (value && (value < text || value > text + size))
		abort();
	free(text);
	return 0;
}
