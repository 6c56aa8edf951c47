/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/chromium_policy.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chromium_folder folder = {POLICY_UNSAID, false};
	enum policy_word word = POLICY_UNSAID;
	struct err err;

	if (!chromium_policy_read((const char *)data, size, "PasswordManagerEnabled", &word, &err))
		return 0;
	/* The same file twice says the same once more, without conflict, unless it is of the wrong type. */
	chromium_folder_add(&folder, word);
	chromium_folder_add(&folder, word);
	if (folder.word != word || folder.conflict != (word == POLICY_WRONG_TYPE))
		abort();
	return 0;
}
