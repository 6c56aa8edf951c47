/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register and the orders as documents. The limits here hold whoever signed: they are what a stolen orders key cannot
 * exceed. Nothing is taken from a document of which anything is not understood.
 */
#include "base/json.h"
#include "base/text.h"
#include "policy/bundle.h"

#include <string.h>

#define BUNDLE_MAX_BYTES   (2u << 20) /* 10,000 entries of 200 bytes */
#define BUNDLE_MAX_ENTRIES 10000
#define DAY_S              INT64_C(86400)
#define WIDE_MAX_S         DAY_S /* what opens more than one named medium */

struct document {
	json_t *json;
	int64_t version, issued_at;
};

typedef bool take_item(void *into, const struct document *document, json_t *json, struct err *err);

/* `keys` between spaces. What is not understood is refused: it may be a limit that a later version would have kept. */
static bool only_keys(json_t *object, const char *keys, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return err_set(err, ERR_INVALID, "must be an object");
	json_object_foreach (object, key, value) {
		const char *at = strstr(keys, key);
		size_t size = strlen(key);
		if (!at || size == 0 || strchr(key, ' ') || at[-1] != ' ' || at[size] != ' ')
			return err_set(err, ERR_INVALID, "there is no key %.40s here", key);
	}
	return true;
}

static bool take_instant(const json_t *object, const char *key, int64_t *out, struct err *err)
{
	const char *text = json_text(object, key);

	if (!text || !text_to_instant(text, out))
		return err_set(err, ERR_INVALID, "%s must be a time such as 2026-11-22T00:20:00Z", key);
	return true;
}

static bool open_document(struct document *document, const char *kind, const char *keys, struct err *err)
{
	if (!only_keys(document->json, keys, err))
		return false;
	if (json_number(document->json, kind, 0) != 1)
		return err_set(err, ERR_INVALID, "%s must be 1", kind);
	document->version = json_number(document->json, "version", -1);
	if (document->version < 0)
		return err_set(err, ERR_INVALID, "version must be a whole number");
	return take_instant(document->json, "issued_at", &document->issued_at, err);
}

/* An id is shown and recorded: short and plain. */
static const char *take_id(struct arena *arena, const json_t *object, struct err *err)
{
	const char *id = json_text(object, "id");
	size_t size = id ? strlen(id) : 0;

	if (size == 0 || size > 64 || strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != size) {
		err_set(err, ERR_INVALID, "id must be 1 to 64 letters, digits, -, _ or .");
		return NULL;
	}
	return arena_strdup(arena, id);
}

/* Counted from issued_at, not from this PC's clock, which may be wrong: the same document is good or bad everywhere. */
static bool take_end(const struct document *document, const json_t *object, int64_t *out, struct err *err)
{
	if (!take_instant(object, "ends_at", out, err))
		return false;
	if (*out - document->issued_at > BUNDLE_MAX_DAYS * DAY_S)
		return err_set(err, ERR_LIMIT, "ends_at is more than %d days after issued_at", BUNDLE_MAX_DAYS);
	return true;
}

/* Vendor and product as the kernel shows them: "0781". */
static bool take_usb_id(const json_t *object, const char *key, uint16_t *out, struct err *err)
{
	const char *text = json_text(object, key);
	unsigned number = 0;

	if (!text || strlen(text) != 4 || strspn(text, "0123456789abcdef") != 4)
		return err_set(err, ERR_INVALID, "%s must be four of 0-9 and a-f", key);
	for (int i = 0; i < 4; i++)
		number = number * 16 + (unsigned)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
	*out = (uint16_t)number;
	return true;
}

static bool take_optional(struct arena *arena, const json_t *object, const char *key, const char **out, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	*out = NULL;
	if (!value)
		return true;
	if (!text || !*text || strlen(text) > 200)
		return err_set(err, ERR_INVALID, "%s must be a text of 1 to 200 bytes, or be left out", key);
	*out = arena_strdup(arena, text);
	return *out != NULL || err_set(err, ERR_LIMIT, "too large");
}

/* "blocked" is no access to give: what is not in the document is blocked. */
static bool take_access(const json_t *object, enum access *out, struct err *err)
{
	const char *text = json_text(object, "access");

	if (text_equal(text, "read_only"))
		*out = ACCESS_READ_ONLY;
	else if (text_equal(text, "read_write"))
		*out = ACCESS_OPEN;
	else
		return err_set(err, ERR_INVALID, "access must be read_only or read_write");
	return true;
}

static bool take_identity(struct arena *arena, json_t *json, struct grant *out, struct err *err)
{
	return take_usb_id(json, "vendor", &out->vendor, err) && take_usb_id(json, "product", &out->product, err) &&
	       take_optional(arena, json, "serial", &out->serial, err) && take_access(json, &out->access, err);
}

static bool take_entry(void *into, const struct document *document, json_t *json, struct err *err)
{
	struct media_register *reg = into;
	struct register_entry entry = {.id = NULL};
	struct grant identity = {.id = NULL};

	if (!only_keys(json, " id vendor product serial section access ends_at ", err) || !(entry.id = take_id(&reg->arena, json, err)) ||
	    !take_identity(&reg->arena, json, &identity, err) || !take_optional(&reg->arena, json, "section", &entry.section, err) ||
	    !take_end(document, json, &entry.ends_at, err))
		return false;
	if (!identity.serial && !entry.section)
		return err_set(err, ERR_INVALID, "an entry without a serial must name its section");
	entry.vendor = identity.vendor;
	entry.product = identity.product;
	entry.serial = identity.serial;
	entry.access = identity.access;
	struct register_entry *slot = ARENA_PUSH(&reg->arena, reg->entries, reg->count);
	if (!slot)
		return err_set(err, ERR_LIMIT, "too large");
	*slot = entry;
	return true;
}

static bool take_grant(void *into, const struct document *document, json_t *json, struct err *err)
{
	struct orders *orders = into;
	struct grant grant = {.id = NULL};

	if (!only_keys(json, " id vendor product serial access ends_at ", err) || !(grant.id = take_id(&orders->arena, json, err)) ||
	    !take_identity(&orders->arena, json, &grant, err) || !take_end(document, json, &grant.ends_at, err))
		return false;
	if (!grant.serial && grant.ends_at - document->issued_at > WIDE_MAX_S)
		return err_set(err, ERR_LIMIT, "a grant without a serial opens every such medium: it must end within 24 hours");
	struct grant *slot = ARENA_PUSH(&orders->arena, orders->grants, orders->grant_count);
	if (!slot)
		return err_set(err, ERR_LIMIT, "too large");
	*slot = grant;
	return true;
}

/* An exemption opens nothing, but a fail that nobody sees any more is a hole too: the same limits. */
static bool take_exemption(void *into, const struct document *document, json_t *json, struct err *err)
{
	struct orders *orders = into;
	struct exemption exemption = {.id = NULL};
	const char *name = json_text(json, "control");

	if (!only_keys(json, " id control subject ends_at ", err) || !(exemption.id = take_id(&orders->arena, json, err)) ||
	    !take_optional(&orders->arena, json, "subject", &exemption.subject, err) || !take_end(document, json, &exemption.ends_at, err))
		return false;
	exemption.control = name ? catalogue_find(name) : CONTROL_COUNT;
	if (exemption.control == CONTROL_COUNT)
		return err_set(err, ERR_INVALID, "control must be the name of one");
	if (exemption.control == CONTROL_agent_integrity)
		return err_set(err, ERR_LIMIT, "no order exempts agent_integrity");
	if (catalogue_is_media(exemption.control) && !exemption.subject && exemption.ends_at - document->issued_at > WIDE_MAX_S)
		return err_set(err, ERR_LIMIT, "an exemption for all media must end within 24 hours");
	struct exemption *slot = ARENA_PUSH(&orders->arena, orders->exemptions, orders->exemption_count);
	if (!slot)
		return err_set(err, ERR_LIMIT, "too large");
	*slot = exemption;
	return true;
}

/* Two things of one id could not be told apart in the records. */
static bool ids_differ(const json_t *list, struct err *err)
{
	AUTO(json_drop) json_t *seen = json_object();
	size_t i;
	const json_t *item;

	json_array_foreach (list, i, item) {
		const char *id = json_text(item, "id");
		if (id && json_object_get(seen, id))
			return err_set(err, ERR_INVALID, "id %.64s is given twice", id);
		if (id)
			json_object_set_new(seen, id, json_true());
	}
	return true;
}

static bool take_items(void *into, const struct document *document, const char *key, take_item *take, struct err *err)
{
	json_t *list = json_object_get(document->json, key), *item;
	size_t i;

	if (!json_is_array(list))
		return err_set(err, ERR_INVALID, "%s must be a list", key);
	if (json_array_size(list) > BUNDLE_MAX_ENTRIES)
		return err_set(err, ERR_LIMIT, "%s has more than %d items", key, BUNDLE_MAX_ENTRIES);
	json_array_foreach (list, i, item)
		if (!take(into, document, item, err))
			return err_wrap(err, "%s %zu", key, i + 1);
	return ids_differ(list, err);
}

static json_t *parse(const char *text, size_t size, struct err *err)
{
	if (size > BUNDLE_MAX_BYTES) {
		err_set(err, ERR_LIMIT, "larger than %u bytes", BUNDLE_MAX_BYTES);
		return NULL;
	}
	return json_parse(text, size, err);
}

bool media_register_parse(struct media_register *reg, const char *text, size_t size, struct err *err)
{
	struct document document = {.json = parse(text, size, err)};
	AUTO(json_drop) json_t *owner = document.json;

	if (!owner || !open_document(&document, "register", " register version issued_at entries ", err) ||
	    !take_items(reg, &document, "entries", take_entry, err)) {
		media_register_fini(reg);
		return err_wrap(err, "register");
	}
	reg->version = document.version;
	return true;
}

static bool take_host(struct orders *orders, const struct document *document, struct err *err)
{
	return take_optional(&orders->arena, document->json, "host", &orders->host, err);
}

bool orders_parse(struct orders *orders, const char *text, size_t size, struct err *err)
{
	struct document document = {.json = parse(text, size, err)};
	AUTO(json_drop) json_t *owner = document.json;

	if (!owner || !open_document(&document, "orders", " orders version issued_at host exemptions grants ", err) ||
	    !take_host(orders, &document, err) || !take_items(orders, &document, "exemptions", take_exemption, err) ||
	    !take_items(orders, &document, "grants", take_grant, err)) {
		orders_fini(orders);
		return err_wrap(err, "orders");
	}
	orders->version = document.version;
	return true;
}
