/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words, numbers, instants and durations as text. Nothing here depends on the locale. */

/* Evidence is at most this many characters of printable text. */
#define TEXT_EVIDENCE_MAX 64

bool text_is_utf8(const char *text, size_t size);

/* Copies `size` bytes so that they can be shown anywhere: invalid UTF-8 and control characters become U+FFFD, and at
 * most `max_chars` characters are kept ("..." marks a cut). `out` holds out_size bytes and always ends in NUL. */
void text_printable(char *out, size_t out_size, const char *text, size_t size, size_t max_chars);

bool text_equal(const char *a, const char *b); /* both may be NULL */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/* Decimal digits only, the whole of `text`, no sign, no space; false on anything else or if above `max`. */
bool text_to_u64(const char *text, uint64_t max, uint64_t *out);

/* "2026-11-22T00:20:00Z" (RFC 3339; an offset such as +09:00 is accepted) <-> seconds since 1970 UTC, years 1970-9999. */
#define TEXT_INSTANT_SIZE 32
bool text_to_instant(const char *text, int64_t *at_utc);
void text_from_instant(char out[TEXT_INSTANT_SIZE], int64_t at_utc);

/* "10m", "24h", "7d", "90s", "0" or a bare number of seconds -> seconds; false on anything else. */
bool text_to_duration(const char *text, int64_t *seconds);

/* Days since 1970-01-01 of a civil date (proleptic Gregorian). month 1-12, day 1-31. */
int64_t text_days_from_civil(int64_t year, unsigned month, unsigned day);
