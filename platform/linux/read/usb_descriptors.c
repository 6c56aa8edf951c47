/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/usb_descriptors.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/sha256.h"

#include <string.h>

enum { TYPE_DEVICE = 1, TYPE_CONFIGURATION = 2, TYPE_INTERFACE = 4 }; /* table 9-6; endpoints (5) and IADs (11) are passed over */
enum { DEVICE_SIZE = 18, CONFIGURATION_SIZE = 9, INTERFACE_SIZE = 9 };

static uint16_t little_endian(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static void add_interface(struct usb_descriptors *out, struct arena *arena, uint8_t configuration, const uint8_t *at)
{
	struct usb_interface *interface = out->count < USB_INTERFACES_MAX ? ARENA_PUSH(arena, out->items, out->count) : NULL;

	if (!interface) {
		out->complete = false;
		return;
	}
	*interface = (struct usb_interface){
		.configuration = configuration, .number = at[2], .alternate = at[3], .class = at[5], .subclass = at[6], .protocol = at[7]};
}

/* One configuration of `size` bytes. The kernel's own parser stops at a length that does not fit and passes over short interfaces. */
static void read_configuration(struct usb_descriptors *out, struct arena *arena, const uint8_t *bytes, size_t size)
{
	uint8_t configuration = bytes[5];
	size_t at = 0;

	while (at < size) {
		size_t length = bytes[at];
		if (size - at < 2 || length < 2 || length > size - at) {
			out->complete = false;
			return;
		}
		if (bytes[at + 1] == TYPE_INTERFACE && length >= INTERFACE_SIZE)
			add_interface(out, arena, configuration, bytes + at);
		else if (bytes[at + 1] == TYPE_INTERFACE)
			out->complete = false;
		at += length;
	}
}

bool usb_descriptors_read(struct usb_descriptors *out, struct arena *arena, const void *bytes, size_t size, struct err *err)
{
	const uint8_t *device = bytes;
	unsigned configurations = 0;

	if (size > USB_DESCRIPTORS_MAX)
		return err_set(err, ERR_LIMIT, "descriptors larger than %u bytes", USB_DESCRIPTORS_MAX);
	if (size < DEVICE_SIZE || device[0] < DEVICE_SIZE || device[1] != TYPE_DEVICE)
		return err_set(err, ERR_INVALID, "no device descriptor");
	*out = (struct usb_descriptors){.vendor = little_endian(device + 8),
	                                .product = little_endian(device + 10),
	                                .version = little_endian(device + 12),
	                                .class = device[4],
	                                .subclass = device[5],
	                                .protocol = device[6],
	                                .complete = true};
	for (size_t at = DEVICE_SIZE; at < size; configurations++) {
		const uint8_t *here = device + at;
		if (size - at < CONFIGURATION_SIZE || here[0] < CONFIGURATION_SIZE || here[1] != TYPE_CONFIGURATION) {
			out->complete = false;
			break;
		}
		size_t total = little_endian(here + 2);
		if (total > size - at || total < CONFIGURATION_SIZE) {
			out->complete = false;
			total = size - at;
		}
		read_configuration(out, arena, here, total);
		at += total;
	}
	if (configurations != device[17])
		out->complete = false;
	return true;
}

bool usb_has_class(const struct usb_descriptors *usb, uint8_t class)
{
	for (size_t i = 0; i < usb->count; i++)
		if (usb->items[i].class == class)
			return true;
	return false;
}

static bool seen_before(const struct usb_descriptors *usb, size_t at)
{
	const struct usb_interface *one = &usb->items[at];

	for (size_t i = 0; i < at; i++)
		if (usb->items[i].class == one->class && usb->items[i].subclass == one->subclass && usb->items[i].protocol == one->protocol)
			return true;
	return false;
}

const char *usb_interfaces_text(const struct usb_descriptors *usb, struct arena *arena)
{
	AUTO(buf_fini) struct buf text;

	buf_init(&text, USB_INTERFACES_MAX * 9 + 1);
	for (size_t i = 0; i < usb->count; i++)
		if (!seen_before(usb, i))
			buf_printf(&text, "%s%02x:%02x:%02x", text.size ? " " : "", usb->items[i].class, usb->items[i].subclass,
			           usb->items[i].protocol);
	return arena_strdup(arena, buf_text(&text));
}

void usb_digest(const struct usb_descriptors *usb, char out[USB_DIGEST_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	AUTO(buf_fini) struct buf text;

	buf_init(&text, USB_INTERFACES_MAX * 24 + 64);
	buf_printf(&text, "usb 1 %04x:%04x:%04x %02x:%02x:%02x\n", usb->vendor, usb->product, usb->version, usb->class, usb->subclass,
	           usb->protocol);
	for (size_t i = 0; i < usb->count; i++) {
		const struct usb_interface *one = &usb->items[i];
		if (one->class == USB_CLASS_MASS_STORAGE && one->alternate != 0)
			continue;
		buf_printf(&text, "%u.%u.%u %02x:%02x:%02x\n", one->configuration, one->number, one->alternate, one->class, one->subclass,
		           one->protocol);
	}
	sha256(digest, &(struct sha256_piece){buf_text(&text), text.size}, 1);
	hex_print(out, digest, sizeof digest);
}
