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
#ifndef PARSE_MACRO_H
#define PARSE_MACRO_H

#include <stdbool.h>
#include <stddef.h>

#include "config/parse-state.h"

/* Whether c can be in the name of a macro. */
bool macro_is_name_char(int c);

/*
 * Defines or redefines a macro.  A macro of the command line stays as it is.
 * Strings must live until the run ends.
 */
void macro_define(struct token name, const char *value);
void macro_define_all(const struct conf_macro *given, size_t n);

/* Both with a blank between them.  The text lives until the run ends. */
const char *macro_join_words(const char *first, const char *second);

/* Returns the value and marks the macro as used.  NULL: not defined. */
const char *macro_use(const char *name, size_t len);

/* Logs unused macros at debug level: the user may have misspelt a name. */
void macro_report_unused(void);
void macro_free(void);

#endif
