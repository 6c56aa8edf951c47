/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "base/json.h"
#include "policy/record.h"

#include <string.h>

static void put_u64(uint8_t *at, uint64_t number)
{
	for (size_t i = 0; i < 8; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

void record_head_message(uint8_t out[RECORD_HEAD_MESSAGE_SIZE], const struct record_name *at, uint64_t count)
{
	static const char tag[16] = "epagent head 1";

	memcpy(out, tag, sizeof tag);
	put_u64(out + 16, at->epoch);
	put_u64(out + 24, at->number);
	memcpy(out + 32, at->hash, SHA256_SIZE);
	put_u64(out + 64, count);
}

void record_head_print(struct buf *out, const struct record_head *head)
{
	char hash[2 * SHA256_SIZE + 1], key[2 * RECORD_KEY_SIZE + 1], signature[2 * RECORD_SIGNATURE_MAX + 1];

	hex_print(hash, head->at.hash, SHA256_SIZE);
	hex_print(key, head->key, RECORD_KEY_SIZE);
	hex_print(signature, head->signature, head->signature_size);
	buf_printf(out, "{\"epoch\":\"%016llx\",\"number\":%llu,\"hash\":\"%s\",\"count\":%llu,\"key\":\"%s\",\"signature\":\"%s\"}",
	           (unsigned long long)head->at.epoch, (unsigned long long)head->at.number, hash, (unsigned long long)head->count, key,
	           signature);
}

static bool read_epoch(uint64_t *out, const char *text)
{
	uint8_t bytes[8];

	if (!text || !hex_parse(bytes, sizeof bytes, text))
		return false;
	*out = 0;
	for (size_t i = 0; i < sizeof bytes; i++)
		*out = *out << 8 | bytes[i];
	return true;
}

static bool read_number(uint64_t *out, const json_t *object, const char *key)
{
	json_int_t number = json_number(object, key, -1);

	*out = (uint64_t)number;
	return number >= 0;
}

bool record_head_parse(const char *payload, size_t size, struct record_head *out, struct err *err)
{
	struct record_head head = {0};
	AUTO(json_drop) json_t *json = json_parse(payload, size, err);

	if (!json)
		return err_wrap(err, "head");
	const char *hash = json_text(json, "hash"), *key = json_text(json, "key"), *signature = json_text(json, "signature");
	size_t digits = signature ? strlen(signature) : 0;
	head.signature_size = digits / 2;
	if (!read_epoch(&head.at.epoch, json_text(json, "epoch")) || !read_number(&head.at.number, json, "number") ||
	    !read_number(&head.count, json, "count") || !hash || !hex_parse(head.at.hash, SHA256_SIZE, hash) || !key ||
	    !hex_parse(head.key, RECORD_KEY_SIZE, key) || !digits || digits > 2 * RECORD_SIGNATURE_MAX || digits % 2 ||
	    !hex_parse(head.signature, head.signature_size, signature))
		return err_set(err, ERR_INVALID, "head: a field is missing or malformed");
	*out = head;
	return true;
}
