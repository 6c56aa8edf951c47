/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"
#include "platform/linux/read/chromium_policy.h"

#include <stddef.h>

/*
 * What Firefox makes of one policies.json as to remembering logins: the value of its setting signon.rememberSignons and whether it is
 * locked. Four policies write that setting, one after the other in the order of the file, and the last one wins.
 */
struct firefox_logins {
	enum policy_word enabled;       /* PasswordManagerEnabled */
	enum policy_word offer;         /* OfferToSaveLogins */
	enum policy_word offer_default; /* OfferToSaveLoginsDefault: a value, no lock */
	enum policy_word preference;    /* Preferences: signon.rememberSignons */
	bool value;                     /* what results; on if nobody says anything */
	bool locked;
};

/* INVALID: Firefox does without any policy, and does not look elsewhere. An empty file says nothing and is none of these. */
bool firefox_policy_read(const char *text, size_t size, struct firefox_logins *out, struct err *err);
