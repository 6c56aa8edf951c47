/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "platform/control.h"
#include "platform/os.h"

/*
 * The five kinds of watch behind os_watches_add, each in its own file. Each kind is made when its first trigger comes and gives NULL with err where
 * this PC has no such source. `slot` is the one that asked; watches_fire calls it.
 */
struct watch_slot {
	enum trigger_kind kind;
	const char *what; /* as in the trigger: lives as long as the program */
	os_call *changed;
	void *data;
};

#define WATCH_SLOTS_MAX 256

struct watch_kind {
	void *(*open)(struct os_watches *watches, struct os_loop *loop, struct err *err);
	bool (*add)(void *kind, struct watch_slot *slot, struct err *err);
	void (*close)(void *kind);
};
extern const struct watch_kind watch_paths, watch_devices, watch_mounts, watch_sessions, watch_units;

/* Calls every slot of that kind; `what` NULL: all of them, else those with this text. */
void watches_fire(const struct os_watches *watches, enum trigger_kind kind, const char *what);
