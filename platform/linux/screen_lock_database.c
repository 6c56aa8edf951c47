/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own dconf database, as `dconf compile` would make it from the same keys and locks (a test compares all of the content): so that
 * neither dconf-cli nor a child process is needed, and nobody else's database is touched. Format: read/gvdb.c.
 */
#include "platform/linux/screen_lock_gnome.h"

#include <stdio.h>
#include <string.h>

#define NODES_MAX 32
#define NO_PARENT 0xffffffffu

struct node {
	char name[64];
	size_t parent; /* index of the folder it lies in; NODES_MAX: none */
	char type;     /* 'v', 'L' (a folder: what lies in it) or 'H' (the table of locks) */
	char value[12];
	size_t value_size;
	uint32_t hash, number; /* number: its place in the file */
};

struct tree {
	struct node nodes[NODES_MAX];
	size_t count;
};

static void put32(struct buf *out, uint32_t number)
{
	const uint8_t bytes[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24)};

	buf_append(out, bytes, sizeof bytes);
}

static void patch32(struct buf *out, size_t at, uint32_t number)
{
	for (size_t i = 0; !out->failed && i < 4; i++)
		out->data[at + i] = (char)(uint8_t)(number >> (8 * i));
}

static void align(struct buf *out, size_t to)
{
	while (!out->failed && out->size % to)
		buf_append(out, "", 1);
}

static struct node *add(struct tree *tree, const char *name, size_t size, char type, size_t parent)
{
	struct node *node = &tree->nodes[tree->count++];

	*node = (struct node){.type = type, .parent = parent, .hash = 5381};
	memcpy(node->name, name, size);
	for (size_t i = 0; i < size; i++)
		node->hash = node->hash * 33 + (uint8_t)name[i];
	return node;
}

/* "/org/gnome/x": the folders "/", "/org/", "/org/gnome/" as far as they are missing, then the key. */
static struct node *add_key(struct tree *tree, const char *path)
{
	size_t parent = NODES_MAX;

	for (size_t size = 1; path[size - 1]; size++) {
		size_t found = 0;
		if (path[size - 1] != '/')
			continue;
		while (found < tree->count && (strlen(tree->nodes[found].name) != size || memcmp(tree->nodes[found].name, path, size) != 0))
			found++;
		if (found == tree->count)
			(void)add(tree, path, size, 'L', parent);
		parent = found;
	}
	return add(tree, path, strlen(path), 'v', parent);
}

/* A GVariant in a variant: its bytes, a NUL, its type. */
static void set_value(struct node *node, const char *bytes, size_t size, char type)
{
	memcpy(node->value, bytes, size);
	node->value[size + 1] = type;
	node->value_size = size + 2;
}

static void number_nodes(struct tree *tree)
{
	uint32_t number = 0;

	for (size_t bucket = 0; bucket < tree->count; bucket++)
		for (size_t i = 0; i < tree->count; i++)
			if (tree->nodes[i].hash % tree->count == bucket)
				tree->nodes[i].number = number++;
}

static void encode(struct buf *out, struct tree *tree, struct tree *locks, size_t pointer_at);

static void encode_children(struct buf *out, const struct tree *tree, size_t folder)
{
	align(out, 4);
	for (size_t i = 0; i < tree->count; i++)
		if (tree->nodes[i].parent == folder)
			put32(out, tree->nodes[i].number);
}

static void encode_node(struct buf *out, const struct tree *tree, size_t index, struct tree *locks, size_t at)
{
	const struct node *node = &tree->nodes[index];
	const struct node *parent = node->parent < NODES_MAX ? &tree->nodes[node->parent] : NULL;
	const char *name = node->name + (parent ? strlen(parent->name) : 0);

	patch32(out, at, node->hash);
	patch32(out, at + 4, parent ? parent->number : NO_PARENT);
	patch32(out, at + 8, (uint32_t)out->size);
	patch32(out, at + 12, (uint32_t)strlen(name) | (uint32_t)(uint8_t)node->type << 16);
	buf_add(out, name);
	if (node->type == 'H') {
		encode(out, locks, NULL, at + 16);
		return;
	}
	align(out, node->type == 'v' ? 8 : 4);
	patch32(out, at + 16, (uint32_t)out->size);
	if (node->type == 'v')
		buf_append(out, node->value, node->value_size);
	else
		encode_children(out, tree, index);
	patch32(out, at + 20, (uint32_t)out->size);
}

/* A table at the end of what is there; start and end go to `pointer_at`. */
static void encode(struct buf *out, struct tree *tree, struct tree *locks, size_t pointer_at)
{
	static const char zeros[24];

	number_nodes(tree);
	align(out, 4);
	patch32(out, pointer_at, (uint32_t)out->size);
	put32(out, 5u << 27); /* no bloom filter, and gvdb-builder's shift */
	put32(out, (uint32_t)tree->count);
	for (size_t bucket = 0; bucket < tree->count; bucket++) {
		uint32_t before = 0;
		for (size_t i = 0; i < tree->count; i++)
			before += tree->nodes[i].hash % tree->count < bucket;
		put32(out, before);
	}
	size_t items = out->size;
	for (size_t i = 0; i < tree->count; i++)
		buf_append(out, zeros, sizeof zeros);
	patch32(out, pointer_at + 4, (uint32_t)out->size);
	for (size_t i = 0; i < tree->count; i++)
		encode_node(out, tree, i, locks, items + (size_t)24 * tree->nodes[i].number);
}

bool lock_gnome_database(struct buf *out, const uint32_t numbers[LOCK_GNOME_KEYS], struct err *err)
{
	struct tree tree = {.count = 0}, locks = {.count = 0};

	for (size_t i = 0; i < LOCK_GNOME_KEYS; i++) {
		const struct lock_gnome_key *key = &lock_gnome_keys[i];
		const char bytes[4] = {(char)(uint8_t)numbers[i], (char)(uint8_t)(numbers[i] >> 8), (char)(uint8_t)(numbers[i] >> 16),
		                       (char)(uint8_t)(numbers[i] >> 24)};
		set_value(add_key(&tree, key->path), bytes, key->is_switch ? 1 : 4, key->is_switch ? 'b' : 'u');
		set_value(add(&locks, key->path, strlen(key->path), 'v', NODES_MAX), "", 1, 's');
	}
	(void)add(&tree, ".locks", strlen(".locks"), 'H', NODES_MAX);
	buf_append(out, "GVariant\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
	encode(out, &tree, &locks, 16);
	if (out->failed)
		return err_set(err, ERR_LIMIT, "no memory for the database");
	return true;
}
