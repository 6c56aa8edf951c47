/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Compiler attributes under one name each, for gcc, clang and mingw-w64. */

/* Calls `fini(&variable)` when the variable goes out of scope. Ownership leaves a local only by a *_take function. */
#define AUTO(fini) __attribute__((cleanup(fini)))

/* The compiler checks `fmt` against what follows. A build whose own printf is not the standard's one names the dialect. */
#ifndef PRINTF_ARCHETYPE
#define PRINTF_ARCHETYPE printf
#endif
#define PRINTF_LIKE(fmt, first) __attribute__((format(PRINTF_ARCHETYPE, fmt, first)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
