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
 * Messages about errors in the configuration: "FILE:LINE: error, expected
 * syntax".  Each function adds one to parsing.errors.
 */
#ifndef PARSE_ERROR_H
#define PARSE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#include "config/parse-state.h"

#define SHOWN_MAX  60 /* bytes of a token in a message */
#define SHOWN_SIZE (SHOWN_MAX + 8)

void parse_error(unsigned int line, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void parse_verror(unsigned int line, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Reports that value is invalid for what, a statement or parameter. */
void parse_bad_value(struct token what, struct token value, const char *why);

/* Reports that memory is exhausted, and sets parsing.stopped. */
void parse_no_memory(void);

/* Writes the token, or its beginning, to buf for a message. */
void parse_show(struct token token, char *buf, size_t size);

#endif
