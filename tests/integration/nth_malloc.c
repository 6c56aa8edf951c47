/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into epagentd and epagent-probe for tests/integration/nth_malloc.py, with -Wl,--wrap of the allocating calls: the one that
 * EPAGENT_FAIL_AT names gives NULL (with EPAGENT_FAIL_ON all after it too). It sees what our code asks for, and jansson by base/json.c; libsystemd
 * and libcrypto ask libc by themselves.
 */
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t most);

static unsigned long asked, fail_at;
static int fail_on, tell;

static int fails(void)
{
	asked++;
	return fail_at && (asked == fail_at || (fail_on && asked > fail_at));
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strndup(const char *text, size_t most)
{
	size_t size = strnlen(text, most);
	char *copy = __wrap_malloc(size + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

__attribute__((destructor)) static void say(void)
{
	if (tell)
		(void)fprintf(stderr, "asked %lu\n", asked);
}

static void where(int number)
{
	void *frames[12];

	backtrace_symbols_fd(frames, backtrace(frames, 12), 2);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("EPAGENT_FAIL_AT");

	fail_at = at ? (unsigned long)atol(at) : 0;
	fail_on = getenv("EPAGENT_FAIL_ON") != NULL;
	tell = getenv("EPAGENT_TELL") != NULL;
	if (tell)
		(void)signal(SIGSEGV, where);
}
