/* SPDX-License-Identifier: Apache-2.0 */
/* A probe's answer, judged: decoding, encoding and decoding again give the same verdicts, and an unknown fact never passes. */
#include "base/json.h"
#include "policy/report.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795306800)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] =
	"{\"policy\":\"p\",\"format\":1,\"title\":{\"en\":\"t\"},\"rules\":[{\"control\":\"screen_lock\",\"require\":{\"at_most\":600}},"
	"{\"control\":\"disk_encryption\",\"require\":{\"is\":\"on\"}},{\"control\":\"antivirus_signatures\",\"require\":{\"at_most\":"
        "86400}},"
	"{\"control\":\"usb_storage\",\"when\":{\"users\":[\"a\"]},\"require\":{\"scanned\":true,\"unlocked_screen\":true}},"
	"{\"control\":\"usb_storage\",\"require\":{\"only\":\"registered\"}},{\"control\":\"password_memory\",\"require\":{\"is\":\"off\"}}"
        "]}";

static void judge_into(struct buf *out, const struct facts *facts)
{
	AUTO(policy_fini) struct policy policy;
	AUTO(verdicts_fini) struct verdicts verdicts;
	struct err err;

	policy_init(&policy);
	verdicts_init(&verdicts);
	if (!policy_parse(&policy, rules, sizeof rules - 1, &err))
		abort();
	if (!judge(&verdicts, &(struct judge_input){.policy = &policy, .facts = facts, .now_utc = NOW}, &err))
		return;
	for (size_t i = 0; i < verdicts.count; i++)
		if (verdicts.items[i].verdict == VERDICT_PASS && verdicts.items[i].fact->state != FACT_KNOWN)
			abort();
	AUTO(json_drop) json_t *report = report_encode(&verdicts, &(struct report_about){.policy = &policy, .now_utc = NOW, .all = true});
	if (!report)
		abort();
	json_print(out, report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(facts_fini) struct facts facts, again;
	AUTO(buf_fini) struct buf first, second;
	struct err err;
	AUTO(json_drop) json_t *json = json_parse((const char *)data, size, &err);

	facts_init(&facts);
	facts_init(&again);
	buf_init(&first, 32u << 20);
	buf_init(&second, 32u << 20);
	if (!json || !facts_decode(&facts, json, &err))
		return 0;
	judge_into(&first, &facts);
	AUTO(json_drop) json_t *encoded = facts_encode(&facts);
	if (!facts_decode(&again, encoded, &err))
		abort();
	judge_into(&second, &again);
	if (first.size != second.size || strcmp(buf_text(&first), buf_text(&second)) != 0)
		abort();
	return 0;
}
