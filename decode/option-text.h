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
 * Texts of options data: as sent, up to the first NUL, of any encoding.  NULL is
 * the empty text.
 */
#ifndef OPTION_TEXT_H
#define OPTION_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
#include "decode/ie.h"

#define OPTION_TEXT_MAX 255 /* octets of a name; RFC 2863, DisplayString */

/* Bytes of memory. */
size_t option_text_size(const char *text);

/* The octets of a text, which it still owns. */
struct ie_octets option_text_octets(const char *text);

/*
 * Replaces *text, which owns its memory.  *changed becomes true if it differs,
 * else stays.  FLOWD_ENOMEM: it keeps its value.
 */
int option_text_set(char **text, struct ie_octets octets, struct memory *memory,
    bool *changed) __attribute__((warn_unused_result));

void option_text_free(char *text, struct memory *memory);

#endif
