/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/lenient_json.h"

#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err;
	AUTO(json_drop) json_t *strict = json_parse(text, size, &err);
	AUTO(json_drop) json_t *firefox = lenient_json_parse(JSON_FIREFOX, text, size, &err);
	AUTO(json_drop) json_t *chromium = lenient_json_parse(JSON_CHROMIUM, text, size, &err);

	/* Both dialects take all that the strict reader takes, but for a NUL between tokens, which jansson passes over. */
	if (strict && (!firefox || !chromium) && !memchr(text, '\0', size))
		abort();
	return 0;
}
