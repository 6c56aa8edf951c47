/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as trees, from JSON and from YAML. */
#include "tests/unit/test.h"

#include "policy/policy.h"
#include "server/yaml.h"

#include <string.h>

static const struct node *from_yaml(struct arena *arena, const char *text, struct complaints *complaints)
{
	arena_init(arena, 16u << 20);
	complaints_init(complaints);
	return yaml_parse(arena, text, strlen(text), complaints);
}

static void test_json(void **state)
{
	static const char text[] = "{\"a\":\"x\",\"b\":[1,true,false,null,-2.5],\"c\":{\"d\":{}}}";
	static const char *const scalars[] = {"1", "true", "false", NULL, "-2.5"};
	AUTO(arena_fini) struct arena arena;
	struct err err;

	(void)state;
	arena_init(&arena, 1u << 16);
	const struct node *root = node_from_json(&arena, text, strlen(text), &err);
	assert_non_null(root);
	assert_int_equal(root->kind, NODE_MAP);
	assert_string_equal(node_get(root, "a")->text, "x");
	const struct node *list = node_get(root, "b");
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->count, 5);
	for (size_t i = 0; i < 5; i++)
		if (scalars[i])
			assert_string_equal(list->items[i].text, scalars[i]);
		else
			assert_int_equal(list->items[i].kind, NODE_NULL);
	assert_int_equal(node_get(node_get(root, "c"), "d")->count, 0);
	assert_null(node_get(root, "e"));
	assert_null(node_get(list, "a"));
	assert_null(node_get(NULL, "a"));
	assert_null(node_get(node_get(root, "a"), "x"));
}

static void test_json_depth(void **state)
{
	char text[2 * NODE_DEPTH_MAX + 3];
	AUTO(arena_fini) struct arena arena, small;
	struct err err;

	(void)state;
	arena_init(&arena, 1u << 16);
	arena_init(&small, 64);
	memset(text, '[', NODE_DEPTH_MAX);
	memset(text + NODE_DEPTH_MAX, ']', NODE_DEPTH_MAX);
	assert_non_null(node_from_json(&arena, text, 2 * NODE_DEPTH_MAX, &err));
	memset(text, '[', NODE_DEPTH_MAX + 1);
	memset(text + NODE_DEPTH_MAX + 1, ']', NODE_DEPTH_MAX + 1);
	assert_null(node_from_json(&arena, text, 2 * NODE_DEPTH_MAX + 2, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_null(node_from_json(&small, "[1,2,3,4]", 9, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_null(node_from_json(&arena, "[1,]", 4, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void test_yaml_lines_and_kinds(void **state)
{
	AUTO(arena_fini) struct arena arena;
	AUTO(complaints_fini) struct complaints complaints;
	const struct node *root = from_yaml(&arena,
	                                    "# comment\n"
	                                    "a: on\n"
	                                    "b:\n"
	                                    "c: ~\n"
	                                    "d: \"\"\n"
	                                    "e: 'null'\n"
	                                    "f:\n"
	                                    "  - x\n"
	                                    "  - {g: 010}\n"
	                                    "h: |\n"
	                                    "  text\n",
	                                    &complaints);

	(void)state;
	assert_non_null(root);
	assert_int_equal(complaints.count, 0);
	assert_int_equal(root->line, 2);
	assert_string_equal(node_get(root, "a")->text, "on");
	assert_int_equal(node_get(root, "b")->kind, NODE_NULL);
	assert_int_equal(node_get(root, "b")->line, 3);
	assert_int_equal(node_get(root, "c")->kind, NODE_NULL);
	assert_string_equal(node_get(root, "d")->text, "");
	assert_string_equal(node_get(root, "e")->text, "null");
	const struct node *list = node_get(root, "f");
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->line, 7);
	assert_int_equal(list->items[0].line, 8);
	assert_null(list->items[0].key);
	assert_string_equal(node_get(&list->items[1], "g")->text, "010");
	assert_string_equal(node_get(root, "h")->text, "text\n");
}

static void test_yaml_bounds(void **state)
{
	char deep[64] = "";
	AUTO(buf_fini) struct buf many;

	(void)state;
	for (unsigned depth = NODE_DEPTH_MAX; depth <= NODE_DEPTH_MAX + 1; depth++) {
		AUTO(arena_fini) struct arena arena;
		AUTO(complaints_fini) struct complaints complaints;
		memset(deep, '[', depth);
		memset(deep + depth, ']', depth);
		assert_true((from_yaml(&arena, deep, &complaints) != NULL) == (depth == NODE_DEPTH_MAX));
	}
	buf_init(&many, 1u << 20);
	buf_add(&many, "[");
	for (unsigned i = 0; i < YAML_MAX_NODES - 1; i++)
		buf_add(&many, "1,");
	for (unsigned i = 0; i < 2; i++) { /* the list and its items: the most, then one more */
		AUTO(arena_fini) struct arena arena;
		AUTO(complaints_fini) struct complaints complaints;
		AUTO(buf_fini) struct buf text;
		buf_init(&text, 1u << 20);
		buf_printf(&text, "%s%s]", many.data, i ? "1" : "");
		assert_true((from_yaml(&arena, text.data, &complaints) != NULL) == (i == 0));
	}
}

static void test_yaml_too_large(void **state)
{
	AUTO(arena_fini) struct arena arena;
	AUTO(complaints_fini) struct complaints complaints;
	AUTO(buf_fini) struct buf text;

	(void)state;
	arena_init(&arena, 1u << 20);
	complaints_init(&complaints);
	buf_init(&text, 2 * POLICY_MAX_BYTES);
	buf_add(&text, "a: b\n");
	while (text.size < POLICY_MAX_BYTES)
		buf_add(&text, "#");
	assert_non_null(yaml_parse(&arena, text.data, text.size, &complaints));
	buf_add(&text, "#");
	assert_null(yaml_parse(&arena, text.data, text.size, &complaints));
	assert_int_equal(complaints.count, 1);
	assert_int_equal(complaints.items[0].line, 0);
	arena_fini(&arena);
	arena_init(&arena, 300);
	assert_null(yaml_parse(&arena, "[1,2,3,4,5,6,7,8,9]", 19, &complaints));
	assert_int_equal(complaints.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),           cmocka_unit_test(test_json_depth),
		cmocka_unit_test(test_yaml_bounds),    cmocka_unit_test(test_yaml_lines_and_kinds),
		cmocka_unit_test(test_yaml_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
