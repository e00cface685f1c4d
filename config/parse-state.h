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
 * The parser's state, which all its files share, and tokens and items.
 *
 * A function that finds an error reports it (parse-error.h) and returns false
 * or NULL, or adds nothing.  The parser skips the rest of the line and
 * continues, so that one run reports all errors.
 */
#ifndef PARSE_STATE_H
#define PARSE_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define NO_LINE 0 /* for the command line, or the whole file */

/*
 * A token of the lexer.  The text lives until the run ends.  It is NULL at the
 * end of a line, and for an absent option.
 */
struct token {
	const char *text;
	unsigned int line;
};

/* A member of a set: a plain value, a comparison with it, or a table. */
enum item_kind {
	ITEM_PLAIN,
	ITEM_LESS,
	ITEM_MOST,
	ITEM_LEAST,
	ITEM_MORE,
	ITEM_TABLE
};

struct item {
	struct token token;
	enum item_kind kind;
};

/* A set matches any value, its items, or all other values. */
enum sense { SENSE_ANY, SENSE_THESE, SENSE_OTHERS };

/* A place in a file. */
struct place {
	const char *file;
	unsigned int line;
};

/* All zero between runs.  Global, because yacc passes no argument. */
extern struct parsing {
	const struct place *place; /* of the next byte */
	enum config_use use;
	struct config *conf;
	size_t errors; /* reported */
	bool stopped;  /* the lexer reports the end of the file */
	bool saw_listen, saw_output, saw_any_source, saw_sync;

	/* The items of the set that is being parsed. */
	struct item *items;
	size_t nitems;
} parsing;

#endif
