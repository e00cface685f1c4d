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

#include "config/parse-keyword.h"

static const struct keyword *keywords;
static size_t nkeywords;

void
keywords_use(const struct keyword *list)
{
	keywords = list;
	for (nkeywords = 0; list[nkeywords].name != NULL; nkeywords++)
		continue;
}

static int
compare(const void *name, const void *keyword)
{
	return (strcmp(name, ((const struct keyword *)keyword)->name));
}

const struct keyword *
keyword_find(const char *name)
{
	return (
	    bsearch(name, keywords, nkeywords, sizeof(keywords[0]), compare));
}
