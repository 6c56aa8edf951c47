/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/buf.h"

#include <stddef.h>

/*
 * Text in columns of a terminal. Wide and full-width characters (Unicode Standard Annex 11) take two, combining ones none, all
 * others, the ambiguous too, one. Text is UTF-8 and printable; what is not is made so here, so nothing that a file or a device
 * says can move the cursor.
 */
#define WIDTH_TEXT_MAX 2048 /* characters of one text; "..." marks a cut */

size_t width_of(const char *text);

/* Appends `text` and spaces up to `columns`; at least nothing. */
void width_pad(struct buf *out, const char *text, size_t columns);

/* Appends `text` in lines of at most `columns`, the cursor now standing at `indent`; later lines begin there too. Lines break at
 * spaces and between wide characters, never before a closing mark; a word longer than a line is cut. Ends with a newline. */
void width_wrap(struct buf *out, const char *text, size_t indent, size_t columns);
