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
 * Memory of the parser.  If memory is exhausted, these functions call
 * parse_no_memory.
 */
#ifndef PARSE_MEMORY_H
#define PARSE_MEMORY_H

#include <stddef.h>

#include "config/parse-state.h"

/*
 * Allocates len bytes and a NUL, zeroed, which live until the run ends.  NULL:
 * memory is exhausted.
 */
char *parse_text(size_t len);
void parse_texts_free(void);

/* Returns a copy that the caller frees.  NULL: memory is exhausted. */
char *parse_copy(const char *text);

/*
 * Returns array with room for one item after its first n.  NULL: memory is
 * exhausted, and array is unchanged.
 */
void *parse_grow(void *array, size_t n, size_t size);

/* Appends to parsing.items. */
void item_add(enum item_kind kind, struct token token);

#endif
