/*
 * Copyright (c) 2026 The flowd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * The files of the configuration, byte by byte: files that include others, and
 * values of macros in place of their names.
 */
#ifndef PARSE_SOURCE_H
#define PARSE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/parse-state.h"

/* Reads fp first.  False after a message. */
bool source_begin(FILE *fp, const char *name);

/* Reads the file at path next, and then the rest of the current one. */
void source_include(struct token path);

/* At the end of an included file: returns to the file that includes it. */
bool source_return(void);

/*
 * Returns the next byte without consuming it: '\n' for any form of line end,
 * EOF at the end of the file or if parsing.stopped is set.
 */
int source_peek(void);

/* Consumes the byte that source_peek returned, which was not EOF. */
void source_advance(void);

/* The unread bytes of the file. */
const char *source_rest(size_t *len);

/* Consumes len bytes of the file. */
void source_skip(size_t len);

/* Inserts value before the unread bytes. */
void source_expand(const char *value);

/* Whether the next byte is one of such a value. */
bool source_is_expanding(void);

/*
 * Resolves a relative path from the directory of the current file.  The result
 * is path itself, or lives until the run ends.
 */
const char *source_path(const char *path);

/*
 * Opens the regular file at path.  NULL after a message that names what and
 * value: it cannot be opened, or CONFIG_TEXT forbids it.
 */
FILE *source_open(struct token what, struct token value, const char *path);

void source_free(void);

#endif
