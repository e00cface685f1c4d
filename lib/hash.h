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
 * Spreads v over all bits.  With a secret in v, whoever chooses the rest
 * cannot choose the result.
 */
static inline uint64_t
hash_mix(uint64_t v)
{
	v = (v ^ v >> 32) * UINT64_C(0xd6e8feb86659fd93);
	v = (v ^ v >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (v ^ v >> 32);
}

/*
 * Buckets are chosen by the low bits of a hash.  Walked in the order of these
 * bits read backwards, they come in the same order when they have become twice
 * as many: one that was split is followed by its other half.  So a walk can
 * stop, and go on from where it was whatever happened in between.
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

/* The bucket behind this one of n, a power of two; 0 behind the last. */
static inline size_t
hash_next_bucket(size_t bucket, size_t n)
{
	size_t bit;

	for (bit = n >> 1; (bucket & bit) != 0; bit >>= 1)
		bucket ^= bit;
	return (bucket | bit);
}

#endif
