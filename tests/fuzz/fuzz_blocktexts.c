/* SPDX-License-Identifier: Apache-2.0 */
/* sysfs' small texts about block devices, and the kernel's command line. */
#include "platform/linux/read/block.h"
#include "platform/linux/read/cmdline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), type[BLOCK_NAME_SIZE], value[32];
	struct block_place place;
	struct resume resume;
	unsigned major, minor;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	(void)block_dm_kind(text, type);
	if (block_place_of_link(text, &place) && !block_name_is_sound(place.name))
		__builtin_trap();
	(void)block_device_number(text, &major, &minor);
	block_read_resume(text, &resume);
	if (resume.kind == RESUME_PATH && (strncmp(resume.path, "/dev/", 5) != 0 || strstr(resume.path, "/../")))
		__builtin_trap();
	(void)cmdline_value(text, "resume", value, sizeof value);
	(void)cmdline_has(text, "noresume");
	(void)cmdline_assignment(text, "RESUME", value, sizeof value);
	free(text);
	return 0;
}
