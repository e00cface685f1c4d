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
 * An index from keys, which are octets, to numbers: names and addresses that
 * the file has specified.  Finding a key costs the same however many there are.
 */
#ifndef PARSE_INDEX_H
#define PARSE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct parse_index {
	struct parse_index_slot *slots;
	size_t nslots; /* a power of two */
	size_t n;      /* keys */
};

/*
 * Adds key with value, or nothing after parse_no_memory.  The key is copied.
 * It must not be in the index.
 */
void parse_index_add(struct parse_index *index, const void *key, size_t len,
    size_t value);

/* Whether the key is in the index, and its value. */
bool parse_index_find(const struct parse_index *index, const void *key,
    size_t len, size_t *value);

/* Frees all of it.  The copies of the keys end with the run. */
void parse_index_free(struct parse_index *index);

#endif
