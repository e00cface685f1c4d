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

#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>

#include "decode/buckets.h"

/* Of unknown content, since to clear it costs time in proportion. */
static void *
allocate(struct memory *memory, size_t bytes)
{
	return (memory == NULL ? malloc(bytes) : memory_get(memory, bytes));
}

static void
release(struct memory *memory, void *p, size_t bytes)
{
	if (memory == NULL)
		free(p);
	else
		memory_put(memory, p, bytes);
}

static int
add_first(struct buckets *b, struct memory *memory)
{
	size_t i;

	b->first = allocate(memory, BUCKETS_FIRST * sizeof(*b->first));
	if (b->first == NULL)
		return (-1);
	for (i = 0; i < BUCKETS_FIRST; i++)
		b->first[i] = NULL;
	b->n = b->size = BUCKETS_FIRST;
	return (0);
}

/* The number of blocks after the first: each doubles the size. */
static size_t
blocks_of(const struct buckets *b)
{
	size_t k = 0;

	while (BUCKETS_FIRST << k < b->size)
		k++;
	return (k);
}

/* Doubles the room, with a block that begins with the bucket at index n. */
static int
add_block(struct buckets *b, struct memory *memory)
{
	const size_t k = blocks_of(b), bytes = b->n * sizeof(void *);
	void ***more, **block;

	if (b->size > UINT32_MAX / 2 ||
	    (block = allocate(memory, bytes)) == NULL)
		return (-1);
	if ((more = allocate(memory, (k + 1) * sizeof(*more))) == NULL) {
		release(memory, block, bytes);
		return (-1);
	}
	if (k > 0)
		memcpy(more, b->more, k * sizeof(*more));
	release(memory, b->more, k * sizeof(*more));
	more[k] = block;
	b->more = more;
	b->size *= 2;
	return (0);
}

int
buckets_add(struct buckets *b, struct memory *memory)
{
	if (b->n == 0)
		return (add_first(b, memory));
	if (b->n == b->size && add_block(b, memory) == -1)
		return (-1);
	*buckets_at(b, b->n++) = NULL;
	return (0);
}

size_t
buckets_bytes(const struct buckets *b)
{
	return (b->size * sizeof(*b->first) + blocks_of(b) * sizeof(*b->more));
}

void
buckets_free(struct buckets *b, struct memory *memory)
{
	const size_t blocks = blocks_of(b);
	size_t k;

	for (k = 0; k < blocks; k++)
		release(memory, b->more[k],
		    (BUCKETS_FIRST << k) * sizeof(void *));
	release(memory, b->more, blocks * sizeof(*b->more));
	release(memory, b->first,
	    b->n == 0 ? 0 : BUCKETS_FIRST * sizeof(*b->first));
	*b = (struct buckets){ .n = 0 };
}
