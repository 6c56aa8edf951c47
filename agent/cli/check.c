/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epagent check: the straight line without the agent. epagent-probe looks, the judge decides, nothing is changed or kept. The probe
 * is a program of its own here too, so that what users wrote is never parsed by whoever calls (often root).
 */
#include "agent/cli/cli.h"
#include "agent/cli/show.h"

#include "base/json.h"
#include "base/text.h"
#include "platform/run.h"
#include "policy/judge.h"
#include "policy/report.h"

#include <string.h>

#define PROBE_TIMEOUT_MS 60000
#define ANSWER_MAX       (16u << 20)
#define DOCUMENT_MAX     (4u << 20)

struct case_file { /* everything that a judgement hangs on */
	struct policy policy;
	struct media_register media;
	struct orders orders;
	struct facts facts;
	struct verdicts verdicts;
};

static void case_init(struct case_file *c)
{
	policy_init(&c->policy);
	media_register_init(&c->media);
	orders_init(&c->orders);
	facts_init(&c->facts);
	verdicts_init(&c->verdicts);
}

static void case_fini(struct case_file *c)
{
	verdicts_fini(&c->verdicts);
	facts_fini(&c->facts);
	orders_fini(&c->orders);
	media_register_fini(&c->media);
	policy_fini(&c->policy);
}

static bool read_policy(struct case_file *c, const struct options *options, struct err *err)
{
	AUTO(buf_fini) struct buf text;

	buf_init(&text, 0);
	if (!options->policy)
		return err_set(err, ERR_INVALID, "check wants --policy FILE; epctl policy build FILE.yaml -o FILE.json writes one");
	if (!cli_read_file(options->policy, POLICY_MAX_BYTES, &text, err))
		return false;
	if (buf_text(&text)[strspn(buf_text(&text), " \t\r\n")] != '{')
		return err_set(err, ERR_INVALID, "%.200s is no JSON; epctl policy build FILE.yaml -o FILE.json makes it", options->policy);
	return policy_parse(&c->policy, buf_text(&text), text.size, err) || err_wrap(err, "%s", options->policy);
}

static bool read_documents(struct case_file *c, const struct options *options, struct err *err)
{
	AUTO(buf_fini) struct buf text;

	buf_init(&text, 0);
	if (options->media_register) {
		if (!cli_read_file(options->media_register, DOCUMENT_MAX, &text, err))
			return false;
		if (!media_register_parse(&c->media, buf_text(&text), text.size, err))
			return err_wrap(err, "%s", options->media_register);
	}
	if (options->orders) {
		if (!cli_read_file(options->orders, DOCUMENT_MAX, &text, err))
			return false;
		if (!orders_parse(&c->orders, buf_text(&text), text.size, err))
			return err_wrap(err, "%s", options->orders);
	}
	return true;
}

static bool decode_facts(struct case_file *c, const struct buf *text, struct err *err)
{
	AUTO(json_drop) json_t *json = json_parse(buf_text(text), text->size, err);

	return json && facts_decode(&c->facts, json, err);
}

/* The controls that the policy names, each once, after the options. */
static size_t name_controls(const struct policy *policy, const char **argv)
{
	bool seen[CONTROL_COUNT] = {false};
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		enum control_id id = policy->rules[i].control;
		if (!seen[id])
			argv[count++] = catalogue[id].name;
		seen[id] = true;
	}
	return count;
}

static bool ask_probe(struct case_file *c, const struct options *options, struct err *err)
{
	AUTO(run_answer_fini) struct run_answer answer;
	const char *argv[CONTROL_COUNT + 8];
	char path[RUN_PATH_MAX], at[TEXT_INSTANT_SIZE];
	size_t count = 0;

	run_answer_init(&answer);
	if (!run_find(path, "epagent-probe", err))
		return false;
	text_from_instant(at, options->at_utc);
	argv[count++] = path;
	if (options->root) {
		argv[count++] = "--root";
		argv[count++] = options->root;
	}
	argv[count++] = "--at";
	argv[count++] = at;
	count += name_controls(&c->policy, argv + count);
	argv[count] = NULL;
	if (!run_program(argv, (struct run_limits){PROBE_TIMEOUT_MS, ANSWER_MAX}, &answer, err))
		return false;
	if (answer.status != 0)
		return err_set(err, ERR_IO, "epagent-probe ended with status %d%s%s", answer.status, *answer.error ? ": " : "",
		               answer.error);
	return decode_facts(c, &answer.out, err) || err_wrap(err, "epagent-probe's answer");
}

static bool read_facts(struct case_file *c, const struct options *options, struct err *err)
{
	AUTO(buf_fini) struct buf text;

	if (!options->facts)
		return ask_probe(c, options, err);
	buf_init(&text, 0);
	if (options->root)
		return err_set(err, ERR_INVALID, "--facts and --root exclude each other: a recorded answer needs no machine");
	if (!cli_read_file(options->facts, ANSWER_MAX, &text, err))
		return false;
	return decode_facts(c, &text, err) || err_wrap(err, "%s", options->facts);
}

int check_run(const struct options *options, struct err *err)
{
	AUTO(case_fini) struct case_file c;

	case_init(&c);
	if (!read_policy(&c, options, err) || !read_documents(&c, options, err) || !read_facts(&c, options, err))
		return CLI_ERROR;
	struct judge_input input = {
		.policy = &c.policy, .media = &c.media, .orders = &c.orders, .facts = &c.facts, .now_utc = options->at_utc};
	if (!judge(&c.verdicts, &input, err))
		return CLI_ERROR;
	/* Whoever could look may see what was found. */
	struct report_about about = {.policy = &c.policy, .now_utc = options->at_utc, .all = true};
	AUTO(json_drop) json_t *report = report_encode(&c.verdicts, &about);
	if (!report)
		return err_set(err, ERR_LIMIT, "out of memory"), CLI_ERROR;
	return show_report(report, options, err) ? show_exit(report) : CLI_ERROR;
}
