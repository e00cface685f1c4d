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

#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>

#include "config/parse-error.h"
#include "config/parse-memory.h"

/* Allocated text; parse_texts_free frees all. */
struct text {
	struct text *next;
	char bytes[];
};

static struct text *texts;

char *
parse_text(size_t len)
{
	struct text *text;

	if ((text = calloc(1, sizeof(*text) + len + 1)) == NULL) {
		parse_no_memory();
		return (NULL);
	}
	text->next = texts;
	texts = text;
	return (text->bytes);
}

char *
parse_copy(const char *text)
{
	char *copy;

	if ((copy = strdup(text)) == NULL)
		parse_no_memory();
	return (copy);
}

void *
parse_grow(void *array, size_t n, size_t size)
{
	/* The capacity doubles, so it is reached at powers of two. */
	if ((n & (n - 1)) != 0)
		return (array);
	array = reallocarray(array, n == 0 ? 1 : n * 2, size);
	if (array == NULL)
		parse_no_memory();
	return (array);
}

void
item_add(enum item_kind kind, struct token token)
{
	struct item *grown;

	if ((grown = parse_grow(parsing.items, parsing.nitems,
		 sizeof(*grown))) == NULL)
		return;
	parsing.items = grown;
	parsing.items[parsing.nitems].kind = kind;
	parsing.items[parsing.nitems++].token = token;
}

void
parse_texts_free(void)
{
	struct text *text;

	while ((text = texts) != NULL) {
		texts = text->next;
		free(text);
	}
}
