/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each dialect takes was found with Chromium 156 and Firefox ESR 153.7 themselves; tests/integration/{chromium,firefox}_policy.py
 * ask them again about every line of the table that both read.
 */
#include "platform/linux/read/lenient_json.h"

#include "base/buf.h"
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHROMIUM_DEPTH_MAX 199

struct reader {
	const char *at, *end, *start;
	enum json_dialect dialect;
	unsigned depth;
	size_t values;
	struct err *err;
};

static bool refuse(struct reader *reader, const char *what)
{
	if (reader->err->kind == ERR_NONE)
		err_set(reader->err, ERR_INVALID, "byte %zu: %s", (size_t)(reader->at - reader->start), what);
	return false;
}

static bool is_chromium(const struct reader *reader)
{
	return reader->dialect == JSON_CHROMIUM;
}

static bool starts(const struct reader *reader, const char *word, size_t size)
{
	return (size_t)(reader->end - reader->at) >= size && memcmp(reader->at, word, size) == 0;
}

/* At a slash. A line comment ends at a line feed alone or with the text; a block comment does not nest. */
static bool skip_comment(struct reader *reader)
{
	if (starts(reader, "//", 2)) {
		const char *line_end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
		reader->at = line_end ? line_end : reader->end;
		return true;
	}
	const char *end = starts(reader, "/*", 2) ? memmem(reader->at + 2, (size_t)(reader->end - reader->at) - 2, "*/", 2) : NULL;
	if (!end)
		return refuse(reader, "no comment");
	reader->at = end + 2;
	return true;
}

static bool skip_space(struct reader *reader)
{
	for (; reader->at < reader->end; reader->at++) {
		while (is_chromium(reader) && reader->at < reader->end && *reader->at == '/')
			if (!skip_comment(reader))
				return false;
		if (reader->at == reader->end || !memchr(" \t\r\n", *reader->at, 4))
			return true;
	}
	return true;
}

/* Skips white space before and after. */
static bool take(struct reader *reader, char c)
{
	if (!skip_space(reader) || reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return skip_space(reader);
}

static bool take_hex(struct reader *reader, unsigned digits, unsigned *out)
{
	*out = 0;
	for (unsigned i = 0; i < digits; i++, reader->at++) {
		char c = reader->at < reader->end ? *reader->at : '\0';
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
		                 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
		                 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
		                                        : 16;
		if (digit == 16)
			return refuse(reader, "not a hexadecimal digit");
		*out = *out * 16 + digit;
	}
	return true;
}

/* A lone surrogate, which only JavaScript's strings can hold, becomes its three bytes, which are no UTF-8 to Chromium. */
static void add_code_point(struct buf *out, unsigned c)
{
	char bytes[4];
	size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

	for (size_t i = size; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(lead[size] | c);
	buf_append(out, bytes, size);
}

static bool take_unicode(struct reader *reader, struct buf *out)
{
	unsigned c, low;

	if (!take_hex(reader, 4, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00 && starts(reader, "\\u", 2)) {
		const char *before = reader->at;
		reader->at += 2;
		/* What is no number here is none there either. */
		if (take_hex(reader, 4, &low) && low >= 0xdc00 && low < 0xe000)
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		else
			reader->at = before;
	}
	add_code_point(out, c);
	return true;
}

/* After the backslash. */
static bool take_escape(struct reader *reader, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	unsigned c;

	char letter = reader->at < reader->end ? *reader->at++ : '\0';
	const char *known = memchr(from, letter, sizeof from - 1);
	if (known) {
		buf_append(out, &to[known - from], 1);
		return true;
	}
	if (letter == 'u')
		return take_unicode(reader, out);
	if (letter != 'x' || !is_chromium(reader))
		return refuse(reader, "no such escape");
	if (!take_hex(reader, 2, &c))
		return false;
	add_code_point(out, c);
	return true;
}

static bool take_plain(struct reader *reader, struct buf *out)
{
	unsigned char c = (unsigned char)*reader->at;

	if (c < 0x20 && !(is_chromium(reader) && (c == '\n' || c == '\r')))
		return refuse(reader, "a control character in a string");
	buf_append(out, reader->at++, 1);
	return true;
}

static bool skip_one(struct reader *reader, const char *of)
{
	bool there = reader->at < reader->end && *reader->at && strchr(of, *reader->at);

	reader->at += there;
	return there;
}

/* At the quotation mark. */
static bool take_string(struct reader *reader, struct buf *out)
{
	buf_init(out, LENIENT_JSON_BYTES_MAX + 1);
	for (reader->at++; reader->at < reader->end && *reader->at != '"';) {
		bool escape = *reader->at == '\\';
		reader->at += escape;
		if (!(escape ? take_escape(reader, out) : take_plain(reader, out)))
			return false;
	}
	if (!skip_one(reader, "\""))
		return refuse(reader, "the text ends in a string");
	/* Firefox has replaced bad bytes before it parses; what stands there then matters to nobody here. */
	return !is_chromium(reader) || text_is_utf8(buf_text(out), out->size) || refuse(reader, "bad UTF-8");
}

static json_t *string_value(struct reader *reader)
{
	AUTO(buf_fini) struct buf text = {.data = NULL};

	return take_string(reader, &text) ? json_stringn_nocheck(buf_text(&text), text.size) : NULL;
}

static size_t skip_digits(struct reader *reader)
{
	const char *from = reader->at;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return (size_t)(reader->at - from);
}

/* RFC 8259's grammar; both browsers are strict here. */
static bool skip_number(struct reader *reader)
{
	(void)skip_one(reader, "-");
	bool zero = reader->at < reader->end && *reader->at == '0';
	size_t whole = skip_digits(reader);
	bool good = whole > 0 && !(zero && whole > 1);
	if (skip_one(reader, "."))
		good = good && skip_digits(reader) > 0;
	if (skip_one(reader, "eE")) {
		(void)skip_one(reader, "+-");
		good = good && skip_digits(reader) > 0;
	}
	return good || refuse(reader, "no number");
}

static json_t *number_value(struct reader *reader)
{
	const char *from = reader->at;

	if (!skip_number(reader))
		return NULL;
	AUTO(buf_fini) struct buf text;
	buf_init(&text, LENIENT_JSON_BYTES_MAX + 1);
	buf_append(&text, from, (size_t)(reader->at - from));
	double number = strtod(buf_text(&text), NULL);
	if (!isfinite(number) && is_chromium(reader)) {
		(void)refuse(reader, "a number too large");
		return NULL;
	}
	return json_real(isfinite(number) ? number : number > 0 ? DBL_MAX : -DBL_MAX);
}

static json_t *any_value(struct reader *reader);

/* One element of either kind of bracket; `object` takes the value. */
static bool take_member(struct reader *reader, json_t *object)
{
	AUTO(buf_fini) struct buf key = {.data = NULL};

	if (reader->at == reader->end || *reader->at != '"' || !take_string(reader, &key) || !take(reader, ':'))
		(void)refuse(reader, "no key with a colon");
	json_t *value = any_value(reader); /* NULL after a refusal */
	return value && json_object_setn_new_nocheck(object, buf_text(&key), key.size, value) == 0;
}

static bool take_element(struct reader *reader, json_t *array)
{
	json_t *value = any_value(reader);

	return value && json_array_append_new(array, value) == 0;
}

static bool fill(struct reader *reader, json_t *into, char close)
{
	bool (*take_one)(struct reader *, json_t *) = json_is_object(into) ? take_member : take_element;

	reader->at++;
	if (take(reader, close))
		return true;
	do {
		if (!skip_space(reader) || !take_one(reader, into))
			return false;
		if (take(reader, close))
			return true;
		if (!take(reader, ','))
			return refuse(reader, "neither a comma nor a closing bracket");
	} while (!is_chromium(reader) || !take(reader, close));
	return true;
}

static json_t *bracket_value(struct reader *reader, json_t *into, char close)
{
	if (++reader->depth > (is_chromium(reader) ? CHROMIUM_DEPTH_MAX : LENIENT_JSON_DEPTH_MAX) && reader->err->kind == ERR_NONE)
		err_set(reader->err, is_chromium(reader) ? ERR_INVALID : ERR_LIMIT, "nested too deeply");
	if (reader->err->kind == ERR_NONE && fill(reader, into, close)) {
		reader->depth--;
		return into;
	}
	json_decref(into);
	return NULL;
}

static json_t *word_value(struct reader *reader)
{
	if (starts(reader, "true", 4)) {
		reader->at += 4;
		return json_true();
	}
	if (starts(reader, "false", 5)) {
		reader->at += 5;
		return json_false();
	}
	if (starts(reader, "null", 4)) {
		reader->at += 4;
		return json_null();
	}
	(void)refuse(reader, "no value");
	return NULL;
}

static json_t *any_value(struct reader *reader)
{
	if (++reader->values > LENIENT_JSON_VALUES_MAX && reader->err->kind == ERR_NONE)
		err_set(reader->err, ERR_LIMIT, "more than %u values", LENIENT_JSON_VALUES_MAX);
	if (reader->err->kind != ERR_NONE)
		return NULL;
	switch (reader->at < reader->end ? *reader->at : '\0') {
	case '{':
		return bracket_value(reader, json_object(), '}');
	case '[':
		return bracket_value(reader, json_array(), ']');
	case '"':
		return string_value(reader);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return number_value(reader);
	default:
		break;
	}
	return word_value(reader);
}

json_t *lenient_json_parse(enum json_dialect dialect, const char *text, size_t size, struct err *err)
{
	struct err why = {ERR_NONE, ""};
	struct reader reader = {.at = text, .end = text + size, .start = text, .dialect = dialect, .err = &why};

	if (size > LENIENT_JSON_BYTES_MAX) {
		err_set(err, ERR_LIMIT, "more than %u bytes", LENIENT_JSON_BYTES_MAX);
		return NULL;
	}
	if (is_chromium(&reader) && starts(&reader, "\xef\xbb\xbf", 3))
		reader.at += 3;
	json_t *value = skip_space(&reader) ? any_value(&reader) : NULL;
	if (value && (!skip_space(&reader) || reader.at != reader.end)) {
		(void)refuse(&reader, "something after the value");
		json_decref(value);
		value = NULL;
	}
	if (!value)
		*err = why.kind != ERR_NONE ? why : (struct err){ERR_LIMIT, "out of memory"};
	return value;
}
