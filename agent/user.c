/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/user.h"

#include "agent/answer.h"
#include "agent/core.h"
#include "agent/message.h"
#include "base/log.h"

#include <stdlib.h>

#define SWEEP_MS 50
#define UIDS     32

struct user_peer {
	struct user_socket *socket;
	struct user_peer *next; /* user_socket::peers */
	int fd;
	struct os_source *source;
	int64_t uid;
	bool root;
	struct message_reader reader;
	struct buf out;
	size_t sent;
	bool last;             /* closed once `out` is written */
	bool resting;          /* until its uid may ask again */
	int64_t until_boot_ms; /* then it is closed */
};

struct user_socket {
	struct core *core;
	int listener;
	struct os_source *source, *timer;
	struct user_peer *peers;
	size_t count;
	/* What each uid may still ask: a bucket, filled by time. */
	struct user_uid {
		int64_t uid, filled_boot_ms;
		unsigned tokens;
	} uids[UIDS];
};

static void set_timer(const struct user_socket *socket)
{
	os_timer_set(socket->timer, socket->peers ? os_boot_ms() + SWEEP_MS : INT64_MAX);
}

static void close_peer(struct user_peer *peer)
{
	struct user_socket *socket = peer->socket;

	for (struct user_peer **at = &socket->peers; *at; at = &(*at)->next)
		if (*at == peer) {
			*at = peer->next;
			break;
		}
	socket->count--;
	os_source_free(peer->source);
	os_close(&peer->fd);
	message_reader_fini(&peer->reader);
	buf_fini(&peer->out);
	free(peer);
	os_source_events(socket->source, OS_READ);
}

static struct user_uid *bucket(struct user_socket *socket, int64_t uid)
{
	int64_t now = os_boot_ms();
	struct user_uid *found = &socket->uids[0];

	for (size_t i = 0; i < UIDS; i++) {
		struct user_uid *one = &socket->uids[i];
		if (one->uid == uid && one->filled_boot_ms) {
			unsigned more = (unsigned)((now - one->filled_boot_ms) / USER_EVERY_MS);
			one->filled_boot_ms += (int64_t)more * USER_EVERY_MS;
			one->tokens = one->tokens + more > USER_BURST ? USER_BURST : one->tokens + more;
			return one;
		}
		if (one->filled_boot_ms < found->filled_boot_ms)
			found = one;
	}
	*found = (struct user_uid){uid, now, USER_BURST};
	return found;
}

static bool may_ask(struct user_peer *peer)
{
	struct user_uid *uid = bucket(peer->socket, peer->uid);

	if (peer->root)
		return true;
	if (uid->tokens == 0)
		return false;
	uid->tokens--;
	return true;
}

static void watch_for(struct user_peer *peer)
{
	bool writing = peer->sent < peer->out.size;

	/* While an answer is being taken nothing is read: one question at a time. */
	os_source_events(peer->source, writing ? OS_WRITE : peer->resting ? 0 : OS_READ);
}

static void reply(struct user_peer *peer, enum message_type type, json_t *body)
{
	struct err err;

	peer->sent = 0;
	buf_fini(&peer->out);
	buf_init(&peer->out, (17u << 20));
	if (!message_encode(&peer->out, type, body, &err)) {
		json_t *refusal = answer_refusal(&err);
		buf_fini(&peer->out);
		buf_init(&peer->out, 4096);
		(void)message_encode(&peer->out, MESSAGE_refused, refusal, &err);
		json_decref(refusal);
	}
	json_decref(body);
	peer->until_boot_ms = os_boot_ms() + USER_STALL_MS;
}

static void violated(struct user_peer *peer, const struct err *why)
{
	note_violation(peer->socket->core, "user", peer->uid, why);
	reply(peer, MESSAGE_refused, answer_refusal(why));
	peer->last = true;
}

static void ask(struct user_peer *peer, const struct message_in *message)
{
	struct err err = {ERR_NONE, ""};
	json_t *body = answer(peer->socket->core, peer->root ? -1 : peer->uid, message, &err);

	if (body)
		reply(peer, MESSAGE_answer, body);
	else
		reply(peer, MESSAGE_refused, answer_refusal(&err));
}

/* False: the peer is gone. */
static bool write_some(struct user_peer *peer)
{
	struct err ignored;

	/* Nothing to write: the time for the rest of a half message goes on. */
	if (peer->out.size == 0)
		return true;
	while (peer->sent < peer->out.size) {
		long done = os_write(peer->fd, peer->out.data + peer->sent, peer->out.size - peer->sent, &ignored);
		if (done == OS_AGAIN)
			return true;
		if (done == OS_FAILED) {
			close_peer(peer);
			return false;
		}
		peer->sent += (size_t)done;
		peer->until_boot_ms = os_boot_ms() + USER_STALL_MS;
	}
	if (peer->last) {
		close_peer(peer);
		return false;
	}
	buf_fini(&peer->out);
	peer->sent = 0;
	peer->until_boot_ms = os_boot_ms() + USER_IDLE_MS;
	return true;
}

/* False: the peer is gone. */
static bool read_some(struct user_peer *peer)
{
	static char bytes[65536]; /* one at a time, and the stack may be small */
	struct message_in message;
	struct err err;
	size_t wants = message_reader_wants(&peer->reader);
	long got = os_read(peer->fd, bytes, wants < sizeof bytes ? wants : sizeof bytes, &err);
	bool whole = false;

	if (got == OS_AGAIN)
		return true;
	if (got <= 0) {
		close_peer(peer);
		return false;
	}
	if (peer->reader.bytes.size == 0)
		peer->until_boot_ms = os_boot_ms() + USER_STALL_MS;
	if (!message_reader_add(&peer->reader, WHILE_IDLE, bytes, (size_t)got, &err) ||
	    !message_reader_take(&peer->reader, &message, &whole, &err)) {
		violated(peer, &err);
	} else if (whole) {
		ask(peer, &message);
		message_fini(&message);
	}
	return true;
}

static void on_peer(void *data)
{
	struct user_peer *peer = data;

	if (peer->sent == peer->out.size) {
		/* The token is taken before the question is read: a flood stays in the kernel's buffer. */
		if (peer->reader.bytes.size == 0 && !may_ask(peer)) {
			peer->resting = true;
			peer->until_boot_ms = os_boot_ms() + USER_IDLE_MS;
			watch_for(peer);
			return;
		}
		if (!read_some(peer))
			return;
	}
	if (write_some(peer))
		watch_for(peer);
}

static void on_sweep(void *data)
{
	struct user_socket *socket = data;
	int64_t now = os_boot_ms();

	for (struct user_peer *peer = socket->peers, *next; peer; peer = next) {
		next = peer->next;
		if (now >= peer->until_boot_ms) {
			close_peer(peer);
		} else if (peer->resting && bucket(socket, peer->uid)->tokens > 0) {
			peer->resting = false;
			watch_for(peer);
		}
	}
	os_source_events(socket->source, OS_READ);
	set_timer(socket);
}

static size_t held_by(const struct user_socket *socket, int64_t uid)
{
	size_t held = 0;

	for (const struct user_peer *peer = socket->peers; peer; peer = peer->next)
		held += peer->uid == uid;
	return held;
}

static bool has_room(const struct user_socket *socket, const struct os_peer *who)
{
	if (who->root)
		return socket->count < socket->core->config.connections + USER_ROOT_RESERVE;
	return socket->count < socket->core->config.connections && held_by(socket, who->uid) < USER_PER_UID;
}

static bool add_peer(struct user_socket *socket, int fd, const struct os_peer *who, struct err *err)
{
	struct user_peer *peer = calloc(1, sizeof *peer);

	if (!peer)
		return err_set(err, ERR_LIMIT, "out of memory");
	*peer = (struct user_peer){.socket = socket, .fd = fd, .uid = who->uid, .root = who->root};
	message_reader_init(&peer->reader, peer->root ? PARTY_ROOT : PARTY_USER, PARTY_CORE);
	peer->until_boot_ms = os_boot_ms() + USER_STALL_MS;
	peer->source = os_watch_fd(socket->core->loop, fd, OS_READ, on_peer, peer, err);
	if (!peer->source) {
		free(peer);
		return false;
	}
	peer->next = socket->peers;
	socket->peers = peer;
	socket->count++;
	return true;
}

static void on_connection(void *data)
{
	struct user_socket *socket = data;
	struct os_peer who;
	struct err err;
	int fd = os_accept(socket->listener, &err);

	if (fd < 0) {
		/* Out of descriptors: the connection waits, and we must not spin on it. The sweep listens again. */
		if (err.kind == ERR_LIMIT) {
			os_source_events(socket->source, 0);
			os_timer_set(socket->timer, os_boot_ms() + SWEEP_MS * 10);
		}
		return;
	}
	if (!os_peer(fd, &who, &err) || !has_room(socket, &who) || !add_peer(socket, fd, &who, &err))
		os_close(&fd);
	else if (socket->count == 1)
		set_timer(socket);
}

struct user_socket *user_open(struct core *core, struct err *err)
{
	struct user_socket *socket = calloc(1, sizeof *socket);

	if (!socket) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	socket->core = core;
	socket->listener = os_passed("user");
	if (socket->listener < 0)
		err_set(err, ERR_ABSENT, "the user socket comes from epagent-user.socket or from epagent-launch, and did not");
	else
		socket->source = os_watch_fd(core->loop, socket->listener, OS_READ, on_connection, socket, err);
	socket->timer = socket->source ? os_timer_new(core->loop, on_sweep, socket, err) : NULL;
	if (!socket->timer) {
		user_close(socket);
		return NULL;
	}
	return socket;
}

void user_close(struct user_socket *socket)
{
	if (!socket)
		return;
	while (socket->peers)
		close_peer(socket->peers);
	os_source_free(socket->timer);
	os_source_free(socket->source);
	free(socket);
}
