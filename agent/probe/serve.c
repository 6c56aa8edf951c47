/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/serve.h"

#include "agent/message.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/child.h"
#include "platform/control.h"
#include "platform/os.h"

#include <string.h>

#define IDLE_MS   30000 /* then the program ends */
#define SEND_MS   10000 /* core reads without delay; longer means it hangs */
#define AT_ONCE   4
#define SESSIONS  CONTROL_COUNT /* the one thing asked for that is no control */
#define TASKS_MAX (CONTROL_COUNT + 1)

/* A probe reads a few files; the slowest (a browser's database, name service) takes well under a second. */
static const struct child_limits limits = {.timeout_ms = 5000, .memory_bytes = 256u << 20, .answer_bytes = FACTS_MAX_BYTES};

struct task {
	int id; /* enum control_id or SESSIONS */
	int64_t at_utc;
	struct child *child;
};

struct look {
	int connection;
	struct task tasks[TASKS_MAX];
	size_t count;
};

static const char *task_name(const struct task *task)
{
	return task->id == SESSIONS ? "sessions" : catalogue[task->id].name;
}

/* In the child. */
static void look_at(void *context, struct buf *out)
{
	const struct task *task = context;
	struct err err = {ERR_NONE, ""};
	struct facts facts;
	AUTO(host_drop) struct host *host = host_new(NULL, NULL, task->at_utc, &err);

	facts_init(&facts);
	if (task->id == SESSIONS)
		(void)os_sessions(&facts, &err); /* not known: there are no "sessions" in the answer */
	else if (host)
		control_probe((enum control_id)task->id, host, &facts);
	else
		fact_show_error(&facts, facts_add(&facts, (enum control_id)task->id, "host"), "/", &err);
	AUTO(json_drop) json_t *json = facts_encode(&facts);
	/* An answer that lacks a part is none: what it lacks might be what fails. */
	if (facts.overflow)
		out->failed = true;
	else
		json_print(out, json);
	facts_fini(&facts);
}

static bool read_look(struct look *look, const json_t *body, struct err *err)
{
	const json_t *item;
	size_t i;
	int64_t at_utc = os_now_utc();

	json_array_foreach (json_object_get(body, "controls"), i, item) {
		const char *name = json_string_value(item);
		enum control_id id = name ? catalogue_find(name) : CONTROL_COUNT;
		if (id == CONTROL_COUNT || look->count == CONTROL_COUNT)
			return err_set(err, ERR_INVALID, "look: no such control, or too many");
		look->tasks[look->count++] = (struct task){.id = (int)id, .at_utc = at_utc};
	}
	if (json_flag(body, "sessions", false))
		look->tasks[look->count++] = (struct task){.id = SESSIONS, .at_utc = at_utc};
	return true;
}

static const char *end_code(enum child_end end)
{
	static const char *const codes[] = {[CHILD_TIMEOUT] = "timeout", [CHILD_LIMIT] = "limit", [CHILD_CRASHED] = "crashed"};

	return codes[end];
}

static bool send_facts(const struct look *look, const struct task *task, enum child_end end, struct err *err)
{
	struct err broken;
	AUTO(json_drop) json_t *body = json_pack("{s:s}", "control", task_name(task));
	json_t *answer = NULL;

	if (end == CHILD_ANSWERED)
		answer = json_parse(child_answer(task->child)->data, child_answer(task->child)->size, &broken);
	if (answer)
		(void)json_object_set_new(body, "answer", answer);
	else
		(void)json_object_set_new(body, "code", json_string(end == CHILD_ANSWERED ? "crashed" : end_code(end)));
	return message_send(look->connection, MESSAGE_facts, body, SEND_MS, err);
}

/* Starts what is not started, `AT_ONCE` at most running. */
static size_t start_some(struct look *look, size_t next, struct child **running, size_t *count)
{
	struct err err;

	while (next < look->count && *count < AT_ONCE) {
		struct task *task = &look->tasks[next++];
		task->child = child_start(look_at, task, &limits, &err);
		if (task->child)
			running[(*count)++] = task->child;
		else
			log_line(LOG_LEVEL_WARNING, "probe", "%s: %s; it is unknown", task_name(task), err.text);
	}
	return next;
}

/* Tells of those that ended and forgets them. */
static bool collect(struct look *look, size_t started, struct child **running, size_t *count, struct err *err)
{
	*count = 0;
	for (size_t i = 0; i < started; i++) {
		struct task *task = &look->tasks[i];
		enum child_end end = task->child ? child_step(task->child) : CHILD_ANSWERED;
		if (!task->child)
			continue;
		if (end == CHILD_RUNNING) {
			running[(*count)++] = task->child;
			continue;
		}
		bool sent = send_facts(look, task, end, err);
		child_free(task->child);
		task->child = NULL;
		if (!sent)
			return false;
	}
	return true;
}

static bool answer_look(struct look *look, struct err *err)
{
	struct child *running[AT_ONCE];
	size_t started = 0, count = 0;
	bool sent = true;

	do {
		started = start_some(look, started, running, &count);
		if (count)
			child_wait(running, count);
		sent = collect(look, started, running, &count, err);
	} while (sent && (count || started < look->count));
	for (size_t i = 0; i < look->count; i++)
		child_free(look->tasks[i].child);
	return sent && message_send(look->connection, MESSAGE_looked, NULL, SEND_MS, err);
}

static bool converse(int connection, struct err *err)
{
	struct message_reader AUTO(message_reader_fini) reader;
	struct message_in message;

	message_reader_init(&reader, PARTY_CORE, PARTY_PROBE);
	while (message_read(connection, &reader, WHILE_IDLE, &message, os_boot_ms() + IDLE_MS, err)) {
		struct look look = {.connection = connection};
		bool done = read_look(&look, message.body, err) && answer_look(&look, err);
		message_fini(&message);
		if (!done)
			return false;
	}
	return err->kind == ERR_IO; /* closed, or idle */
}

bool probe_serve(struct err *err)
{
	int listener = os_passed("probe");

	if (listener < 0)
		return err_set(err, ERR_ABSENT, "--serve wants the socket of epagent-probe.socket or of epagent-launch");
	for (;;) {
		struct err why = {ERR_NONE, ""};
		if (!os_wait(listener, OS_READ, os_boot_ms() + IDLE_MS, &why))
			return true;
		AUTO(os_close) int connection = os_accept(listener, &why);
		struct os_peer peer;
		if (connection < 0 || !os_peer(connection, &peer, &why))
			continue;
		if (!converse(connection, &why))
			log_line(LOG_LEVEL_WARNING, "probe", "%s; the connection is closed", why.text);
	}
}
