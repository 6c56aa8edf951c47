/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/medium.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

static const char *const tristate_names[] = {"unknown", "no", "yes"};

void medium_subject(char *out, size_t out_size, const struct medium *medium)
{
	bool has_serial = medium->serial[0] != '\0' && !medium->shared_serial;

	(void)snprintf(out, out_size, "medium:%04x:%04x:%s%s", medium->vendor, medium->product, has_serial ? "" : "@",
	               has_serial ? medium->serial : medium->port);
}

json_t *medium_encode(const struct medium *medium)
{
	return json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:s}", "vendor", medium->vendor, "product", medium->product,
	                 "serial", medium->serial, "port", medium->port, "name", medium->name, "interfaces", medium->interfaces, "digest",
	                 medium->digest, "lifeline", medium->lifeline, "shared_serial", medium->shared_serial, "encrypted",
	                 tristate_names[medium->encrypted], "scanned", tristate_names[medium->scanned]);
}

static bool take_id(uint16_t *out, const json_t *json, const char *key)
{
	json_int_t number = json_number(json, key, -1);

	*out = (uint16_t)number;
	return number >= 0 && number <= 0xffff;
}

static const char *take_text(struct arena *arena, const json_t *json, const char *key)
{
	const char *text = json_text(json, key);

	return arena_strdup(arena, text ? text : "");
}

static enum tristate take_tristate(const json_t *json, const char *key)
{
	const char *word = json_text(json, key);

	for (int i = TRI_NO; word && i <= TRI_YES; i++)
		if (strcmp(word, tristate_names[i]) == 0)
			return (enum tristate)i;
	return TRI_UNKNOWN;
}

const struct medium *medium_decode(struct arena *arena, const json_t *json, struct err *err)
{
	struct medium *medium = arena_alloc(arena, sizeof *medium);

	if (!medium || !take_id(&medium->vendor, json, "vendor") || !take_id(&medium->product, json, "product")) {
		err_set(err, ERR_INVALID, "medium needs vendor and product, numbers from 0 to 65535");
		return NULL;
	}
	medium->serial = take_text(arena, json, "serial");
	medium->port = take_text(arena, json, "port");
	medium->name = take_text(arena, json, "name");
	medium->interfaces = take_text(arena, json, "interfaces");
	medium->digest = take_text(arena, json, "digest");
	medium->lifeline = json_flag(json, "lifeline", false);
	medium->shared_serial = json_flag(json, "shared_serial", false);
	medium->encrypted = take_tristate(json, "encrypted");
	medium->scanned = take_tristate(json, "scanned");
	if (!medium->digest) {
		err_set(err, ERR_LIMIT, "too many media");
		return NULL;
	}
	return medium;
}
