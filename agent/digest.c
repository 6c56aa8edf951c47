/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/digest.h"

#include "base/attr.h"
#include "base/json.h"

static const char *const fact_keys[] = {"state", "value", "at_best", "fixed", "reason", "via", "params", "medium", "sessions"};
static const char *const verdict_keys[] = {"verdict", "code"};

static void digest(uint8_t out[SHA256_SIZE], const json_t *record, const char *const *keys, size_t count)
{
	struct buf AUTO(buf_fini) text;

	buf_init(&text, 1u << 20);
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_object_get(record, keys[i]);
		/* Absent and empty are the same: one side leaves out what the other writes empty. */
		if (value && !(json_is_object(value) && json_object_size(value) == 0)) {
			buf_add(&text, keys[i]);
			json_print(&text, value);
		}
	}
	sha256(out, &(struct sha256_piece){buf_text(&text), text.size}, 1);
}

void digest_fact(uint8_t out[SHA256_SIZE], const json_t *record)
{
	digest(out, record, fact_keys, ARRAY_LEN(fact_keys));
}

void digest_verdict(uint8_t out[SHA256_SIZE], const json_t *record)
{
	digest(out, record, verdict_keys, ARRAY_LEN(verdict_keys));
}
