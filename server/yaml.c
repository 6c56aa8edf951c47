/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events, not its documents: those resolve aliases (a file of 1 KiB can be a tree of 1 GiB) and forget lines of
 * keys. Only what a policy needs is let through; the rest of YAML is refused by name.
 */
#include "server/yaml.h"

#include "base/text.h"

#include <string.h>
#include <yaml.h>

struct loader {
	struct arena *arena;
	struct complaints *out;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; freed by the next step */
	bool has_event;
	unsigned nodes;
	const char *text;
	size_t size;
};

static bool complain(struct loader *loader, const char *text)
{
	complaints_add(loader->out, (unsigned)loader->event.start_mark.line + 1, "%s", text);
	return false;
}

static bool step(struct loader *loader)
{
	if (loader->has_event)
		yaml_event_delete(&loader->event);
	loader->has_event = yaml_parser_parse(&loader->parser, &loader->event) == 1;
	if (loader->has_event)
		return true;
	const char *problem = loader->parser.problem ? loader->parser.problem : "it cannot be read";
	size_t line = loader->parser.problem_mark.line ? loader->parser.problem_mark.line : loader->parser.context_mark.line;
	if (loader->parser.error == YAML_READER_ERROR) /* which knows the byte only */
		for (size_t i = line = 0; i < loader->size && i < loader->parser.problem_offset; i++)
			line += loader->text[i] == '\n';
	complaints_add(loader->out, (unsigned)line + 1, "this is not YAML: %s", problem);
	return false;
}

static bool is_plain_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (event->data.scalar.length == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* The text as it is: "on", "010" and "1e3" stay words, and the validator says what they should be. */
static bool take_scalar(struct loader *loader, struct node *node)
{
	const yaml_event_t *event = &loader->event;
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length)
		return complain(loader, "a text must not contain a NUL character");
	if (is_plain_null(event))
		return true;
	node->kind = NODE_SCALAR;
	node->text = arena_strndup(loader->arena, text, event->data.scalar.length);
	return node->text || complain(loader, "the file is too large");
}

static bool take_value(struct loader *loader, struct node *node, unsigned depth);

static bool take_list(struct loader *loader, struct node *node, unsigned depth)
{
	node->kind = NODE_LIST;
	while (step(loader)) {
		struct node item = {.kind = NODE_NULL};
		if (loader->event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		if (!take_value(loader, &item, depth + 1))
			return false;
		struct node *slot = ARENA_PUSH(loader->arena, node->items, node->count);
		if (!slot)
			return complain(loader, "the file is too large");
		*slot = item;
	}
	return false;
}

/* Doubled keys are legal for libyaml, and readers disagree which one counts. */
static bool take_key(struct loader *loader, const struct node *map, struct node *item)
{
	struct node key = {.kind = NODE_NULL};

	if (loader->event.type != YAML_SCALAR_EVENT)
		return complain(loader, "a key must be one word");
	if (!take_value(loader, &key, 0))
		return false;
	if (key.kind != NODE_SCALAR)
		return complain(loader, "a key must not be empty");
	if (node_get(map, key.text)) {
		char shown[200];
		text_printable(shown, sizeof shown, key.text, strlen(key.text), 40);
		complaints_add(loader->out, key.line, "`%s` is given twice: keep one", shown);
		return false;
	}
	item->key = key.text;
	return true;
}

static bool take_map(struct loader *loader, struct node *node, unsigned depth)
{
	node->kind = NODE_MAP;
	while (step(loader)) {
		struct node item = {.kind = NODE_NULL};
		if (loader->event.type == YAML_MAPPING_END_EVENT)
			return true;
		if (!take_key(loader, node, &item))
			return false;
		unsigned line = (unsigned)loader->event.start_mark.line + 1;
		if (!step(loader) || !take_value(loader, &item, depth + 1))
			return false;
		item.line = line; /* of its key: an empty value has its mark on the next line */
		struct node *slot = ARENA_PUSH(loader->arena, node->items, node->count);
		if (!slot)
			return complain(loader, "the file is too large");
		*slot = item;
	}
	return false;
}

/* The event's anchor and tag, whatever it is. */
static bool is_adorned(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor || event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor || event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor || event->data.mapping_start.tag;
	default:
		return false;
	}
}

static bool take_value(struct loader *loader, struct node *node, unsigned depth)
{
	node->line = (unsigned)loader->event.start_mark.line + 1;
	if (++loader->nodes > YAML_MAX_NODES)
		return complain(loader, "the file has too many entries");
	if (depth > NODE_DEPTH_MAX)
		return complain(loader, "this is nested too deeply");
	if (loader->event.type == YAML_ALIAS_EVENT || is_adorned(&loader->event))
		return complain(loader, "anchors (&), aliases (*) and tags (!) are not taken: write the value out");
	if (loader->event.type == YAML_SCALAR_EVENT)
		return take_scalar(loader, node);
	if (loader->event.type == YAML_SEQUENCE_START_EVENT)
		return take_list(loader, node, depth);
	return take_map(loader, node, depth);
}

static bool take_stream(struct loader *loader, struct node *root)
{
	if (!step(loader) || !step(loader)) /* the stream's start, then the first document's */
		return false;
	if (loader->event.type != YAML_DOCUMENT_START_EVENT)
		return complain(loader, "the file is empty");
	if (loader->event.data.document_start.version_directive ||
	    loader->event.data.document_start.tag_directives.start != loader->event.data.document_start.tag_directives.end)
		return complain(loader, "directives (%) are not taken: leave them out");
	if (!step(loader) || !take_value(loader, root, 1) || !step(loader) || !step(loader))
		return false;
	return loader->event.type == YAML_STREAM_END_EVENT || complain(loader, "a second document begins here: one file, one policy");
}

/* The line of the first byte that is not UTF-8. */
static unsigned bad_line(const char *text, size_t size)
{
	unsigned line = 1;

	for (const char *end; (end = memchr(text, '\n', size)) != NULL; line++) {
		if (!text_is_utf8(text, (size_t)(end - text)))
			return line;
		size -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	return line;
}

const struct node *yaml_parse(struct arena *arena, const char *text, size_t size, struct complaints *complaints)
{
	struct loader loader = {.arena = arena, .out = complaints, .text = text, .size = size};
	struct node *root = arena_alloc(arena, sizeof *root);

	if (size > POLICY_MAX_BYTES) {
		complaints_add(complaints, 0, "the file is larger than %u KiB", POLICY_MAX_BYTES >> 10);
		return NULL;
	}
	if (!text_is_utf8(text, size)) {
		complaints_add(complaints, bad_line(text, size), "this is not UTF-8: save the file as UTF-8");
		return NULL;
	}
	if (!root || yaml_parser_initialize(&loader.parser) != 1)
		return NULL;
	/* The encoding is left to libyaml, which skips a BOM; UTF-16 has been refused above, its BOM is not UTF-8. */
	yaml_parser_set_input_string(&loader.parser, (const unsigned char *)text, size);
	bool good = take_stream(&loader, root);
	if (loader.has_event)
		yaml_event_delete(&loader.event);
	yaml_parser_delete(&loader.parser);
	return good ? root : NULL;
}
