/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/holder.h"

#include "agent/core.h"
#include "agent/document.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX (POLICY_MAX_BYTES + SIGNED_HEADER_SIZE + SIGNED_CERTIFICATE_MAX + SIGNED_SIGNATURE_MAX)
#define TRUST_MAX    (16u << 10)

static bool read_state(const struct core *core, const char *name, size_t max, struct buf *out, struct err *err)
{
	char path[OS_PATH_MAX];

	(void)snprintf(path, sizeof path, "%.4000s/%s", core->state_dir, name);
	return os_file_read(path, max, out, err);
}

static bool write_state(const struct core *core, const char *name, const void *bytes, size_t size, struct err *err)
{
	char path[OS_PATH_MAX];

	(void)snprintf(path, sizeof path, "%.4000s/%s", core->state_dir, name);
	return os_file_write(path, bytes, size, err);
}

static void remove_state(const struct core *core, const char *name)
{
	char path[OS_PATH_MAX];

	(void)snprintf(path, sizeof path, "%.4000s/%s", core->state_dir, name);
	os_file_remove(path);
}

static bool rename_state(const struct core *core, const char *from, const char *to, struct err *err)
{
	char path[OS_PATH_MAX], target[OS_PATH_MAX];

	(void)snprintf(path, sizeof path, "%.4000s/%s", core->state_dir, from);
	(void)snprintf(target, sizeof target, "%.4000s/%s", core->state_dir, to);
	return os_file_rename(path, target, err);
}

/* The pinned root, read afresh each time: it comes with enrolment, while core runs. */
static bool verify(const struct core *core, struct document *document, struct err *err)
{
	struct buf root, pin;
	struct document_trust trust = {.floor_utc = 0};
	struct document_want want = {.type = DOCUMENT_POLICY, .held_version = core->holder.has ? core->holder.version : 0};

	memcpy(want.held_digest, core->holder.digest, sizeof want.held_digest);
	if (!read_state(core, "trust/root.pin", 256, &pin, err))
		return err_wrap(err, "this PC trusts nobody yet");
	pin.data[strcspn(pin.data, "\r\n")] = '\0';
	bool fine = hex_parse(trust.pin, sizeof trust.pin, pin.data) || err_set(err, ERR_INVALID, "trust/root.pin is no digest");
	buf_fini(&pin);
	if (!fine || !read_state(core, "trust/root.pem", TRUST_MAX, &root, err))
		return false;
	trust.root_pem = root.data;
	trust.root_pem_size = root.size;
	fine = document_verify(&trust, &want, document, err);
	buf_fini(&root);
	return fine;
}

static void refuse(struct core *core, const struct document *document, const char *why, const char *text)
{
	struct holder *holder = &core->holder;

	(void)snprintf(holder->refused, sizeof holder->refused, "%s", why);
	text_printable(holder->refused_text, sizeof holder->refused_text, text, strlen(text), 150);
	holder->refused_version = document->version;
	holder->refused_at = os_now_utc();
	log_line(LOG_LEVEL_ERROR, "policy", "a document is refused (%s): %s; %s", why, text,
	         holder->has ? "the one that is held goes on" : "there is none");
	(void)note(core, RECORD_policy_refused,
	           json_pack("{s:s, s:s, s:I, s:s}", "type", "policy", "why", why, "version", (json_int_t)document->version, "text",
	                     holder->refused_text),
	           "policy_refused");
	if (document->fault == DOCUMENT_CHANGED)
		(void)note(core, RECORD_alarm, json_pack("{s:s, s:I}", "alarm", "policy_changed", "version", (json_int_t)document->version),
		           "alarm");
}

static bool hold(struct core *core, const struct document *document, struct err *err)
{
	struct policy policy;
	char *text = malloc(document->size + 1);
	struct holder *holder = &core->holder;

	policy_init(&policy);
	if (!text || !policy_parse(&policy, document->bytes, document->size, err)) {
		if (!text)
			err_set(err, ERR_LIMIT, "out of memory");
		policy_fini(&policy);
		free(text);
		return false;
	}
	memcpy(text, document->bytes, document->size);
	text[document->size] = '\0';
	state_gather(&core->state); /* verdicts borrow from the policy before */
	policy_fini(&holder->policy);
	free(holder->text);
	policy.version = document->version;
	holder->policy = policy;
	holder->text = text;
	holder->size = document->size;
	holder->version = document->version;
	memcpy(holder->digest, document->digest, sizeof holder->digest);
	holder->has = true;
	holder->taken_at = os_now_utc();
	trigger_all(&core->triggers, os_boot_ms());
	return true;
}

static void forget_new(const struct core *core)
{
	remove_state(core, "policy.new");
	remove_state(core, "policy.tries");
}

/* policy.new and its tries are in place: parse and rule by it. */
static bool handle(struct core *core, struct document *document, struct err *err)
{
	if (!hold(core, document, err)) {
		refuse(core, document, "invalid", err->text);
		forget_new(core);
		return false;
	}
	core->holder.handling = true;
	return true;
}

static bool was_refused(const struct core *core, const struct document *document)
{
	struct buf text;
	struct err ignored;
	uint64_t version = 0;

	if (!read_state(core, "policy.refused", 64, &text, &ignored))
		return false;
	text.data[strcspn(text.data, "\n")] = '\0';
	bool refused = text_to_u64(text.data, INT64_MAX, &version) && document->version <= (int64_t)version;
	buf_fini(&text);
	return refused;
}

bool holder_take(struct core *core, const void *raw, size_t size, struct err *err)
{
	struct document document = {.raw = raw, .raw_size = size};
	bool same;

	if (!verify(core, &document, err)) {
		refuse(core, &document, document.fault == DOCUMENT_FINE ? "not_verified" : document_fault_name(document.fault), err->text);
		return false;
	}
	same = core->holder.has && document.version == core->holder.version;
	if (same)
		return true;
	if (was_refused(core, &document)) {
		err_set(err, ERR_DENIED, "version %lld ended core before; a newer one is awaited", (long long)document.version);
		refuse(core, &document, "crashed", err->text);
		return false;
	}
	if (!write_state(core, "policy.tries", "1\n", 2, err) || !write_state(core, "policy.new", raw, size, err))
		return false;
	return handle(core, &document, err);
}

static unsigned tries_so_far(const struct core *core)
{
	struct buf text;
	struct err ignored;
	uint64_t tries = 0;

	if (!read_state(core, "policy.tries", 32, &text, &ignored))
		return 0;
	text.data[strcspn(text.data, "\n")] = '\0';
	(void)text_to_u64(text.data, 1000, &tries);
	buf_fini(&text);
	return (unsigned)tries;
}

static void give_up(struct core *core, const struct document *document)
{
	char version[32];
	struct err err;
	int size = snprintf(version, sizeof version, "%lld\n", (long long)document->version);

	if (!write_state(core, "policy.refused", version, (size_t)size, &err))
		log_line(LOG_LEVEL_ERROR, "policy", "%s", err.text);
	refuse(core, document, "crashed", "core ended while it was handled, again and again");
	forget_new(core);
}

static void start_good(struct core *core)
{
	struct buf raw;
	struct err err;

	if (!read_state(core, "policy.good", DOCUMENT_MAX, &raw, &err)) {
		if (err.kind != ERR_ABSENT)
			log_line(LOG_LEVEL_ERROR, "policy", "%s; without a policy", err.text);
		return;
	}
	struct document document = {.raw = raw.data, .raw_size = raw.size};
	if (!verify(core, &document, &err))
		refuse(core, &document, document.fault == DOCUMENT_FINE ? "not_verified" : document_fault_name(document.fault), err.text);
	else if (!hold(core, &document, &err))
		refuse(core, &document, "invalid", err.text);
	buf_fini(&raw);
}

static void start_new(struct core *core)
{
	struct buf raw;
	struct err err;
	char text[16];
	unsigned tries = tries_so_far(core);

	if (!read_state(core, "policy.new", DOCUMENT_MAX, &raw, &err))
		return;
	struct document document = {.raw = raw.data, .raw_size = raw.size};
	int size = snprintf(text, sizeof text, "%u\n", tries + 1);
	if (!verify(core, &document, &err)) {
		refuse(core, &document, document.fault == DOCUMENT_FINE ? "not_verified" : document_fault_name(document.fault), err.text);
		forget_new(core);
	} else if (core->holder.has && document.version == core->holder.version) {
		forget_new(core);
	} else if (tries >= HOLDER_TRIES) {
		give_up(core, &document);
	} else if (write_state(core, "policy.tries", text, (size_t)size, &err)) {
		(void)handle(core, &document, &err);
	}
	buf_fini(&raw);
}

void holder_start(struct core *core)
{
	policy_init(&core->holder.policy);
	start_good(core);
	start_new(core);
}

void holder_fini(struct holder *holder)
{
	policy_fini(&holder->policy);
	free(holder->text);
}

void holder_settle(struct core *core)
{
	struct holder *holder = &core->holder;
	char hex[2 * SHA256_SIZE + 1];
	struct err err;

	if (holder->handling) {
		if (!rename_state(core, "policy.new", "policy.good", &err))
			log_line(LOG_LEVEL_ERROR, "policy", "%s; it is handled once more at the next start", err.text);
		else
			remove_state(core, "policy.tries");
		holder->handling = false;
	}
	if (memcmp(core->state.policy, holder->digest, sizeof holder->digest) == 0)
		return;
	hex_print(hex, holder->digest, sizeof holder->digest);
	if (note(core, RECORD_policy_taken,
	         json_pack("{s:s, s:s, s:I, s:s}", "type", "policy", "id", holder->policy.id, "version", (json_int_t)holder->version,
	                   "digest", hex),
	         "policy_taken"))
		memcpy(core->state.policy, holder->digest, sizeof holder->digest);
}
