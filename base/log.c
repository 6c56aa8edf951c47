/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void log_line(enum log_level level, const char *topic, const char *fmt, ...)
{
	char text[512], shown[600];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	text_printable(shown, sizeof shown, text, strlen(text), sizeof text);
	if (getenv("JOURNAL_STREAM"))
		(void)fprintf(stderr, "<%d>%s: %s\n", level, topic, shown);
	else
		(void)fprintf(stderr, "%s: %s\n", topic, shown);
}
