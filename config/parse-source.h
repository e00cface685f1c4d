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

/* Begins with fp.  False after a message. */
bool source_begin(FILE *fp, const char *name);

/* Reads another file next, up to its end. */
void source_include(struct token path);

/* At the end of an included file: returns to the file that includes it. */
bool source_return(void);

/*
 * The next byte, '\n' for any form of line end, or EOF, which is also returned
 * from when parsing.stopped is set.
 */
int source_peek(void);

/* Skips the byte that source_peek has returned, which was not EOF. */
void source_advance(void);

/* The unread bytes of the file; skipping the first len of them. */
const char *source_rest(size_t *len);
void source_skip(size_t len);

/* Reads value before the unread bytes. */
void source_expand(const char *value);
bool source_is_expanding(void);

/* A relative path starts at the directory of the file that names it. */
const char *source_path(const char *path);

/* Opens the regular file at path; what and value are for messages. */
FILE *source_open(struct token what, struct token value, const char *path);

void source_free(void);

#endif
