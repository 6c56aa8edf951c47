/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/note.h"

#include "agent/core.h"
#include "agent/keeper.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/clock.h"

#include <stdlib.h>
#include <string.h>

static void count(struct core *core, const char *key)
{
	struct record_stamp stamp;

	clock_stamp(&stamp);
	if (core->journal)
		journal_count(core->journal, key, &stamp);
	keeper_soon(core); /* it may be that the journal cannot record since now */
}

bool note(struct core *core, enum record_kind kind, json_t *payload, const char *count_as)
{
	struct record_stamp stamp;
	struct err err;
	struct buf AUTO(buf_fini) text;

	buf_init(&text, RECORD_PAYLOAD_MAX);
	json_print(&text, payload);
	json_decref(payload);
	clock_stamp(&stamp);
	if (core->journal && !text.failed && journal_append_one(core->journal, kind, buf_text(&text), &stamp, &err))
		return true;
	count(core, count_as);
	return false;
}

static bool append(struct note_batch *batch, struct err *err)
{
	struct journal_entry entries[NOTE_BATCH_MAX];
	struct record_stamp stamp;

	for (size_t i = 0; i < batch->count; i++)
		entries[i] = (struct journal_entry){batch->items[i].kind, batch->items[i].text, batch->items[i].size};
	clock_stamp(&stamp);
	return batch->core->journal && journal_append(batch->core->journal, entries, batch->count, &stamp, err);
}

void note_flush(struct note_batch *batch)
{
	struct err err = {ERR_NONE, ""};
	bool durable = batch->count && append(batch, &err);

	if (batch->count && !durable)
		log_line(LOG_LEVEL_ERROR, "journal", "%zu changes are not recorded: %s; they are tried again at the next look",
		         batch->count, err.text);
	if (batch->count && !durable)
		keeper_soon(batch->core);
	for (size_t i = 0; i < batch->count; i++) {
		if (durable)
			batch->done(batch->core, batch->items[i].item, batch->items[i].payload);
		else
			batch->lost(batch->core, batch->items[i].item);
		json_decref(batch->items[i].payload);
		free(batch->items[i].text);
	}
	batch->count = batch->bytes = 0;
}

void note_add(struct note_batch *batch, enum record_kind kind, json_t *payload, void *item)
{
	struct buf text;

	buf_init(&text, RECORD_PAYLOAD_MAX);
	bool whole = !json_is_short();
	json_print(&text, payload);
	if (text.failed && whole) {
		/* Evidence may be long; the fact itself is not. */
		(void)json_object_del(payload, "evidence");
		text.failed = false;
		json_print(&text, payload);
	}
	if (batch->count == NOTE_BATCH_MAX || batch->bytes + text.size > NOTE_BATCH_BYTES)
		note_flush(batch);
	size_t size = text.size, at = batch->count;
	char *bytes = buf_take(&text);
	if (!bytes) {
		batch->lost(batch->core, item);
		json_decref(payload);
		return;
	}
	batch->items[at].kind = kind;
	batch->items[at].payload = payload;
	batch->items[at].text = bytes;
	batch->items[at].size = size;
	batch->items[at].item = item;
	batch->bytes += size;
	batch->count++;
}

static void record_violation(struct core *core, const char *role, int64_t uid, uint64_t times, const char *text)
{
	char shown[200];

	text_printable(shown, sizeof shown, text, strlen(text), TEXT_EVIDENCE_MAX);
	(void)note(core, RECORD_peer_violation,
	           json_pack("{s:s, s:I, s:I, s:s}", "role", role, "uid", (json_int_t)uid, "times", (json_int_t)times, "text", shown),
	           "peer_violation");
}

static void close_window(struct core *core, struct note_peer *peer)
{
	if (peer->more)
		record_violation(core, peer->role, peer->uid, peer->more, "more of them since the one before");
	*peer = (struct note_peer){.role = NULL};
}

static struct note_peer *find_peer(struct core *core, const char *role, int64_t uid)
{
	struct note_peer *oldest = &core->note_limits.peers[0];

	for (size_t i = 0; i < NOTE_PEERS; i++) {
		struct note_peer *peer = &core->note_limits.peers[i];
		if (peer->role && peer->uid == uid && strcmp(peer->role, role) == 0)
			return peer;
		if (!peer->role || (oldest->role && peer->since_boot_ms < oldest->since_boot_ms))
			oldest = peer;
	}
	if (oldest->role)
		close_window(core, oldest);
	return oldest;
}

void note_violation(struct core *core, const char *role, int64_t uid, const struct err *why)
{
	struct note_peer *peer = find_peer(core, role, uid);

	if (peer->role) {
		peer->more++;
		return;
	}
	*peer = (struct note_peer){.role = role, .uid = uid, .since_boot_ms = os_boot_ms()};
	log_line(LOG_LEVEL_WARNING, "peer", "%s (uid %lld) broke the message table: %s; closed", role, (long long)uid, why->text);
	record_violation(core, role, uid, 1, why->text);
	keeper_soon(core);
}

void note_settle(struct core *core, bool now)
{
	int64_t until = os_boot_ms() - NOTE_WINDOW_MS;

	for (size_t i = 0; i < NOTE_PEERS; i++) {
		struct note_peer *peer = &core->note_limits.peers[i];
		if (peer->role && (now || peer->since_boot_ms <= until))
			close_window(core, peer);
	}
}

int64_t note_settle_at(const struct core *core)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < NOTE_PEERS; i++) {
		const struct note_peer *peer = &core->note_limits.peers[i];
		if (peer->role && peer->since_boot_ms + NOTE_WINDOW_MS < first)
			first = peer->since_boot_ms + NOTE_WINDOW_MS;
	}
	return first;
}
