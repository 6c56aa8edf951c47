/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void close_file(FILE **file)
{
	if (*file && *file != stdin)
		(void)fclose(*file);
}

bool cli_read_file(const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
	AUTO(close_file) FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	char chunk[8192];
	size_t got;

	if (!file)
		return err_errno(err, errno, "cannot open %s", path);
	buf_fini(out);
	buf_init(out, max_bytes);
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		buf_append(out, chunk, got);
	if (ferror(file))
		return err_errno(err, errno, "cannot read %s", path);
	if (out->failed)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
	return true;
}

bool cli_print(const struct buf *text, struct err *err)
{
	if (text->failed)
		return err_set(err, ERR_LIMIT, "the answer is too large to be shown; ask with --json");
	if (fwrite(buf_text(text), 1, text->size, stdout) != text->size || fflush(stdout) != 0)
		return err_errno(err, errno, "cannot write to standard output");
	return true;
}
