/* SPDX-License-Identifier: Apache-2.0 */
/* The register and the orders: what is taken, and what no key can make this PC take. */
#include "tests/unit/test.h"

#include "base/text.h"
#include "policy/bundle.h"

#include <stdlib.h>
#include <string.h>

#define REGISTER(entries) "{\"register\":1,\"version\":4,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[" entries "]}"
#define ORDERS(exemptions, grants)                                                                                                         \
	"{\"orders\":1,\"version\":5,\"issued_at\":\"2026-11-22T00:00:00Z\",\"exemptions\":[" exemptions "],\"grants\":[" grants "]}"
#define ENTRY(more) "{\"id\":\"m\",\"vendor\":\"0781\",\"product\":\"55af\",\"access\":\"read_only\"," more "}"
#define LAST_END    "\"ends_at\":\"2027-12-27T00:00:00Z\"" /* 400 days */
#define PAST_END    "\"ends_at\":\"2027-12-27T00:00:01Z\""
#define ISSUED      INT64_C(1795305600)

static void test_register(void **state)
{
	static const char text[] = REGISTER(
		ENTRY("\"serial\":\"A\"," LAST_END) ",{\"id\":\"w\",\"vendor\":\"ffff\",\"product\":\"0000\",\"access\":"
						    "\"read_write\",\"section\":\"zeimu\",\"ends_at\":\"2026-12-01T09:00:00+09:00\"}");
	AUTO(media_register_fini) struct media_register reg;
	struct err err;

	(void)state;
	media_register_init(&reg);
	assert_true(media_register_parse(&reg, text, strlen(text), &err));
	assert_int_equal(reg.version, 4);
	assert_int_equal(reg.count, 2);
	assert_string_equal(reg.entries[0].id, "m");
	assert_int_equal(reg.entries[0].vendor, 0x0781);
	assert_int_equal(reg.entries[0].product, 0x55af);
	assert_string_equal(reg.entries[0].serial, "A");
	assert_int_equal(reg.entries[0].access, ACCESS_READ_ONLY);
	assert_int_equal(reg.entries[0].ends_at, ISSUED + 400 * 86400);
	assert_null(reg.entries[0].section);
	assert_null(reg.entries[1].serial);
	assert_string_equal(reg.entries[1].section, "zeimu");
	assert_int_equal(reg.entries[1].vendor, 0xffff);
	assert_int_equal(reg.entries[1].access, ACCESS_OPEN);
	assert_int_equal(reg.entries[1].ends_at, ISSUED + 9 * 86400);
}

static void test_orders(void **state)
{
	static const char text[] = "{\"orders\":1,\"version\":0,\"issued_at\":\"2026-11-22T00:00:00Z\",\"host\":\"0123\",\"exemptions\":["
				   "{\"id\":\"e\",\"control\":\"screen_lock\",\"subject\":\"user:1\"," LAST_END "},"
				   "{\"id\":\"f\",\"control\":\"usb_storage\",\"ends_at\":\"2026-11-23T00:00:00Z\"},"
				   "{\"id\":\"g\",\"control\":\"usb_storage\",\"subject\":\"medium:1:2:3\"," LAST_END "}],\"grants\":["
				   "{\"id\":\"g\",\"vendor\":\"0781\",\"product\":\"5567\",\"access\":\"read_write\","
				   "\"ends_at\":\"2026-11-23T00:00:00Z\"}]}";
	AUTO(orders_fini) struct orders orders;
	struct err err;

	(void)state;
	orders_init(&orders);
	if (!orders_parse(&orders, text, strlen(text), &err))
		fail_msg("%s", err.text);
	assert_string_equal(orders.host, "0123");
	assert_int_equal(orders.exemption_count, 3);
	assert_int_equal(orders.exemptions[0].control, CONTROL_screen_lock);
	assert_string_equal(orders.exemptions[0].subject, "user:1");
	assert_null(orders.exemptions[1].subject);
	assert_int_equal(orders.grant_count, 1);
	assert_null(orders.grants[0].serial);
	assert_int_equal(orders.grants[0].ends_at, ISSUED + 86400);
}

struct bad {
	const char *text;
	enum err_kind kind;
	const char *why;
};

static void expect_why(const struct bad *bad, const struct err *err)
{
	if (err->kind != bad->kind || !strstr(err->text, bad->why))
		fail_msg("%s: %d %s, wanted %s", bad->text, err->kind, err->text, bad->why);
}

static void test_bad_registers(void **state)
{
	static const struct bad cases[] = {
		{"", ERR_INVALID, "register: JSON"},
		{"[]", ERR_INVALID, "must be an object"},
		{"{}", ERR_INVALID, "register must be 1"},
		{"{\"register\":2,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[]}", ERR_INVALID, "register must be 1"},
		{"{\"register\":1,\"version\":-1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[]}", ERR_INVALID, "version must be"},
		{"{\"register\":1,\"version\":1,\"entries\":[]}", ERR_INVALID, "issued_at must be a time"},
		{"{\"register\":1,\"version\":1,\"issued_at\":\"today\",\"entries\":[]}", ERR_INVALID, "issued_at must be a time"},
		{"{\"register\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\"}", ERR_INVALID, "entries must be a list"},
		{"{\"register\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[],\"x\":1}", ERR_INVALID, "no key x"},
		{"{\"register\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[],\"\":1}", ERR_INVALID, "no key"},
		{"{\"register\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[],\"ver\":1}", ERR_INVALID,
	         "no key ver"},
		{"{\"register\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[],\"issued_at entries\":1}",
	         ERR_INVALID, "no key issued_at entries"},
		{REGISTER("7"), ERR_INVALID, "entries 1: must be an object"},
		{REGISTER(ENTRY("\"serial\":\"A\"," PAST_END)), ERR_LIMIT, "more than 400 days"},
		{REGISTER(ENTRY("\"serial\":\"A\"")), ERR_INVALID, "ends_at must be a time"},
		{REGISTER(ENTRY(LAST_END)), ERR_INVALID, "must name its section"},
		{REGISTER(ENTRY("\"serial\":\"\"," LAST_END)), ERR_INVALID, "serial must be a text"},
		{REGISTER(ENTRY("\"serial\":5," LAST_END)), ERR_INVALID, "serial must be a text"},
		{REGISTER(ENTRY("\"serial\":\"A\",\"mode\":\"x\"," LAST_END)), ERR_INVALID, "no key mode"},
		{REGISTER(ENTRY("\"serial\":\"A\"," LAST_END) "," ENTRY("\"serial\":\"B\"," LAST_END)), ERR_INVALID, "m is given twice"},
		{REGISTER("{\"id\":\"\",\"vendor\":\"0781\"}"), ERR_INVALID, "id must be"},
		{REGISTER("{\"id\":\"a b\",\"vendor\":\"0781\"}"), ERR_INVALID, "id must be"},
		{REGISTER("{\"vendor\":\"0781\"}"), ERR_INVALID, "id must be"},
		{REGISTER("{\"id\":\"a\",\"vendor\":\"781\"}"), ERR_INVALID, "vendor must be four"},
		{REGISTER("{\"id\":\"a\",\"vendor\":1921}"), ERR_INVALID, "vendor must be four"},
		{REGISTER("{\"id\":\"a\",\"vendor\":\"078G\"}"), ERR_INVALID, "vendor must be four"},
		{REGISTER("{\"id\":\"a\",\"vendor\":\"0781\",\"product\":\"*\"}"), ERR_INVALID, "product must be four"},
		{REGISTER("{\"id\":\"a\",\"vendor\":\"0781\",\"product\":\"5567\",\"access\":\"open\"}"), ERR_INVALID, "access must be"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(media_register_fini) struct media_register reg;
		struct err err = {.kind = ERR_NONE};
		media_register_init(&reg);
		assert_false(media_register_parse(&reg, cases[i].text, strlen(cases[i].text), &err));
		expect_why(&cases[i], &err);
		assert_int_equal(reg.count, 0); /* nothing is taken */
	}
}

static void test_bad_orders(void **state)
{
	static const struct bad cases[] = {
		{"{\"register\":1}", ERR_INVALID, "orders: there is no key register"},
		{"{\"orders\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"exemptions\":[]}", ERR_INVALID,
	         "grants must be a list"},
		{"{\"orders\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"grants\":[]}", ERR_INVALID, "exemptions must be"},
		{"{\"orders\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"exemptions\":[],\"grants\":[],\"host\":1}",
	         ERR_INVALID, "host must be a text"},
		{ORDERS("{\"id\":\"e\",\"control\":\"x\"," LAST_END "}", ""), ERR_INVALID, "control must be the name"},
		{ORDERS("{\"id\":\"e\"," LAST_END "}", ""), ERR_INVALID, "control must be the name"},
		{ORDERS("{\"id\":\"e\",\"control\":\"screen_lock\"," PAST_END "}", ""), ERR_LIMIT,
	         "exemptions 1: ends_at is more than 400"},
		{ORDERS("{\"id\":\"e\",\"control\":\"agent_integrity\"," LAST_END "}", ""), ERR_LIMIT, "no order exempts agent_integrity"},
		{ORDERS("{\"id\":\"e\",\"control\":\"sdcard\",\"ends_at\":\"2026-11-23T00:00:01Z\"}", ""), ERR_LIMIT, "within 24 hours"},
		{ORDERS("{\"id\":\"e\",\"control\":\"screen_lock\",\"lifeline\":false," LAST_END "}", ""), ERR_INVALID, "no key lifeline"},
		{ORDERS("", "{\"id\":\"g\",\"vendor\":\"0781\",\"product\":\"5567\",\"access\":\"read_only\","
	                    "\"ends_at\":\"2026-11-23T00:00:01Z\"}"),
	         ERR_LIMIT, "within 24 hours"},
		{ORDERS("",
	                "{\"id\":\"g\",\"vendor\":\"0781\",\"product\":\"5567\",\"serial\":\"A\",\"access\":\"read_only\"," PAST_END "}"),
	         ERR_LIMIT, "grants 1: ends_at is more than 400"},
		{ORDERS("", "{\"id\":\"g\",\"vendor\":\"0781\",\"product\":\"5567\",\"serial\":\"A\",\"access\":\"blocked\"," LAST_END "}"),
	         ERR_INVALID, "access must be"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(orders_fini) struct orders orders;
		struct err err = {.kind = ERR_NONE};
		orders_init(&orders);
		assert_false(orders_parse(&orders, cases[i].text, strlen(cases[i].text), &err));
		expect_why(&cases[i], &err);
		assert_int_equal(orders.exemption_count + orders.grant_count, 0);
	}
}

static void test_limits(void **state)
{
	AUTO(buf_fini) struct buf text;
	struct err err;

	(void)state;
	for (unsigned count = 10000; count <= 10001; count++) {
		AUTO(media_register_fini) struct media_register reg;
		media_register_init(&reg);
		buf_init(&text, 4u << 20);
		buf_add(&text, "{\"register\":1,\"version\":1,\"issued_at\":\"2026-11-22T00:00:00Z\",\"entries\":[");
		for (unsigned i = 0; i < count; i++)
			buf_printf(&text,
			           "%s{\"id\":\"%u\",\"vendor\":\"0781\",\"product\":\"5567\",\"access\":\"read_only\",\"serial\":\"%"
			           "u\"," LAST_END "}",
			           i ? "," : "", i, i);
		buf_add(&text, "]}");
		assert_true(media_register_parse(&reg, text.data, text.size, &err) == (count == 10000));
		buf_fini(&text);
	}
	assert_int_equal(err.kind, ERR_LIMIT);
	char *spaces = calloc(1, (2u << 20) + 1);
	assert_non_null(spaces);
	memset(spaces, ' ', (2u << 20) + 1);
	AUTO(orders_fini) struct orders orders;
	orders_init(&orders);
	memcpy(spaces, ORDERS("", ""), strlen(ORDERS("", "")));
	assert_true(orders_parse(&orders, spaces, 2u << 20, &err));
	assert_false(orders_parse(&orders, spaces, (2u << 20) + 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	free(spaces);
}

static void test_find(void **state)
{
	static const char text[] =
		REGISTER("{\"id\":\"weak\",\"vendor\":\"0781\",\"product\":\"5567\",\"access\":\"read_write\",\"section\":\"s\","
	                 "\"ends_at\":\"2026-12-01T00:00:00Z\"},"
	                 "{\"id\":\"strong\",\"vendor\":\"0781\",\"product\":\"5567\",\"access\":\"read_only\",\"serial\":\"A\","
	                 "\"ends_at\":\"2026-11-25T00:00:00Z\"}");
	AUTO(media_register_fini) struct media_register reg;
	struct medium medium = {.vendor = 0x0781, .product = 0x5567, .serial = "A", .port = "1-1"};
	int64_t next = INT64_MAX;
	struct err err;

	(void)state;
	media_register_init(&reg);
	assert_true(media_register_parse(&reg, text, strlen(text), &err));
	assert_string_equal(media_register_find(&reg, &medium, ISSUED, &next)->id, "strong");
	assert_int_equal(next, ISSUED + 3 * 86400);
	assert_string_equal(media_register_find(&reg, &medium, ISSUED + 3 * 86400 - 1, &next)->id, "strong");
	assert_string_equal(media_register_find(&reg, &medium, ISSUED + 3 * 86400, &next)->id, "weak");
	assert_int_equal(next, ISSUED + 3 * 86400); /* only ever lowered */
	assert_null(media_register_find(&reg, &medium, ISSUED + 9 * 86400, &next));
	medium.shared_serial = true;
	assert_string_equal(media_register_find(&reg, &medium, ISSUED, &next)->id, "weak");
	medium.product = 1;
	assert_null(media_register_find(&reg, &medium, ISSUED, &next));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register),   cmocka_unit_test(test_orders), cmocka_unit_test(test_bad_registers),
		cmocka_unit_test(test_bad_orders), cmocka_unit_test(test_limits), cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
