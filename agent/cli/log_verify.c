/* SPDX-License-Identifier: Apache-2.0 */
/* The journal as it lies on the disk, without asking the agent that wrote it. */
#include "agent/cli/log.h"
#include "agent/cli/show.h"
#include "agent/cli/words.h"

#include "agent/journal_verify.h"
#include "base/hex.h"
#include "base/text.h"
#include "platform/os.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define INDENT 2

static json_t *encode_name(const struct record_name *name)
{
	char epoch[17], hash[2 * SHA256_SIZE + 1];

	if (name->epoch == 0)
		return json_null();
	(void)snprintf(epoch, sizeof epoch, "%016" PRIx64, name->epoch);
	hex_print(hash, name->hash, sizeof name->hash);
	return json_pack("{s:s, s:I, s:s}", "epoch", epoch, "number", (json_int_t)name->number, "hash", hash);
}

static json_t *encode(const struct journal_report *report)
{
	json_t *findings = json_array();
	size_t count = report->finding_count < JOURNAL_FINDINGS_MAX ? (size_t)report->finding_count : JOURNAL_FINDINGS_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct journal_finding *found = &report->findings[i];
		(void)json_array_append_new(findings, json_pack("{s:s, s:s, s:I, s:I, s:s}", "fault", journal_fault_name(found->fault),
		                                                "file", found->file, "offset", (json_int_t)found->offset, "number",
		                                                (json_int_t)found->number, "text", found->text));
	}
	return json_pack("{s:i, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "schema", 1, "ok", (int)report->ok, "records",
	                 (json_int_t)report->records, "segments", (json_int_t)report->segments, "first", encode_name(&report->first),
	                 "last", encode_name(&report->last), "head", encode_name(&report->head), "acknowledged",
	                 encode_name(&report->acknowledged), "acknowledged_head", encode_name(&report->acknowledged_head), "alone",
	                 (json_int_t)report->alone, "finding_count", (json_int_t)report->finding_count, "findings", findings);
}

static void line(struct words *words, const char *name, const struct param *params, size_t count)
{
	words_status(words, "verify.", name, params, count);
	words_line(words, INDENT);
}

static void show_findings(struct words *words, const struct journal_report *report)
{
	for (uint64_t i = 0; i < report->finding_count && i < JOURNAL_FINDINGS_MAX; i++) {
		const struct journal_finding *found = &report->findings[i];
		struct param params[] = {{"file", found->file, 0}, {"number", NULL, (int64_t)found->number}, {"text", found->text, 0}};
		buf_printf(words->out, "%*s", INDENT, "");
		words_status(words, "verify.fault_", journal_fault_name(found->fault), params, ARRAY_LEN(params));
		words_line(words, 2 * INDENT);
	}
	if (report->finding_count > JOURNAL_FINDINGS_MAX) {
		struct param more = {"count", NULL, (int64_t)(report->finding_count - JOURNAL_FINDINGS_MAX)};
		line(words, "more", &more, 1);
	}
}

/* Which head is vouched for from outside, and what rests on this PC alone. */
static void show_ground(struct words *words, const struct journal_report *report)
{
	char at[TEXT_INSTANT_SIZE];
	const struct record_name *head = &report->acknowledged_head;

	text_from_instant(at, report->acknowledged_at);
	struct param params[] = {{"number", NULL, (int64_t)head->number}, {"alone", NULL, (int64_t)report->alone}, {"at", at, 0}};
	line(words, head->epoch != 0 ? "acknowledged" : "alone", params, ARRAY_LEN(params));
}

static bool show(const struct journal_report *report, const struct options *options, struct err *err)
{
	AUTO(buf_fini) struct buf text;
	struct show_style style = show_style_of(options);
	struct words words = {.out = &text, .language = style.language, .columns = style.columns};
	struct param params[] = {{"records", NULL, (int64_t)report->records}, {"segments", NULL, (int64_t)report->segments}};

	buf_init(&text, 1u << 20);
	words_init(&words);
	line(&words, report->ok ? "sound" : "unsound", params, ARRAY_LEN(params));
	show_findings(&words, report);
	show_ground(&words, report);
	words_fini(&words);
	return cli_print(&text, err);
}

static void drop_report(struct journal_report **report)
{
	free(*report);
}

int log_verify(const struct options *options, struct err *err)
{
	AUTO(drop_report) struct journal_report *report = calloc(1, sizeof *report);
	char state[OS_PATH_MAX], dir[OS_PATH_MAX + 16];

	if (!report)
		return err_set(err, ERR_LIMIT, "out of memory"), CLI_ERROR;
	os_state_dir(state, options->run_dir);
	(void)snprintf(dir, sizeof dir, "%s/journal", state);
	if (!journal_verify(&disk_real, dir, &(struct journal_anchors){NULL, NULL}, report, err))
		return err_wrap(err, "the journal cannot be read%s", err->kind == ERR_DENIED ? "; only root may" : ""), CLI_ERROR;
	AUTO(json_drop) json_t *json = options->json ? encode(report) : NULL;
	bool shown = json ? show_json(json, err) : show(report, options, err);
	return !shown ? CLI_ERROR : report->ok ? CLI_FINE : CLI_FAIL;
}
