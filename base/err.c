/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[ERR_NONE] = "none",     [ERR_INVALID] = "invalid", [ERR_ABSENT] = "absent", [ERR_UNSUPPORTED] = "unsupported",
	[ERR_DENIED] = "denied", [ERR_LIMIT] = "limit",     [ERR_IO] = "io",
};

const char *err_kind_name(enum err_kind kind)
{
	return kind_names[kind];
}

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	err->kind = kind;
	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	return false;
}

static enum err_kind kind_of_errno(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return ERR_ABSENT;
	case EACCES:
	case EPERM:
	case EXDEV:
	case ELOOP:
		return ERR_DENIED;
	case EFBIG:
	case ENOMEM:
	case EMFILE:
	case ENOSPC:
		return ERR_LIMIT;
	case ENOSYS:
	case EOPNOTSUPP:
	case ENOTTY:
		return ERR_UNSUPPORTED;
	default:
		return ERR_IO;
	}
}

bool err_errno(struct err *err, int number, const char *fmt, ...)
{
	char context[sizeof err->text];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(context, sizeof context, fmt, args);
	va_end(args);
	return err_set(err, kind_of_errno(number), "%.*s: %s", 220, context, strerror(number));
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
	char text[sizeof err->text], context[sizeof err->text];
	va_list args;

	(void)snprintf(text, sizeof text, "%s", err->text);
	va_start(args, fmt);
	(void)vsnprintf(context, sizeof context, fmt, args);
	va_end(args);
	return err_set(err, err->kind, "%.*s: %.*s", 140, context, 176, text);
}
