/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/width.h"

#include "base/attr.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct range {
	uint32_t first, last;
};

/* EastAsianWidth.txt of Unicode 14, W and F; unassigned code points inside a block of wide ones are wide too. */
static const struct range wide[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x23f0, 0x23f0},   {0x23f3, 0x23f3},
	{0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
	{0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},   {0x26d4, 0x26d4},   {0x26ea, 0x26ea},
	{0x26f2, 0x26f3},   {0x26f5, 0x26f5},   {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
	{0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
	{0x27b0, 0x27b0},   {0x27bf, 0x27bf},   {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
	{0x3041, 0x3247},   {0x3250, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
	{0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1aff0, 0x1b2ff},
	{0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335},
	{0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
	{0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567},
	{0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc},
	{0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6d7}, {0x1f6dd, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7eb},
	{0x1f7f0, 0x1f7f0}, {0x1f90c, 0x1f93a}, {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

/* The marks that people's names and sentences here can hold (general category Mn and Me of these blocks). */
static const struct range combining[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
	{0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

/* Never at the beginning of a line (JIS X 4051: closing brackets, full stops and commas, small kana, the long vowel). */
static const char no_begin[] = "、。，．・：；！？）」』】〕］｝〉》ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ々.,:;!?)]}";

struct glyph {
	const char *at;
	size_t size;
	size_t columns;
	uint32_t point;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (point > ranges[middle].last)
			low = middle + 1;
		else if (point < ranges[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

/* `text` is well-formed UTF-8: every text has been through text_printable. */
static struct glyph glyph_at(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	struct glyph glyph = {text, s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4, 1, s[0]};

	if (glyph.size > 1)
		glyph.point = s[0] & (0xffu >> (glyph.size + 1));
	for (size_t i = 1; i < glyph.size; i++)
		glyph.point = glyph.point << 6 | (s[i] & 0x3f);
	if (is_in(combining, ARRAY_LEN(combining), glyph.point)) /* first: U+3099 lies among the wide ones */
		glyph.columns = 0;
	else if (is_in(wide, ARRAY_LEN(wide), glyph.point))
		glyph.columns = 2;
	return glyph;
}

static char *printable(const char *text)
{
	size_t size = strlen(text), room = size * 3 + 8;
	char *out = malloc(room);

	if (out)
		text_printable(out, room, text, size, WIDTH_TEXT_MAX);
	return out;
}

static void drop_text(char **text)
{
	free(*text);
}

size_t width_of(const char *text)
{
	AUTO(drop_text) char *shown = printable(text);
	size_t columns = 0;

	for (const char *at = shown ? shown : ""; *at;) {
		struct glyph glyph = glyph_at(at);
		columns += glyph.columns;
		at += glyph.size;
	}
	return columns;
}

void width_pad(struct buf *out, const char *text, size_t columns)
{
	AUTO(drop_text) char *shown = printable(text);
	size_t used = width_of(text);

	buf_add(out, shown ? shown : "");
	if (used < columns)
		buf_printf(out, "%*s", (int)(columns - used), "");
}

/* A piece that is never broken: a word, or one wide character together with the closing marks behind it. */
static struct glyph piece_at(const char *text)
{
	struct glyph piece = glyph_at(text);
	bool of_wide = piece.columns == 2;

	while (piece.at[piece.size] && piece.at[piece.size] != ' ') {
		struct glyph next = glyph_at(piece.at + piece.size);
		char mark[8] = {0};
		memcpy(mark, next.at, next.size);
		bool joins = next.columns == 0 || strstr(no_begin, mark) != NULL;
		if (!joins && (of_wide || next.columns == 2))
			break;
		piece.size += next.size;
		piece.columns += next.columns;
	}
	return piece;
}

static void start_line(struct buf *out, size_t indent, size_t *used)
{
	buf_printf(out, "\n%*s", (int)indent, "");
	*used = 0;
}

/* A piece wider than a line is cut where the line ends. */
static void put_piece(struct buf *out, struct glyph piece, size_t indent, size_t room, size_t *used)
{
	for (size_t done = 0; done < piece.size;) {
		struct glyph glyph = glyph_at(piece.at + done);
		if (*used + glyph.columns > room && *used > 0)
			start_line(out, indent, used);
		buf_append(out, glyph.at, glyph.size);
		*used += glyph.columns;
		done += glyph.size;
	}
}

void width_wrap(struct buf *out, const char *text, size_t indent, size_t columns)
{
	AUTO(drop_text) char *shown = printable(text);
	size_t room = columns > indent + 20 ? columns - indent : 20, used = 0;
	bool space = false;

	for (const char *at = shown ? shown : ""; *at;) {
		if (*at == ' ') {
			space = used > 0;
			at++;
			continue;
		}
		struct glyph piece = piece_at(at);
		if (used + space + piece.columns > room && used > 0)
			start_line(out, indent, &used);
		else if (space) {
			buf_add(out, " ");
			used++;
		}
		space = false;
		put_piece(out, piece, indent, room, &used);
		at += piece.size;
	}
	buf_add(out, "\n");
}
