/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/*
 * One policies.json that several programs read and several people write. Everything that stands in it is kept, in its order; ours are
 * two policies and, beside "policies" where Firefox does not look, whom we hold the file for:
 *   {"policies": {..., "PasswordManagerEnabled": false, "OfferToSaveLogins": false}, "epagent": {"set_for": ["firefox-esr"]}}
 */
struct firefox_wish {
	const char *holder; /* program id */
	bool on;
};

/* `base` empty: a new file. INVALID: what is there cannot be kept, for Firefox itself cannot read it. */
bool firefox_merge(const struct buf *base, const struct firefox_wish *wish, struct buf *out, struct err *err);

struct firefox_holders {
	bool (*still_holds)(const char *id, void *data);
	void *data;
};

/* Takes `holder` out. `others`: somebody else still holds it, and `out` is the file for them; else it may be withdrawn. */
bool firefox_release(const struct buf *ours, const char *holder, const struct firefox_holders *holders, struct buf *out, bool *others,
                     struct err *err);
