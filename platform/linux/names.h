/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/host.h"

/* The names in an open folder, as host_list gives them. Takes `fd`. */
bool names_read(int fd, const char *path, size_t max_names, struct names *out, struct err *err);
