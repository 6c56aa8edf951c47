/* SPDX-License-Identifier: Apache-2.0 */
#include "base/little.h"

void little_put(uint8_t *at, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

uint64_t little_get(const uint8_t *at, size_t size)
{
	uint64_t number = 0;

	for (size_t i = size; i-- > 0;)
		number = number << 8 | at[i];
	return number;
}
