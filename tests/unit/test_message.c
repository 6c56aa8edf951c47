/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/message.h"
#include "platform/os.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

static void read_bytes(struct message_reader *reader, enum message_state state, const char *bytes, size_t size, struct message_in *out,
                       bool *got, struct err *err, bool *fine)
{
	*got = false;
	*fine = true;
	for (size_t at = 0; at < size && *fine && !*got; at++) {
		*fine = message_reader_add(reader, state, bytes + at, 1, err);
		*fine = *fine && message_reader_take(reader, out, got, err);
	}
}

static void header(char out[8], unsigned version, unsigned type, unsigned long size)
{
	out[0] = 'E';
	out[1] = 'P';
	out[2] = (char)version;
	out[3] = (char)type;
	for (int i = 0; i < 4; i++)
		out[4 + i] = (char)(size >> (24 - 8 * i));
}

static void every_row_goes_there_and_back(void **state)
{
	(void)state;
	for (int type = 0; type < MESSAGE_COUNT; type++) {
		const struct message_row *row = &message_rows[type];
		struct buf frame;
		struct err err;
		struct message_reader reader;
		struct message_in in = {MESSAGE_COUNT, NULL};
		bool got, fine;
		json_t *body = json_pack("{s:i}", "n", type);
		buf_init(&frame, 1000);
		message_reader_init(&reader, row->from, row->to);
		assert_true(message_encode(&frame, (enum message_type)type, body, &err));
		assert_int_equal(message_reader_wants(&reader), MESSAGE_HEADER_SIZE);
		read_bytes(&reader, row->state, frame.data, frame.size, &in, &got, &err, &fine);
		assert_true(fine && got);
		assert_int_equal(in.type, type);
		assert_true(json_equal(in.body, body));
		message_fini(&in);
		json_decref(body);
		buf_fini(&frame);
		message_reader_fini(&reader);
	}
}

/* Every row from every party, in both directions, in both states: only the table's own combination passes. */
static void only_the_table_passes(void **state)
{
	int passed = 0;

	(void)state;
	for (int type = 0; type < MESSAGE_COUNT; type++)
		for (int from = PARTY_CORE; from <= PARTY_ROOT; from++)
			for (int to = PARTY_CORE; to <= PARTY_ROOT; to++)
				for (int when = WHILE_IDLE; when <= WHILE_ASKED; when++) {
					const struct message_row *row = &message_rows[type];
					struct message_reader reader;
					struct err err;
					char bytes[8];
					header(bytes, MESSAGE_VERSION, (unsigned)type, 2);
					message_reader_init(&reader, (enum message_party)from, (enum message_party)to);
					bool fine = message_reader_add(&reader, (enum message_state)when, bytes, 8, &err);
					bool from_fits = (int)row->from == from || (row->from == PARTY_USER && from == PARTY_ROOT);
					bool to_fits = (int)row->to == to || (row->to == PARTY_USER && to == PARTY_ROOT);
					assert_int_equal(fine, from_fits && to_fits && (int)row->state == when);
					passed += fine;
					message_reader_fini(&reader);
				}
	assert_true(passed >= MESSAGE_COUNT);
}

static enum err_kind refused_header(enum message_party from, unsigned version, unsigned type, unsigned long size, const char *magic)
{
	struct message_reader reader;
	struct err err = {ERR_NONE, ""};
	char bytes[8];

	header(bytes, version, type, size);
	memcpy(bytes, magic, 2);
	message_reader_init(&reader, from, PARTY_CORE);
	if (message_reader_add(&reader, WHILE_IDLE, bytes, 8, &err))
		err.kind = ERR_NONE;
	message_reader_fini(&reader);
	return err.kind;
}

static void broken_headers_are_refused_before_their_payload(void **state)
{
	(void)state;
	assert_int_equal(refused_header(PARTY_USER, 1, MESSAGE_status, 1024, "EP"), ERR_NONE);
	assert_int_equal(refused_header(PARTY_USER, 1, MESSAGE_status, 1025, "EP"), ERR_LIMIT);
	assert_int_equal(refused_header(PARTY_USER, 1, MESSAGE_status, 0xffffffff, "EP"), ERR_LIMIT);
	assert_int_equal(refused_header(PARTY_USER, 2, MESSAGE_status, 2, "EP"), ERR_INVALID);
	assert_int_equal(refused_header(PARTY_USER, 1, MESSAGE_COUNT, 2, "EP"), ERR_INVALID);
	assert_int_equal(refused_header(PARTY_USER, 1, 255, 2, "EP"), ERR_INVALID);
	assert_int_equal(refused_header(PARTY_USER, 1, MESSAGE_status, 2, "GE"), ERR_INVALID);
	/* Commands of root's from anybody else: denied, which the caller is told by name. */
	assert_int_equal(refused_header(PARTY_USER, 1, MESSAGE_policy_load, 2, "EP"), ERR_DENIED);
	assert_int_equal(refused_header(PARTY_USER, 1, MESSAGE_look_again, 2, "EP"), ERR_DENIED);
	assert_int_equal(refused_header(PARTY_ROOT, 1, MESSAGE_look_again, 2, "EP"), ERR_NONE);
}

static void a_payload_is_one_object(void **state)
{
	static const char *const payloads[] = {"", "{", "[]", "1", "null", "{} {}", "{\"a\":1,\"a\":2}", "\xff\xfe", "{}x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
		struct message_reader reader;
		struct message_in in;
		struct err err;
		char bytes[64];
		bool got, fine;
		header(bytes, MESSAGE_VERSION, MESSAGE_status, strlen(payloads[i]));
		memcpy(bytes + 8, payloads[i], strlen(payloads[i]));
		message_reader_init(&reader, PARTY_USER, PARTY_CORE);
		read_bytes(&reader, WHILE_IDLE, bytes, 8 + strlen(payloads[i]), &in, &got, &err, &fine);
		assert_false(fine);
		assert_false(got); /* nothing was given */
		message_reader_fini(&reader);
	}
}

static void too_long_is_not_sent(void **state)
{
	struct buf frame;
	struct err err;
	char text[1100];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	json_t *body = json_pack("{s:s}", "t", text);
	buf_init(&frame, 1 << 20);
	assert_false(message_encode(&frame, MESSAGE_status, body, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_true(message_encode(&frame, MESSAGE_look, body, &err));
	json_decref(body);
	buf_fini(&frame);
}

static void two_ends_talk_and_an_end_is_told(void **state)
{
	int ends[2];
	struct err err;
	struct message_in in;
	struct message_reader reader;
	json_t *body = json_pack("{s:s}", "hello", "核");

	(void)state;
	assert_true(os_socket_pair(ends, &err));
	assert_true(message_send(ends[0], MESSAGE_answer, body, 1000, &err));
	assert_true(message_receive(ends[1], &in, 1000, &err));
	assert_int_equal(in.type, MESSAGE_answer);
	assert_true(json_equal(in.body, body));
	message_fini(&in);
	json_decref(body);
	int64_t before = os_boot_ms();
	assert_false(message_receive(ends[1], &in, 50, &err)); /* nothing comes */
	assert_int_equal(err.kind, ERR_IO);
	assert_true(os_boot_ms() - before >= 50); /* never early; how late is the machine's affair */
	os_close(&ends[0]);
	message_reader_init(&reader, PARTY_CORE, PARTY_USER);
	assert_false(message_read(ends[1], &reader, WHILE_ASKED, &in, os_boot_ms() + 1000, &err));
	message_reader_fini(&reader);
	os_close(&ends[1]);
}

static void nobody_there_is_told(void **state)
{
	struct err err;

	(void)state;
	assert_null(message_ask("/nonexistent/epagent", MESSAGE_status, NULL, 100, &err));
	assert_int_equal(err.kind, ERR_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_goes_there_and_back),
		cmocka_unit_test(only_the_table_passes),
		cmocka_unit_test(broken_headers_are_refused_before_their_payload),
		cmocka_unit_test(a_payload_is_one_object),
		cmocka_unit_test(too_long_is_not_sent),
		cmocka_unit_test(two_ends_talk_and_an_end_is_told),
		cmocka_unit_test(nobody_there_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
