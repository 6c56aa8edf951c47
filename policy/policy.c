/* SPDX-License-Identifier: Apache-2.0 */
/* The policy as a whole: its memory, its complaints, and reading it back from the JSON that epctl wrote. */
#include "policy/policy.h"

#include <stdarg.h>
#include <stdio.h>

/* A tree node is about 50 bytes and the smallest value two: 256 KiB of text fit many times over. */
#define POLICY_ARENA_BYTES (4u << 20)
#define COMPLAINTS_MAX     200 /* nobody mends more at once, and a hostile file could have 100,000 */

void policy_init(struct policy *policy)
{
	*policy = (struct policy){.id = ""};
	arena_init(&policy->arena, POLICY_ARENA_BYTES);
}

void policy_fini(struct policy *policy)
{
	arena_fini(&policy->arena);
	*policy = (struct policy){.id = ""};
}

void complaints_init(struct complaints *complaints)
{
	*complaints = (struct complaints){.items = NULL};
	arena_init(&complaints->arena, 1u << 20);
}

void complaints_fini(struct complaints *complaints)
{
	arena_fini(&complaints->arena);
	*complaints = (struct complaints){.items = NULL};
}

void complaints_add(struct complaints *complaints, unsigned line, const char *fmt, ...)
{
	char text[600];
	va_list args;

	/* The first ones are kept: a later one is often only their consequence. */
	if (complaints->count >= COMPLAINTS_MAX)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	struct complaint *complaint = ARENA_PUSH(&complaints->arena, complaints->items, complaints->count);
	if (!complaint)
		return;
	complaint->line = line;
	complaint->text = arena_strdup(&complaints->arena, text);
	if (!complaint->text)
		complaint->text = "too many complaints";
}

bool policy_parse(struct policy *policy, const char *text, size_t size, struct err *err)
{
	AUTO(complaints_fini) struct complaints complaints;
	AUTO(arena_fini) struct arena scratch;

	complaints_init(&complaints);
	arena_init(&scratch, POLICY_ARENA_BYTES);
	if (size > POLICY_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "policy: larger than %u bytes", POLICY_MAX_BYTES);
	const struct node *root = node_from_json(&scratch, text, size, err);
	if (!root)
		return err_wrap(err, "policy");
	if (!policy_read(policy, root, &complaints))
		return err_set(err, ERR_INVALID, "policy: %s", complaints.count ? complaints.items[0].text : "too large");
	return true;
}
