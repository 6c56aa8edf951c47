/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "policy/policy.h"

/*
 * YAML as far as policies need it, over libyaml's events: one document; no anchors, aliases, tags or doubled keys; valid UTF-8;
 * NODE_DEPTH_MAX deep; at most YAML_MAX_NODES values. NULL and a complaint with its line on anything else.
 */
#define YAML_MAX_NODES 20000

const struct node *yaml_parse(struct arena *arena, const char *text, size_t size, struct complaints *complaints);
