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

#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Spreads v over all bits.  If part of v is secret, an attacker who chooses the
 * rest cannot choose the result.
 */
static inline uint64_t
hash_mix(uint64_t v)
{
	v = (v ^ v >> 32) * UINT64_C(0xd6e8feb86659fd93);
	v = (v ^ v >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (v ^ v >> 32);
}

/*
 * Returns the position of hash h in a walk over a table.  The low bits of a
 * hash select its bucket, and a walk visits buckets in the order of these bits
 * read backwards.  If the table doubles, the two halves of a bucket stay
 * neighbours.  A walk can therefore pause and continue after the table has
 * grown.
 */
static inline uint64_t
hash_order(uint64_t h)
{
	const uint64_t ones = UINT64_C(0x5555555555555555);
	const uint64_t twos = UINT64_C(0x3333333333333333);
	const uint64_t fours = UINT64_C(0x0f0f0f0f0f0f0f0f);

	h = (h >> 1 & ones) | (h & ones) << 1;
	h = (h >> 2 & twos) | (h & twos) << 2;
	h = (h >> 4 & fours) | (h & fours) << 4;
	return (__builtin_bswap64(h));
}

/*
 * Returns the bucket after this one in such a walk; 0 after the last.  n, the
 * number of buckets, is a power of two.
 */
static inline size_t
hash_next_bucket(size_t bucket, size_t n)
{
	size_t bit;

	for (bit = n >> 1; (bucket & bit) != 0; bit >>= 1)
		bucket ^= bit;
	return (bucket | bit);
}

#endif
