/* SPDX-License-Identifier: Apache-2.0 */
/* A report from anybody, shown to a person: whatever it holds, only printable characters and line ends reach the terminal. */
#include "agent/cli/show_text.c"
#include "agent/cli/width.c"
#include "agent/cli/words.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const json_t *report, const struct show_style *style)
{
	struct buf text;

	buf_init(&text, 32u << 20);
	show_text(&text, report, style);
	for (size_t i = 0; i < text.size; i++)
		if (((unsigned char)text.data[i] < 0x20 && text.data[i] != '\n') || text.data[i] == 0x7f)
			abort();
	if (!text.failed && !text_is_utf8(buf_text(&text), text.size))
		abort();
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	json_t *report = size < 65536 ? json_parse((const char *)data, size, &err) : NULL;

	if (!report)
		return 0;
	look(report, &(struct show_style){.language = LANGUAGE_EN, .verbose = true, .columns = 100});
	look(report, &(struct show_style){.language = LANGUAGE_JA, .verbose = false, .columns = 20});
	json_decref(report);
	return 0;
}
