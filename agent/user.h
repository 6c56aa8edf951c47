/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

/*
 * The user socket: everybody on the PC may connect and ask what message.def allows. One uid holds at most USER_PER_UID connections and
 * asks at most so often; a message that stays half, or an answer that nobody takes, ends in time. Whoever breaks the table
 * is closed and recorded. Nothing here ever waits.
 */
struct core;
struct user_socket;

#define USER_PER_UID      8
#define USER_ROOT_RESERVE 8     /* connections that only root gets, beyond the configured number */
#define USER_STALL_MS     10000 /* for the rest of a message, or of taking an answer */
#define USER_IDLE_MS      60000
#define USER_BURST        50 /* questions of one uid at once, and then... */
#define USER_EVERY_MS     50 /* ... one in this time; root is not held back */

struct user_socket *user_open(struct core *core, struct err *err);
void user_close(struct user_socket *socket);
