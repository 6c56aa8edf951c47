/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/attr.h"

#include <stdbool.h>

/*
 * Errors, by value. A function that can fail returns bool and takes `struct err *err` last (never NULL).
 * On false, `err` says what happened: a meaning that callers branch on, and a sentence for people, with the
 * outermost context first ("policy x.yaml: line 3: ..."). On true, `err` is untouched, and so are no output
 * parameters on false.
 */
enum err_kind {
	ERR_NONE,
	ERR_INVALID,     /* the input is not what its format demands */
	ERR_ABSENT,      /* there is no such thing */
	ERR_UNSUPPORTED, /* this PC or this build cannot do it */
	ERR_DENIED,      /* the caller may not */
	ERR_LIMIT,       /* larger, deeper or more than we are willing to take */
	ERR_IO           /* the system failed to read, write or connect */
};

struct err {
	enum err_kind kind;
	char text[320];
};

/* Sets meaning and text; always returns false, so that `return err_set(...)` reads well. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same from an errno value: ENOENT and ENOTDIR are ABSENT, EACCES, EPERM, EXDEV and ELOOP DENIED, EFBIG, ENOMEM,
 * EMFILE and ENOSPC LIMIT, ENOSYS, EOPNOTSUPP and ENOTTY UNSUPPORTED, all else IO. Appends the system's text. */
bool err_errno(struct err *err, int number, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts context in front of the text: "<context>: <text>". Keeps the meaning. Always returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "invalid", "absent", ... for evidence and records. */
const char *err_kind_name(enum err_kind kind);
