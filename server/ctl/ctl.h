/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/policy.h"

#include <stdio.h>

/* epctl: subcommands, one file each; main.c has their table. */

enum ctl_exit { CTL_OK = 0, CTL_FOUND = 1, CTL_FAILED = 3 }; /* FOUND: the command worked and found something wrong */

struct ctl_command {
	const char *group, *name; /* "policy", "lint" */
	const char *arguments, *about;
	enum ctl_exit (*run)(int argc, char **argv, struct err *err); /* argv[0] is the first after the name; FAILED sets err */
};

enum ctl_exit ctl_policy_lint(int argc, char **argv, struct err *err);
enum ctl_exit ctl_policy_build(int argc, char **argv, struct err *err);
enum ctl_exit ctl_policy_sign(int argc, char **argv, struct err *err);
enum ctl_exit ctl_keys_new(int argc, char **argv, struct err *err);

/* A reader never sees half a file: written beside it, then renamed. A device, pipe or link is written to, not replaced. */
bool ctl_write(const char *path, const struct buf *bytes, struct err *err);

/* A policy as people write it. False: it could not be read (err), or there are complaints (err untouched, kind NONE). */
bool ctl_policy_load(struct policy *policy, const char *path, struct complaints *complaints, struct err *err);
void ctl_complain(FILE *to, const char *path, const struct complaints *complaints);
