/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stddef.h>

/* What one policy file, of Chromium or Firefox, says about one boolean policy. */
enum policy_word { POLICY_UNSAID, POLICY_OFF, POLICY_ON, POLICY_WRONG_TYPE };
const char *policy_word_name(enum policy_word word);

/* One file of a Chromium policy folder. INVALID: Chromium drops this file, and it alone. */
bool chromium_policy_read(const char *text, size_t size, const char *policy, enum policy_word *out, struct err *err);

/* All files of a folder, added in the order of their names: the last one that says anything counts, whatever its type. */
struct chromium_folder {
	enum policy_word word;
	bool conflict; /* an earlier one said something else */
};
void chromium_folder_add(struct chromium_folder *folder, enum policy_word word);
