/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/policy.h"

/* What the files of the validator share: policy_read.c (the whole, rules), policy_require.c, policy_when.c. */
struct checker {
	struct policy *policy; /* texts are copied into its arena */
	struct complaints *out;
	const char *where; /* "rule 3 (usb_storage): " in front of what is said; "" outside the rules */
	bool bare_numbers; /* JSON, which we print ourselves: seconds without a unit, and a version */
};

void check_complain(struct checker *check, const struct node *node, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The text of a scalar. NULL and a complaint if `node` is none or empty; NULL without one if `node` is NULL. */
const char *check_text(struct checker *check, const struct node *node, const char *want);

/* The index of the scalar in `words`; -1 and a complaint that lists them, naming the nearest. */
int check_word(struct checker *check, const struct node *node, const char *const *words, size_t count);
bool check_flag(struct checker *check, const struct node *node, bool otherwise);

/* Seconds, at most `max_s`; -1 and a complaint. */
int64_t check_seconds(struct checker *check, const struct node *node, int64_t max_s);

/* A text of at most 200 bytes has nothing but printable characters, else a complaint. */
bool check_printable(struct checker *check, const struct node *node, const char *key);

/* Each key of `map` is one of `words`, else a complaint. False if `node` is no map. */
bool check_keys(struct checker *check, const struct node *map, const char *const *words, size_t count);

/* A list of 1 to `max` texts, copied. */
bool check_list(struct checker *check, const struct node *node, size_t max, const char ***words, size_t *word_count);

/* The nearest of `words` to a misspelt one, or NULL. */
const char *check_nearest(const char *text, const char *const *words, size_t count);

/* The texts as they are shown in a complaint: printable, cut. Two may be used in one call. */
const char *check_show(const char *text);

void check_require(struct checker *check, const struct node *rule, struct rule *out);
void check_when(struct checker *check, const struct node *when, struct rule *out);
void check_timezone(struct checker *check, const struct node *node);

extern const char *const mode_words[2], *const severity_words[4], *const is_words[5];
