/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/answer_log.h"

#include "agent/core.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define MOST       500
#define PAGE_BYTES (1u << 20)

struct page {
	int64_t viewer_uid;
	size_t most;
	json_t *records;
	struct record_name last; /* of what was walked over, shown or not */
	bool more;
};

static bool is_shown(int64_t viewer_uid, const json_t *payload)
{
	const char *subject = json_text(payload, "subject");
	uint64_t uid;

	/* Who else is logged in is not an ordinary user's business either. */
	if (viewer_uid < 0)
		return true;
	if (json_object_get(payload, "sessions"))
		return false;
	if (!subject || !text_starts(subject, "user:") || strcmp(subject, "user:*") == 0)
		return true;
	return text_to_u64(subject + 5, INT64_MAX, &uid) && (int64_t)uid == viewer_uid;
}

static void add_record(struct page *page, const struct record *record)
{
	char at[TEXT_INSTANT_SIZE];
	struct err ignored;
	json_t *payload = json_parse(record->payload, record->payload_size, &ignored);
	const char *kind = record_kind_name(record->kind);

	if (!is_shown(page->viewer_uid, payload)) {
		json_decref(payload);
		return;
	}
	text_from_instant(at, record->stamp.at_ms / 1000);
	(void)json_array_append_new(page->records, json_pack("{s:I, s:s, s:s, s:o}", "number", (json_int_t)record->name.number, "at", at,
	                                                     "kind", kind ? kind : "?", "payload", payload ? payload : json_null()));
}

static void walk(struct page *page, const struct buf *raw)
{
	struct record record;
	struct err ignored;
	size_t used;

	for (size_t at = 0; at < raw->size; at += used) {
		if (json_array_size(page->records) == page->most) {
			page->more = true;
			return;
		}
		if (!record_parse((const uint8_t *)raw->data + at, raw->size - at, &record, &used, &ignored))
			return;
		if (record.kind != RECORD_snapshot)
			add_record(page, &record);
		page->last = record.name;
	}
}

static bool find_start(const struct core *core, const json_t *body, size_t most, struct record_name *after, struct err *err)
{
	struct journal_state state;
	const char *epoch = json_text(body, "epoch");
	uint8_t bytes[8];

	journal_state(core->journal, &state);
	after->epoch = epoch ? 0 : state.last.epoch;
	if (epoch && !hex_parse(bytes, sizeof bytes, epoch))
		return err_set(err, ERR_INVALID, "epoch wants 16 hexadecimal digits");
	for (size_t i = 0; epoch && i < sizeof bytes; i++)
		after->epoch = after->epoch << 8 | bytes[i];
	json_int_t number = json_number(body, "after", -1);
	uint64_t oldest = state.first.epoch == state.last.epoch ? state.first.number : 1, last = state.last.number;
	after->number = number >= 0 ? (uint64_t)number : last > most ? last - most : 0;
	/* What the ring has overwritten is not an error of whoever asks. */
	if (after->epoch == state.last.epoch && after->number + 1 < oldest)
		after->number = oldest ? oldest - 1 : 0;
	return true;
}

json_t *answer_log(struct core *core, int64_t viewer_uid, const json_t *body, struct err *err)
{
	json_int_t most = json_number(body, "most", 100);
	struct page page = {.viewer_uid = viewer_uid, .most = most < 1 ? 1 : most > MOST ? MOST : (size_t)most};
	struct record_name after = {0};
	struct buf AUTO(buf_fini) raw;
	char epoch[17];

	buf_init(&raw, PAGE_BYTES + (128u << 10));
	if (!core->journal) {
		err_set(err, ERR_IO, "there is no journal");
		return NULL;
	}
	if (!find_start(core, body, page.most, &after, err) || !journal_read(core->journal, &after, PAGE_BYTES, &raw, err))
		return NULL;
	page.records = json_array();
	page.last = after;
	walk(&page, &raw);
	(void)snprintf(epoch, sizeof epoch, "%016llx", (unsigned long long)page.last.epoch);
	json_t *answer = json_pack("{s:o, s:s}", "records", page.records, "epoch", epoch);
	(void)json_object_set_new(answer, "next",
	                          page.more || raw.size >= PAGE_BYTES / 2 ? json_integer((json_int_t)page.last.number) : json_null());
	return answer;
}
