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
 * The lexer: makes words, strings and marks from bytes.  parse.y defines the
 * keywords.
 */
#include "compat/compat.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse-error.h"
#include "config/parse-keyword.h"
#include "config/parse-lex.h"
#include "config/parse-macro.h"
#include "config/parse-memory.h"
#include "config/parse-source.h"

static struct {
	bool line_started, in_value, in_braces;
	int type; /* of token */
	struct token token, previous;
	char *word;
	size_t word_len, word_size;

	/* The token that yacc rejected, kept for the error production. */
	bool unexpected;
	struct token bad, before_bad;
} lexer;

static void lex_error(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Adds a byte to the word that the lexer is collecting. */
static bool
word_add(int c)
{
	size_t size;
	char *grown;

	if (lexer.word_len == lexer.word_size) {
		size = lexer.word_size == 0 ? 64 : lexer.word_size * 2;
		if ((grown = realloc(lexer.word, size)) == NULL) {
			parse_no_memory();
			return (false);
		}
		lexer.word = grown;
		lexer.word_size = size;
	}
	lexer.word[lexer.word_len++] = (char)c;
	return (true);
}

static void
skip_to_line_end(void)
{
	int c;

	while ((c = source_peek()) != '\n' && c != EOF)
		source_advance();
}

static void
skip_blanks(void)
{
	int c;

	while ((c = source_peek()) == ' ' || c == '\t' || c == '\r')
		source_advance();
	if (c == '#')
		skip_to_line_end();
}

/* Reports an error of the lexer, and skips the rest of the line. */
static void
lex_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	parse_verror(lexer.token.line, fmt, ap);
	va_end(ap);
	skip_to_line_end();
}

static int
unexpected_byte(int c)
{
	lex_error("unexpected byte 0x%02x", (unsigned int)c);
	return (LEX_FAILED);
}

/* Replaces "$name" with the value of the macro. */
static bool
expand(void)
{
	const char *name, *value;
	size_t left, len = 0;

	source_advance();
	name = source_rest(&left);
	while (len < left && macro_is_name_char((unsigned char)name[len]))
		len++;
	if (len == 0) {
		lex_error(
		    "\"$\" without the name of a macro; write a literal \"$\" "
		    "in quotes");
		return (false);
	}
	source_skip(len);
	if ((value = macro_use(name, len)) == NULL) {
		lex_error("macro \"%.*s\" is not defined",
		    (int)(len < SHOWN_MAX ? len : SHOWN_MAX), name);
		return (false);
	}
	source_expand(value);
	return (true);
}

/* Copies the collected word to the token's text. */
static bool
word_end(void)
{
	char *text;

	if ((text = parse_text(lexer.word_len)) == NULL)
		return (false);
	if (lexer.word_len != 0)
		memcpy(text, lexer.word, lexer.word_len);
	lexer.token.text = text;
	return (true);
}

static int
lex_quoted(int quote)
{
	int c;

	lexer.word_len = 0;
	source_advance();
	while ((c = source_peek()) != quote) {
		if (c == EOF || c == '\n') {
			lex_error(
			    "unterminated string, expected a closing %c in "
			    "the same line",
			    quote);
			return (LEX_FAILED);
		}
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return (unexpected_byte(c));
		source_advance();
		if (c == '\\' &&
		    (source_peek() == quote || source_peek() == '\\')) {
			c = source_peek();
			source_advance();
		}
		if (!word_add(c))
			return (LEX_FAILED);
	}
	source_advance();
	return (word_end() ? LEX_STRING : LEX_FAILED);
}

static bool
is_word_char(int c)
{
	return (c > ' ' && c != 0x7f && strchr("!\"#',<=>{}", c) == NULL);
}

static int
lex_word(void)
{
	const struct keyword *keyword;
	int c;

	lexer.word_len = 0;
	for (;;) {
		c = source_peek();
		if (c == '$' && !source_is_expanding()) {
			if (!expand())
				return (LEX_FAILED);
			continue;
		}
		if (!is_word_char(c))
			break;
		source_advance();
		if (!word_add(c))
			return (LEX_FAILED);
	}
	if (!word_end())
		return (LEX_FAILED);
	/* A keyword can be the name of a table. */
	if (lexer.in_value || lexer.type == '<' ||
	    (keyword = keyword_find(lexer.token.text)) == NULL)
		return (LEX_STRING);
	skip_blanks();
	if (lexer.line_started || source_peek() != '=')
		return (keyword->token);
	if (keyword->is_new)
		return (LEX_STRING);
	lex_error("\"%s\" is a keyword and cannot be the name of a macro",
	    lexer.token.text);
	return (LEX_FAILED);
}

/* The text of c if it is a token of its own, or NULL. */
static const char *
mark_text(int c)
{
	static const char *const marks[] = {
		"!",
		",",
		"<",
		"=",
		">",
		"{",
		"}",
	};
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (marks[i][0] == c)
			return (marks[i]);
	}
	return (NULL);
}

/*
 * Whether the next line begins a statement.  If a brace is open, its closing
 * brace is then missing.
 */
static bool
statement_follows(void)
{
	char word[16]; /* longer than any keyword */
	size_t left, len = 0;
	const char *at = source_rest(&left), *const end = at + left;

	while (at < end && isspace((unsigned char)*at))
		at++;
	while (at < end && len < sizeof(word) - 1 &&
	    macro_is_name_char((unsigned char)*at))
		word[len++] = *at++;
	word[len] = '\0';
	return (keyword_find(word) != NULL);
}

/* c is "<" or ">"; "=" may follow. */
static int
lex_comparison(int c)
{
	if (lexer.in_value || source_peek() != '=')
		return (c);
	source_advance();
	lexer.token.text = c == '<' ? "<=" : ">=";
	return (c == '<' ? LEX_AT_MOST : LEX_AT_LEAST);
}

static int
lex_mark(int c)
{
	if ((lexer.token.text = mark_text(c)) == NULL)
		return (unexpected_byte(c));
	source_advance();
	if (c == '<' || c == '>')
		return (lex_comparison(c));
	if (c == '{' || c == '}')
		lexer.in_braces = c == '{' && !lexer.in_value;
	return (c);
}

static int
lex_token(void)
{
	int c;

	for (;;) {
		skip_blanks();
		lexer.token.line = parsing.place->line;
		c = source_peek();
		if (c == '$' && !source_is_expanding()) {
			if (!expand())
				return (LEX_FAILED);
		} else if (c == '\n') {
			source_advance();
			if (!lexer.in_braces || statement_follows())
				return (c);
		} else if (c != EOF || lexer.line_started || !source_return())
			break;
	}
	if (c == EOF)
		return (lexer.line_started ? '\n' : 0);
	if (c == '"' || c == '\'')
		return (lex_quoted(c));
	return (is_word_char(c) ? lex_word() : lex_mark(c));
}

int
lex_next(struct token *token)
{
	if (!lexer.line_started)
		parsing.nitems = 0;
	lexer.previous = lexer.token;
	lexer.token.text = NULL;
	lexer.type = lex_token();
	lexer.line_started = lexer.type != '\n';
	lexer.in_braces = lexer.line_started && lexer.in_braces;
	lexer.in_value =
	    lexer.line_started && (lexer.in_value || lexer.type == '=');
	*token = lexer.token;
	return (lexer.type);
}

void
lex_unexpected(void)
{
	lexer.unexpected = lexer.type != LEX_FAILED;
	lexer.bad = lexer.token;
	lexer.before_bad = lexer.previous;
}

void
lex_expected(const char *what)
{
	char at[SHOWN_SIZE], after[SHOWN_SIZE];

	parsing.nitems = 0;
	if (!lexer.unexpected)
		return;
	lexer.unexpected = false;
	parse_show(lexer.bad, at, sizeof(at));
	parse_show(lexer.before_bad, after, sizeof(after));
	if (lexer.before_bad.text == NULL)
		parse_error(lexer.bad.line, "unexpected %s, expected %s", at,
		    what);
	else
		parse_error(lexer.bad.line,
		    "unexpected %s after %s, expected %s", at, after, what);
}

void
lex_unknown_statement(struct token word)
{
	char shown[SHOWN_SIZE];

	if (!lexer.unexpected)
		return;
	lexer.unexpected = false;
	parse_show(word, shown, sizeof(shown));
	parse_error(word.line,
	    "unknown statement %s, expected a statement, a rule or NAME = "
	    "VALUE",
	    shown);
}

void
lex_free(void)
{
	free(lexer.word);
	memset(&lexer, 0, sizeof(lexer));
}
