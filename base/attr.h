/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Compiler attributes under one name each, for gcc, clang and mingw-w64. */

/* Calls `fini(&variable)` when the variable goes out of scope. Ownership leaves a local only by a *_take function. */
#define AUTO(fini) __attribute__((cleanup(fini)))

/* The compiler checks `fmt` against what follows. mingw's own printf is told to be the standard's one. */
#ifdef __MINGW_PRINTF_FORMAT
#define PRINTF_LIKE(fmt, first) __attribute__((format(__MINGW_PRINTF_FORMAT, fmt, first)))
#else
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#endif

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
