/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Words of the kernel's command line (/proc/cmdline; Documentation/admin-guide/kernel-parameters.rst). */

/* The value of the last "name=value"; quotes around the value or the word are taken away. false: absent or longer than `out`. */
bool cmdline_value(const char *text, const char *name, char *out, size_t out_size);

/* Whether the bare word is there. */
bool cmdline_has(const char *text, const char *word);

/* The last NAME=value line of a file of shell assignments such as initramfs-tools' conf.d/resume; quotes are taken away. */
bool cmdline_assignment(const char *text, const char *name, char *out, size_t out_size);
