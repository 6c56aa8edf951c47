/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/sha256.h"

#include <jansson.h>
#include <stdint.h>

/* What makes two records of the same control and subject the same. Taken from the record's own JSON, so that a replayed record and a
 * new one compare: a fact without its evidence, or a session list; verdict and code of a verdict, not its params: hours go by. */
void digest_fact(uint8_t out[SHA256_SIZE], const json_t *record);
void digest_verdict(uint8_t out[SHA256_SIZE], const json_t *record);
