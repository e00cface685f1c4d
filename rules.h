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
 * Filter rules of flowd.conf(5) for programs.  These functions are in
 * libflowd-rules, which needs libflowd.
 */
#ifndef FLOWD_RULES_H
#define FLOWD_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the shared library exports this */

/* Compiled rules.  The caller frees them with flowd_rules_free. */
struct flowd_rules;

#define FLOWD_RULES_ERROR_MAX 4096 /* bytes, with the NUL */

/* Of flowd_rules_compile: include and "table file" in the text read files. */
#define FLOWD_RULES_FILES (1U << 0)

/*
 * Compiles the len bytes at text, which are lines in the language of
 * flowd.conf(5): rules, macros, tables and store statements.  Other statements
 * are ignored.  name is the name of the text in messages.  Without
 * FLOWD_RULES_FILES in flags no text makes this function open a file, so that
 * the text may come from a stranger.
 *
 * FLOWD_EINVAL: the text has errors; error has a line "NAME:LINE: message" for
 * each, as far as there is room, without a final newline; or another flag is set.  FLOWD_ENOMEM: memory
 * is exhausted, or there are too many rules.  FLOWD_EIO: see errno.  error is
 * "" after a success.
 */
int flowd_rules_compile(const char *text, size_t len, const char *name,
    unsigned int flags, struct flowd_rules **rules,
    char error[FLOWD_RULES_ERROR_MAX]) __attribute__((warn_unused_result));

/*
 * Compiles the file at path, which may include others and have tables in
 * files.  FLOWD_EIO: path cannot be read; see errno and error.  Other errors
 * are those of flowd_rules_compile.
 */
int flowd_rules_open(const char *path, struct flowd_rules **rules,
    char error[FLOWD_RULES_ERROR_MAX]) __attribute__((warn_unused_result));

/* rules may be NULL. */
void flowd_rules_free(struct flowd_rules *rules);

/*
 * Returns whether the rules accept flow: the last rule that matches decides,
 * and flows that no rule matches are accepted.  If this rule has a tag, flow
 * gets it and STORE_FIELD_TAG.  Local time is that of tzset(3).  The rules
 * change, so that two threads may not use the same at once.
 */
bool flowd_rules_accept(struct flowd_rules *rules, struct flow *flow);

/*
 * Does the same for n flows, and sets accepted[i].  With large tables this is
 * several times as fast.
 */
void flowd_rules_accept_many(struct flowd_rules *rules, struct flow *flows,
    size_t n, bool *accepted);

/*
 * Returns the STORE_FIELD_* bits of the store statements, or STORE_FIELD_ALL
 * if there is none.
 */
uint32_t flowd_rules_store_mask(const struct flowd_rules *rules);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
