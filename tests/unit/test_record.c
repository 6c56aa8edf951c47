/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "policy/record.h"
#include "tests/unit/test.h"

#include <string.h>

static struct record sample(void)
{
	static const char payload[] = "{\"control\":\"screen_lock\"}";

	return (struct record){.kind = RECORD_fact,
	                       .group = 2,
	                       .stamp = {.at_ms = 1795306800123, .boot_ms = 987654, .boot_id = {1, 2, 3}, .clock = CLOCK_SYNCHRONISED},
	                       .name = {.epoch = 0x0102030405060708, .number = 7},
	                       .prev = {0xaa, 0xbb},
	                       .payload = payload,
	                       .payload_size = sizeof payload - 1};
}

static void goes_there_and_back(void **state)
{
	struct record record = sample(), back;
	struct buf bytes;
	struct err err;
	size_t used;

	(void)state;
	buf_init(&bytes, 4096);
	record_encode(&bytes, &record);
	assert_int_equal(bytes.size, RECORD_OVERHEAD + record.payload_size);
	assert_true(record_parse((const uint8_t *)bytes.data, bytes.size, &back, &used, &err));
	assert_int_equal(used, bytes.size);
	assert_int_equal(back.kind, RECORD_fact);
	assert_int_equal(back.group, 2);
	assert_int_equal(back.stamp.at_ms, record.stamp.at_ms);
	assert_int_equal(back.stamp.boot_ms, record.stamp.boot_ms);
	assert_int_equal(back.stamp.clock, CLOCK_SYNCHRONISED);
	assert_memory_equal(back.stamp.boot_id, record.stamp.boot_id, RECORD_BOOT_ID_SIZE);
	assert_int_equal(back.name.epoch, record.name.epoch);
	assert_int_equal(back.name.number, 7);
	assert_memory_equal(back.name.hash, record.name.hash, SHA256_SIZE);
	assert_memory_equal(back.prev, record.prev, SHA256_SIZE);
	assert_int_equal(back.payload_size, record.payload_size);
	assert_memory_equal(back.payload, record.payload, record.payload_size);
	buf_fini(&bytes);
}

/* The layout and the hash as docs/protocol.md has them; the hash was computed by another implementation (Python's hashlib). */
static void layout_is_the_documented_one(void **state)
{
	static const char want[] = "45505231990000000700020002000000"
				   "08070605040302010700000000000000"
				   "fbc39f00a2010000"
				   "06120f0000000000"
				   "01020300000000000000000000000000"
				   "aabb000000000000000000000000000000000000000000000000000000000000";
	struct record record = sample();
	char text[2 * RECORD_HEADER_SIZE + 1];
	struct buf bytes;

	(void)state;
	buf_init(&bytes, 4096);
	record_encode(&bytes, &record);
	hex_print(text, (const uint8_t *)bytes.data, RECORD_HEADER_SIZE);
	assert_string_equal(text, want);
	hex_print(text, record.name.hash, SHA256_SIZE);
	assert_string_equal(text, "177fb4c37ffc72dc05b8f3213e7eda9ca0e6742f7a21b3c45ab5e47137a88258");
	buf_fini(&bytes);
}

static void any_changed_byte_is_seen(void **state)
{
	struct record record = sample(), back;
	struct buf bytes;
	struct err err;
	size_t used;

	(void)state;
	buf_init(&bytes, 4096);
	record_encode(&bytes, &record);
	for (size_t i = 0; i < bytes.size; i++)
		for (int bit = 0; bit < 8; bit++) {
			bytes.data[i] = (char)(bytes.data[i] ^ 1 << bit);
			assert_false(record_parse((const uint8_t *)bytes.data, bytes.size, &back, &used, &err));
			bytes.data[i] = (char)(bytes.data[i] ^ 1 << bit);
		}
	for (size_t size = 0; size < bytes.size; size++) {
		assert_false(record_parse((const uint8_t *)bytes.data, size, &back, &used, &err));
		assert_int_equal(err.kind, ERR_LIMIT);
	}
	buf_fini(&bytes);
}

static void sizes_have_a_maximum(void **state)
{
	uint8_t header[RECORD_HEADER_SIZE] = {'E', 'P', 'R', '1'};
	const uint32_t most = RECORD_OVERHEAD + RECORD_PAYLOAD_MAX;

	(void)state;
	header[8] = RECORD_fact;
	for (int i = 0; i < 4; i++)
		header[4 + i] = (uint8_t)(most >> 8 * i);
	assert_int_equal(record_size(header, sizeof header), most);
	header[4]++;
	assert_int_equal(record_size(header, sizeof header), 0);
	header[8] = RECORD_snapshot;
	assert_int_equal(record_size(header, sizeof header), most + 1);
	memset(header + 4, 0, 4);
	header[4] = RECORD_OVERHEAD - 1;
	assert_int_equal(record_size(header, sizeof header), 0);
}

static void follows_its_predecessor_only(void **state)
{
	struct record_name name = {.epoch = 5, .number = 6, .hash = {9}};
	struct record next = {.kind = RECORD_fact, .name = {.epoch = 5, .number = 7}, .prev = {9}};

	(void)state;
	assert_true(record_follows(&name, &next));
	next.name.number = 8;
	assert_false(record_follows(&name, &next));
	next.name.number = 6;
	assert_false(record_follows(&name, &next));
	next.kind = RECORD_snapshot;
	assert_true(record_follows(&name, &next));
	next = (struct record){.kind = RECORD_fact, .name = {.epoch = 4, .number = 7}, .prev = {9}};
	assert_false(record_follows(&name, &next));
	next.name.epoch = 5;
	next.prev[31] = 1;
	assert_false(record_follows(&name, &next));
}

static void kinds_have_names(void **state)
{
	enum record_kind kind;

	(void)state;
	assert_string_equal(record_kind_name(RECORD_permission), "permission");
	assert_null(record_kind_name(9999));
	assert_true(record_kind_find("tail_cut", &kind));
	assert_int_equal(kind, RECORD_tail_cut);
	assert_false(record_kind_find("Fact", &kind));
	assert_false(record_is_sent(RECORD_snapshot));
	assert_true(record_is_sent(9999));
	assert_true(record_may_use_reserve(RECORD_journal_full));
	assert_false(record_may_use_reserve(RECORD_permission));
	assert_false(record_may_use_reserve(9999));
}

static void heads_go_there_and_back(void **state)
{
	struct record_head head = {.at = {.epoch = 0xfedcba9876543210, .number = 12, .hash = {1, 2}},
	                           .count = 99,
	                           .key = {4, 5},
	                           .signature = {0x30, 6},
	                           .signature_size = 70};
	struct record_head back;
	uint8_t message[RECORD_HEAD_MESSAGE_SIZE];
	struct buf text;
	struct err err;

	(void)state;
	buf_init(&text, 4096);
	record_head_print(&text, &head);
	assert_true(record_head_parse(text.data, text.size, &back, &err));
	assert_int_equal(back.at.epoch, head.at.epoch);
	assert_int_equal(back.at.number, 12);
	assert_int_equal(back.count, 99);
	assert_int_equal(back.signature_size, 70);
	assert_memory_equal(back.signature, head.signature, 70);
	assert_memory_equal(back.key, head.key, RECORD_KEY_SIZE);
	record_head_message(message, &head.at, head.count);
	assert_memory_equal(message, "epagent head 1\0\0\x10\x32\x54\x76\x98\xba\xdc\xfe\x0c\0", 26);
	assert_int_equal(message[64], 99);
	buf_fini(&text);
	static const char *const bad[] = {"{}", "[]", "", "{\"epoch\":\"1\",\"number\":1}",
	                                  "{\"epoch\":\"fedcba9876543210\",\"number\":-1,\"hash\":\"\",\"count\":1}"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(record_head_parse(bad[i], strlen(bad[i]), &back, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_there_and_back),          cmocka_unit_test(layout_is_the_documented_one),
		cmocka_unit_test(any_changed_byte_is_seen),     cmocka_unit_test(sizes_have_a_maximum),
		cmocka_unit_test(follows_its_predecessor_only), cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(heads_go_there_and_back),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
