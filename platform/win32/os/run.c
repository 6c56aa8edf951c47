/* SPDX-License-Identifier: Apache-2.0 */
/* CreateProcess with exactly three handles inherited. The answer is collected by looking every few milliseconds: anonymous pipes know no
 * time limit, and the programs started here live for less than a second. */
#include "platform/run.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#define LOOK_EVERY_MS 5
#define COMMAND_MAX   8192

struct child {
	PROCESS_INFORMATION process;
	HANDLE out, said; /* our ends */
	ULONGLONG deadline_ms;
};

static void close_handle(HANDLE *handle)
{
	if (*handle && *handle != INVALID_HANDLE_VALUE)
		(void)CloseHandle(*handle);
	*handle = NULL;
}

static void put_away(struct child *child)
{
	if (child->process.hProcess) {
		(void)TerminateProcess(child->process.hProcess, 1);
		(void)WaitForSingleObject(child->process.hProcess, INFINITE);
	}
	close_handle(&child->process.hProcess);
	close_handle(&child->process.hThread);
	close_handle(&child->out);
	close_handle(&child->said);
}

bool run_find(char *out, const char *name, struct err *err)
{
	wchar_t self[RUN_PATH_MAX / 4], path[RUN_PATH_MAX / 4];
	DWORD length = GetModuleFileNameW(NULL, self, ARRAY_LEN(self));

	if (length == 0 || length == ARRAY_LEN(self))
		return err_set(err, ERR_IO, "cannot tell where this program lies");
	while (length > 0 && self[length - 1] != L'\\')
		length--;
	self[length] = L'\0';
	if (snprintf(out, RUN_PATH_MAX, "%s.exe", name) >= RUN_PATH_MAX ||
	    MultiByteToWideChar(CP_UTF8, 0, out, -1, path, ARRAY_LEN(path)) == 0 || length + wcslen(path) >= ARRAY_LEN(self))
		return err_set(err, ERR_LIMIT, "%s: path too long", name);
	wcscat(self, path);
	if (GetFileAttributesW(self) == INVALID_FILE_ATTRIBUTES)
		return err_set(err, ERR_ABSENT, "%s.exe is not beside this program; install the package again", name);
	(void)WideCharToMultiByte(CP_UTF8, 0, self, -1, out, RUN_PATH_MAX, NULL, NULL);
	return true;
}

void run_answer_init(struct run_answer *answer)
{
	*answer = (struct run_answer){.status = 0};
	buf_init(&answer->out, 1);
}

void run_answer_fini(struct run_answer *answer)
{
	buf_fini(&answer->out);
}

/* One argument as CommandLineToArgvW reads it back: in quotes, backslashes doubled before a quote and at the end. */
static void quote(struct buf *line, const char *argument)
{
	size_t slashes = 0;

	buf_add(line, line->size ? " \"" : "\"");
	for (; *argument; argument++) {
		if (*argument == '"')
			for (size_t i = 0; i <= slashes; i++)
				buf_add(line, "\\");
		slashes = *argument == '\\' ? slashes + 1 : 0;
		buf_append(line, argument, 1);
	}
	while (slashes-- > 0)
		buf_add(line, "\\");
	buf_add(line, "\"");
}

static bool command_line(wchar_t *out, const char *const *argv, struct err *err)
{
	AUTO(buf_fini) struct buf line;

	buf_init(&line, COMMAND_MAX - 1);
	for (size_t i = 0; argv[i]; i++)
		quote(&line, argv[i]);
	if (line.failed || MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, buf_text(&line), -1, out, COMMAND_MAX) == 0)
		return err_set(err, ERR_LIMIT, "the arguments are too long or not UTF-8");
	return true;
}

static bool start(struct child *child, const char *const *argv, struct err *err)
{
	SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
	HANDLE out = NULL, said = NULL;
	wchar_t line[COMMAND_MAX];
	STARTUPINFOW with = {.cb = sizeof with, .dwFlags = STARTF_USESTDHANDLES};

	if (!command_line(line, argv, err))
		return false;
	if (!CreatePipe(&child->out, &out, &inherit, 1 << 16) || !CreatePipe(&child->said, &said, &inherit, 4096)) {
		close_handle(&out);
		return err_set(err, ERR_IO, "cannot make a pipe: error %lu", GetLastError());
	}
	/* Our ends stay ours: a child that held them would never see the end of its own output. */
	(void)SetHandleInformation(child->out, HANDLE_FLAG_INHERIT, 0);
	(void)SetHandleInformation(child->said, HANDLE_FLAG_INHERIT, 0);
	with.hStdInput = CreateFileW(L"NUL", GENERIC_READ, 0, &inherit, OPEN_EXISTING, 0, NULL);
	with.hStdOutput = out;
	with.hStdError = said;
	BOOL started = CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &with, &child->process);
	DWORD why = GetLastError();
	close_handle(&with.hStdInput);
	close_handle(&out);
	close_handle(&said);
	return started || err_set(err, ERR_IO, "cannot start %s: error %lu", argv[0], why);
}

/* What is there now; false once the other end is closed. */
static bool take(HANDLE pipe, char *into, size_t size, DWORD *got)
{
	DWORD there = 0;

	*got = 0;
	if (!PeekNamedPipe(pipe, NULL, 0, NULL, &there, NULL))
		return false;
	return there == 0 || ReadFile(pipe, into, (DWORD)size, got, NULL);
}

static void hear(struct run_answer *answer, const char *text, size_t size)
{
	while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
		size--;
	size_t from = size;
	while (from > 0 && text[from - 1] != '\n')
		from--;
	if (size > from)
		text_printable(answer->error, sizeof answer->error, text + from, size - from, sizeof answer->error / 3);
}

static bool collect(struct child *child, struct run_limits limits, struct run_answer *answer, struct err *err)
{
	char chunk[16384];
	DWORD got = 0, heard = 0;

	for (;;) {
		bool open = take(child->out, chunk, sizeof chunk, &got);
		buf_append(&answer->out, chunk, got);
		if (answer->out.failed)
			return err_set(err, ERR_LIMIT, "an answer of more than %zu bytes", limits.max_bytes);
		if (take(child->said, chunk, sizeof chunk, &heard))
			hear(answer, chunk, heard);
		if (!open)
			return true;
		if (GetTickCount64() > child->deadline_ms)
			return err_set(err, ERR_LIMIT, "no answer within %u s", limits.timeout_ms / 1000);
		if (got == 0 && heard == 0)
			Sleep(LOOK_EVERY_MS);
	}
}

static bool reap(struct child *child, struct run_limits limits, struct run_answer *answer, struct err *err)
{
	ULONGLONG now = GetTickCount64();
	DWORD left = now < child->deadline_ms ? (DWORD)(child->deadline_ms - now) : 0, status = 0;

	if (WaitForSingleObject(child->process.hProcess, left) != WAIT_OBJECT_0)
		return err_set(err, ERR_LIMIT, "it did not end within %u s", limits.timeout_ms / 1000);
	(void)GetExitCodeProcess(child->process.hProcess, &status);
	close_handle(&child->process.hProcess);
	answer->status = (int)status;
	return true;
}

bool run_program(const char *const *argv, struct run_limits limits, struct run_answer *answer, struct err *err)
{
	AUTO(put_away) struct child child = {.deadline_ms = GetTickCount64() + limits.timeout_ms};

	buf_fini(&answer->out);
	buf_init(&answer->out, limits.max_bytes);
	if (!start(&child, argv, err))
		return false;
	if (!collect(&child, limits, answer, err) || !reap(&child, limits, answer, err))
		return err_wrap(err, "%s", argv[0]);
	return true;
}

bool run_at_terminal(unsigned *columns)
{
	HANDLE console = GetStdHandle(STD_OUTPUT_HANDLE);
	CONSOLE_SCREEN_BUFFER_INFO size;
	DWORD mode;

	/* Only a console has such a buffer; one that cannot be told to take ECMA-48 (before Windows 10) gets plain text. */
	if (!GetConsoleScreenBufferInfo(console, &size) || !GetConsoleMode(console, &mode))
		return false;
	(void)SetConsoleOutputCP(CP_UTF8);
	if (!SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING))
		return false;
	if (size.srWindow.Right > size.srWindow.Left)
		*columns = (unsigned)(size.srWindow.Right - size.srWindow.Left + 1);
	return true;
}
