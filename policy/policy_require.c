/* SPDX-License-Identifier: Apache-2.0 */
/* `require:` of a rule: which words a control's kind of value takes, one table row for each kind. */
#include "base/text.h"
#include "policy/policy_check.h"

#include <string.h>

#define LIMIT_MAX_S (INT64_C(3660) * 86400)
#define COUNT_MAX   1000000

const char *const is_words[5] = {"on", "off", "blocked", "read_only", "allowed"};

/*
 * A comparison that is wrong for the value's kind does not load: a rule that can never fail, or never pass, is worse than none. A
 * coverage has only `on` (nobody demands that a disk is not encrypted), an age no `at_least`.
 */
static const struct {
	const char *keys; /* the words of `require`, between spaces */
	const char *is;   /* what `is` may be */
	const char *example;
} grammar[] = {
	[VALUE_NONE] = {"", "", ""},
	[VALUE_SWITCH] = {" is ", " on off ", "{is: on}"},
	[VALUE_DURATION] = {" at_most at_least ", "", "{at_most: 10m}"},
	[VALUE_AGE] = {" at_most ", "", "{at_most: 24h}"},
	[VALUE_COVERAGE] = {" is ", " on ", "{is: on}"},
	[VALUE_ACCESS] = {" is only access encrypted scanned unlocked_screen ", " blocked read_only allowed ",
                          "{is: blocked} or {only: registered, access: read_only}"},
	[VALUE_COUNT] = {" at_most at_least ", "", "{at_most: 0}"},
	[VALUE_LIST] = {" only ", "", "{only: [a, b]}"},
};

/* A whole word: "read" is not in " read_only ". */
static bool is_in(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = strstr(list, word); size && at; at = strstr(at + 1, word))
		if (at > list && at[-1] == ' ' && at[size] == ' ')
			return true;
	return false;
}

static const char *example(const struct rule *rule)
{
	return grammar[catalogue[rule->control].value].example;
}

static void take_is(struct checker *check, const struct node *node, struct rule *rule)
{
	int index = check_word(check, node, is_words, ARRAY_LEN(is_words));

	rule->require.kind = REQUIRE_IS;
	if (index < 0)
		return;
	rule->require.is = (enum is_word)index;
	if (!is_in(grammar[catalogue[rule->control].value].is, is_words[index]))
		check_complain(check, node, "`is: %s` is wrong for %s: write %s", is_words[index], catalogue[rule->control].name,
		               example(rule));
}

static void take_limit(struct checker *check, const struct node *node, struct rule *rule)
{
	uint64_t count;

	/* at_most, at_least: the fourth letter tells. */
	rule->require.kind = node->key[3] == 'm' ? REQUIRE_AT_MOST : REQUIRE_AT_LEAST;
	if (catalogue[rule->control].value != VALUE_COUNT) {
		rule->require.limit = check_seconds(check, node, LIMIT_MAX_S);
		return;
	}
	const char *text = check_text(check, node, "a number");
	if (text && text_to_u64(text, COUNT_MAX, &count))
		rule->require.limit = (int64_t)count;
	else if (text)
		check_complain(check, node, "`%s: %s` must be a whole number up to %d", node->key, check_show(text), COUNT_MAX);
}

static void take_media(struct checker *check, const struct node *require, struct rule *rule)
{
	static const char *const only[] = {"registered"}, *const access[] = {"read_only", "read_write"};
	const struct node *only_node = node_get(require, "only"), *access_node = node_get(require, "access");
	struct require *out = &rule->require;

	out->kind = REQUIRE_MEDIA;
	out->only_registered = only_node && check_word(check, only_node, only, ARRAY_LEN(only)) == 0;
	out->access = access_node && check_word(check, access_node, access, ARRAY_LEN(access)) == 0 ? ACCESS_READ_ONLY : ACCESS_OPEN;
	out->encrypted = check_flag(check, node_get(require, "encrypted"), false);
	out->scanned = check_flag(check, node_get(require, "scanned"), false);
	out->unlocked_screen = check_flag(check, node_get(require, "unlocked_screen"), false);
}

/* Settings of a user's desktop or programs; a daemon or a disk is not his to change. */
static bool can_be_enforced(enum control_id id)
{
	const struct control_row *row = &catalogue[id];

	return (row->subject == SUBJECT_USER || row->subject == SUBJECT_PROGRAM) &&
	       (row->value == VALUE_SWITCH || row->value == VALUE_DURATION);
}

/* Each word is right for this control, and one comparison is said, once. */
static bool words_fit(struct checker *check, const struct node *require, struct rule *rule)
{
	const char *words = grammar[catalogue[rule->control].value].keys;
	size_t comparisons = 0;
	bool fit = true;

	for (size_t i = 0; i < require->count; i++) {
		const char *key = require->items[i].key;
		bool is_enforced = strcmp(key, "enforced") == 0;
		if (is_enforced ? can_be_enforced(rule->control) : is_in(words, key)) {
			comparisons += !is_enforced;
			continue;
		}
		check_complain(check, &require->items[i], "`%s` is wrong for %s: write %s", check_show(key), catalogue[rule->control].name,
		               example(rule));
		fit = false;
	}
	if (fit && comparisons == 0)
		check_complain(check, require, "`require` says nothing to compare: write %s", example(rule));
	else if (fit && comparisons > 1 && (!catalogue_is_media(rule->control) || node_get(require, "is")))
		check_complain(check, require, "`require` says two things at once: write one, such as %s", example(rule));
	return fit && comparisons > 0;
}

void check_require(struct checker *check, const struct node *node, struct rule *rule)
{
	const struct node *require = node_get(node, "require"), *is = node_get(require, "is");

	if (!require) {
		check_complain(check, node, "`require` is missing: write %s", example(rule));
		return;
	}
	if (require->kind != NODE_MAP) {
		check_complain(check, require, "`require` must be a map: write %s", example(rule));
		return;
	}
	rule->require.has_enforced = can_be_enforced(rule->control);
	if (!words_fit(check, require, rule))
		return;
	rule->require.enforced = check_flag(check, node_get(require, "enforced"), rule->require.has_enforced);
	if (is)
		take_is(check, is, rule);
	else if (node_get(require, "at_most"))
		take_limit(check, node_get(require, "at_most"), rule);
	else if (node_get(require, "at_least"))
		take_limit(check, node_get(require, "at_least"), rule);
	else if (catalogue_is_media(rule->control))
		take_media(check, require, rule);
	else {
		rule->require.kind = REQUIRE_ONLY;
		(void)check_list(check, node_get(require, "only"), 256, &rule->require.only, &rule->require.only_count);
	}
}
