/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * /sys/bus/usb/devices/X/descriptors: the device descriptor and then every configuration, as the device sent them (USB 2.0, 9.6; USB
 * 3.2, 9.6). It is there even while the device is not authorised, when no interface has a folder. A device may lie in any byte:
 * lengths that do not fit, configurations that are missing or cut make `complete` false, and nothing is read beyond them.
 */
#define USB_DESCRIPTORS_MAX (18u + 65535u) /* the size that the kernel gives the file, whatever is in it */
#define USB_INTERFACES_MAX  1024           /* with all alternates of all configurations */

#define USB_CLASS_MASS_STORAGE 0x08

struct usb_interface {
	uint8_t configuration, number, alternate, class, subclass, protocol;
};

struct usb_descriptors {
	uint16_t vendor, product, version; /* version: bcdDevice, the maker's own */
	uint8_t class, subclass, protocol;
	struct usb_interface *items; /* every alternate of every interface of every configuration, in the device's order */
	size_t count;
	bool complete;
};

/* Lives in `arena`. INVALID if there is not even a device descriptor. */
bool usb_descriptors_read(struct usb_descriptors *out, struct arena *arena, const void *bytes, size_t size, struct err *err);

bool usb_has_class(const struct usb_descriptors *usb, uint8_t class);

/* "08:06:50 03:01:01": each class, subclass and protocol once, in the order of their first occurrence. In `arena`; NULL: full. */
const char *usb_interfaces_text(const struct usb_descriptors *usb, struct arena *arena);

/*
 * SHA-256 (hex) over what the device says of itself whatever port it hangs on: vendor, product, version, the device's class, and each
 * interface's configuration, number, alternate, class, subclass and protocol. Left out, because they change with the speed of the
 * port: bcdUSB, packet sizes, bMaxPower and attributes, endpoints and their companions, BOS; the number of configurations; and the
 * alternates of mass storage interfaces (many bridges offer UAS, alternate 1, at SuperSpeed only).
 */
#define USB_DIGEST_SIZE 65
void usb_digest(const struct usb_descriptors *usb, char out[USB_DIGEST_SIZE]);
