/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/os/watches.h"

#include "base/text.h"

#include <stdlib.h>

static const struct watch_kind *const kinds[] = {
	[TRIGGER_PATH] = &watch_paths,        [TRIGGER_DEVICES] = &watch_devices, [TRIGGER_MOUNTS] = &watch_mounts,
	[TRIGGER_SESSIONS] = &watch_sessions, [TRIGGER_UNIT] = &watch_units,
};

struct os_watches {
	struct os_loop *loop;
	void *open[ARRAY_LEN(kinds)];
	struct watch_slot slots[WATCH_SLOTS_MAX];
	size_t count;
};

struct os_watches *os_watches_new(struct os_loop *loop, struct err *err)
{
	struct os_watches *watches = calloc(1, sizeof *watches);

	if (!watches) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	watches->loop = loop;
	return watches;
}

void os_watches_free(struct os_watches *watches)
{
	if (!watches)
		return;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (watches->open[i])
			kinds[i]->close(watches->open[i]);
	free(watches);
}

bool os_watches_add(struct os_watches *watches, const struct trigger *trigger, os_call *changed, void *data, struct err *err)
{
	void **kind = &watches->open[trigger->kind];

	if (watches->count == WATCH_SLOTS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d triggers", WATCH_SLOTS_MAX);
	if (!*kind)
		*kind = kinds[trigger->kind]->open(watches, watches->loop, err);
	if (!*kind)
		return false;
	struct watch_slot *slot = &watches->slots[watches->count];
	*slot = (struct watch_slot){trigger->kind, trigger->what, changed, data};
	if (!kinds[trigger->kind]->add(*kind, slot, err))
		return false;
	watches->count++;
	return true;
}

void watches_fire(const struct os_watches *watches, enum trigger_kind kind, const char *what)
{
	for (size_t i = 0; i < watches->count; i++) {
		const struct watch_slot *slot = &watches->slots[i];
		if (slot->kind == kind && (!what || text_equal(slot->what, what)))
			slot->changed(slot->data);
	}
}
