/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/attr.h"

/*
 * One line to standard error, with systemd's <N> level prefix when standard error is the journal. Only daemons log,
 * once, where the error is handled, and the line says what happens next. Control characters are never written.
 */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6 };

/* `topic` is the module: "cycle", "journal". */
void log_line(enum log_level level, const char *topic, const char *fmt, ...) PRINTF_LIKE(3, 4);
