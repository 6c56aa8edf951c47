/* SPDX-License-Identifier: Apache-2.0 */
/* epagent policy: the policy in force, in words, for those who work under it. */
#include "agent/cli/ask.h"
#include "agent/cli/show.h"
#include "agent/cli/words.h"

#include "base/hex.h"
#include "base/text.h"
#include "policy/policy.h"
#include "policy/signed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define INDENT 3

/* "10 minutes": the largest unit that divides it. */
static void add_duration(struct words *words, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && (seconds == 0 || seconds % units[i].seconds != 0))
		i++;
	struct param number = {"number", NULL, seconds / units[i].seconds};
	words_status(words, "policy.", units[i].name, &number, 1);
}

static void add_list(struct words *words, const char *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words_add(words, "%s%s", i > 0 ? ", " : "", items[i]);
}

static void add_limit(struct words *words, const struct rule *rule)
{
	enum value_kind kind = catalogue[rule->control].value;

	words_status(words, rule->require.kind == REQUIRE_AT_MOST ? "policy.at_most" : "policy.at_least", "", NULL, 0);
	if (kind == VALUE_DURATION || kind == VALUE_AGE)
		add_duration(words, rule->require.limit);
	else
		words_add(words, "%" PRId64, rule->require.limit);
}

static void add_media(struct words *words, const struct require *require)
{
	static const char *const accesses[] = {
		[ACCESS_BLOCKED] = "policy.is_blocked", [ACCESS_READ_ONLY] = "policy.is_read_only", [ACCESS_OPEN] = "policy.is_allowed"};
	const struct {
		bool asked;
		const char *name;
	} more[] = {{require->only_registered, "policy.registered"},
	            {require->encrypted, "policy.encrypted"},
	            {require->scanned, "policy.scanned"},
	            {require->unlocked_screen, "policy.unlocked_screen"}};

	words_status(words, accesses[require->access], "", NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (more[i].asked) {
			words_status(words, "policy.and", "", NULL, 0);
			words_status(words, more[i].name, "", NULL, 0);
		}
}

static void add_require(struct words *words, const struct rule *rule)
{
	static const char *const is[] = {
		[IS_ON] = "on", [IS_OFF] = "off", [IS_BLOCKED] = "blocked", [IS_READ_ONLY] = "read_only", [IS_ALLOWED] = "allowed"};
	const struct require *require = &rule->require;

	if (require->kind == REQUIRE_IS)
		words_status(words, "policy.is_", is[require->is], NULL, 0);
	else if (require->kind == REQUIRE_MEDIA)
		add_media(words, require);
	else if (require->kind == REQUIRE_ONLY) {
		words_status(words, "policy.only", "", NULL, 0);
		add_list(words, require->only, require->only_count);
	} else
		add_limit(words, rule);
	if (require->kind != REQUIRE_MEDIA && require->enforced && !catalogue_is_media(rule->control)) {
		words_status(words, "policy.and", "", NULL, 0);
		words_status(words, "policy.enforced", "", NULL, 0);
	}
}

static void add_when(struct words *words, const struct when *when)
{
	static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

	for (size_t i = 0; when->has_hours && i < ARRAY_LEN(days); i++)
		if (when->days & 1u << i) {
			words_status(words, "policy.", days[i], NULL, 0);
			words_add(words, " ");
		}
	if (when->has_hours)
		words_add(words, "%02u:%02u-%02u:%02u ", when->from_min / 60u, when->from_min % 60u, when->to_min / 60u,
		          when->to_min % 60u);
	if (when->has_users)
		add_list(words, when->users, when->user_count);
}

static void start(struct words *words, const char *label)
{
	buf_printf(words->out, "%*s", INDENT, "");
	words_status(words, "policy.", label, NULL, 0);
}

/* "why" or "what" of the control, if its page is written. */
static void show_about(struct words *words, const char *control, const char *which)
{
	char key[96];

	(void)snprintf(key, sizeof key, "%s.%s", control, which);
	const char *text = message_find(words->language, key);
	if (!text)
		return;
	buf_printf(words->out, "%*s", INDENT, "");
	words_add(words, "%s", text);
	words_line(words, INDENT);
}

static void show_rule(struct words *words, const struct rule *rule, size_t number)
{
	words_add(words, "%zu. %s", number, message_title(words->language, rule->control));
	words_line(words, INDENT);
	show_about(words, catalogue[rule->control].name, "what");
	show_about(words, catalogue[rule->control].name, "why");
	start(words, "required");
	add_require(words, rule);
	words_line(words, INDENT + 2);
	if (rule->has_when) {
		start(words, "when");
		add_when(words, &rule->when);
		words_line(words, INDENT + 2);
	}
	start(words, rule->mode == MODE_ENFORCE ? "enforce" : "observe");
	words_line(words, INDENT + 2);
	if (rule->clause_count > 0) {
		start(words, "clauses");
		add_list(words, rule->clauses, rule->clause_count);
		words_line(words, INDENT + 2);
	}
}

static void show_policy(struct words *words, const struct policy *policy)
{
	const char *first = words->language == LANGUAGE_JA ? policy->title_ja : policy->title_en;
	const char *second = words->language == LANGUAGE_JA ? policy->title_en : policy->title_ja;
	struct param params[] = {{"id", policy->id, 0}, {"version", NULL, policy->version}};

	words_add(words, "%s", first ? first : second ? second : policy->id);
	words_line(words, 0);
	words_status(words, policy->version > 0 ? "policy_version" : "policy_unpublished", "", params, ARRAY_LEN(params));
	words_line(words, 0);
	for (size_t i = 0; i < policy->rule_count; i++) {
		buf_add(words->out, "\n");
		show_rule(words, &policy->rules[i], i + 1);
	}
}

static bool show_answer(const json_t *answer, const struct options *options, struct err *err)
{
	AUTO(policy_fini) struct policy policy;
	AUTO(buf_fini) struct buf text, json;
	struct show_style style = show_style_of(options);
	struct words words = {.out = &text, .language = style.language, .columns = style.columns};
	const json_t *held = json_object_get(answer, "policy"), *refused = json_object_get(answer, "refused");

	policy_init(&policy);
	buf_init(&text, 4u << 20);
	buf_init(&json, POLICY_MAX_BYTES);
	words_init(&words);
	if (json_is_object(held)) {
		json_print(&json, held);
		if (!policy_parse(&policy, buf_text(&json), json.size, err))
			return words_fini(&words), err_wrap(err, "the agent's policy");
		show_policy(&words, &policy);
	} else {
		words_status(&words, "policy.none", "", NULL, 0);
		words_line(&words, 0);
	}
	if (json_is_object(refused)) {
		const char *why = json_text(refused, "why");
		char code[96];
		(void)snprintf(code, sizeof code, "document.%.60s", why ? why : "not_verified");
		buf_add(&text, "\n");
		words_status(&words, "policy.refused", "", NULL, 0);
		words_message(&words, code, NULL, 0);
		words_line(&words, 0);
	}
	words_fini(&words);
	return cli_print(&text, err);
}

/* The document goes to core as it is: core verifies it, and only root may hand one over. */
static json_t *load(const struct options *options, struct err *err)
{
	AUTO(buf_fini) struct buf document;
	size_t most = 2 * document_size_max(DOCUMENT_POLICY);

	buf_init(&document, most);
	if (!cli_read_file(options->load, most, &document, err))
		return NULL;
	char *digits = malloc(2 * document.size + 1);
	if (!digits)
		return err_set(err, ERR_LIMIT, "out of memory"), NULL;
	hex_print(digits, (const uint8_t *)buf_text(&document), document.size);
	AUTO(json_drop) json_t *body = json_pack("{s:s}", "document", digits);
	free(digits);
	return ask_core(options, MESSAGE_policy_load, body, err);
}

int policy_run(const struct options *options, struct err *err)
{
	AUTO(json_drop) json_t *loaded = options->load ? load(options, err) : NULL;

	if (options->load && !loaded)
		return CLI_ERROR;
	AUTO(json_drop) json_t *answer = ask_core(options, MESSAGE_policy, NULL, err);
	if (!answer)
		return CLI_ERROR;
	bool shown = options->json ? show_json(answer, err) : show_answer(answer, options, err);
	return shown ? CLI_FINE : CLI_ERROR;
}
