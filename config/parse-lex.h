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
 * The lexer: returns the tokens of the configuration.
 */
#ifndef PARSE_LEX_H
#define PARSE_LEX_H

#include "config/parse-state.h"

/*
 * lex_next returns the next token and its kind: a character, the number of a
 * keyword, one of these, or 0 at the end of the configuration.
 */
enum { LEX_STRING = -4, LEX_AT_LEAST, LEX_AT_MOST, LEX_FAILED };

int lex_next(struct token *token);

/*
 * yacc reports an unexpected token before it knows in which statement it will
 * resume.  lex_unexpected therefore only stores the latest token; the error
 * production that resumes calls one of the others, which reports the error with
 * the syntax that was expected.
 */
void lex_unexpected(void);
void lex_expected(const char *what);
void lex_unknown_statement(struct token word);

void lex_free(void);

#endif
