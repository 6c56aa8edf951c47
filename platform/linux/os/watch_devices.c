/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udev's monitor over netlink. Its messages are lost in silence when the buffer overflows; the one sign is ENOBUFS, and then every
 * subsystem is looked at again.
 */
#include "platform/linux/os/watches.h"

#include <errno.h>
#include <libudev.h>
#include <stdlib.h>

/* 20,000 events fit (measured); an unprivileged core gets what net.core.rmem_max allows. */
#define BUFFER_BYTES (8 << 20)

struct devices {
	struct os_watches *watches;
	struct udev *udev;
	struct udev_monitor *monitor;
	struct os_source *source;
};

static void on_device(void *data)
{
	const struct devices *devices = data;

	errno = 0;
	for (int i = 0; i < 64; i++) {
		struct udev_device *device = udev_monitor_receive_device(devices->monitor);
		if (!device)
			break;
		watches_fire(devices->watches, TRIGGER_DEVICES, udev_device_get_subsystem(device));
		udev_device_unref(device);
		errno = 0;
	}
	if (errno == ENOBUFS)
		watches_fire(devices->watches, TRIGGER_DEVICES, NULL);
}

static void devices_close(void *kind)
{
	struct devices *devices = kind;

	os_source_free(devices->source);
	udev_monitor_unref(devices->monitor);
	udev_unref(devices->udev);
	free(devices);
}

static void *devices_open(struct os_watches *watches, struct os_loop *loop, struct err *err)
{
	struct devices *devices = calloc(1, sizeof *devices);

	if (!devices) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	devices->watches = watches;
	devices->udev = udev_new();
	devices->monitor = devices->udev ? udev_monitor_new_from_netlink(devices->udev, "udev") : NULL;
	if (!devices->monitor) {
		err_errno(err, errno, "udev's monitor");
		devices_close(devices);
		return NULL;
	}
	(void)udev_monitor_set_receive_buffer_size(devices->monitor, BUFFER_BYTES);
	if (udev_monitor_enable_receiving(devices->monitor) < 0)
		err_set(err, ERR_IO, "udev's monitor");
	else
		devices->source = os_watch_fd(loop, udev_monitor_get_fd(devices->monitor), OS_READ, on_device, devices, err);
	if (!devices->source) {
		devices_close(devices);
		return NULL;
	}
	return devices;
}

static bool devices_add(void *kind, struct watch_slot *slot, struct err *err)
{
	const struct devices *devices = kind;

	/* The filter is in the kernel: other subsystems' events do not even wake us. */
	if (udev_monitor_filter_add_match_subsystem_devtype(devices->monitor, slot->what, NULL) < 0 ||
	    udev_monitor_filter_update(devices->monitor) < 0)
		return err_set(err, ERR_IO, "udev's monitor does not take the subsystem %s", slot->what);
	return true;
}

const struct watch_kind watch_devices = {devices_open, devices_add, devices_close};
