/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/crypttab.h"

#include "base/attr.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define FIELDS     4
#define FIELD_SIZE 512

static bool split(const char *line, size_t length, char fields[FIELDS][FIELD_SIZE])
{
	size_t at = 0;

	for (size_t i = 0; i < FIELDS; i++) {
		fields[i][0] = '\0';
		while (at < length && (line[at] == ' ' || line[at] == '\t'))
			at++;
		size_t start = at;
		while (at < length && line[at] != ' ' && line[at] != '\t')
			at++;
		if (at - start >= FIELD_SIZE)
			return false;
		(void)snprintf(fields[i], FIELD_SIZE, "%.*s", (int)(at - start), line + start);
	}
	return true;
}

/* An option of the comma list that is `name` or begins with it ("keyscript="). */
static bool has_option(const char *options, const char *name)
{
	for (const char *at = options; *at; at += *at == ',') {
		if (text_starts(at, name))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

/* Chance, a person or a token gives the key; or the third field is not a key file but what a script or a token wants. */
static bool is_key_file(const char *key, const char *options)
{
	static const char *const others[] = {"keyscript=", "tpm2-device=", "fido2-device=", "pkcs11-uri="};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (has_option(options, others[i]))
			return false;
	return key[0] == '/' && !text_starts(key, "/dev/");
}

bool crypttab_find(const char *text, const char *name, struct crypttab_entry *entry)
{
	char fields[FIELDS][FIELD_SIZE];
	bool found = false;

	while (*text) {
		size_t length = strcspn(text, "\n");
		if (text[0] != '#' && split(text, length, fields) && text_equal(fields[0], name) && strlen(name) < sizeof entry->name) {
			found = true;
			(void)snprintf(entry->name, sizeof entry->name, "%s", name);
			(void)snprintf(entry->key, sizeof entry->key, "%s", is_key_file(fields[2], fields[3]) ? fields[2] : "");
			entry->null_cipher = has_option(fields[3], "cipher=cipher_null");
		}
		text += length;
		text += *text == '\n';
	}
	return found;
}
