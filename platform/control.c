/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/control.h"

static const struct control *const table[CONTROL_COUNT] = {
#define CONTROL(name, subject, value, by, period) [CONTROL_##name] = &control_##name,
#define LATER(name, subject, value)
#include "policy/controls.def"
#undef CONTROL
#undef LATER
};

const struct control *control_of(enum control_id id)
{
	return table[id];
}

static struct fact *unknown(struct facts *out, enum control_id id, const char *reason)
{
	struct fact *fact = facts_add(out, id, "host");

	fact_unknown(out, fact, reason);
	return fact;
}

void control_probe(enum control_id id, const struct host *host, struct facts *out)
{
	struct err err = {ERR_NONE, ""};
	size_t before = out->count;

	if (!table[id]) {
		unknown(out, id, "not_written");
		return;
	}
	if (!table[id]->probe(host, out, &err)) {
		/* Half an answer could pass where the other half would fail. */
		out->count = before;
		fact_show_error(out, unknown(out, id, "not_read"), catalogue[id].name, &err);
	} else if (out->count == before) {
		unknown(out, id, "nothing_found");
	}
}
