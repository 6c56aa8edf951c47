/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/passwd.h"
#include "tests/unit/test.h"

#include <string.h>

static void accounts_are_read_and_rubbish_is_left_out(void **state)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/bash\n"
				   "sato:x:1000:1000:佐藤,,,:/home/佐藤:/bin/bash\n"
				   "short:x:1001:1001\n"
				   "minus:x:-5:1:a:/home/m:/bin/sh\n"
				   "big:x:4294967295:1:a:/home/m:/bin/sh\n"
				   "last:x:4294967294:1:a:/home/l:/bin/sh\n"
				   "+nis:x:1002:1:a:/home/n:/bin/sh\n"
				   "-nis:x:1003:1:a:/home/n:/bin/sh\n"
				   "#x:x:1004:1:a:/home/n:/bin/sh\n"
				   ":x:1005:1:a:/home/n:/bin/sh\n"
				   "twin:x:1000:1000:b:/home/twin:/bin/sh\n"
				   "bare:x:1006:1006::/home/bare:";
	struct arena arena;
	struct passwd_file passwd;
	struct err err;

	(void)state;
	arena_init(&arena, 1 << 16);
	assert_true(passwd_parse(&passwd, &arena, text, sizeof text - 1, &err));
	assert_int_equal(passwd.count, 5);
	assert_string_equal(passwd_find(&passwd, 1000)->name, "sato");
	assert_string_equal(passwd_find(&passwd, 1000)->home, "/home/佐藤");
	assert_string_equal(passwd_find(&passwd, 1006)->shell, "");
	assert_non_null(passwd_find(&passwd, 4294967294));
	assert_null(passwd_find(&passwd, 1001));
	arena_fini(&arena);
}

static void a_line_without_end_is_bounded(void **state)
{
	static char text[9000];
	struct arena arena;
	struct passwd_file passwd;
	struct err err;

	(void)state;
	memset(text, ':', sizeof text);
	memcpy(text + 8190, "\na:x:7:7:g:/h:/s", 16);
	arena_init(&arena, 1 << 16);
	assert_true(passwd_parse(&passwd, &arena, text, 8206, &err));
	assert_int_equal(passwd.count, 1);
	assert_int_equal(passwd.items[0].uid, 7);
	arena_fini(&arena);
}

static void a_full_arena_is_a_limit(void **state)
{
	struct arena arena;
	struct passwd_file passwd;
	struct uid_ranges ranges;
	struct err err;

	(void)state;
	arena_init(&arena, 16);
	assert_false(passwd_parse(&passwd, &arena, "a:x:7:7:g:/h:/s\n", 16, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(passwd_parse_subuid(&ranges, &arena, "a:1:2\n", 6, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	arena_fini(&arena);
}

static void ranges_of_containers(void **state)
{
	static const char text[] = "sato:100000:65536\nbad:1\nworse:a:b\nmore:1:2:3\nito:165536:65536";
	struct arena arena;
	struct uid_ranges ranges;
	struct err err;

	(void)state;
	arena_init(&arena, 1 << 16);
	assert_true(passwd_parse_subuid(&ranges, &arena, text, sizeof text - 1, &err));
	assert_int_equal(ranges.count, 2);
	assert_int_equal(ranges.items[1].first, 165536);
	assert_int_equal(ranges.items[1].count, 65536);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_are_read_and_rubbish_is_left_out),
		cmocka_unit_test(a_line_without_end_is_bounded),
		cmocka_unit_test(a_full_arena_is_a_limit),
		cmocka_unit_test(ranges_of_containers),
	};

	return cmocka_run_group_tests_name("passwd", tests, NULL, NULL);
}
