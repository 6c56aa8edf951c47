/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "policy/catalogue.h"
#include "policy/fact.h"
#include "policy/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A policy: rules in order, as docs/policy.md describes them. People write YAML, the PC reads JSON; both become a tree of
 * `struct node` first and are checked by the one function below, so that what lint accepts is what the PC loads.
 */
#define POLICY_FORMAT    1
#define POLICY_MAX_BYTES (256u << 10)
#define POLICY_MAX_RULES 512

enum mode { MODE_OBSERVE, MODE_ENFORCE };
enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
enum is_word { IS_ON, IS_OFF, IS_BLOCKED, IS_READ_ONLY, IS_ALLOWED };
enum require_kind { REQUIRE_IS, REQUIRE_AT_MOST, REQUIRE_AT_LEAST, REQUIRE_MEDIA, REQUIRE_ONLY };

struct require {
	enum require_kind kind;
	enum is_word is;      /* IS */
	int64_t limit;        /* AT_MOST, AT_LEAST: seconds for DURATION and AGE, else a count */
	bool has_enforced;    /* what this control looks at is a setting that a user could change */
	bool enforced;        /* has_enforced: the user must not be able to change it; default true. Else false */
	bool only_registered; /* MEDIA */
	enum access access;   /* MEDIA: the most that is given; default ACCESS_OPEN (read_write) */
	bool encrypted, scanned, unlocked_screen;
	const char **only; /* ONLY: the list */
	size_t only_count;
};

struct when {
	bool has_hours, has_users;
	uint8_t days;              /* bit 0 = Monday */
	uint16_t from_min, to_min; /* minutes of the local day; to <= from: over midnight */
	const char **users;        /* group names */
	size_t user_count;
};

struct rule {
	enum control_id control;
	struct require require;
	bool has_when;
	struct when when;
	enum mode mode;
	enum severity severity;
	int64_t grace_s;
	const char **clauses;
	size_t clause_count;
	unsigned line; /* in the YAML file; 0 from JSON */
};

struct policy {
	struct arena arena;
	const char *id;
	int64_t version;                 /* 0 until published */
	const char *title_ja, *title_en; /* one may be NULL */
	const char *zone;                /* may be NULL */
	const char *timezone;
	int32_t utc_offset_s; /* of `timezone`: fixed offsets only, for the judge is pure (Asia/Tokyo has no summer time) */
	struct rule *rules;
	size_t rule_count;
};

void policy_init(struct policy *policy);
void policy_fini(struct policy *policy);

/* What is wrong, where, and what would be right. */
struct complaint {
	unsigned line; /* 0: the whole file */
	const char *text;
};
struct complaints {
	struct arena arena;
	struct complaint *items;
	size_t count;
};
void complaints_init(struct complaints *complaints);
void complaints_fini(struct complaints *complaints);
void complaints_add(struct complaints *complaints, unsigned line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Checks the whole tree (all complaints, not only the first) and fills `policy`. True if there was nothing to complain of. */
bool policy_read(struct policy *policy, const struct node *root, struct complaints *complaints);

/* The JSON that `epctl policy build` wrote. The first complaint becomes the error. */
bool policy_parse(struct policy *policy, const char *text, size_t size, struct err *err);

/* Canonical JSON: every default written out, the same bytes for the same policy. */
void policy_print(struct buf *out, const struct policy *policy);

/* "Mon-Fri 08:30-17:15" as in `hours:`; WHEN_HOURS_SIZE bytes. */
#define WHEN_HOURS_SIZE 48
void when_print_hours(char out[WHEN_HOURS_SIZE], const struct when *when);

const char *mode_name(enum mode mode);
const char *severity_name(enum severity severity);
json_t *require_encode(const struct require *require);
