/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Numbers as `size` bytes (1 to 8), the least significant first: how records and journal files hold them. */
void little_put(uint8_t *at, uint64_t number, size_t size);
uint64_t little_get(const uint8_t *at, size_t size);
