/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>

/*
 * A document as a tree, whatever it was written in. Scalars are text ("10m", "true", "12"): YAML has nothing else, and JSON's
 * numbers and booleans are printed. NODE_NULL is YAML's empty value or JSON's null.
 */
enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };

#define NODE_DEPTH_MAX 12

struct node {
	enum node_kind kind;
	unsigned line;      /* of its first character; 0 from JSON */
	const char *key;    /* inside a map; else NULL */
	const char *text;   /* SCALAR */
	struct node *items; /* LIST, MAP */
	size_t count;
};

/* NULL if `map` has no such key (or is no map). */
const struct node *node_get(const struct node *map, const char *key);

/* From JSON text; everything lives in `arena`. Base limits of json_parse. */
const struct node *node_from_json(struct arena *arena, const char *text, size_t size, struct err *err);
