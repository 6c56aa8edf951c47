/* SPDX-License-Identifier: Apache-2.0 */
/* The register and the orders. Whatever is taken keeps within the limits that no key may exceed. */
#include "policy/bundle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_register(const struct media_register *reg)
{
	const struct medium medium = {.vendor = 0x0781, .product = 0x5567, .serial = "A", .port = "1-1"};
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < reg->count; i++)
		if (!reg->entries[i].serial && !reg->entries[i].section)
			abort();
	const struct register_entry *found = media_register_find(reg, &medium, 0, &next);
	if (found && (found->ends_at <= 0 || next != found->ends_at))
		abort();
}

static void check_orders(const struct orders *orders)
{
	for (size_t i = 0; i < orders->exemption_count; i++)
		if (orders->exemptions[i].control == CONTROL_agent_integrity)
			abort();
	for (size_t i = 0; i < orders->grant_count; i++)
		if (orders->grants[i].access == ACCESS_BLOCKED)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(media_register_fini) struct media_register reg;
	AUTO(orders_fini) struct orders orders;
	struct err err;

	media_register_init(&reg);
	orders_init(&orders);
	if (media_register_parse(&reg, (const char *)data, size, &err))
		check_register(&reg);
	if (orders_parse(&orders, (const char *)data, size, &err))
		check_orders(&orders);
	return 0;
}
