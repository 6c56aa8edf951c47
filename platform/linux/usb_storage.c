/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mass storage device on the USB bus and what can be done with it now. A fact says what the kernel lets happen, not what a rule
 * allows: refused (the device or its storage interface is not authorised, or nothing drives it), read-only (every block device of
 * it is), or open. Deciding is the judge's affair, refusing the enforcing part's.
 */
#include "base/text.h"
#include "platform/control.h"
#include "platform/linux/usb.h"
#include "policy/medium.h"

#include <stdio.h>
#include <string.h>

#define SUBJECT_SIZE 200

static const struct medium *make_medium(struct facts *out, const struct usb_device *device, bool shared)
{
	struct medium *medium = arena_alloc(&out->arena, sizeof *medium);
	char digest[USB_DIGEST_SIZE];

	if (!medium)
		return NULL;
	usb_digest(&device->descriptors, digest);
	*medium = (struct medium){
		.vendor = device->descriptors.vendor,
		.product = device->descriptors.product,
		.serial = arena_strdup(&out->arena, device->serial),
		.port = arena_strdup(&out->arena, device->port),
		.name = arena_strdup(&out->arena, device->name),
		.interfaces = usb_interfaces_text(&device->descriptors, &out->arena),
		.digest = arena_strdup(&out->arena, device->descriptors_err.kind == ERR_NONE ? digest : ""),
		.lifeline = device->lifeline,
		.shared_serial = shared,
	};
	return medium->digest && medium->interfaces ? medium : NULL;
}

/* Hundreds of cheap sticks bear the same serial: the two of them cannot be told apart by it. */
static bool has_twin(const struct usb_bus *bus, const struct usb_device *device)
{
	for (size_t i = 0; i < bus->count; i++) {
		const struct usb_device *other = &bus->items[i];
		if (other != device && device->serial[0] && strcmp(other->serial, device->serial) == 0 &&
		    other->descriptors.vendor == device->descriptors.vendor && other->descriptors.product == device->descriptors.product)
			return true;
	}
	return false;
}

static void show(struct facts *out, struct fact *fact, const struct usb_device *device)
{
	char source[SUBJECT_SIZE + 32];

	(void)snprintf(source, sizeof source, "/sys/bus/usb/devices/%.*s", SUBJECT_SIZE, device->port);
	if (device->descriptors_err.kind != ERR_NONE)
		fact_show_error(out, fact, source, &device->descriptors_err);
	else
		fact_show_switch(out, fact, source, "descriptors_complete", device->descriptors.complete);
	if (device->authorized_known)
		fact_show_switch(out, fact, source, "authorized", device->authorized);
	fact_show_number(out, fact, source, "interfaces", (int64_t)device->interfaces);
	fact_show_number(out, fact, source, "interfaces_refused", (int64_t)device->refused);
	fact_show_number(out, fact, source, "block_devices", (int64_t)device->blocks);
	fact_show_number(out, fact, source, "block_devices_writable", (int64_t)device->writable);
	if (device->lifeline)
		fact_show_switch(out, fact, source, "lifeline", true);
}

static void add_fact(struct facts *out, const struct usb_bus *bus, const struct usb_device *device, const char *problem)
{
	char subject[SUBJECT_SIZE];
	enum access access = ACCESS_OPEN;
	const struct medium *medium = make_medium(out, device, has_twin(bus, device));

	if (!medium) {
		out->overflow = true;
		return;
	}
	medium_subject(subject, sizeof subject, medium);
	struct fact *fact = facts_add(out, CONTROL_usb_storage, "%s", subject);
	fact->medium = medium;
	if (!problem && !usb_access(device, &access))
		problem = "state_not_read";
	if (problem) {
		fact_unknown(out, fact, problem);
	} else {
		fact_known(fact, value_access(access));
		fact->fixed = true;
	}
	fact_param_text(out, fact, "name", device->name[0] ? device->name : subject);
	show(out, fact, device);
}

static void add_nothing(struct facts *out, const struct usb_bus *bus)
{
	struct fact *fact = facts_add(out, CONTROL_usb_storage, "host");

	fact_known(fact, value_access(ACCESS_BLOCKED));
	fact->fixed = true;
	fact_reason(out, fact, "nothing_attached");
	fact_show_number(out, fact, "/sys/bus/usb/devices", "devices", (int64_t)bus->count);
}

static void add_no_bus(struct facts *out, const struct err *err)
{
	struct fact *fact = facts_add(out, CONTROL_usb_storage, "host");

	fact_unknown(out, fact, "no_bus");
	fact_show_error(out, fact, "/sys/bus/usb/devices", err);
}

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	AUTO(usb_bus_fini) struct usb_bus bus;
	size_t before = out->count;

	usb_bus_init(&bus);
	if (!usb_bus_read(&bus, host, err)) {
		if (err->kind != ERR_ABSENT)
			return false;
		add_no_bus(out, err);
		return true;
	}
	for (size_t i = 0; i < bus.count; i++) {
		const struct usb_device *device = &bus.items[i];
		bool readable = device->descriptors_err.kind == ERR_NONE && device->descriptors.complete;
		if (usb_is_storage(device))
			add_fact(out, &bus, device, NULL);
		else if (!readable)
			/* What it does not show may be a disk. */
			add_fact(out, &bus, device, "descriptors_not_read");
	}
	if (out->count == before)
		add_nothing(out, &bus);
	return true;
}

static const struct trigger triggers[] = {{TRIGGER_DEVICES, "usb"}, {TRIGGER_DEVICES, "block"}, TRIGGERS_END};

const struct control control_usb_storage = {.probe = probe, .triggers = triggers};
