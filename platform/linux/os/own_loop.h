/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <systemd/sd-event.h>

struct os_loop;

/* For what has its own way of joining sd-event (sd-bus); everything else uses os.h. Borrowed. */
sd_event *os_loop_event(struct os_loop *loop);
