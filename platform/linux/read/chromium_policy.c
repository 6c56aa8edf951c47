/* SPDX-License-Identifier: Apache-2.0 */
/* As chrome://policy shows it in Chromium 156: the value must be a JSON boolean ("Expected boolean value."), the key's case counts. */
#include "platform/linux/read/chromium_policy.h"

#include "base/json.h"
#include "platform/linux/read/lenient_json.h"

const char *policy_word_name(enum policy_word word)
{
	static const char *const names[] = {"unsaid", "off", "on", "wrong_type"};

	return names[word];
}

bool chromium_policy_read(const char *text, size_t size, const char *policy, enum policy_word *out, struct err *err)
{
	AUTO(json_drop) json_t *json = lenient_json_parse(JSON_CHROMIUM, text, size, err);

	if (!json)
		return false;
	if (!json_is_object(json))
		return err_set(err, ERR_INVALID, "no dictionary");
	const json_t *value = json_object_get(json, policy);
	*out = !value ? POLICY_UNSAID : json_is_false(value) ? POLICY_OFF : json_is_true(value) ? POLICY_ON : POLICY_WRONG_TYPE;
	return true;
}

void chromium_folder_add(struct chromium_folder *folder, enum policy_word word)
{
	if (word == POLICY_UNSAID)
		return;
	folder->conflict |= folder->word != POLICY_UNSAID && (folder->word != word || word == POLICY_WRONG_TYPE);
	folder->word = word;
}
