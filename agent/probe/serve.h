/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>

/*
 * Answers core's `look` on the socket that the service manager or the launcher passed under the name "probe". Each control is looked
 * at in a child of its own (platform/child.h), a few at a time, so that one that hangs is a `timeout` and the others answer.
 * Returns true when nobody has asked for a while: the socket starts the program again.
 */
bool probe_serve(struct err *err);
