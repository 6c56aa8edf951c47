/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions and units, from the system bus. sd_login_monitor does not tell of a lock (LockedHint is only a property), so both listen to
 * signals of org.freedesktop.login1 and org.freedesktop.systemd1; the latter sends them only to who called Subscribe. Nothing
 * here waits for an answer. Where there is no bus, or no longer, it is sought again every minute, and everything is looked at then.
 */
#include "platform/linux/os/own_loop.h"
#include "platform/linux/os/watches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define AGAIN_MS 60000

struct bus_watch {
	struct os_watches *watches;
	struct os_loop *loop;
	struct os_source *again;
	sd_bus *bus;
	enum trigger_kind kind;
	struct watch_slot *slots[WATCH_SLOTS_MAX];
	size_t count;
};

static const char *const session_matches[] = {
	"type='signal',sender='org.freedesktop.login1',interface='org.freedesktop.login1.Manager'",
	"type='signal',sender='org.freedesktop.login1',interface='org.freedesktop.DBus.Properties',"
	"path_namespace='/org/freedesktop/login1/session'",
};

static int on_session(sd_bus_message *message, void *data, sd_bus_error *error)
{
	const struct bus_watch *watch = data;

	(void)message;
	(void)error;
	watches_fire(watch->watches, TRIGGER_SESSIONS, NULL);
	return 0;
}

static int on_unit(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct watch_slot *slot = data;
	const char *interface = NULL;

	(void)error;
	/* Two interfaces of the unit tell of each change; the common one is enough. */
	if (sd_bus_message_read(message, "s", &interface) >= 0 && strcmp(interface, "org.freedesktop.systemd1.Unit") == 0)
		slot->changed(slot->data);
	return 0;
}

static int on_end(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct bus_watch *watch = data;

	(void)message;
	(void)error;
	os_timer_set(watch->again, os_boot_ms() + AGAIN_MS);
	return 0;
}

static int add_matches(struct bus_watch *watch)
{
	int result = sd_bus_match_signal_async(watch->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
	                                       "org.freedesktop.DBus.Local", "Disconnected", on_end, NULL, watch);

	if (watch->kind == TRIGGER_UNIT && result >= 0)
		return sd_bus_call_method_async(watch->bus, NULL, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
		                                "org.freedesktop.systemd1.Manager", "Subscribe", NULL, NULL, NULL);
	for (size_t i = 0; watch->kind == TRIGGER_SESSIONS && result >= 0 && i < ARRAY_LEN(session_matches); i++)
		result = sd_bus_add_match_async(watch->bus, NULL, session_matches[i], on_session, NULL, watch);
	return result;
}

static int match_unit(struct bus_watch *watch, struct watch_slot *slot)
{
	char *path = NULL, match[512];
	int result = sd_bus_path_encode("/org/freedesktop/systemd1/unit", slot->what, &path);

	if (result < 0)
		return result;
	(void)snprintf(match, sizeof match,
	               "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.DBus.Properties',path='%s'", path);
	free(path);
	return sd_bus_add_match_async(watch->bus, NULL, match, on_unit, NULL, slot);
}

static void bus_open(struct bus_watch *watch)
{
	watch->bus = sd_bus_flush_close_unref(watch->bus);
	int result = sd_bus_open_system(&watch->bus);
	if (result >= 0)
		result = sd_bus_attach_event(watch->bus, os_loop_event(watch->loop), SD_EVENT_PRIORITY_NORMAL);
	if (result >= 0)
		result = add_matches(watch);
	for (size_t i = 0; result >= 0 && watch->kind == TRIGGER_UNIT && i < watch->count; i++)
		result = match_unit(watch, watch->slots[i]);
	if (result >= 0)
		return;
	watch->bus = sd_bus_flush_close_unref(watch->bus);
	os_timer_set(watch->again, os_boot_ms() + AGAIN_MS);
}

static void on_again(void *data)
{
	struct bus_watch *watch = data;

	bus_open(watch);
	if (watch->bus)
		watches_fire(watch->watches, watch->kind, NULL);
}

static void bus_close(void *kind)
{
	struct bus_watch *watch = kind;

	sd_bus_close_unref(watch->bus);
	os_source_free(watch->again);
	free(watch);
}

static void *bus_new(struct os_watches *watches, struct os_loop *loop, enum trigger_kind kind, struct err *err)
{
	struct bus_watch *watch = calloc(1, sizeof *watch);

	if (!watch) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	*watch = (struct bus_watch){.watches = watches, .loop = loop, .kind = kind};
	watch->again = os_timer_new(loop, on_again, watch, err);
	if (!watch->again) {
		bus_close(watch);
		return NULL;
	}
	bus_open(watch);
	return watch;
}

static void *sessions_open(struct os_watches *watches, struct os_loop *loop, struct err *err)
{
	return bus_new(watches, loop, TRIGGER_SESSIONS, err);
}

static void *units_open(struct os_watches *watches, struct os_loop *loop, struct err *err)
{
	return bus_new(watches, loop, TRIGGER_UNIT, err);
}

static bool sessions_add(void *kind, struct watch_slot *slot, struct err *err)
{
	(void)kind;
	(void)slot;
	(void)err;
	return true;
}

static bool units_add(void *kind, struct watch_slot *slot, struct err *err)
{
	struct bus_watch *watch = kind;
	int result = watch->bus ? match_unit(watch, slot) : 0;

	if (result < 0)
		return err_errno(err, -result, "the system bus, for %s", slot->what);
	watch->slots[watch->count++] = slot;
	return true;
}

const struct watch_kind watch_sessions = {sessions_open, sessions_add, bus_close};
const struct watch_kind watch_units = {units_open, units_add, bus_close};
