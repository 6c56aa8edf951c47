/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/usb.h"

#include "base/text.h"
#include "platform/linux/lifeline.h"

#include <stdio.h>
#include <string.h>

#define DEVICES    "/sys/bus/usb/devices"
#define BLOCKS     "/sys/class/block"
#define PATH_SIZE  300
#define PORT_MAX   255
#define SERIAL_MAX 126 /* characters that a string descriptor can hold */

void usb_bus_init(struct usb_bus *bus)
{
	*bus = (struct usb_bus){.items = NULL};
	arena_init(&bus->arena, 8u << 20);
}

void usb_bus_fini(struct usb_bus *bus)
{
	arena_fini(&bus->arena);
}

static bool read_attribute(const struct host *host, const char *folder, const char *name, struct buf *out, struct err *err)
{
	char path[PATH_SIZE * 2];

	(void)snprintf(path, sizeof path, "%.*s/%s", PATH_SIZE, folder, name);
	return host_read(host, path, USB_DESCRIPTORS_MAX, out, NULL, err);
}

/* "0" or "1". Kernels before 4.4 have no `authorized` on interfaces: absent is 1, anything else unreadable is not known. */
static bool read_authorized(const struct host *host, const char *folder, bool *authorized)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct err err;

	*authorized = true;
	if (!read_attribute(host, folder, "authorized", &text, &err))
		return err.kind == ERR_ABSENT;
	*authorized = text.size > 0 && text.data[0] != '0';
	return text.size > 0;
}

/* The device's own words: hostile. Printable, spaces around them dropped; what is only spaces is nothing. */
static const char *read_words(struct arena *arena, const struct host *host, const char *folder, const char *name)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct err ignored;
	char shown[SERIAL_MAX * 4 + 8];

	if (!read_attribute(host, folder, name, &text, &ignored))
		return "";
	const char *start = buf_text(&text);
	size_t size = text.size;
	/* The kernel adds the newline; the device may have sent NULs. */
	while (size && strchr(" \n\t", start[size - 1]))
		size--;
	while (size && *start == ' ') {
		start++;
		size--;
	}
	text_printable(shown, sizeof shown, start, size, SERIAL_MAX);
	const char *copy = arena_strdup(arena, shown);
	return copy ? copy : "";
}

static const char *join_names(struct arena *arena, const char *maker, const char *product)
{
	const char *both = arena_printf(arena, "%s%s%s", maker, maker[0] && product[0] ? " " : "", product);

	return both ? both : "";
}

static bool is_storage_driver(const char *link)
{
	const char *name = strrchr(link, '/');

	name = name ? name + 1 : link;
	return text_starts(name, "usb-storage") || text_starts(name, "ums-") || strcmp(name, "uas") == 0;
}

static unsigned read_hex(const struct host *host, const char *folder, const char *name)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};
	struct err ignored;
	unsigned number = 0;

	if (read_attribute(host, folder, name, &text, &ignored))
		(void)sscanf(buf_text(&text), "%4x", &number);
	return number;
}

static void read_interface(struct usb_device *device, const struct host *host, const char *folder)
{
	char path[PATH_SIZE * 2], link[PATH_SIZE * 4];
	struct err ignored;
	bool authorized;

	device->interfaces++;
	(void)snprintf(path, sizeof path, "%.*s/driver", PATH_SIZE, folder);
	bool driven = host_link(host, path, link, sizeof link, &ignored);
	if (!read_authorized(host, folder, &authorized))
		device->authorized_known = false;
	if (!authorized)
		device->refused++;
	bool by_storage = driven && is_storage_driver(link);
	bool is_storage = read_hex(host, folder, "bInterfaceClass") == USB_CLASS_MASS_STORAGE;
	device->storage_driver = device->storage_driver || by_storage;
	if ((is_storage || by_storage) && authorized && driven)
		device->storage_open++;
}

/* A device is "1-4.2"; root hubs are "usb1", interfaces have a colon. */
static bool is_device(const char *name)
{
	return name[0] >= '1' && name[0] <= '9' && strchr(name, '-') && !strchr(name, ':');
}

static bool is_interface_of(const char *name, const char *port)
{
	size_t length = strlen(port);

	return strncmp(name, port, length) == 0 && name[length] == ':';
}

static void read_device(struct usb_bus *bus, const struct host *host, const struct names *names, const char *port)
{
	AUTO(buf_fini) struct buf raw = {.data = NULL};
	char folder[PATH_SIZE + 1];
	struct usb_device *device = ARENA_PUSH(&bus->arena, bus->items, bus->count);
	struct arena *arena = &bus->arena;

	if (!device)
		return;
	(void)snprintf(folder, sizeof folder, DEVICES "/%.200s", port);
	device->port = arena_strdup(arena, port);
	device->serial = read_words(arena, host, folder, "serial");
	device->name = join_names(arena, read_words(arena, host, folder, "manufacturer"), read_words(arena, host, folder, "product"));
	device->authorized_known = read_authorized(host, folder, &device->authorized);
	if (!read_attribute(host, folder, "descriptors", &raw, &device->descriptors_err) ||
	    !usb_descriptors_read(&device->descriptors, arena, buf_text(&raw), raw.size, &device->descriptors_err)) {
		device->descriptors.vendor = (uint16_t)read_hex(host, folder, "idVendor");
		device->descriptors.product = (uint16_t)read_hex(host, folder, "idProduct");
	}
	/* Pulled out while we looked: gone, not unknown. */
	if (device->descriptors_err.kind == ERR_ABSENT && !host_exists(host, folder)) {
		bus->count--;
		return;
	}
	/* Interfaces lie beside their device in this folder of links. */
	for (size_t i = 0; i < names->count; i++)
		if (is_interface_of(names->items[i], port)) {
			(void)snprintf(folder, sizeof folder, DEVICES "/%.200s", names->items[i]);
			read_interface(device, host, folder);
		}
}

/* The device whose interface a block device hangs below: "../../devices/pci0000:00/.../1-4/1-4:1.0/host6/.../block/sdb/sdb1". */
static struct usb_device *owner_of(const struct usb_bus *bus, const char *link)
{
	struct usb_device *owner = NULL;
	size_t deepest = 0;

	for (size_t i = 0; i < bus->count; i++) {
		char part[PORT_MAX + 3];
		(void)snprintf(part, sizeof part, "/%.*s:", PORT_MAX, bus->items[i].port);
		const char *at = strstr(link, part);
		if (at && (size_t)(at - link) >= deepest) {
			owner = &bus->items[i];
			deepest = (size_t)(at - link);
		}
	}
	return owner;
}

static bool read_block(struct usb_bus *bus, const struct host *host, const char *name)
{
	AUTO(buf_fini) struct buf ro = {.data = NULL};
	char path[PATH_SIZE * 2], link[PATH_SIZE * 4];
	struct err err;

	(void)snprintf(path, sizeof path, BLOCKS "/%.200s", name);
	if (!host_link(host, path, link, sizeof link, &err))
		return err.kind == ERR_ABSENT || err.kind == ERR_INVALID;
	struct usb_device *owner = owner_of(bus, link);
	if (!owner)
		return true;
	owner->blocks++;
	/* What cannot be read counts as writable: it is not proven to be closed. */
	bool read_only = read_attribute(host, path, "ro", &ro, &err) && ro.size > 0 && ro.data[0] == '1';
	if (!read_only)
		owner->writable++;
	return true;
}

static void read_blocks(struct usb_bus *bus, const struct host *host)
{
	AUTO(names_fini) struct names names = {NULL, 0};
	struct err err = {ERR_NONE, ""};
	bool known = host_list(host, BLOCKS, USB_BLOCKS_MAX, &names, &err) || err.kind == ERR_ABSENT;

	for (size_t i = 0; i < names.count; i++)
		known = read_block(bus, host, names.items[i]) && known;
	for (size_t i = 0; i < bus->count; i++)
		bus->items[i].blocks_known = known;
}

static void mark_lifeline(struct usb_bus *bus, const struct host *host)
{
	AUTO(lifeline_fini) struct lifeline lifeline;

	lifeline_read(&lifeline, host);
	for (size_t i = 0; i < lifeline.count; i++) {
		struct usb_device *owner = owner_of(bus, lifeline.links[i]);
		if (owner)
			owner->lifeline = true;
	}
}

bool usb_bus_read(struct usb_bus *bus, const struct host *host, struct err *err)
{
	AUTO(names_fini) struct names names = {NULL, 0};

	if (!host_list(host, DEVICES, USB_DEVICES_MAX * 8, &names, err))
		return false;
	for (size_t i = 0; i < names.count; i++)
		if (is_device(names.items[i]))
			read_device(bus, host, &names, names.items[i]);
	if (bus->arena.failed || bus->count > USB_DEVICES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d USB devices", USB_DEVICES_MAX);
	read_blocks(bus, host);
	mark_lifeline(bus, host);
	return true;
}

bool usb_is_storage(const struct usb_device *device)
{
	return usb_has_class(&device->descriptors, USB_CLASS_MASS_STORAGE) || device->storage_driver || device->blocks > 0;
}

bool usb_access(const struct usb_device *device, enum access *access)
{
	if (device->blocks > 0)
		*access = device->writable ? ACCESS_OPEN : ACCESS_READ_ONLY;
	else if (device->authorized_known && (!device->authorized || (device->blocks_known && device->storage_open == 0)))
		*access = ACCESS_BLOCKED;
	else if (device->storage_open > 0)
		/* Bound, and its disk not there yet (usb-storage waits a second) or a reader without a card: not refused. */
		*access = ACCESS_OPEN;
	else
		return false;
	return true;
}
