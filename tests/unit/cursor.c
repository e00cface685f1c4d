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

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cursor.h"

static const uint8_t wire[15] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15 };

static void
reads_big_endian_in_order(void **state)
{
	struct cursor c;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	(void)state;
	cur_init(&c, wire, sizeof(wire));
	assert_int_equal(cur_u8(&c, &v8), 0);
	assert_int_equal(v8, 0x01);
	assert_int_equal(cur_u16(&c, &v16), 0);
	assert_int_equal(v16, 0x0203);
	assert_int_equal(cur_u32(&c, &v32), 0);
	assert_int_equal(v32, 0x04050607);
	assert_int_equal(cur_u64(&c, &v64), 0);
	assert_true(v64 == 0x08090a0b0c0d0e0f);
	assert_int_equal(cur_left(&c), 0);
}

static void
reads_the_highest_values(void **state)
{
	static const uint8_t ones[8] = {
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
	};

	(void)state;
	assert_int_equal(be16(ones), UINT16_MAX);
	assert_true(be32(ones) == UINT32_MAX);
	assert_true(be64(ones) == UINT64_MAX);
}

static void
a_short_read_returns_zero_and_does_not_move(void **state)
{
	struct cursor c;
	uint8_t bytes[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	static const uint8_t zero[8];
	uint64_t v64 = 1;
	uint32_t v32 = 1;
	uint16_t v16 = 1;
	uint8_t v8 = 1;

	(void)state;
	cur_init(&c, wire, 7);
	assert_int_equal(cur_u64(&c, &v64), FLOWD_ESHORT);
	assert_true(v64 == 0);
	assert_int_equal(cur_bytes(&c, bytes, sizeof(bytes)), FLOWD_ESHORT);
	assert_memory_equal(bytes, zero, sizeof(bytes));
	assert_int_equal(cur_skip(&c, 8), FLOWD_ESHORT);
	assert_int_equal(cur_skip(&c, SIZE_MAX), FLOWD_ESHORT);
	cur_init(&c, wire, 3);
	assert_int_equal(cur_u32(&c, &v32), FLOWD_ESHORT);
	assert_int_equal(v32, 0);
	cur_init(&c, wire, 1);
	assert_int_equal(cur_u16(&c, &v16), FLOWD_ESHORT);
	assert_int_equal(v16, 0);
	assert_int_equal(cur_left(&c), 1);
	assert_int_equal(cur_u8(&c, &v8), 0);
	assert_int_equal(cur_u8(&c, &v8), FLOWD_ESHORT);
	assert_int_equal(v8, 0);
}

static void
skips_and_copies(void **state)
{
	struct cursor c;
	uint8_t bytes[4];

	(void)state;
	cur_init(&c, wire, sizeof(wire));
	assert_int_equal(cur_skip(&c, 10), 0);
	assert_int_equal(cur_bytes(&c, bytes, sizeof(bytes)), 0);
	assert_memory_equal(bytes, wire + 10, sizeof(bytes));
	assert_int_equal(cur_skip(&c, 1), 0);
	assert_int_equal(cur_skip(&c, 0), 0);
	assert_int_equal(cur_left(&c), 0);
}

static void
a_part_cannot_reach_outside(void **state)
{
	struct cursor c, sub;
	uint16_t v16;
	uint8_t v8;

	(void)state;
	cur_init(&c, wire, sizeof(wire));
	assert_int_equal(cur_sub(&c, 3, &sub), 0);
	assert_int_equal(cur_left(&c), sizeof(wire) - 3);
	assert_int_equal(cur_u16(&sub, &v16), 0);
	assert_int_equal(cur_u16(&sub, &v16), FLOWD_ESHORT);
	assert_int_equal(cur_u8(&c, &v8), 0);
	assert_int_equal(v8, 4);

	assert_int_equal(cur_sub(&c, sizeof(wire), &sub), FLOWD_ESHORT);
	assert_int_equal(cur_left(&sub), 0);
	assert_int_equal(cur_left(&c), sizeof(wire) - 4);
}

static void
lends_octets_that_exist(void **state)
{
	struct cursor c;

	(void)state;
	cur_init(&c, wire, sizeof(wire));
	assert_ptr_equal(cur_take(&c, 4), wire);
	assert_ptr_equal(cur_peek(&c), wire + 4);
	assert_int_equal(cur_left(&c), 11);
	assert_null(cur_take(&c, 12));
	assert_null(cur_take(&c, SIZE_MAX));
	assert_int_equal(cur_truncate(&c, 12), FLOWD_ESHORT);
	assert_int_equal(cur_left(&c), 11);
	assert_int_equal(cur_truncate(&c, 5), 0);
	assert_ptr_equal(cur_take(&c, 5), wire + 4);
	assert_int_equal(cur_left(&c), 0);
	assert_ptr_equal(cur_take(&c, 0), wire + 9);
}

static void
lends_room_that_exists(void **state)
{
	static const uint8_t expected[8] = { 9, 9, 9, 0, 0, 0, 9, 9 };
	uint8_t buf[8];
	struct wcursor w;

	(void)state;
	memset(buf, 9, sizeof(buf));
	wcur_init(&w, buf, sizeof(buf) - 1);
	assert_int_equal(wcur_len(&w), 0);
	assert_int_equal(wcur_skip(&w, 8), FLOWD_ESPACE);
	assert_int_equal(wcur_skip(&w, 2), 0);
	assert_ptr_equal(wcur_take(&w, 1), buf + 2);
	assert_int_equal(wcur_zero(&w, 5), FLOWD_ESPACE);
	assert_int_equal(wcur_zero(&w, 3), 0);
	assert_null(wcur_take(&w, SIZE_MAX));
	assert_int_equal(wcur_len(&w), 6);
	assert_int_equal(wcur_left(&w), 1);
	assert_memory_equal(buf, expected, sizeof(buf));
}

static void
written_values_read_back(void **state)
{
	uint8_t out[sizeof(wire)];
	struct wcursor w;

	(void)state;
	wcur_init(&w, out, sizeof(out));
	assert_int_equal(wcur_u8(&w, 0x01), 0);
	assert_int_equal(wcur_u16(&w, 0x0203), 0);
	assert_int_equal(wcur_u32(&w, 0x04050607), 0);
	assert_int_equal(wcur_u64(&w, 0x08090a0b0c0d0e0f), 0);
	assert_int_equal(wcur_left(&w), 0);
	assert_memory_equal(out, wire, sizeof(wire));
}

static void
a_write_that_does_not_fit_writes_nothing(void **state)
{
	static const uint8_t zero[8];
	uint8_t out[8] = { 0 };
	struct wcursor w;

	(void)state;
	wcur_init(&w, out, 7);
	assert_int_equal(wcur_u64(&w, UINT64_MAX), FLOWD_ESPACE);
	assert_int_equal(wcur_bytes(&w, wire, 8), FLOWD_ESPACE);
	wcur_init(&w, out, 3);
	assert_int_equal(wcur_u32(&w, UINT32_MAX), FLOWD_ESPACE);
	wcur_init(&w, out, 1);
	assert_int_equal(wcur_u16(&w, UINT16_MAX), FLOWD_ESPACE);
	wcur_init(&w, out, 0);
	assert_int_equal(wcur_u8(&w, UINT8_MAX), FLOWD_ESPACE);
	assert_memory_equal(out, zero, sizeof(out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_big_endian_in_order),
		cmocka_unit_test(reads_the_highest_values),
		cmocka_unit_test(a_short_read_returns_zero_and_does_not_move),
		cmocka_unit_test(skips_and_copies),
		cmocka_unit_test(a_part_cannot_reach_outside),
		cmocka_unit_test(lends_octets_that_exist),
		cmocka_unit_test(lends_room_that_exists),
		cmocka_unit_test(written_values_read_back),
		cmocka_unit_test(a_write_that_does_not_fit_writes_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
