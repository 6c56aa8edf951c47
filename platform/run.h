/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * One of our own programs is started and its answer collected: no shell, no search by PATH, a limit on the time and on the
 * bytes. Part of the seam for daemons and command-line programs; each platform has its own file.
 */
#define RUN_PATH_MAX  4096
#define RUN_ERROR_MAX 256 /* of what the program says on standard error, the last line is kept */

struct run_limits {
	unsigned timeout_ms; /* from start to end; then the program is killed */
	size_t max_bytes;    /* of its answer; one more and the program is killed */
};

struct run_answer {
	struct buf out;            /* standard output; initialised by run_program, freed by run_answer_fini */
	int status;                /* exit status; 128 + signal if it was killed by one */
	char error[RUN_ERROR_MAX]; /* printable; "" if it said nothing */
};

/* The path of our program `name` ("epagent-probe"): beside the running program, else where packages put it. ABSENT with both
 * places in the text. `out` holds RUN_PATH_MAX bytes. */
bool run_find(char *out, const char *name, struct err *err);

/* Runs argv[0] (a path) with exactly these arguments, standard input empty, and waits. True once it ended by itself with exit
 * status `status`, whatever that is. False: it could not be started (ABSENT, DENIED, IO), ran too long or answered too much
 * (LIMIT), and it is gone. `answer` needs run_answer_fini in both cases. */
bool run_program(const char *const *argv, struct run_limits limits, struct run_answer *answer, struct err *err);

void run_answer_init(struct run_answer *answer);
void run_answer_fini(struct run_answer *answer);

/* True if standard output is a terminal; *columns becomes its width where that is known. */
bool run_at_terminal(unsigned *columns);
