/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The messages of message.def on a local stream socket. A frame is eight bytes, 'E' 'P' version type and the payload's size
 * (32 bits, most significant first), then the payload: one JSON object as json_parse takes it. The header is checked before
 * a byte of payload is kept, so a peer can make us hold no more than the table says.
 */
#define MESSAGE_VERSION     1
#define MESSAGE_HEADER_SIZE 8

enum message_type {
#define MESSAGE(name, from, to, most, state) MESSAGE_##name,
#include "agent/message.def"
#undef MESSAGE
	MESSAGE_COUNT
};

enum message_party { PARTY_CORE, PARTY_PROBE, PARTY_USER, PARTY_ROOT };
enum message_state { WHILE_IDLE, WHILE_ASKED };

struct message_row {
	const char *name;
	enum message_party from, to;
	uint32_t most_bytes;
	enum message_state state;
};
extern const struct message_row message_rows[MESSAGE_COUNT];

struct message_in {
	enum message_type type;
	json_t *body; /* an object; this struct's own reference */
};
void message_fini(struct message_in *message);

/* Appends a frame. LIMIT if the body is larger than its row allows. `body` NULL is {}. */
bool message_encode(struct buf *out, enum message_type type, const json_t *body, struct err *err);

/* ---- reading, as bytes come ---------------------------------------------------------------------------------------------- */
struct message_reader {
	enum message_party from, to; /* who writes, who reads */
	struct buf bytes;
};
void message_reader_init(struct message_reader *reader, enum message_party from, enum message_party to);
void message_reader_fini(struct message_reader *reader);

/* How many bytes to read next at most: never beyond the message that is being read. */
size_t message_reader_wants(const struct message_reader *reader);
/* A broken header fails here, before its payload. */
bool message_reader_add(struct message_reader *reader, enum message_state state, const void *bytes, size_t size, struct err *err);

/* True with *got if a whole message was there and has been taken. False: not a message; the peer must be closed. */
bool message_reader_take(struct message_reader *reader, struct message_in *out, bool *got, struct err *err);

/* Reads from `fd` until a whole message is there, waiting. IO: the stream ended, or until_boot_ms is reached. */
bool message_read(int fd, struct message_reader *reader, enum message_state state, struct message_in *out, int64_t until_boot_ms,
                  struct err *err);

/* ---- for commands: ask and wait ------------------------------------------------------------------------------------------- */

/* The running agent's user socket. run_dir NULL: the installed agent. ABSENT: no agent runs there. Close with os_close. */
int message_connect(const char *run_dir, struct err *err);

bool message_send(int fd, enum message_type type, const json_t *body, int64_t timeout_ms, struct err *err);

/* The next message from core. */
bool message_receive(int fd, struct message_in *out, int64_t timeout_ms, struct err *err);

/* The whole conversation: the answer's body (a new reference), or NULL with err. A refusal becomes the err: DENIED if only root
 * may ask that, and so on. `body` may be NULL. */
json_t *message_ask(const char *run_dir, enum message_type type, const json_t *body, int64_t timeout_ms, struct err *err);
