/* SPDX-License-Identifier: Apache-2.0 */
/* The daemons' side of platform/os.h and platform/child.h. There is no agent on Windows yet: whoever asks for a part of one is told so, and
 * nothing pretends. */
#include "platform/child.h"
#include "platform/os.h"

static bool no_agent(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "the agent does not run on Windows yet; epagent check looks and judges without it");
}

void os_environment_clean(void)
{
	/* No daemon is started, so there is nobody's environment to be rid of. */
}

int os_passed(const char *name)
{
	(void)name;
	return -1;
}

int os_accept(int listener, struct err *err)
{
	(void)listener;
	no_agent(err);
	return -1;
}

bool os_peer(int fd, struct os_peer *out, struct err *err)
{
	(void)fd;
	(void)out;
	return no_agent(err);
}

bool os_sessions(struct facts *out, struct err *err)
{
	(void)out;
	return no_agent(err);
}

struct child *child_start(child_work *work, void *context, const struct child_limits *limits, struct err *err)
{
	(void)work;
	(void)context;
	(void)limits;
	no_agent(err);
	return NULL;
}

void child_wait(struct child *const *children, size_t count)
{
	(void)children;
	(void)count;
}

enum child_end child_step(struct child *child)
{
	(void)child;
	return CHILD_CRASHED;
}

const struct buf *child_answer(const struct child *child)
{
	(void)child;
	return NULL;
}

void child_free(struct child *child)
{
	(void)child;
}
