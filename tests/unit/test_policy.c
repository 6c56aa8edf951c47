/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's JSON: what is written, what is read back, what is refused. tests/policy has the YAML side. */
#include "tests/unit/test.h"

#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "{\"policy\":\"p\",\"format\":1,\"title\":{\"en\":\"t\"},"

static const char canonical[] =
	"{\"policy\":\"p\",\"version\":12,\"format\":1,\"title\":{\"ja\":\"標準\",\"en\":\"t\"},\"zone\":\"lgwan\",\"timezone\":\"UTC\","
	"\"rules\":[{\"control\":\"screen_lock\",\"require\":{\"at_most\":600,\"enforced\":true},\"mode\":\"enforce\",\"severity\":"
        "\"high\","
	"\"grace\":259200,\"clauses\":[\"a 6(1)①キ\"]},"
	"{\"control\":\"usb_storage\",\"when\":{\"hours\":\"Mon-Fri "
        "08:30-17:15\",\"users\":[\"clerks\"]},\"require\":{\"only\":\"registered\","
	"\"access\":\"read_only\",\"encrypted\":true,\"scanned\":false,\"unlocked_screen\":true},\"mode\":\"observe\",\"severity\":\"low\","
	"\"grace\":0,\"clauses\":[]},"
	"{\"control\":\"usb_storage\",\"require\":{\"is\":\"blocked\"},\"mode\":\"observe\",\"severity\":\"medium\",\"grace\":0,"
        "\"clauses\":[]},"
	"{\"control\":\"listening_ports\",\"require\":{\"only\":[\"tcp/22\",\"udp/68\"]},\"mode\":\"observe\",\"severity\":\"critical\","
	"\"grace\":60,\"clauses\":[]},"
	"{\"control\":\"saved_passwords\",\"require\":{\"at_most\":3},\"mode\":\"observe\",\"severity\":\"medium\",\"grace\":0,\"clauses\":"
        "[]}]}";

static void test_canonical_is_a_fixed_point(void **state)
{
	AUTO(policy_fini) struct policy policy;
	AUTO(buf_fini) struct buf out;
	struct err err;

	(void)state;
	policy_init(&policy);
	buf_init(&out, POLICY_MAX_BYTES);
	assert_true(policy_parse(&policy, canonical, strlen(canonical), &err));
	policy_print(&out, &policy);
	assert_string_equal(buf_text(&out), canonical);
	assert_int_equal(policy.version, 12);
	assert_int_equal(policy.utc_offset_s, 0);
	assert_int_equal(policy.rules[0].grace_s, 259200);
	assert_int_equal(policy.rules[0].line, 0);
}

static void print_one(struct buf *out, const char *rule)
{
	AUTO(policy_fini) struct policy policy;
	AUTO(buf_fini) struct buf text;
	struct err err;

	policy_init(&policy);
	buf_init(&text, 4096);
	buf_printf(&text, HEAD "\"rules\":[%s]}", rule);
	if (!policy_parse(&policy, text.data, text.size, &err))
		fail_msg("%s", err.text);
	policy_print(out, &policy);
	assert_int_equal(policy.utc_offset_s, 9 * 3600);
}

static void test_defaults_are_written_out(void **state)
{
	static const struct {
		const char *given, *printed;
	} cases[] = {
		{"{\"control\":\"screen_lock\",\"require\":{\"at_most\":\"10m\"}}",
	         "\"require\":{\"at_most\":600,\"enforced\":true},\"mode\":\"observe\",\"severity\":\"medium\",\"grace\":0,\"clauses\":[]"},
		{"{\"control\":\"disk_encryption\",\"require\":{\"is\":\"on\"}}", "\"require\":{\"is\":\"on\"},"},
		{"{\"control\":\"usb_storage\",\"require\":{\"scanned\":true}}",
	         "\"require\":{\"access\":\"read_write\",\"encrypted\":false,\"scanned\":true,\"unlocked_screen\":false}"},
		{"{\"control\":\"password_memory\",\"require\":{\"is\":\"off\",\"enforced\":false}}",
	         "\"require\":{\"is\":\"off\",\"enforced\":false}"},
		{"{\"control\":\"screen_lock\",\"require\":{\"at_least\":90}}", "\"at_least\":90"},
		{"{\"control\":\"screen_lock\",\"when\":{\"hours\":\"Sat-Mon 22:00-06:00\"},\"require\":{\"at_most\":0}}",
	         "\"when\":{\"hours\":\"Mon,Sat-Sun 22:00-06:00\"},\"require\":{\"at_most\":0,"},
		{"{\"control\":\"screen_lock\",\"when\":{\"hours\":\"Mon-Sun 00:00-24:00\"},\"require\":{\"at_most\":60}}",
	         "\"hours\":\"00:00-24:00\""},
		{"{\"control\":\"screen_lock\",\"when\":{\"hours\":\"Tue,Thu-Fri,Sun 08:05-09:00\"},\"require\":{\"at_most\":60}}",
	         "\"hours\":\"Tue,Thu-Fri,Sun 08:05-09:00\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_fini) struct buf out;
		buf_init(&out, 4096);
		print_one(&out, cases[i].given);
		if (!strstr(buf_text(&out), cases[i].printed))
			fail_msg("%s is not in %s", cases[i].printed, buf_text(&out));
	}
}

static void refuse(const char *text, size_t size, enum err_kind kind, const char *why)
{
	AUTO(policy_fini) struct policy policy;
	struct err err = {.kind = ERR_NONE};

	policy_init(&policy);
	assert_false(policy_parse(&policy, text, size, &err));
	assert_int_equal(err.kind, kind);
	if (!strstr(err.text, why))
		fail_msg("%s does not say %s", err.text, why);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "JSON line 1"},
		{"[]", "a policy must be a map"},
		{HEAD "\"rules\":[]}", "`rules` must be a list"},
		{HEAD "\"version\":-1,\"rules\":[{\"control\":\"disk_encryption\",\"require\":{\"is\":\"on\"}}]}",
	         "`version` must be a whole"},
		{HEAD "\"version\":[],\"rules\":[{\"control\":\"disk_encryption\",\"require\":{\"is\":\"on\"}}]}",
	         "`version` must be a whole"},
		{HEAD "\"rules\":[{\"control\":\"disk_encryption\",\"require\":{\"is\":\"on\"}}],\"zone\":null}", "`zone` must be a word"},
		{HEAD "\"rules\":[{\"control\":\"screen_lock\",\"require\":{\"at_most\":1.5}}]}", "`at_most: 1.5` is not a time"},
		{HEAD "\"rules\":[{\"control\":\"screen_lock\",\"require\":{\"at_most\":-600}}]}", "`at_most: -600` is not a time"},
		{HEAD "\"rules\":[{\"control\":\"screen_lock\",\"require\":{\"at_most\":true}}]}", "`at_most: true` is not a time"},
		{HEAD "\"rules\":[{\"control\":\"screen_lock\",\"require\":null}]}", "`require` must be a map"},
		{HEAD "\"rules\":[{\"control\":\"screen_lock\",\"require\":{\"at_most\":60},\"when\":null}]}", "`when` must be a map"},
		{HEAD "\"rules\":[3]}", "rule 1: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		refuse(cases[i].text, strlen(cases[i].text), ERR_INVALID, cases[i].why);
}

static void test_limits(void **state)
{
	char *spaces = malloc(POLICY_MAX_BYTES + 1);
	char deep[64];

	(void)state;
	assert_non_null(spaces);
	memset(spaces, ' ', POLICY_MAX_BYTES + 1);
	memcpy(spaces, canonical, sizeof canonical - 1);
	refuse(spaces, POLICY_MAX_BYTES + 1, ERR_LIMIT, "larger than");
	AUTO(policy_fini) struct policy policy;
	struct err err;
	policy_init(&policy);
	assert_true(policy_parse(&policy, spaces, POLICY_MAX_BYTES, &err));
	free(spaces);
	memset(deep, '[', 13);
	memset(deep + 13, ']', 13);
	refuse(deep, 26, ERR_LIMIT, "nested deeper");
}

static void test_complaints_are_bounded(void **state)
{
	AUTO(complaints_fini) struct complaints complaints;

	(void)state;
	complaints_init(&complaints);
	for (unsigned i = 0; i < 1000; i++)
		complaints_add(&complaints, i, "complaint %u", i);
	assert_int_equal(complaints.count, 200);
	assert_string_equal(complaints.items[199].text, "complaint 199");
	assert_int_equal(complaints.items[199].line, 199);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical_is_a_fixed_point),
		cmocka_unit_test(test_defaults_are_written_out),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_complaints_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
