/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* What an installed agent consists of besides its files, as the operating system's own tools see it. For `epagent doctor`. */
#define INSTALLED_WORD_MAX 32

/* The state of a service in the service manager's word ("active", "failed"); true if it is as a running agent has it.
 * UNSUPPORTED: no service manager runs here. INVALID: `word` says how it is instead. */
bool installed_service(const char *name, char word[INSTALLED_WORD_MAX], struct err *err);

/* The system's account of that name. ABSENT: there is none. */
bool installed_user(const char *name, struct err *err);

/* The services and accounts of this platform, each list ended by NULL. */
extern const char *const installed_services[];
extern const char *const installed_users[];
