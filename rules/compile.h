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
 * Text to a filter.  The parser has one state for the whole process, and its
 * messages go to a buffer.
 */
#ifndef COMPILE_H
#define COMPILE_H

#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "filter.h"
#include "rules.h"

struct compiled {
	struct filter *filter; /* for filter_free */
	uint32_t store_mask;   /* of its store statements */
};

/*
 * Compiles fp.  name, use and the results are those of config_parse and
 * flowd_rules_compile; after FLOWD_ENOMEM errno is that of filter_new.  Threads
 * wait for each other.
 */
int compile_file(FILE *fp, const char *name, enum config_use use,
    struct compiled *compiled, char error[FLOWD_RULES_ERROR_MAX])
    __attribute__((warn_unused_result));

/* The same with the len bytes at text.  Also FLOWD_EIO. */
int compile_text(const char *text, size_t len, const char *name,
    enum config_use use, struct compiled *compiled,
    char error[FLOWD_RULES_ERROR_MAX]) __attribute__((warn_unused_result));

/* Writes "name: " and the text of errno to error.  errno stays the same. */
void compile_failed(const char *name, char error[FLOWD_RULES_ERROR_MAX]);

#endif
