/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: identity that does not change with the port, and lies. The bytes are the fuzz corpus's and the fixtures'. */
#include "tests/unit/test.h"

#include "platform/linux/read/usb_descriptors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct device {
	struct arena arena;
	struct usb_descriptors usb;
	char digest[USB_DIGEST_SIZE];
	const char *text;
	uint8_t bytes[512];
	size_t size;
};

static void load(struct device *device, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof path, "tests/fuzz/corpus/usb_descriptors/%s", name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	device->size = fread(device->bytes, 1, sizeof device->bytes, f);
	(void)fclose(f);
}

static bool parse(struct device *device)
{
	struct err err;

	arena_init(&device->arena, 1u << 20);
	if (!usb_descriptors_read(&device->usb, &device->arena, device->bytes, device->size, &err))
		return false;
	usb_digest(&device->usb, device->digest);
	device->text = usb_interfaces_text(&device->usb, &device->arena);
	return true;
}

static void done(struct device *device)
{
	arena_fini(&device->arena);
}

static void test_identity(void **state)
{
	struct device usb2, usb3, other;

	(void)state;
	load(&usb2, "stick");
	load(&usb3, "stick-superspeed");
	assert_true(parse(&usb2) && parse(&usb3));
	assert_memory_not_equal(usb2.bytes, usb3.bytes, 60);
	assert_string_equal(usb2.digest, usb3.digest);
	assert_string_equal(usb2.text, "08:06:50");
	assert_string_equal(usb3.text, "08:06:50 08:06:62");
	assert_true(usb2.usb.vendor == 0x0781 && usb2.usb.product == 0x5581 && usb2.usb.complete && usb3.usb.complete);
	/* Whatever else it says of itself changes the digest: vendor, product, version, class, number, alternate, protocol. */
	static const size_t places[] = {8, 10, 12, 4, 5, 6, 18 + 5, 18 + 9 + 2, 18 + 9 + 3, 18 + 9 + 5, 18 + 9 + 6, 18 + 9 + 7};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		load(&other, "stick");
		other.bytes[places[i]] ^= 0x10;
		assert_true(parse(&other));
		assert_string_not_equal(other.digest, usb2.digest);
		done(&other);
	}
	/* And what depends on the port does not: bcdUSB, packet size, power, attributes, endpoints. */
	static const size_t ports[] = {2, 3, 7, 18 + 7, 18 + 8, 18 + 18 + 4, 18 + 18 + 6};
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		load(&other, "stick");
		other.bytes[ports[i]] ^= 0x10;
		assert_true(parse(&other));
		assert_string_equal(other.digest, usb2.digest);
		done(&other);
	}
	done(&usb2);
	done(&usb3);
}

static void test_every_configuration(void **state)
{
	static const struct {
		const char *name, *text;
		bool storage, complete;
		size_t count;
	} cases[] = {
		{"second-configuration", "02:06:00 08:06:50", true, true, 2},
		{"alternate", "ff:00:00 08:06:50", true, true, 2},
		{"keyboard-disk", "03:01:01 08:06:50", true, true, 2},
		{"keyboard", "03:01:01 03:00:00", false, true, 2},
		{"reader", "ff:06:50", false, true, 1},
		{"hub", "09:00:00", false, true, 1},
		{"none", "", false, true, 0},
		{"lying-total", "03:01:01", false, false, 1},
		{"lying-total-storage", "08:06:50", true, false, 1},
		{"short-total", "", false, false, 0},
		{"zero-length", "03:01:01", false, false, 1},
		{"overlong", "03:01:01", false, false, 1},
		{"short-interface", "", false, false, 0},
		{"missing-configuration", "03:01:01", false, false, 1},
		{"cut", "", false, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct device device;
		load(&device, cases[i].name);
		assert_true(parse(&device));
		assert_string_equal(device.text, cases[i].text);
		assert_int_equal(usb_has_class(&device.usb, USB_CLASS_MASS_STORAGE), cases[i].storage);
		assert_int_equal(device.usb.complete, cases[i].complete);
		assert_int_equal(device.usb.count, cases[i].count);
		done(&device);
	}
}

/* Each triple once, and two that differ in one number are two. */
static void test_text_names_each_triple_once(void **state)
{
	static const uint8_t triples[][3] = {{3, 1, 1}, {3, 1, 2}, {3, 0, 1}, {8, 1, 1}, {3, 1, 1}, {8, 1, 1}, {3, 1, 2}};
	struct usb_interface items[ARRAY_LEN(triples)] = {{0}};
	struct usb_descriptors usb = {.items = items, .count = ARRAY_LEN(triples)};
	struct arena arena;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(triples); i++)
		items[i] = (struct usb_interface){.class = triples[i][0], .subclass = triples[i][1], .protocol = triples[i][2]};
	arena_init(&arena, 4096);
	assert_string_equal(usb_interfaces_text(&usb, &arena), "03:01:01 03:01:02 03:00:01 08:01:01");
	arena_fini(&arena);
}

/* Every length of every device: refused below 18 bytes, else read without looking beyond the end, and never complete if cut. */
static void test_cuts(void **state)
{
	struct device whole;
	struct err err;

	(void)state;
	load(&whole, "second-configuration");
	for (size_t size = 0; size < whole.size; size++) {
		struct arena arena;
		struct usb_descriptors usb;
		uint8_t *copy = malloc(size ? size : 1);
		assert_non_null(copy);
		memcpy(copy, whole.bytes, size);
		arena_init(&arena, 1u << 20);
		bool ok = usb_descriptors_read(&usb, &arena, copy, size, &err);
		assert_int_equal(ok, size >= 18);
		assert_false(ok && usb.complete);
		arena_fini(&arena);
		free(copy);
	}
}

static void test_too_many(void **state)
{
	struct arena arena;
	struct usb_descriptors usb;
	struct err err;
	static uint8_t bytes[USB_DESCRIPTORS_MAX + 1] = {18, 1, 0, 2, 0, 0, 0, 64, 1, 0, 2, 0, 0, 1, 0, 0, 0, 1, 9, 2, 0xff, 0xff, 1, 1};

	(void)state;
	for (size_t at = 27; at + 9 <= sizeof bytes; at += 9) {
		bytes[at] = 9;
		bytes[at + 1] = 4;
	}
	arena_init(&arena, 1u << 20);
	assert_true(usb_descriptors_read(&usb, &arena, bytes, USB_DESCRIPTORS_MAX, &err));
	assert_int_equal(usb.count, USB_INTERFACES_MAX);
	assert_false(usb.complete);
	assert_false(usb_descriptors_read(&usb, &arena, bytes, sizeof bytes, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_every_configuration),
		cmocka_unit_test(test_text_names_each_triple_once),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
