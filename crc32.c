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

#if defined(__aarch64__) && defined(HAVE_GETAUXVAL)
#include <sys/auxv.h>
#endif

#include <stdbool.h>
#include <string.h>

#include "crc32.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#define HAVE_CLMUL
#ifdef __x86_64__
#define HAVE_CLMUL4
#endif
#elif defined(__aarch64__) && defined(HWCAP_CRC32) && !defined(__AARCH64EB__)
#include <arm_acle.h>
#define HAVE_ARM_CRC
#endif

/*
 * The table handles eight bytes at a time.  table[k][b] is the checksum of the
 * byte b followed by k zero bytes.  The eight bytes of a block are therefore
 * looked up independently of each other, and their sum is the block's checksum.
 *
 * The checksum is linear: table[k][b] is the sum (exclusive or) of table[k][1],
 * table[k][2], table[k][4] ... for the bits that are set in b.  The compiler
 * computes each row from these eight values.
 */
/* clang-format off */
#define BIT(b, n, v)	(((b) >> (n) & 1) * (v))
#define SUM(b, v0, v1, v2, v3, v4, v5, v6, v7)				\
	BIT(b, 0, v0) ^ BIT(b, 1, v1) ^ BIT(b, 2, v2) ^ BIT(b, 3, v3) ^	\
	BIT(b, 4, v4) ^ BIT(b, 5, v5) ^ BIT(b, 6, v6) ^ BIT(b, 7, v7)
#define SUM4(b, ...)							\
	SUM(b, __VA_ARGS__), SUM((b) + 1U, __VA_ARGS__),		\
	SUM((b) + 2U, __VA_ARGS__), SUM((b) + 3U, __VA_ARGS__)
#define SUM16(b, ...)							\
	SUM4(b, __VA_ARGS__), SUM4((b) + 4U, __VA_ARGS__),		\
	SUM4((b) + 8U, __VA_ARGS__), SUM4((b) + 12U, __VA_ARGS__)
#define SUM64(b, ...)							\
	SUM16(b, __VA_ARGS__), SUM16((b) + 16U, __VA_ARGS__),		\
	SUM16((b) + 32U, __VA_ARGS__), SUM16((b) + 48U, __VA_ARGS__)
#define ROW(...)							\
	SUM64(0U, __VA_ARGS__), SUM64(64U, __VA_ARGS__),		\
	SUM64(128U, __VA_ARGS__), SUM64(192U, __VA_ARGS__)

static const uint32_t table[8][256] = {
	{ ROW(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832,
	    0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320) },
	{ ROW(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08,
	    0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b) },
	{ ROW(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8,
	    0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80) },
	{ ROW(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef,
	    0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b) },
	{ ROW(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1,
	    0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092) },
	{ ROW(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d,
	    0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8) },
	{ ROW(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67,
	    0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2) },
	{ ROW(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5,
	    0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da) },
};
/* clang-format on */

static uint32_t
le32(const uint8_t *p)
{
	return ((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0]);
}

uint32_t
flowd_crc32_table(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t next;

	for (; len >= 8; p += 8, len -= 8) {
		crc ^= le32(p);
		next = le32(p + 4);
		crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^
		    table[5][crc >> 16 & 0xff] ^ table[4][crc >> 24] ^
		    table[3][next & 0xff] ^ table[2][next >> 8 & 0xff] ^
		    table[1][next >> 16 & 0xff] ^ table[0][next >> 24];
	}
	/* Flow records are multiples of four bytes. */
	if (len >= 4) {
		crc ^= le32(p);
		crc = table[3][crc & 0xff] ^ table[2][crc >> 8 & 0xff] ^
		    table[1][crc >> 16 & 0xff] ^ table[0][crc >> 24];
		p += 4;
		len -= 4;
	}
	for (; len > 0; p++, len--)
		crc = table[0][(crc ^ *p) & 0xff] ^ crc >> 8;
	return (crc);
}

#ifdef HAVE_CLMUL
#define BLOCK 16 /* bytes */

/*
 * Powers of x modulo the polynomial, bits reflected and shifted by one.  The
 * product of a block's low half with x^160, plus that of its high half with
 * x^96, replaces the block if it is added to the block 16 bytes later.
 */
#define X64  0x163cd6124
#define X96  0x0ccaa009e
#define X160 0x1751997d0

/* The polynomial, and x^64 divided by it, reflected. */
#define POLYNOMIAL 0x1db710641
#define QUOTIENT   0x1f7011641

static inline bool
has_clmul(void)
{
	return (__builtin_cpu_supports("pclmul"));
}

#define CLMUL __attribute__((target("sse2,pclmul")))

static inline CLMUL __m128i
load_block(const uint8_t *p)
{
	return (_mm_loadu_si128((const void *)p));
}

/* Returns the next block, with the block x before it added. */
static inline CLMUL __m128i
fold(__m128i x, __m128i there)
{
	const __m128i by = _mm_set_epi64x(X96, X160);

	return (_mm_xor_si128(there,
	    _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00),
		_mm_clmulepi64_si128(x, by, 0x11))));
}

/* The checksum of a block: 128 bits become 96, 64, and by Barrett 32. */
static inline CLMUL uint32_t
reduce(__m128i x)
{
	const __m128i low32 = _mm_set_epi32(0, 0, 0, -1);
	const __m128i powers = _mm_set_epi64x(X64, X96);
	const __m128i barrett = _mm_set_epi64x(QUOTIENT, POLYNOMIAL);
	__m128i t;

	x = _mm_xor_si128(_mm_srli_si128(x, 8),
	    _mm_clmulepi64_si128(x, powers, 0x00));
	x = _mm_xor_si128(_mm_srli_si128(x, 4),
	    _mm_clmulepi64_si128(_mm_and_si128(x, low32), powers, 0x10));
	t = _mm_clmulepi64_si128(_mm_and_si128(x, low32), barrett, 0x10);
	t = _mm_clmulepi64_si128(_mm_and_si128(t, low32), barrett, 0x00);
	x = _mm_xor_si128(x, t);
	return ((uint32_t)_mm_cvtsi128_si32(_mm_srli_si128(x, 4)));
}

/*
 * The table computes the first bytes, which do not fill a block.  Carry-less
 * multiplication then folds each block into the next.  Each of these steps
 * waits for the one before; meanwhile the processor works on the next record.
 */
static CLMUL uint32_t
crc32_clmul(uint32_t crc, const uint8_t *p, size_t len)
{
	const size_t head = len % BLOCK;
	__m128i x;

	if (head != 0)
		crc = flowd_crc32_table(crc, p, head);
	p += head;
	len -= head;
	x = _mm_xor_si128(load_block(p), _mm_cvtsi32_si128((int)crc));
	for (p += BLOCK, len -= BLOCK; len != 0; p += BLOCK, len -= BLOCK)
		x = fold(x, load_block(p));
	return (reduce(x));
}
#endif

#ifdef HAVE_CLMUL4
#define LANES 4

static inline bool
has_clmul4(void)
{
	return (__builtin_cpu_supports("avx512f") &&
	    __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("vpclmulqdq"));
}

#define CLMUL4 __attribute__((target("avx512f,avx512bw,vpclmulqdq")))

/* Loads a block of each of four pieces, which begin stride bytes apart. */
static inline CLMUL4 __m512i
load_blocks(const uint8_t *p, size_t stride)
{
	const __m128i a = _mm_loadu_si128((const void *)p);
	const __m128i b = _mm_loadu_si128((const void *)(p + stride));
	const __m128i c = _mm_loadu_si128((const void *)(p + 2 * stride));
	const __m128i d = _mm_loadu_si128((const void *)(p + 3 * stride));

	return (_mm512_inserti32x4(
	    _mm512_inserti32x4(
		_mm512_inserti32x4(_mm512_castsi128_si512(a), b, 1), c, 2),
	    d, 3));
}

static inline CLMUL4 __m512i
in_each_lane(uint64_t high, uint64_t low)
{
	return (_mm512_broadcast_i32x4(
	    _mm_set_epi64x((long long)high, (long long)low)));
}

/* Works like fold and reduce, for four pieces at once. */
static inline CLMUL4 __m512i
fold4(__m512i x, __m512i there)
{
	const __m512i by = in_each_lane(X96, X160);

	return (_mm512_xor_si512(there,
	    _mm512_xor_si512(_mm512_clmulepi64_epi128(x, by, 0x00),
		_mm512_clmulepi64_epi128(x, by, 0x11))));
}

static inline CLMUL4 __m512i
reduce4(__m512i x)
{
	const __m512i low32 = in_each_lane(0, UINT32_MAX);
	const __m512i powers = in_each_lane(X64, X96);
	const __m512i barrett = in_each_lane(QUOTIENT, POLYNOMIAL);
	__m512i t;

	x = _mm512_xor_si512(_mm512_bsrli_epi128(x, 8),
	    _mm512_clmulepi64_epi128(x, powers, 0x00));
	x = _mm512_xor_si512(_mm512_bsrli_epi128(x, 4),
	    _mm512_clmulepi64_epi128(_mm512_and_si512(x, low32), powers, 0x10));
	t = _mm512_clmulepi64_epi128(_mm512_and_si512(x, low32), barrett, 0x10);
	t = _mm512_clmulepi64_epi128(_mm512_and_si512(t, low32), barrett, 0x00);
	return (_mm512_xor_si512(x, t));
}

/* The checksums of four pieces of len bytes, at least one block. */
static CLMUL4 void
crc32_clmul4(const uint8_t *p, size_t stride, size_t len, uint32_t crcs[LANES])
{
	const size_t head = len % BLOCK;
	uint32_t words[LANES * BLOCK / 4] = { 0 };
	__m512i x;
	size_t i;

	for (i = 0; i < LANES && head != 0; i++)
		words[i * 4] = flowd_crc32_table(0, p + i * stride, head);
	p += head;
	len -= head;
	x = _mm512_xor_si512(load_blocks(p, stride), _mm512_loadu_si512(words));
	for (p += BLOCK, len -= BLOCK; len != 0; p += BLOCK, len -= BLOCK)
		x = fold4(x, load_blocks(p, stride));
	_mm512_storeu_si512(words, reduce4(x));
	for (i = 0; i < LANES; i++)
		crcs[i] = words[i * 4 + 1];
}
#endif

#ifdef HAVE_ARM_CRC
static inline bool
has_arm_crc(void)
{
	return ((getauxval(AT_HWCAP) & HWCAP_CRC32) != 0);
}

static __attribute__((target("+crc"))) uint32_t
crc32_arm(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		crc = __crc32d(crc, word);
	}
	for (; len > 0; p++, len--)
		crc = __crc32b(crc, *p);
	return (crc);
}
#endif

uint32_t
flowd_crc32(uint32_t crc, const void *data, size_t len)
{
#ifdef HAVE_CLMUL
	if (len >= BLOCK && has_clmul())
		return (crc32_clmul(crc, data, len));
#endif
#ifdef HAVE_ARM_CRC
	if (has_arm_crc())
		return (crc32_arm(crc, data, len));
#endif
	return (flowd_crc32_table(crc, data, len));
}

void
flowd_crc32_each(const void *data, size_t stride, size_t len, size_t n,
    uint32_t *crcs)
{
	const uint8_t *p = data;

#ifdef HAVE_CLMUL4
	if (len >= BLOCK && has_clmul4()) {
		for (; n >= LANES; n -= LANES, crcs += LANES) {
			crc32_clmul4(p, stride, len, crcs);
			p += LANES * stride;
		}
	}
#endif
	for (; n > 0; n--, p += stride)
		*crcs++ = flowd_crc32(0, p, len);
}
