/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/medium.h"
#include "policy/policy.h"

/*
 * The three documents that rule a PC, each the whole state that should be: the policy, the register of media, and the orders for
 * this PC alone. Signatures and transport are not this file's affair: it reads the bytes after they have been verified.
 * Limits that no key may exceed: an entry ends within 400 days; an order never touches a lifeline, a mode or
 * agent_integrity, nor all media for more than 24 hours; `blocked` in the policy stays blocked.
 */
#define BUNDLE_MAX_DAYS 400

struct register_entry { /* one medium; opens only what `only: registered` leaves open */
	const char *id;
	uint16_t vendor, product;
	const char *serial;  /* NULL: weak, by product */
	const char *section; /* weak entries must name one */
	enum access access;
	int64_t ends_at; /* UTC */
};

struct media_register {
	struct arena arena;
	int64_t version;
	struct register_entry *entries;
	size_t count;
};

struct exemption { /* the verdict of `control` (and `subject`, if given) is `exempt` until its end */
	const char *id;
	enum control_id control;
	const char *subject; /* NULL: all */
	int64_t ends_at;
};

struct grant { /* one medium opened for this PC until its end */
	const char *id;
	uint16_t vendor, product;
	const char *serial;
	enum access access;
	int64_t ends_at;
};

struct orders {
	struct arena arena;
	int64_t version;
	const char *host; /* which PC; NULL in recorded cases */
	struct exemption *exemptions;
	size_t exemption_count;
	struct grant *grants;
	size_t grant_count;
};

void media_register_init(struct media_register *reg);
void media_register_fini(struct media_register *reg);
void orders_init(struct orders *orders);
void orders_fini(struct orders *orders);

/* JSON documents; anything unknown, doubled or beyond the limits above is INVALID or LIMIT and nothing is taken.
 * `issued_at` in the document is what the limits on ends are counted from. */
bool media_register_parse(struct media_register *reg, const char *text, size_t size, struct err *err);
bool orders_parse(struct orders *orders, const char *text, size_t size, struct err *err);

/* An entry that names this medium and has not ended; strong before weak. NULL if none. `next` is lowered to its end. */
const struct register_entry *media_register_find(const struct media_register *reg, const struct medium *medium, int64_t now_utc,
                                                 int64_t *next);
