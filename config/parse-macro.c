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
 * Macros: names for text, from the configuration or from the command line.
 */
#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/parse-error.h"
#include "config/parse-index.h"
#include "config/parse-keyword.h"
#include "config/parse-macro.h"
#include "config/parse-memory.h"

struct macro {
	const char *name, *value;
	const char *file;
	unsigned int line; /* NO_LINE: from the command line */
	bool used;
};

static struct macro *macros; /* in the order of their first definition */
static size_t nmacros;
static struct parse_index by_name;

bool
macro_is_name_char(int c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_');
}

/* Whether the name is a keyword that flowd 0.9.1 also has. */
static bool
is_reserved(const char *name)
{
	const struct keyword *k = keyword_find(name);

	return (k != NULL && !k->is_new);
}

static struct macro *
find(const char *name, size_t len)
{
	size_t i;

	return (parse_index_find(&by_name, name, len, &i) ? &macros[i] : NULL);
}

static bool
name_is_valid(struct token name)
{
	const char *at = name.text;

	if (is_reserved(name.text)) {
		parse_error(name.line,
		    "\"%s\" is a keyword and cannot be the name of a macro",
		    name.text);
		return (false);
	}
	while (macro_is_name_char(*at))
		at++;
	if (at > name.text && *at == '\0' && name.text[0] != '_' &&
	    !(name.text[0] >= '0' && name.text[0] <= '9'))
		return (true);
	parse_error(name.line,
	    "\"%.*s\" is not a valid name of a macro, expected letters, "
	    "digits and underscores, beginning with a letter",
	    SHOWN_MAX, name.text);
	return (false);
}

void
macro_define(struct token name, const char *value)
{
	const size_t len = strlen(name.text);
	struct macro *m, *grown;

	if (!name_is_valid(name))
		return;
	if ((m = find(name.text, len)) != NULL) {
		if (m->line == NO_LINE && name.line != NO_LINE)
			return;
		m->value = value;
		m->file = parsing.place->file;
		m->line = name.line;
		return;
	}
	if ((grown = parse_grow(macros, nmacros, sizeof(*grown))) == NULL)
		return;
	macros = grown;
	m = &macros[nmacros];
	m->name = name.text;
	m->value = value;
	m->file = parsing.place->file;
	m->line = name.line;
	m->used = false;
	parse_index_add(&by_name, name.text, len, nmacros++);
}

void
macro_define_all(const struct conf_macro *given, size_t n)
{
	struct token name = { NULL, NO_LINE };
	size_t i;

	for (i = 0; i < n; i++) {
		if (strpbrk(given[i].value, "\r\n") != NULL) {
			parse_error(NO_LINE,
			    "macro \"%.*s\" of the command line has a line "
			    "break, expected one line",
			    SHOWN_MAX, given[i].name);
			continue;
		}
		name.text = given[i].name;
		macro_define(name, given[i].value);
	}
}

const char *
macro_join_words(const char *first, const char *second)
{
	const size_t first_len = strlen(first), second_len = strlen(second);
	char *text;

	if ((text = parse_text(first_len + 1 + second_len)) == NULL)
		return ("");
	memcpy(text, first, first_len);
	text[first_len] = ' ';
	memcpy(text + first_len + 1, second, second_len);
	return (text);
}

const char *
macro_use(const char *name, size_t len)
{
	struct macro *m = find(name, len);

	if (m == NULL)
		return (NULL);
	m->used = true;
	return (m->value);
}

void
macro_report_unused(void)
{
	const struct macro *m;
	size_t i;

	for (i = nmacros; i > 0; i--) {
		m = &macros[i - 1];
		if (m->used)
			continue;
		if (m->line == NO_LINE)
			log_debug(
			    "%s: macro \"%s\" of the command line is not used",
			    m->file, m->name);
		else
			log_debug("%s:%u: macro \"%s\" is not used", m->file,
			    m->line, m->name);
	}
}

void
macro_free(void)
{
	parse_index_free(&by_name);
	free(macros);
	macros = NULL;
	nmacros = 0;
}
