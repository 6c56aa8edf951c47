/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a local peer writes, cut into pieces as the first byte says: the reader never holds more than a row allows, and what it takes, encoded
 * again and read again, is the same. The second byte chooses who writes to whom, and in which state.
 */
#include "agent/message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	enum message_party from, to;
	enum message_state state;
} ways[] = {
	{PARTY_USER, PARTY_CORE, WHILE_IDLE},  {PARTY_ROOT, PARTY_CORE, WHILE_IDLE},  {PARTY_PROBE, PARTY_CORE, WHILE_ASKED},
	{PARTY_CORE, PARTY_PROBE, WHILE_IDLE}, {PARTY_CORE, PARTY_USER, WHILE_ASKED},
};

static void there_and_back(const struct message_in *message)
{
	struct buf frame;
	struct err err;
	struct message_reader reader;
	struct message_in again = {MESSAGE_COUNT, NULL};
	const struct message_row *row = &message_rows[message->type];
	bool got = false;

	buf_init(&frame, 64u << 20);
	/* Printed compactly it can be longer than it came: \u-escapes become bytes, numbers may get digits. */
	if (message_encode(&frame, message->type, message->body, &err)) {
		message_reader_init(&reader, row->from, row->to);
		if (!message_reader_add(&reader, row->state, frame.data, frame.size, &err) ||
		    !message_reader_take(&reader, &again, &got, &err) || !got || again.type != message->type ||
		    !json_equal(again.body, message->body))
			abort();
		message_fini(&again);
		message_reader_fini(&reader);
	}
	buf_fini(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message_reader reader;
	struct message_in message;
	struct err err;
	bool fine = true;

	if (size < 2)
		return 0;
	size_t piece = (size_t)data[0] + 1, way = data[1] % ARRAY_LEN(ways);
	message_reader_init(&reader, ways[way].from, ways[way].to);
	for (size_t at = 2; fine && at < size;) {
		size_t wants = message_reader_wants(&reader), some = size - at < piece ? size - at : piece;
		bool got = false;
		some = some < wants ? some : wants;
		fine = message_reader_add(&reader, ways[way].state, data + at, some, &err) &&
		       message_reader_take(&reader, &message, &got, &err);
		at += some;
		if (fine && reader.bytes.size >= MESSAGE_HEADER_SIZE && reader.bytes.size > (size_t)MESSAGE_HEADER_SIZE + (9u << 20))
			abort();
		if (got) {
			if (message_rows[message.type].state != ways[way].state)
				abort();
			there_and_back(&message);
			message_fini(&message);
		}
	}
	message_reader_fini(&reader);
	return 0;
}
