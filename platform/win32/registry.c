/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/win32/registry.h"

#include <stdio.h>
#include <windows.h>

static bool widen(wchar_t *out, int out_size, const char *text)
{
	return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, out, out_size) > 0;
}

static bool number(HKEY root, const char *key, const char *name, uint32_t *out, struct err *err)
{
	wchar_t wide_key[512], wide_name[128];
	DWORD type = 0, value = 0, size = sizeof value;

	if (!widen(wide_key, 512, key) || !widen(wide_name, 128, name))
		return err_set(err, ERR_LIMIT, "registry key %s is too long", key);
	LSTATUS status = RegGetValueW(root, wide_key, wide_name, RRF_RT_ANY | RRF_SUBKEY_WOW6464KEY, &type, &value, &size);
	if (status == ERROR_FILE_NOT_FOUND || status == ERROR_PATH_NOT_FOUND)
		return err_set(err, ERR_ABSENT, "%s\\%s is not set", key, name);
	if (status == ERROR_MORE_DATA || (status == ERROR_SUCCESS && type != REG_DWORD))
		return err_set(err, ERR_INVALID, "%s\\%s is not a number", key, name);
	if (status != ERROR_SUCCESS)
		return err_set(err, status == ERROR_ACCESS_DENIED ? ERR_DENIED : ERR_IO, "%s\\%s: error %ld", key, name, (long)status);
	*out = value;
	return true;
}

bool registry_machine_number(const char *key, const char *name, uint32_t *out, struct err *err)
{
	return number(HKEY_LOCAL_MACHINE, key, name, out, err);
}

bool registry_user_number(const char *sid, const char *key, const char *name, uint32_t *out, struct err *err)
{
	char whole[512];

	(void)snprintf(whole, sizeof whole, "%s\\%s", sid, key);
	return number(HKEY_USERS, whole, name, out, err);
}

bool registry_machine_has(const char *key)
{
	wchar_t wide[512];
	HKEY handle;

	if (!widen(wide, 512, key) || RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide, 0, KEY_READ | KEY_WOW64_64KEY, &handle) != ERROR_SUCCESS)
		return false;
	(void)RegCloseKey(handle);
	return true;
}
