/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe_client.h"

#include "agent/core.h"
#include "agent/message.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* The probe gives each control 5 s and looks at a few at a time; this is for all of them, and for its start. */
#define LOOK_MS      30000
#define TRIES        3
#define ASKED_MAX    (CONTROL_COUNT + 1)
#define RECONNECT_MS 200

struct probe_client {
	struct core *core;
	struct probe_client_calls calls;
	int fd;
	struct os_source *source, *timer;
	struct message_reader reader;
	struct buf out;
	size_t sent;
	bool asked[ASKED_MAX]; /* and not answered; TRIGGER_LOGINS is the last */
	bool busy;
	unsigned tries;
	int64_t until_boot_ms;
};

static const char *name_of(int id)
{
	return id == TRIGGER_LOGINS ? "sessions" : catalogue[id].name;
}

static void hang_up(struct probe_client *client)
{
	os_source_free(client->source);
	client->source = NULL;
	os_close(&client->fd);
	message_reader_fini(&client->reader);
	message_reader_init(&client->reader, PARTY_PROBE, PARTY_CORE);
	buf_fini(&client->out);
	client->sent = 0;
}

static struct facts *facts_alloc(void)
{
	struct facts *facts = calloc(1, sizeof *facts);

	if (facts)
		facts_init(facts);
	return facts;
}

static void answer_unknown(struct probe_client *client, int id, const char *reason, const struct err *why)
{
	struct facts *facts = facts_alloc();

	client->asked[id] = false;
	if (!facts)
		return;
	if (id != TRIGGER_LOGINS) {
		struct fact *fact = facts_add(facts, (enum control_id)id, "host");
		fact_unknown(facts, fact, reason);
		if (why)
			fact_show_error(facts, fact, "epagent-probe", why);
		else
			fact_show_word(facts, fact, "epagent-probe", catalogue[id].name, reason);
	}
	client->calls.found(client->core, id, facts);
}

static void finish(struct probe_client *client, const char *reason, const struct err *why)
{
	for (int id = 0; id < (int)ASKED_MAX; id++)
		if (client->asked[id])
			answer_unknown(client, id, reason, why);
	client->busy = false;
	os_timer_set(client->timer, INT64_MAX);
	client->calls.done(client->core);
}

/* The probe ended, or talks nonsense. */
static void broke(struct probe_client *client, const struct err *why)
{
	hang_up(client);
	if (!client->busy)
		return;
	if (++client->tries < TRIES && os_boot_ms() < client->until_boot_ms) {
		os_timer_set(client->timer, os_boot_ms() + RECONNECT_MS);
		return;
	}
	log_line(LOG_LEVEL_ERROR, "probe", "%s; what was asked is unknown until the next look", why->text);
	finish(client, why->kind == ERR_ABSENT ? "not_read" : "crashed", why);
}

static int find_asked(const struct probe_client *client, const json_t *body)
{
	const char *name = json_text(body, "control");

	for (int id = 0; name && id < (int)ASKED_MAX; id++)
		if (client->asked[id] && strcmp(name_of(id), name) == 0)
			return id;
	return -1;
}

/* An answer speaks of what was asked and of nothing else, whatever has become of the program that parses what users write; and what it
 * says is so, it says where it has seen. */
static bool is_about(const struct facts *facts, int id)
{
	if (facts->sessions_known && id != TRIGGER_LOGINS)
		return false;
	for (size_t i = 0; i < facts->count; i++)
		if ((int)facts->items[i].control != id || (facts->items[i].state == FACT_KNOWN && facts->items[i].evidence_count == 0))
			return false;
	return true;
}

static bool take_facts(struct probe_client *client, const json_t *body, struct err *err)
{
	static const char *const codes[] = {"timeout", "limit", "crashed"};
	const char *code = json_text(body, "code");
	int id = find_asked(client, body);

	if (id < 0)
		return err_set(err, ERR_INVALID, "an answer about what was not asked");
	for (size_t i = 0; code && i < ARRAY_LEN(codes); i++)
		if (strcmp(code, codes[i]) == 0) {
			answer_unknown(client, id, codes[i], NULL);
			return true;
		}
	struct facts *facts = facts_alloc();
	if (!facts)
		return err_set(err, ERR_LIMIT, "out of memory");
	bool fine = facts_decode(facts, json_object_get(body, "answer"), err);
	if (fine && !is_about(facts, id))
		fine = err_set(err, ERR_INVALID, "an answer about %s speaks of something else, or without evidence", name_of(id));
	if (!fine) {
		facts_fini(facts);
		free(facts);
		return false;
	}
	client->asked[id] = false;
	client->calls.found(client->core, id, facts);
	return true;
}

static bool take_message(struct probe_client *client, const struct message_in *message, struct err *err)
{
	struct err absent;

	if (message->type == MESSAGE_facts)
		return take_facts(client, message->body, err);
	err_set(&absent, ERR_IO, "no answer came");
	finish(client, "not_read", &absent);
	return true;
}

static bool read_some(struct probe_client *client, struct err *err)
{
	static char bytes[65536]; /* one at a time, and the stack may be small */
	struct message_in message;
	size_t wants = message_reader_wants(&client->reader);
	long got = os_read(client->fd, bytes, wants < sizeof bytes ? wants : sizeof bytes, err);
	bool whole = false;

	if (got == OS_AGAIN)
		return true;
	if (got == 0)
		return err_set(err, ERR_IO, "the probe ended");
	if (got < 0)
		return false;
	bool fine = message_reader_add(&client->reader, client->busy ? WHILE_ASKED : WHILE_IDLE, bytes, (size_t)got, err) &&
	            message_reader_take(&client->reader, &message, &whole, err);
	if (whole) {
		fine = take_message(client, &message, err);
		message_fini(&message);
	}
	if (!fine)
		note_violation(client->core, "probe", 0, err);
	return fine;
}

static bool write_some(struct probe_client *client, struct err *err)
{
	long done = os_write(client->fd, client->out.data + client->sent, client->out.size - client->sent, err);

	if (done == OS_FAILED)
		return false;
	client->sent += done > 0 ? (size_t)done : 0;
	if (client->sent == client->out.size)
		os_source_events(client->source, OS_READ);
	return true;
}

static void on_ready(void *data)
{
	struct probe_client *client = data;
	struct err err;

	bool fine = client->sent < client->out.size ? write_some(client, &err) : read_some(client, &err);
	if (!fine)
		broke(client, &err);
}

static bool ask(struct probe_client *client, struct err *err)
{
	json_t *controls = json_array();

	for (int id = 0; id < CONTROL_COUNT; id++)
		if (client->asked[id])
			(void)json_array_append_new(controls, json_string(name_of(id)));
	AUTO(json_drop) json_t *body = json_pack("{s:o, s:b}", "controls", controls, "sessions", (int)client->asked[TRIGGER_LOGINS]);
	buf_fini(&client->out);
	buf_init(&client->out, 64u << 10);
	client->sent = 0;
	if (client->fd < 0)
		client->fd = os_connect(client->core->run_dir, "probe", err);
	if (client->fd < 0 || !message_encode(&client->out, MESSAGE_look, body, err))
		return false;
	if (!client->source)
		client->source = os_watch_fd(client->core->loop, client->fd, OS_READ | OS_WRITE, on_ready, client, err);
	else
		os_source_events(client->source, OS_READ | OS_WRITE);
	return client->source != NULL;
}

/* Time to ask again, or the time for the whole look is over. */
static void on_time(void *data)
{
	struct probe_client *client = data;
	struct err err;

	if (!client->busy)
		return;
	if (os_boot_ms() >= client->until_boot_ms) {
		err_set(&err, ERR_IO, "the probe did not answer in %d s", LOOK_MS / 1000);
		log_line(LOG_LEVEL_ERROR, "probe", "%s; what was asked is unknown until the next look", err.text);
		hang_up(client);
		finish(client, "timeout", NULL);
		return;
	}
	os_timer_set(client->timer, client->until_boot_ms);
	if (client->fd < 0 && !ask(client, &err))
		broke(client, &err);
}

struct probe_client *probe_client_new(struct core *core, const struct probe_client_calls *calls, struct err *err)
{
	struct probe_client *client = calloc(1, sizeof *client);

	if (!client) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	client->core = core;
	client->calls = *calls;
	client->fd = -1;
	message_reader_init(&client->reader, PARTY_PROBE, PARTY_CORE);
	buf_init(&client->out, 64u << 10);
	client->timer = os_timer_new(core->loop, on_time, client, err);
	if (!client->timer) {
		probe_client_free(client);
		return NULL;
	}
	return client;
}

void probe_client_free(struct probe_client *client)
{
	if (!client)
		return;
	hang_up(client);
	message_reader_fini(&client->reader);
	os_source_free(client->timer);
	free(client);
}

bool probe_client_look(struct probe_client *client, const bool due[TRIGGER_COUNT])
{
	bool any = false;

	for (int id = 0; id < (int)ASKED_MAX; id++) {
		bool there = id == TRIGGER_LOGINS || (catalogue[id].written && catalogue[id].by == BY_PROBE);
		client->asked[id] = due[id] && there;
		any = any || client->asked[id];
	}
	if (!any)
		return false;
	client->busy = true;
	client->tries = 0;
	client->until_boot_ms = os_boot_ms() + LOOK_MS;
	/* Asked from the timer, so that nothing calls back from inside this call; an idle connection may have ended meanwhile. */
	hang_up(client);
	os_timer_set(client->timer, 0);
	return true;
}

bool probe_client_is_busy(const struct probe_client *client)
{
	return client->busy;
}
