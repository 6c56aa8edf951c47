/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's services on Windows are not written yet; the doctor says so instead of guessing. */
#include "platform/installed.h"

const char *const installed_services[] = {NULL};
const char *const installed_users[] = {NULL};

bool installed_service(const char *name, char word[INSTALLED_WORD_MAX], struct err *err)
{
	word[0] = '\0';
	return err_set(err, ERR_UNSUPPORTED, "%s: services are not looked at on Windows yet", name);
}

bool installed_user(const char *name, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "%s: accounts are not looked at on Windows yet", name);
}
