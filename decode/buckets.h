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
 * The buckets of a hash table that grows by one bucket at a time (linear
 * hashing), so that no datagram has to pay for all entries of a large table.
 * Buckets are in blocks, each as large as all before it, and never move.
 *
 * With each new bucket, the owner of the table takes the entries out of one
 * other bucket and adds them again:
 *
 *	if (buckets_add(&b, memory) == 0)
 *		for each entry of *buckets_split(&b), which becomes empty,
 *			add it to *buckets_of(&b, its hash)
 */
#ifndef BUCKETS_H
#define BUCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

#define BUCKETS_FIRST 2U /* in the first block; a power of two */

/* All zero: no bucket.  Most tables are small, and have only the first block. */
struct buckets {
	void **first;
	void ***more;     /* the blocks after it */
	uint32_t n, size; /* buckets in use; rounded up to a power of two */
};

/* The bucket at index i, which is below n. */
static inline void **
buckets_at(const struct buckets *b, size_t i)
{
	unsigned int k;

	if (i < BUCKETS_FIRST)
		return (&b->first[i]);
	k = 63U - (unsigned int)__builtin_clzll(i / BUCKETS_FIRST);
	return (&b->more[k][i - ((size_t)BUCKETS_FIRST << k)]);
}

/* The index of the bucket that has the entries of this hash; n is not 0. */
static inline size_t
buckets_index(const struct buckets *b, uint64_t hash)
{
	const size_t i = hash & (b->size - 1);

	return (i < b->n ? i : i - b->size / 2);
}

static inline void **
buckets_of(const struct buckets *b, uint64_t hash)
{
	return (buckets_at(b, buckets_index(b, hash)));
}

/*
 * Adds an empty bucket, or the first BUCKETS_FIRST.  -1 without memory, which is
 * not counted if memory is NULL.
 */
int buckets_add(struct buckets *b, struct memory *memory)
    __attribute__((warn_unused_result));

/* The bucket whose entries may belong to the one that was added last. */
static inline void **
buckets_split(const struct buckets *b)
{
	return (buckets_at(b, b->n - 1 - b->size / 2));
}

/* Bytes of all blocks. */
size_t buckets_bytes(const struct buckets *b);

void buckets_free(struct buckets *b, struct memory *memory);

#endif
