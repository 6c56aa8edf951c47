/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a daemon or a command needs of the operating system: a loop, local sockets, the service manager, and watches.
 * One thread. Descriptors are close-on-exec and non-blocking from birth.
 */

/* Time. Boot time goes on while the PC sleeps and is never set by anybody; timers use it. */
int64_t os_boot_ms(void);
int64_t os_now_utc(void);

/* ---- loop ---------------------------------------------------------------------------------------------------------------- */
struct os_loop;
struct os_source;
typedef void os_call(void *data); /* the one function type of this seam */

enum { OS_READ = 1, OS_WRITE = 2, OS_URGENT = 4 /* /proc files that tell of a change */ };

/* Ends, after the current call, on os_loop_stop, SIGTERM or SIGINT. */
struct os_loop *os_loop_new(struct err *err);
void os_loop_free(struct os_loop *loop);
bool os_loop_run(struct os_loop *loop, struct err *err);
void os_loop_stop(struct os_loop *loop);

/* Calls `ready(data)` while `fd` is as `events` says. The descriptor stays the caller's; free the source before closing it. */
struct os_source *os_watch_fd(struct os_loop *loop, int fd, int events, os_call *ready, void *data, struct err *err);
void os_source_events(struct os_source *source, int events);

/* A timer that is not set yet; INT64_MAX unsets it. A time in the past fires at once. */
struct os_source *os_timer_new(struct os_loop *loop, os_call *fire, void *data, struct err *err);
void os_timer_set(struct os_source *timer, int64_t at_boot_ms);

/* NULL is fine. Also right inside the source's own call. */
void os_source_free(struct os_source *source);

/* ---- local sockets ------------------------------------------------------------------------------------------------------- */
#define OS_PATH_MAX 4096

/* Where sockets and state are: run_dir NULL is the installed PC's place; else run_dir/NAME.sock and run_dir/state. */
void os_socket_path(char out[OS_PATH_MAX], const char *run_dir, const char *name);
void os_state_dir(char out[OS_PATH_MAX], const char *run_dir);

/* -1 with err. `name` is "user" or "probe". A socket's address holds 107 bytes; the folder may lie deeper. */
int os_listen(const char *run_dir, const char *name, uint32_t mode, struct err *err);
int os_connect(const char *run_dir, const char *name, struct err *err);
int os_accept(int listener, struct err *err); /* ERR_LIMIT: out of descriptors; the connection still waits */

/* Both ends of one connection. */
bool os_socket_pair(int ends[2], struct err *err);

/* A listening socket that the service manager or the launcher started us with under that name; -1 if there is none. */
int os_passed(const char *name);

struct os_peer {
	int64_t uid;
	int64_t pid;
	bool root; /* uid 0, or our own uid where we are not root */
};
bool os_peer(int fd, struct os_peer *out, struct err *err);

/* Bytes moved, 0 at the end of the stream (read only), OS_AGAIN when it would block, OS_FAILED with err. Never a signal. */
enum { OS_AGAIN = -1, OS_FAILED = -2 };
long os_read(int fd, void *bytes, size_t size, struct err *err);
long os_write(int fd, const void *bytes, size_t size, struct err *err);

/* Waits until `fd` is as OS_READ or OS_WRITE says; false (IO) at `until_boot_ms`. */
bool os_wait(int fd, int events, int64_t until_boot_ms, struct err *err);
void os_close(int *fd); /* for AUTO; -1 is fine, and leaves -1 */

/* ---- own files and folders, by path; nothing follows a link at the end ------------------------------------------------------ */
/* Written beside, made durable, renamed over; 0600. After false the old one stands. */
bool os_file_write(const char *path, const void *bytes, size_t size, struct err *err);
struct buf;
/* The whole file, at most max_bytes; `out` is initialised here and needs buf_fini only after true. */
bool os_file_read(const char *path, size_t max_bytes, struct buf *out, struct err *err);
bool os_file_rename(const char *from, const char *to, struct err *err); /* durable */
void os_file_remove(const char *path);                                  /* durable; absent is fine */
bool os_folder_make(const char *path, uint32_t mode, struct err *err);  /* there already: true */

/* ---- service manager; does nothing where there is none ------------------------------------------------------------------- */
void os_environment_clean(void); /* first of all: nothing of the caller's environment stays but what the manager sets */
void os_service_ready(void);
void os_service_stopping(void);
int64_t os_service_watchdog_ms(void); /* how often it wants to hear os_service_alive; 0: never */
void os_service_alive(void);

/* ---- watches ------------------------------------------------------------------------------------------------------------- */
struct trigger; /* platform/control.h */
struct os_watches;

struct os_watches *os_watches_new(struct os_loop *loop, struct err *err);
void os_watches_free(struct os_watches *watches);

/* Calls `changed(data)` soon after the trigger's thing happened, at least once after the last change; it may call too often.
 * What cannot be watched on this PC (no udev, no system bus) is an error to log: the period still looks. */
bool os_watches_add(struct os_watches *watches, const struct trigger *trigger, os_call *changed, void *data, struct err *err);

/* ---- who is logged in ---------------------------------------------------------------------------------------------------- */
struct facts; /* policy/fact.h */
/* Adds a session for each login to `out` and sets sessions_known. Group names by the system's own lookup: may be slow. */
bool os_sessions(struct facts *out, struct err *err);
