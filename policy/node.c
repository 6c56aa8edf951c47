/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON to the same tree that YAML becomes, so that one validator reads both. What it loses is meant to be lost: whether 1
 * was written as a number or as a text makes no difference to a policy.
 */
#include "policy/node.h"

#include "base/json.h"

#include <inttypes.h>
#include <string.h>

const struct node *node_get(const struct node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return &map->items[i];
	return NULL;
}

static bool convert(struct arena *arena, struct node *node, json_t *json, unsigned depth);

/* `key` is NULL in a list. The child is finished before it is pushed: pushing may move its brothers. */
static bool convert_member(struct arena *arena, struct node *parent, const char *key, json_t *json, unsigned depth)
{
	struct node child = {.key = key ? arena_strdup(arena, key) : NULL};

	if (!convert(arena, &child, json, depth + 1))
		return false;
	struct node *slot = ARENA_PUSH(arena, parent->items, parent->count);
	if (!slot)
		return false;
	*slot = child;
	return true;
}

static bool convert_container(struct arena *arena, struct node *node, json_t *json, unsigned depth)
{
	const char *key;
	json_t *item;
	size_t i;

	node->kind = json_is_object(json) ? NODE_MAP : NODE_LIST;
	if (depth > NODE_DEPTH_MAX) /* before going down: this is what bounds the recursion */
		return false;
	json_array_foreach (json, i, item)
		if (!convert_member(arena, node, NULL, item, depth))
			return false;
	json_object_foreach (json, key, item)
		if (!convert_member(arena, node, key, item, depth))
			return false;
	return true;
}

/* Scalars become the text that YAML would have had. */
static bool convert(struct arena *arena, struct node *node, json_t *json, unsigned depth)
{
	if (json_is_object(json) || json_is_array(json))
		return convert_container(arena, node, json, depth);
	if (json_is_null(json)) {
		node->kind = NODE_NULL;
		return true;
	}
	node->kind = NODE_SCALAR;
	if (json_is_string(json))
		node->text = arena_strdup(arena, json_string_value(json));
	else if (json_is_integer(json))
		node->text = arena_printf(arena, "%" PRId64, (int64_t)json_integer_value(json));
	else if (json_is_real(json))
		node->text = arena_printf(arena, "%g", json_real_value(json));
	else
		node->text = json_is_true(json) ? "true" : "false";
	return node->text != NULL;
}

const struct node *node_from_json(struct arena *arena, const char *text, size_t size, struct err *err)
{
	AUTO(json_drop) json_t *json = json_parse(text, size, err);
	struct node *root = json ? arena_alloc(arena, sizeof *root) : NULL;

	if (!json)
		return NULL;
	if (!root || !convert(arena, root, json, 1)) {
		err_set(err, ERR_LIMIT, "nested deeper than %d, or too large", NODE_DEPTH_MAX);
		return NULL;
	}
	return root;
}
