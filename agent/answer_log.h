/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdint.h>

struct core;
struct err;

/* A page of the journal, oldest first. Asked with {"epoch":"<16 hex>","after":N,"most":M}; without epoch and after: the last M.
 * {"records":[{"number":..,"at":"..","kind":"..","payload":{..}}],"epoch":"..","next":N|null}: `next` is the `after` of the page that
 * follows. An ordinary user is shown what is about the PC and about himself. */
json_t *answer_log(struct core *core, int64_t viewer_uid, const json_t *body, struct err *err);
