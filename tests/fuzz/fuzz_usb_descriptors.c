/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/usb_descriptors.h"

#include <string.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct usb_descriptors usb;
	struct err err;
	char digest[USB_DIGEST_SIZE];

	arena_init(&arena, 1u << 20);
	if (usb_descriptors_read(&usb, &arena, data, size, &err)) {
		usb_digest(&usb, digest);
		const char *text = usb_interfaces_text(&usb, &arena);
		bool shown = text && (strncmp(text, "08:", 3) == 0 || strstr(text, " 08:"));
		if (strlen(digest) != USB_DIGEST_SIZE - 1 || (text && usb_has_class(&usb, USB_CLASS_MASS_STORAGE) != shown))
			abort();
	}
	arena_fini(&arena);
	return 0;
}
