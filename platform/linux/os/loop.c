/* SPDX-License-Identifier: Apache-2.0 */
/* The loop is sd-event's. */
#include "platform/os.h"
#include "platform/linux/os/own_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

struct os_loop {
	sd_event *event;
};

struct os_source {
	sd_event_source *source;
	os_call *call;
	void *data;
};

sd_event *os_loop_event(struct os_loop *loop)
{
	return loop->event;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	(void)source;
	(void)info;
	os_loop_stop(data);
	return 0;
}

struct os_loop *os_loop_new(struct err *err)
{
	struct os_loop *loop = calloc(1, sizeof *loop);
	sigset_t stops;
	int result = loop ? sd_event_new(&loop->event) : -ENOMEM;

	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGTERM);
	(void)sigaddset(&stops, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &stops, NULL);
	if (result >= 0)
		result = sd_event_add_signal(loop->event, NULL, SIGTERM, on_signal, loop);
	if (result >= 0)
		result = sd_event_add_signal(loop->event, NULL, SIGINT, on_signal, loop);
	if (result < 0) {
		err_errno(err, -result, "cannot make a loop");
		os_loop_free(loop);
		return NULL;
	}
	return loop;
}

void os_loop_free(struct os_loop *loop)
{
	if (!loop)
		return;
	sd_event_unref(loop->event);
	free(loop);
}

bool os_loop_run(struct os_loop *loop, struct err *err)
{
	int result = sd_event_loop(loop->event);

	return result >= 0 || err_errno(err, -result, "the loop broke");
}

void os_loop_stop(struct os_loop *loop)
{
	(void)sd_event_exit(loop->event, 0);
}

static uint32_t epoll_events(int events)
{
	return (uint32_t)((events & OS_READ ? EPOLLIN : 0) | (events & OS_WRITE ? EPOLLOUT : 0) | (events & OS_URGENT ? EPOLLPRI : 0));
}

static int on_fd(sd_event_source *source, int fd, uint32_t events, void *data)
{
	const struct os_source *own = data;

	(void)source;
	(void)fd;
	(void)events;
	own->call(own->data);
	return 0;
}

static struct os_source *source_new(os_call *call, void *data, struct err *err)
{
	struct os_source *source = calloc(1, sizeof *source);

	if (!source) {
		err_set(err, ERR_LIMIT, "out of memory");
		return NULL;
	}
	source->call = call;
	source->data = data;
	return source;
}

struct os_source *os_watch_fd(struct os_loop *loop, int fd, int events, os_call *ready, void *data, struct err *err)
{
	struct os_source *source = source_new(ready, data, err);
	int result = source ? sd_event_add_io(loop->event, &source->source, fd, epoll_events(events), on_fd, source) : 0;

	if (result < 0) {
		err_errno(err, -result, "cannot watch a descriptor");
		os_source_free(source);
		return NULL;
	}
	return source;
}

void os_source_events(struct os_source *source, int events)
{
	(void)sd_event_source_set_io_events(source->source, epoll_events(events));
}

static int on_time(sd_event_source *source, uint64_t usec, void *data)
{
	const struct os_source *own = data;

	(void)source;
	(void)usec;
	own->call(own->data);
	return 0;
}

struct os_source *os_timer_new(struct os_loop *loop, os_call *fire, void *data, struct err *err)
{
	struct os_source *source = source_new(fire, data, err);
	int result = source ? sd_event_add_time(loop->event, &source->source, CLOCK_BOOTTIME, UINT64_MAX, 100000, on_time, source) : 0;

	if (result < 0) {
		err_errno(err, -result, "cannot make a timer");
		os_source_free(source);
		return NULL;
	}
	if (source)
		os_timer_set(source, INT64_MAX);
	return source;
}

void os_timer_set(struct os_source *timer, int64_t at_boot_ms)
{
	if (at_boot_ms != INT64_MAX)
		(void)sd_event_source_set_time(timer->source, at_boot_ms <= 0 ? 0 : (uint64_t)at_boot_ms * 1000);
	(void)sd_event_source_set_enabled(timer->source, at_boot_ms == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void os_source_free(struct os_source *source)
{
	if (!source)
		return;
	/* sd-event keeps its own reference while the call runs; ours must not be touched after the call returns. */
	sd_event_source_disable_unref(source->source);
	free(source);
}
