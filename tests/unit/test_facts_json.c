/* SPDX-License-Identifier: Apache-2.0 */
/* Facts as JSON: what is taken comes back as the same bytes; what is not exactly in its form is refused. */
#include "tests/unit/test.h"

#include "base/json.h"
#include "policy/fact.h"
#include "policy/medium.h"

#include <string.h>

#define FACT(control, rest) "{\"control\":\"" control "\",\"subject\":\"s:1\"," rest "}"
#define KNOWN(value)        "\"state\":\"known\",\"value\":" value

static bool decode(struct facts *facts, const char *text, struct err *err)
{
	AUTO(json_drop) json_t *json = json_parse(text, strlen(text), err);

	facts_init(facts);
	if (!json)
		fail_msg("%s: %s", text, err->text);
	return facts_decode(facts, json, err);
}

static void test_the_same_bytes_come_back(void **state)
{
	static const char *const cases[] = {
		FACT("screen_lock", KNOWN("900") ",\"fixed\":true"),
		FACT("screen_lock", KNOWN("1") ",\"fixed\":false"),
		FACT("screen_lock", KNOWN("\"never\"") ",\"fixed\":false"),
		FACT("antivirus_signatures", KNOWN("\"never\"") ",\"fixed\":false"),
		FACT("antivirus_signatures", KNOWN("\"2026-11-22T00:20:00Z\"") ",\"fixed\":true"),
		FACT("antivirus_running", KNOWN("\"off\"") ",\"fixed\":false,\"reason\":\"no_product\",\"via\":\"clamav\""),
		FACT("antivirus_running", KNOWN("\"on\"") ",\"fixed\":false"),
		FACT("disk_encryption", KNOWN("\"none\"") ",\"fixed\":false"),
		FACT("disk_encryption", KNOWN("\"partial\"") ",\"fixed\":false"),
		FACT("disk_encryption", KNOWN("\"full\"") ",\"fixed\":false"),
		FACT("usb_storage", KNOWN("\"blocked\"") ",\"fixed\":false"),
		FACT("usb_storage", KNOWN("\"read_only\"") ",\"fixed\":false"),
		FACT("usb_storage", KNOWN("\"open\"") ",\"fixed\":false"),
		FACT("saved_passwords", KNOWN("0") ",\"fixed\":false"),
		FACT("saved_passwords", KNOWN("7") ",\"fixed\":false"),
		FACT("listening_ports", KNOWN("[]") ",\"fixed\":false"),
		FACT("listening_ports", KNOWN("[\"tcp/22\",\"udp/68\"]") ",\"fixed\":false"),
		FACT("screen_lock", "\"state\":\"unknown\",\"reason\":\"denied\""),
		FACT("screen_lock", "\"state\":\"unsupported\",\"reason\":\"no_desktop\""),
		FACT("antivirus_signatures", "\"state\":\"unknown\",\"at_best\":\"2026-11-22T00:20:00Z\",\"reason\":\"no_answer\""),
		FACT("screen_lock", "\"state\":\"unknown\",\"reason\":\"denied\",\"params\":{\"n\":-3,\"file\":\"a\"},\"evidence\":["
	                            "{\"source\":\"/a\",\"key\":\"\",\"value\":-5},{\"source\":\"/a\",\"key\":\"k\",\"value\":true},"
	                            "{\"source\":\"/a\",\"key\":\"k\",\"value\":false},{\"source\":\"/a\",\"key\":\"k\",\"value\":\"w\"},"
	                            "{\"source\":\"/a\",\"key\":\"k\",\"path\":\"/b\"}]"),
		FACT("usb_storage",
	             KNOWN("\"open\"") ",\"fixed\":false,\"medium\":{\"vendor\":1921,\"product\":65535,\"serial\":\"A\","
	                               "\"port\":\"1-2\",\"name\":\"n\",\"interfaces\":\"08:06:50\",\"digest\":\"d\",\"lifeline\":true,"
	                               "\"shared_serial\":false,\"encrypted\":\"yes\",\"scanned\":\"no\"}"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(facts_fini) struct facts facts;
		AUTO(buf_fini) struct buf text, out;
		struct err err;
		buf_init(&text, 4096);
		buf_init(&out, 4096);
		buf_printf(&text, "{\"schema\":1,\"facts\":[%s]}", cases[i]);
		if (!decode(&facts, text.data, &err))
			fail_msg("%s: %s", cases[i], err.text);
		AUTO(json_drop) json_t *again = facts_encode(&facts);
		json_print(&out, again);
		assert_string_equal(buf_text(&out), text.data);
	}
}

static void test_sessions(void **state)
{
	static const char text[] = "{\"schema\":1,\"facts\":[],\"sessions\":[{\"uid\":1000,\"groups\":[\"a\",\"b\"],\"active\":true,"
				   "\"locked\":false,\"remote\":true}]}";
	AUTO(facts_fini) struct facts facts;
	AUTO(buf_fini) struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 4096);
	assert_true(decode(&facts, text, &err));
	assert_true(facts.sessions_known);
	AUTO(json_drop) json_t *again = facts_encode(&facts);
	json_print(&out, again);
	assert_string_equal(buf_text(&out), text);
	facts_fini(&facts);
	assert_true(decode(&facts, "{\"schema\":1,\"facts\":[],\"sessions\":[]}", &err));
	assert_true(facts.sessions_known);
	facts_fini(&facts);
	assert_true(decode(&facts, "{\"schema\":1,\"facts\":[]}", &err));
	assert_false(facts.sessions_known);
}

static void refuse(const char *format, const char *inner)
{
	AUTO(facts_fini) struct facts facts;
	AUTO(buf_fini) struct buf text;
	struct err err = {.kind = ERR_NONE};

	buf_init(&text, 4096);
	buf_add(&text, format);
	buf_add(&text, inner);
	buf_add(&text, "]}");
	if (decode(&facts, text.data, &err))
		fail_msg("%s was taken", text.data);
	assert_int_equal(err.kind, ERR_INVALID);
}

static void test_refused(void **state)
{
	static const char *const facts[] = {
		"1",
		"{}",
		FACT("webcam", KNOWN("\"on\"")),
		"{\"control\":\"screen_lock\",\"state\":\"known\",\"value\":900}",
		FACT("screen_lock", "\"value\":900"),
		FACT("screen_lock", "\"state\":\"maybe\",\"value\":900"),
		FACT("screen_lock", "\"state\":\"maybe\",\"reason\":\"x\",\"value\":900"),
		FACT("screen_lock", "\"state\":\"known\""),
		FACT("screen_lock", "\"state\":\"unknown\""),
		FACT("screen_lock", "\"state\":\"unsupported\""),
		FACT("screen_lock", KNOWN("0")),
		FACT("screen_lock", KNOWN("-1")),
		FACT("screen_lock", KNOWN("9.5")),
		FACT("screen_lock", KNOWN("\"900\"")),
		FACT("screen_lock", KNOWN("true")),
		FACT("saved_passwords", KNOWN("-1")),
		FACT("saved_passwords", KNOWN("\"never\"")),
		FACT("antivirus_signatures", KNOWN("1795306800")),
		FACT("antivirus_signatures", KNOWN("\"yesterday\"")),
		FACT("antivirus_running", KNOWN("\"never\"")),
		FACT("antivirus_running", KNOWN("\"yes\"")),
		FACT("antivirus_running", KNOWN("1")),
		FACT("disk_encryption", KNOWN("\"half\"")),
		FACT("usb_storage", KNOWN("\"allowed\"")),
		FACT("listening_ports", KNOWN("\"tcp/22\"")),
		FACT("listening_ports", KNOWN("[22]")),
		FACT("screen_lock", KNOWN("60") ",\"params\":[]"),
		FACT("screen_lock", KNOWN("60") ",\"params\":{\"a\":true}"),
		FACT("screen_lock", KNOWN("60") ",\"evidence\":[1]"),
		FACT("screen_lock", KNOWN("60") ",\"evidence\":[{\"key\":\"k\",\"value\":1}]"),
		FACT("screen_lock", KNOWN("60") ",\"evidence\":[{\"source\":\"s\",\"value\":1}]"),
		FACT("screen_lock", KNOWN("60") ",\"evidence\":[{\"source\":\"s\",\"key\":\"k\"}]"),
		FACT("screen_lock", KNOWN("60") ",\"evidence\":[{\"source\":\"s\",\"key\":\"k\",\"value\":[]}]"),
		FACT("usb_storage", KNOWN("\"open\"") ",\"medium\":{}"),
		FACT("usb_storage", KNOWN("\"open\"") ",\"medium\":{\"vendor\":1}"),
		FACT("usb_storage", KNOWN("\"open\"") ",\"medium\":{\"vendor\":65536,\"product\":1}"),
		FACT("usb_storage", KNOWN("\"open\"") ",\"medium\":{\"vendor\":-1,\"product\":1}"),
		FACT("usb_storage", KNOWN("\"open\"") ",\"medium\":{\"vendor\":\"0781\",\"product\":1}"),
	};
	static const char *const sessions[] = {"1", "{}", "{\"uid\":-1,\"groups\":[]}", "{\"uid\":1}", "{\"uid\":1,\"groups\":[1]}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		refuse("{\"schema\":1,\"facts\":[", facts[i]);
	for (size_t i = 0; i < ARRAY_LEN(sessions); i++)
		refuse("{\"schema\":1,\"facts\":[],\"sessions\":[", sessions[i]);
	refuse("{\"facts\":[", "");
	refuse("{\"schema\":2,\"facts\":[", "");
	refuse("{\"schema\":1,\"fact\":[", "");
}

static void test_medium_words(void **state)
{
	static const char text[] =
		"{\"schema\":1,\"facts\":[" FACT("usb_storage", KNOWN("\"open\"") ",\"medium\":{\"vendor\":1,\"product\":2}") "]}";
	AUTO(facts_fini) struct facts facts;
	struct err err;
	char subject[64];

	(void)state;
	assert_true(decode(&facts, text, &err));
	struct medium medium = *facts.items[0].medium;
	assert_int_equal(medium.encrypted, TRI_UNKNOWN);
	assert_string_equal(medium.serial, "");
	assert_false(medium.lifeline || medium.shared_serial);
	medium_subject(subject, sizeof subject, &medium);
	assert_string_equal(subject, "medium:0001:0002:@");
	medium.serial = "S";
	medium_subject(subject, sizeof subject, &medium);
	assert_string_equal(subject, "medium:0001:0002:S");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_bytes_come_back),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_medium_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
