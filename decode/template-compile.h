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
 * Compiles the definition of a template to a program.
 */
#ifndef TEMPLATE_COMPILE_H
#define TEMPLATE_COMPILE_H

#include "decode/tmpl.h"
#include "lib/cursor.h"

/*
 * Compiles the definition at the front of specs; key, options, scopes and
 * nfields of model describe it.  *tmpl is one block of memory, which the caller
 * frees.  FLOWD_ESHORT if specs ends inside the definition,
 * FLOWD_EINVAL for records that would have no length, or more than a datagram
 * has, FLOWD_ENOMEM.
 */
int template_compile(const struct tmpl *model, struct cursor *specs,
    struct tmpl **tmpl) __attribute__((warn_unused_result));

#endif
