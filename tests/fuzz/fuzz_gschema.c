/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/gschema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct gschema_key keys[] = {{"org.gnome.desktop.session", "idle-delay"},
	                                          {"org.gnome.desktop.screensaver", "lock-enabled"},
	                                          {"org.gnome.desktop.screensaver", ".path"}};
	static const char *const desktops[] = {"ubuntu", "GNOME", "", NULL};
	struct gschema_default out;
	struct gvdb_table root;
	struct err err;

	if (gvdb_open(&root, data, size, &err))
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			(void)gschema_get(&out, &root, &keys[i], desktops, &err);
	return 0;
}
