/* SPDX-License-Identifier: Apache-2.0 */
/* From a tree to a policy, with everything that is wrong in it said at once. docs/policy.md is this file in prose. */
#include "base/text.h"
#include "policy/policy_check.h"

#include <stdio.h>
#include <string.h>

#define GRACE_MAX_S (INT64_C(366) * 86400)

const char *const mode_words[2] = {"observe", "enforce"};
const char *const severity_words[4] = {"low", "medium", "high", "critical"};

const char *mode_name(enum mode mode)
{
	return mode_words[mode];
}

const char *severity_name(enum severity severity)
{
	return severity_words[severity];
}

/* Ids are words that can stand in addresses, file names and reports. */
static const char *take_id(struct checker *check, const struct node *node)
{
	const char *text = check_text(check, node, "a word such as lgwan-standard");
	size_t size = text ? strlen(text) : 0, good = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;

	if (!text)
		return NULL;
	if (size > 64 || good != size || text[0] == '-')
		check_complain(check, node, "`%s: %s` must be 1 to 64 of a-z, 0-9 and `-`, such as lgwan-standard", node->key,
		               check_show(text));
	return arena_strdup(&check->policy->arena, text);
}

static const char *take_title_text(struct checker *check, const struct node *node)
{
	const char *text = check_text(check, node, "a text");

	if (text && strlen(text) > 200)
		check_complain(check, node, "`%s` is longer than 200 bytes", node->key);
	else if (text)
		(void)check_printable(check, node, node->key);
	return text ? arena_strdup(&check->policy->arena, text) : NULL;
}

static void take_title(struct checker *check, const struct node *root)
{
	static const char *const keys[] = {"ja", "en"};
	const struct node *title = node_get(root, "title");

	if (!title) {
		check_complain(check, NULL, "`title` is missing: write title: {ja: ...} or title: {en: ...}");
		return;
	}
	if (!check_keys(check, title, keys, ARRAY_LEN(keys)))
		return;
	check->policy->title_ja = take_title_text(check, node_get(title, "ja"));
	check->policy->title_en = take_title_text(check, node_get(title, "en"));
	if (title->count == 0)
		check_complain(check, title, "`title` is empty: write title: {ja: ...} or title: {en: ...}");
}

/* Numbers are given by the centre and never fall; one written by hand would make a PC refuse the next. */
static void take_version(struct checker *check, const struct node *root)
{
	const struct node *node = node_get(root, "version");
	uint64_t version;

	if (!node)
		return;
	if (!check->bare_numbers)
		check_complain(check, node, "`version` is given when the policy is published: leave it out");
	else if (node->kind != NODE_SCALAR || !text_to_u64(node->text, INT64_MAX, &version))
		check_complain(check, node, "`version` must be a whole number");
	else
		check->policy->version = (int64_t)version;
}

static void take_head(struct checker *check, const struct node *root)
{
	const struct node *id = node_get(root, "policy"), *format = node_get(root, "format");
	const char *text;

	if (!id)
		check_complain(check, NULL, "`policy` is missing: write policy: and a word that names it");
	check->policy->id = take_id(check, id);
	if (!format)
		check_complain(check, NULL, "`format` is missing: write format: %d", POLICY_FORMAT);
	text = check_text(check, format, "1");
	if (text && strcmp(text, "1") != 0)
		check_complain(check, format, "`format: %s` is not known: this program reads format: %d", check_show(text), POLICY_FORMAT);
	take_version(check, root);
	take_title(check, root);
	check->policy->zone = take_id(check, node_get(root, "zone"));
	check_timezone(check, node_get(root, "timezone"));
}

/* Words of a media rule and controls of the centre look like controls and are none. */
static void complain_of_control(struct checker *check, const struct node *node, const char *name)
{
	static const char *const words[] = {"access", "encrypted", "scanned", "unlocked_screen"};
	static const char *const centre[] = {"media_register", "media_carry",   "monitoring",   "compliance_view", "exceptions",
	                                     "incident",       "change_record", "audit_report", "backup"};
	const char *names[CONTROL_COUNT];

	for (size_t i = 0; i < CONTROL_COUNT; i++)
		names[i] = catalogue[i].name;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(name, words[i]) == 0) {
			check_complain(check, node, "`%s` is a word of a media rule's `require`, not a control", name);
			return;
		}
	for (size_t i = 0; i < ARRAY_LEN(centre); i++)
		if (strcmp(name, centre[i]) == 0) {
			check_complain(check, node, "`%s` is done at the centre; a policy rules what happens on the PC", name);
			return;
		}
	const char *nearest = check_nearest(name, names, CONTROL_COUNT);
	if (nearest)
		check_complain(check, node, "there is no control `%s`: did you mean `%s`?", check_show(name), nearest);
	else
		check_complain(check, node, "there is no control `%s`: docs/policy.md lists them", check_show(name));
}

static bool take_control(struct checker *check, const struct node *rule, struct rule *out)
{
	const struct node *node = node_get(rule, "control");
	const char *name = check_text(check, node, "the name of a control");

	out->control = name ? catalogue_find(name) : CONTROL_COUNT;
	if (!node)
		check_complain(check, rule, "`control` is missing: write control: and its name");
	else if (name && out->control == CONTROL_COUNT)
		complain_of_control(check, node, name);
	return out->control != CONTROL_COUNT;
}

/* A key without a value (`mode:`) is a mistake, not the default: its writer meant something. */
static void take_details(struct checker *check, const struct node *node, struct rule *out)
{
	const struct node *when = node_get(node, "when"), *mode = node_get(node, "mode"), *severity = node_get(node, "severity");
	const struct node *grace = node_get(node, "grace"), *clauses = node_get(node, "clauses");
	int word;

	out->mode = mode && (word = check_word(check, mode, mode_words, ARRAY_LEN(mode_words))) >= 0 ? (enum mode)word : MODE_OBSERVE;
	out->severity = severity && (word = check_word(check, severity, severity_words, ARRAY_LEN(severity_words))) >= 0
	                        ? (enum severity)word
	                        : SEVERITY_MEDIUM;
	out->grace_s = grace ? check_seconds(check, grace, GRACE_MAX_S) : 0;
	if (clauses && (clauses->kind != NODE_LIST || clauses->count))
		(void)check_list(check, clauses, 32, &out->clauses, &out->clause_count);
	if (when)
		check_when(check, when, out);
}

static void take_rule(struct checker *check, const struct node *node, size_t number)
{
	static const char *const keys[] = {"control", "when", "require", "mode", "severity", "grace", "clauses"};
	struct rule rule = {.control = CONTROL_COUNT, .line = node->line};
	char where[80];

	(void)snprintf(where, sizeof where, "rule %zu: ", number);
	check->where = where;
	if (check_keys(check, node, keys, ARRAY_LEN(keys)) && take_control(check, node, &rule)) {
		(void)snprintf(where, sizeof where, "rule %zu (%s): ", number, catalogue[rule.control].name);
		/* A rule with mistakes is kept: the order of rules is checked all the same. */
		check_require(check, node, &rule);
		take_details(check, node, &rule);
		struct rule *slot = ARENA_PUSH(&check->policy->arena, check->policy->rules, check->policy->rule_count);
		if (slot)
			*slot = rule;
	}
	check->where = "";
}

/* Order matters: the first rule whose `when` holds. A rule behind one that always holds is a mistake of its writer. */
static void check_order(struct checker *check)
{
	const struct rule *last[CONTROL_COUNT] = {NULL};

	for (size_t i = 0; i < check->policy->rule_count; i++) {
		const struct rule *rule = &check->policy->rules[i], *before = last[rule->control];
		if (before && !before->has_when)
			complaints_add(check->out, rule->line, "this rule for %s is never reached: the one at line %u has no `when`",
			               catalogue[rule->control].name, before->line);
		else
			last[rule->control] = rule;
	}
	for (int id = 0; id < CONTROL_COUNT; id++)
		if (catalogue_is_media((enum control_id)id) && last[id] && last[id]->has_when)
			complaints_add(check->out, last[id]->line,
			               "the last rule for %s has a `when`: add one without, such as {control: %s, require: {is: blocked}}",
			               catalogue[id].name, catalogue[id].name);
}

static void take_rules(struct checker *check, const struct node *root)
{
	const struct node *rules = node_get(root, "rules");

	if (!rules) {
		check_complain(check, NULL, "`rules` is missing: write rules: and a list of rules");
		return;
	}
	if (rules->kind != NODE_LIST || rules->count == 0 || rules->count > POLICY_MAX_RULES) {
		check_complain(check, rules, "`rules` must be a list of 1 to %d rules", POLICY_MAX_RULES);
		return;
	}
	for (size_t i = 0; i < rules->count; i++)
		take_rule(check, &rules->items[i], i + 1);
	check_order(check);
}

/* In the order of the lines; what is about the whole file comes first. Stable, and at most a few hundred. */
static void sort_complaints(struct complaints *complaints)
{
	for (size_t i = 1; i < complaints->count; i++) {
		struct complaint moved = complaints->items[i];
		size_t at = i;
		for (; at > 0 && complaints->items[at - 1].line > moved.line; at--)
			complaints->items[at] = complaints->items[at - 1];
		complaints->items[at] = moved;
	}
}

bool policy_read(struct policy *policy, const struct node *root, struct complaints *complaints)
{
	static const char *const keys[] = {"policy", "format", "title", "zone", "timezone", "rules", "version"};
	struct checker check = {.policy = policy, .out = complaints, .where = "", .bare_numbers = root->line == 0};
	size_t before = complaints->count;

	if (root->kind != NODE_MAP) {
		complaints_add(complaints, root->line, "a policy must be a map that begins with policy:, format: and title:");
		return false;
	}
	/* `version` is named last and never suggested: it is ours to give. */
	check_keys(&check, root, keys, ARRAY_LEN(keys) - (node_get(root, "version") ? 0 : 1));
	take_head(&check, root);
	take_rules(&check, root);
	if (policy->arena.failed)
		complaints_add(complaints, 0, "the policy is too large");
	sort_complaints(complaints);
	return complaints->count == before;
}
