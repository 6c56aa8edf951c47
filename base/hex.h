/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes <-> lower-case hexadecimal text. `out` of hex_print holds 2 * size + 1 characters. */
void hex_print(char *out, const uint8_t *bytes, size_t size);

/* Exactly 2 * size digits, either case; false on anything else. */
bool hex_parse(uint8_t *out, size_t size, const char *text);
