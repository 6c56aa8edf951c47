/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* /proc/PID/status, as far as it tells whose process it is and whether it can run (proc(5)). */
struct proc_status {
	char state;  /* R, S, D, I: alive; T, t: stopped; Z, X: dead */
	int64_t uid; /* the effective one */
	bool nested; /* it lives in a container: it has a second number in an inner pid namespace */
};

bool proc_status_read(struct proc_status *status, const char *text, size_t size, struct err *err);

/* Arguments of /proc/PID/cmdline, each ended by a NUL: the value of `--name=VALUE`, `--name VALUE`, `-n VALUE` or `-nVALUE`; NULL if
 * there is none. `letter` 0: the option has no short form. Points into `text`, which must end in a NUL. */
const char *proc_option(const char *text, size_t size, const char *name, char letter);
