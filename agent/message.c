/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/message.h"

#include "platform/os.h"

#include <string.h>

const struct message_row message_rows[MESSAGE_COUNT] = {
#define MESSAGE(name, from, to, most, state) [MESSAGE_##name] = {#name, PARTY_##from, PARTY_##to, most, WHILE_##state},
#include "agent/message.def"
#undef MESSAGE
};

static const char *const party_names[] = {"core", "probe", "user", "root"};
static const char *const state_names[] = {"idle", "asked"};

/* Where a payload begins; the largest row and a header are the most that a reader ever holds. */
#define READER_MAX ((16u << 20) + MESSAGE_HEADER_SIZE + 1)

void message_fini(struct message_in *message)
{
	json_drop(&message->body);
}

static void put_header(uint8_t header[MESSAGE_HEADER_SIZE], enum message_type type, size_t size)
{
	header[0] = 'E';
	header[1] = 'P';
	header[2] = MESSAGE_VERSION;
	header[3] = (uint8_t)type;
	for (int i = 0; i < 4; i++)
		header[4 + i] = (uint8_t)(size >> (24 - 8 * i));
}

static size_t payload_size(const char *frame)
{
	const uint8_t *header = (const uint8_t *)frame;

	return (size_t)header[4] << 24 | (size_t)header[5] << 16 | (size_t)header[6] << 8 | header[7];
}

bool message_encode(struct buf *out, enum message_type type, const json_t *body, struct err *err)
{
	const struct message_row *row = &message_rows[type];
	uint8_t header[MESSAGE_HEADER_SIZE];
	struct buf AUTO(buf_fini) payload;

	buf_init(&payload, (size_t)row->most_bytes + 1);
	if (body)
		json_print(&payload, body);
	else
		buf_add(&payload, "{}");
	if (payload.failed || payload.size > row->most_bytes)
		return err_set(err, ERR_LIMIT, "a message %s of more than %u bytes", row->name, (unsigned)row->most_bytes);
	put_header(header, type, payload.size);
	buf_append(out, header, sizeof header);
	buf_append(out, payload.data, payload.size);
	if (out->failed)
		return err_set(err, ERR_LIMIT, "no room for a message %s", row->name);
	return true;
}

void message_reader_init(struct message_reader *reader, enum message_party from, enum message_party to)
{
	*reader = (struct message_reader){.from = from, .to = to};
	buf_init(&reader->bytes, READER_MAX);
}

void message_reader_fini(struct message_reader *reader)
{
	buf_fini(&reader->bytes);
}

static bool same_party(enum message_party is, enum message_party wanted)
{
	return is == wanted || (is == PARTY_ROOT && wanted == PARTY_USER);
}

static bool check_header(const struct message_reader *reader, enum message_state state, struct err *err)
{
	const uint8_t *header = (const uint8_t *)reader->bytes.data;
	const struct message_row *row = header[3] < MESSAGE_COUNT ? &message_rows[header[3]] : NULL;

	if (header[0] != 'E' || header[1] != 'P')
		return err_set(err, ERR_INVALID, "this is no message");
	if (header[2] != MESSAGE_VERSION)
		return err_set(err, ERR_INVALID, "a message of version %u, and this build speaks %u", header[2], MESSAGE_VERSION);
	if (!row)
		return err_set(err, ERR_INVALID, "there is no message %u", header[3]);
	if (same_party(reader->from, PARTY_USER) && row->from == PARTY_ROOT && reader->from != PARTY_ROOT)
		return err_set(err, ERR_DENIED, "only root may ask for %s", row->name);
	if (!same_party(reader->from, row->from) || !same_party(reader->to, row->to))
		return err_set(err, ERR_INVALID, "%s does not send %s to %s", party_names[reader->from], row->name,
		               party_names[reader->to]);
	if (row->state != state)
		return err_set(err, ERR_INVALID, "%s is not sent while %s", row->name, state_names[state]);
	if (payload_size(reader->bytes.data) > row->most_bytes)
		return err_set(err, ERR_LIMIT, "a message %s of more than %u bytes", row->name, (unsigned)row->most_bytes);
	return true;
}

size_t message_reader_wants(const struct message_reader *reader)
{
	size_t held = reader->bytes.size;

	if (held < MESSAGE_HEADER_SIZE)
		return MESSAGE_HEADER_SIZE - held;
	return MESSAGE_HEADER_SIZE + payload_size(reader->bytes.data) - held;
}

bool message_reader_add(struct message_reader *reader, enum message_state state, const void *bytes, size_t size, struct err *err)
{
	bool had_header = reader->bytes.size >= MESSAGE_HEADER_SIZE;

	buf_append(&reader->bytes, bytes, size);
	if (reader->bytes.failed)
		return err_set(err, ERR_LIMIT, "more bytes than a message has");
	if (!had_header && reader->bytes.size >= MESSAGE_HEADER_SIZE)
		return check_header(reader, state, err);
	return true;
}

bool message_reader_take(struct message_reader *reader, struct message_in *out, bool *got, struct err *err)
{
	*got = reader->bytes.size >= MESSAGE_HEADER_SIZE && message_reader_wants(reader) == 0;
	if (!*got)
		return true;
	*got = false; /* until it has proven to be one */
	const char *frame = reader->bytes.data;
	enum message_type type = (enum message_type)(uint8_t)frame[3];
	json_t *body = json_parse(frame + MESSAGE_HEADER_SIZE, payload_size(frame), err);
	buf_fini(&reader->bytes);
	buf_init(&reader->bytes, READER_MAX);
	if (!body)
		return err_wrap(err, "message %s", message_rows[type].name);
	if (!json_is_object(body)) {
		json_decref(body);
		return err_set(err, ERR_INVALID, "message %s: not a JSON object", message_rows[type].name);
	}
	*out = (struct message_in){type, body};
	*got = true;
	return true;
}

int message_connect(const char *run_dir, struct err *err)
{
	int fd = os_connect(run_dir, "user", err);

	if (fd < 0)
		err_wrap(err, "the agent does not answer");
	return fd;
}

bool message_send(int fd, enum message_type type, const json_t *body, int64_t timeout_ms, struct err *err)
{
	int64_t until = os_boot_ms() + timeout_ms;
	struct buf AUTO(buf_fini) frame;

	buf_init(&frame, READER_MAX);
	if (!message_encode(&frame, type, body, err))
		return false;
	for (size_t done = 0; done < frame.size;) {
		long sent = os_write(fd, frame.data + done, frame.size - done, err);
		if (sent == OS_FAILED || (sent == OS_AGAIN && !os_wait(fd, OS_WRITE, until, err)))
			return false;
		done += sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

static bool read_some(int fd, struct message_reader *reader, enum message_state state, int64_t until, struct err *err)
{
	char bytes[16384];
	size_t wants = message_reader_wants(reader);
	long got = os_read(fd, bytes, wants < sizeof bytes ? wants : sizeof bytes, err);

	if (got == OS_AGAIN)
		return os_wait(fd, OS_READ, until, err);
	if (got == 0)
		return err_set(err, ERR_IO, "the other side closed the connection");
	return got > 0 && message_reader_add(reader, state, bytes, (size_t)got, err);
}

bool message_read(int fd, struct message_reader *reader, enum message_state state, struct message_in *out, int64_t until_boot_ms,
                  struct err *err)
{
	for (bool got = false; !got;)
		if (!read_some(fd, reader, state, until_boot_ms, err) || !message_reader_take(reader, out, &got, err))
			return false;
	return true;
}

bool message_receive(int fd, struct message_in *out, int64_t timeout_ms, struct err *err)
{
	struct message_reader AUTO(message_reader_fini) reader;

	message_reader_init(&reader, PARTY_CORE, PARTY_USER);
	return message_read(fd, &reader, WHILE_ASKED, out, os_boot_ms() + timeout_ms, err);
}

static bool refusal(const json_t *body, struct err *err)
{
	const char *meaning = json_text(body, "meaning"), *text = json_text(body, "text");

	for (int kind = ERR_INVALID; kind <= ERR_IO; kind++)
		if (meaning && strcmp(meaning, err_kind_name((enum err_kind)kind)) == 0)
			return err_set(err, (enum err_kind)kind, "%s", text ? text : meaning);
	return err_set(err, ERR_IO, "the agent refused without saying why");
}

json_t *message_ask(const char *run_dir, enum message_type type, const json_t *body, int64_t timeout_ms, struct err *err)
{
	AUTO(os_close) int fd = message_connect(run_dir, err);
	struct message_in answer = {MESSAGE_COUNT, NULL};

	if (fd < 0 || !message_send(fd, type, body, timeout_ms, err) || !message_receive(fd, &answer, timeout_ms, err))
		return NULL;
	if (answer.type == MESSAGE_answer)
		return answer.body;
	refusal(answer.body, err);
	message_fini(&answer);
	return NULL;
}
