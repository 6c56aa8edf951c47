/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enforce.h"

#include "agent/core.h"
#include "base/json.h"
#include "base/log.h"
#include "platform/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void file_path(const struct core *core, char out[OS_PATH_MAX])
{
	(void)snprintf(out, OS_PATH_MAX, "%.4000s/enforced.json", core->state_dir);
}

static bool save(const struct core *core, struct err *err)
{
	char path[OS_PATH_MAX];
	json_t *list = json_array();
	struct buf AUTO(buf_fini) text;

	for (size_t i = 0; i < core->enforcer.count; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s}", "control", catalogue[core->enforcer.items[i].control].name,
		                                            "subject", core->enforcer.items[i].subject));
	AUTO(json_drop) json_t *json = json_pack("{s:i, s:o}", "schema", 1, "enforced", list);
	buf_init(&text, 1u << 20);
	json_print(&text, json);
	file_path(core, path);
	return os_file_write(path, buf_text(&text), text.size, err);
}

static struct enforced *find(struct enforcer *enforcer, enum control_id control, const char *subject)
{
	for (size_t i = 0; i < enforcer->count; i++)
		if (enforcer->items[i].control == control && strcmp(enforcer->items[i].subject, subject) == 0)
			return &enforcer->items[i];
	return NULL;
}

static struct enforced *add(struct enforcer *enforcer, enum control_id control, const char *subject)
{
	if (enforcer->count == ENFORCED_MAX)
		return NULL;
	struct enforced *items = realloc(enforcer->items, (enforcer->count + 1) * sizeof *items);
	if (!items)
		return NULL;
	enforcer->items = items;
	items[enforcer->count] = (struct enforced){.control = control, .subject = strdup(subject)};
	return items[enforcer->count].subject ? &items[enforcer->count++] : NULL;
}

static void drop(struct enforcer *enforcer, struct enforced *item)
{
	free(item->subject);
	*item = enforcer->items[--enforcer->count];
}

void enforce_load(struct core *core)
{
	char path[OS_PATH_MAX];
	struct buf text;
	struct err err;
	const json_t *item;
	size_t i;

	file_path(core, path);
	if (!os_file_read(path, 1u << 20, &text, &err)) {
		if (err.kind != ERR_ABSENT)
			log_line(LOG_LEVEL_ERROR, "enforce", "%s; what was set before cannot be withdrawn by rule", err.text);
		return;
	}
	AUTO(json_drop) json_t *json = json_parse(buf_text(&text), text.size, &err);
	buf_fini(&text);
	json_array_foreach (json_object_get(json, "enforced"), i, item) {
		const char *name = json_text(item, "control"), *subject = json_text(item, "subject");
		enum control_id id = name ? catalogue_find(name) : CONTROL_COUNT;
		if (id != CONTROL_COUNT && subject)
			(void)add(&core->enforcer, id, subject);
	}
}

void enforce_fini(struct enforcer *enforcer)
{
	for (size_t i = 0; i < enforcer->count; i++)
		free(enforcer->items[i].subject);
	free(enforcer->items);
}

static struct value wanted(const struct verdict *verdict)
{
	const struct require *require = &verdict->rule->require;

	if (catalogue_is_media(verdict->control))
		return value_access(verdict->allowed);
	if (require->kind == REQUIRE_AT_MOST || require->kind == REQUIRE_AT_LEAST)
		return value_seconds(require->limit);
	return value_switch(require->is == IS_ON || require->is == IS_ALLOWED);
}

static void record(struct core *core, const struct enforced *item, const char *phase, const struct value *want, const struct err *err)
{
	json_t *json = json_pack("{s:s, s:s, s:s}", "control", catalogue[item->control].name, "subject", item->subject, "phase", phase);

	if (want)
		(void)json_object_set_new(json, "want", value_encode(want));
	if (err)
		(void)json_object_set_new(json, "meaning", json_string(err_kind_name(err->kind)));
	(void)note(core, RECORD_enforced, json, "enforced");
}

static bool call(const struct core *core, const struct enforced *item, const struct value *want, struct err *err)
{
	AUTO(host_drop) struct host *host = host_new(NULL, core->state_dir, os_now_utc(), err);

	return host && control_of(item->control)->enforce(host, item->subject, want, err);
}

static void failed(struct core *core, struct enforced *item, const char *phase, const struct value *want, const struct err *err)
{
	item->retry_boot_ms = os_boot_ms() + ENFORCE_RETRY_MS;
	trigger_at(&core->triggers, TRIGGER_JUDGE, item->retry_boot_ms);
	/* The same failure again is no news. */
	if (strcmp(item->failed, err_kind_name(err->kind)) == 0)
		return;
	(void)snprintf(item->failed, sizeof item->failed, "%s", err_kind_name(err->kind));
	log_line(LOG_LEVEL_ERROR, "enforce", "%s %s: %s; tried again in %d minutes", catalogue[item->control].name, item->subject,
	         err->text, ENFORCE_RETRY_MS / 60000);
	record(core, item, phase, want, err);
}

static void set(struct core *core, const struct verdict *verdict)
{
	struct enforced *item = find(&core->enforcer, verdict->control, verdict->subject);
	struct value want = wanted(verdict);
	bool fresh = !item;
	struct err err;

	/* Done, looked at again, and it still fails: somebody else is stronger. Not more often than the retry. */
	if (item && item->settled && !item->failed[0]) {
		err_set(&err, ERR_INVALID, "it was set and the look after it does not show it");
		failed(core, item, "set_without_effect", &want, &err);
		return;
	}
	if (item && item->retry_boot_ms > os_boot_ms())
		return;
	if (!item)
		item = add(&core->enforcer, verdict->control, verdict->subject);
	if (!item || (fresh && !save(core, &err))) {
		log_line(LOG_LEVEL_ERROR, "enforce", "%s: cannot be kept as set, so it is not set", catalogue[verdict->control].name);
		if (item)
			drop(&core->enforcer, item);
		return;
	}
	/* Closing never waits for the journal: the intention is recorded if it can be. */
	if (!item->failed[0])
		record(core, item, "begin", &want, NULL);
	if (!call(core, item, &want, &err)) {
		failed(core, item, "set", &want, &err);
		return;
	}
	if (item->failed[0] && item->settled) { /* still without effect until a look says otherwise */
		item->retry_boot_ms = os_boot_ms() + ENFORCE_RETRY_MS;
	} else {
		item->failed[0] = '\0';
		record(core, item, "set", &want, NULL);
	}
	item->settled = true;
	trigger_at(&core->triggers, (int)item->control, os_boot_ms());
}

static void withdraw(struct core *core, struct enforced *item)
{
	struct err err;

	if (item->retry_boot_ms > os_boot_ms())
		return;
	/* This one opens: no record, no withdrawal. */
	if (!item->failed[0] && !note(core, RECORD_enforced,
	                              json_pack("{s:s, s:s, s:s}", "control", catalogue[item->control].name, "subject", item->subject,
	                                        "phase", "begin_withdrawal"),
	                              "enforced")) {
		item->retry_boot_ms = os_boot_ms() + ENFORCE_RETRY_MS;
		trigger_at(&core->triggers, TRIGGER_JUDGE, item->retry_boot_ms);
		return;
	}
	if (!call(core, item, NULL, &err)) {
		failed(core, item, "withdraw", NULL, &err);
		return;
	}
	record(core, item, "withdrawn", NULL, NULL);
	trigger_at(&core->triggers, (int)item->control, os_boot_ms());
	drop(&core->enforcer, item);
	if (!save(core, &err))
		log_line(LOG_LEVEL_ERROR, "enforce", "%s; it is withdrawn once more at the next start", err.text);
}

static bool asks(const struct core *core, const struct verdict *verdict)
{
	return !core->config.observe && verdict->rule->mode == MODE_ENFORCE && verdict->verdict != VERDICT_EXEMPT &&
	       verdict->verdict != VERDICT_NOT_APPLICABLE;
}

/* A subject that is not there now keeps what was set while its control is enforced for others: they may share it. */
static bool still_asked(const struct core *core, const struct enforced *item)
{
	bool any = false;

	for (size_t i = 0; i < core->state.verdicts.count; i++) {
		const struct verdict *verdict = &core->state.verdicts.items[i];
		if (verdict->control != item->control)
			continue;
		if (strcmp(verdict->subject, item->subject) == 0)
			return asks(core, verdict);
		any = any || asks(core, verdict);
	}
	return any;
}

/* It works: should it ever fail again, it is set again at once. */
static void forget_failure(struct enforced *item)
{
	item->settled = false;
	item->failed[0] = '\0';
	item->retry_boot_ms = 0;
}

void enforce_verdicts(struct core *core)
{
	struct enforcer *enforcer = &core->enforcer;

	for (size_t i = enforcer->count; i-- > 0;)
		if (state_is_looked_at(&core->state, (int)enforcer->items[i].control) && !still_asked(core, &enforcer->items[i]))
			withdraw(core, &enforcer->items[i]);
	for (size_t i = 0; i < core->state.verdicts.count; i++) {
		const struct verdict *verdict = &core->state.verdicts.items[i];
		const struct control *control = control_of(verdict->control);
		struct enforced *item = find(enforcer, verdict->control, verdict->subject);
		if (!control || !control->enforce || !asks(core, verdict) || !state_is_looked_at(&core->state, (int)verdict->control))
			continue;
		if (verdict->verdict == VERDICT_FAIL)
			set(core, verdict);
		else if (verdict->verdict == VERDICT_PASS && item)
			forget_failure(item);
	}
}
