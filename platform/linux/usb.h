/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "platform/host.h"
#include "platform/linux/read/usb_descriptors.h"
#include "policy/fact.h"

/*
 * What hangs on the USB bus, from /sys/bus/usb/devices (Documentation/ABI/testing/sysfs-bus-usb). Identity comes from the raw
 * descriptors, never from udev's properties or interface folders: a refused device has neither.
 */
#define USB_DEVICES_MAX 1024
#define USB_BLOCKS_MAX  4096

struct usb_device {
	const char *port;   /* "1-4.2": the kernel's name for it, bus and way through the hubs */
	const char *serial; /* printable; "" if none */
	const char *name;   /* "SanDisk Ultra"; printable; "" if none */
	struct usb_descriptors descriptors;
	struct err descriptors_err; /* ERR_NONE: they were read, though maybe not complete */
	bool authorized_known, authorized;
	size_t interfaces;       /* of the configuration in use; none while refused or not configured */
	size_t refused;          /* of those, with authorized = 0 */
	size_t storage_open;     /* mass storage interfaces that are not refused and have a driver */
	bool storage_driver;     /* one interface, of whatever class, is driven by usb-storage, uas or one of its variants */
	size_t blocks, writable; /* block devices below it (disks and partitions); of those not read-only */
	bool blocks_known;
	bool lifeline;
};

struct usb_bus {
	struct arena arena;
	struct usb_device *items; /* without root hubs, by name */
	size_t count;
};

void usb_bus_init(struct usb_bus *bus);
void usb_bus_fini(struct usb_bus *bus);

/* False with err: ABSENT if this PC shows no USB bus. */
bool usb_bus_read(struct usb_bus *bus, const struct host *host, struct err *err);

/* A medium as this control means it: an interface of class 08 in any configuration, a storage driver, or a block device below. */
bool usb_is_storage(const struct usb_device *device);

/* What can be done with it now; false if that could not be read. */
bool usb_access(const struct usb_device *device, enum access *access);
