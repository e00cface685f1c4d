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
 * Looks up keywords.  The grammar defines them (parse-grammar.h).
 */
#ifndef PARSE_KEYWORD_H
#define PARSE_KEYWORD_H

#include <stdbool.h>

struct keyword {
	const char *name;
	int token;
	bool is_new; /* flowd 0.9.1 did not have it */
};

/* Sets the list for keyword_find: sorted by name, ends with the name NULL. */
void keywords_use(const struct keyword *list);

/* Returns the keyword of this name, or NULL. */
const struct keyword *keyword_find(const char *name);

#endif
