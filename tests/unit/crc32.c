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
#include <zlib.h>

#include <cmocka.h>

#include "crc32.h"

#define DATA_LEN   (4096 + 16)
#define PIECES_MAX 13

static uint32_t
by_zlib(const uint8_t *data, size_t len)
{
	return (
	    (uint32_t)crc32(0xffffffff, data, (unsigned int)len) ^ 0xffffffff);
}

/* By the definition: one bit at a time. */
static uint32_t
by_definition(const uint8_t *data, size_t len)
{
	uint32_t crc = 0;
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
	}
	return (crc);
}

static void
fill(uint8_t *data)
{
	uint32_t v = 12345;
	size_t i;

	for (i = 0; i < DATA_LEN; i++) {
		v = v * 1103515245 + 12345;
		data[i] = (uint8_t)(v >> 16);
	}
}

static void
known_values(void **state)
{
	(void)state;
	assert_int_equal(flowd_crc32(0, "", 0), 0);
	/* The usual check string, with this start value and no inversion. */
	assert_int_equal(flowd_crc32(0, "123456789", 9), 0x2dfd2d88);
	assert_int_equal(flowd_crc32_table(0, "123456789", 9), 0x2dfd2d88);
}

static void
each_byte_at_each_place(void **state)
{
	uint8_t data[48];
	unsigned int v, at;
	uint32_t expected;

	(void)state;
	for (at = 0; at < sizeof(data); at++) {
		for (v = 0; v < 256; v++) {
			memset(data, 0, sizeof(data));
			data[at] = (uint8_t)v;
			expected = by_definition(data, sizeof(data));
			assert_int_equal(flowd_crc32(0, data, sizeof(data)),
			    expected);
			assert_int_equal(
			    flowd_crc32_table(0, data, sizeof(data)), expected);
		}
	}
}

static void
every_length_and_alignment(void **state)
{
	uint8_t data[DATA_LEN];
	size_t start, len;
	uint32_t expected;

	(void)state;
	fill(data);
	for (start = 0; start < 16; start++) {
		for (len = 0; len <= DATA_LEN - 16; len++) {
			expected = by_zlib(data + start, len);
			assert_int_equal(flowd_crc32(0, data + start, len),
			    expected);
			assert_int_equal(
			    flowd_crc32_table(0, data + start, len), expected);
		}
	}
}

static void
continues_across_calls(void **state)
{
	const size_t len = 300;
	uint8_t data[DATA_LEN];
	uint32_t expected;
	size_t split;

	(void)state;
	fill(data);
	expected = by_zlib(data, len);
	for (split = 0; split <= len; split++) {
		assert_int_equal(flowd_crc32(flowd_crc32(0, data, split),
				     data + split, len - split),
		    expected);
		assert_int_equal(
		    flowd_crc32_table(flowd_crc32_table(0, data, split),
			data + split, len - split),
		    expected);
	}
}

static void
each_of_many_in_a_row(void **state)
{
	uint8_t data[DATA_LEN];
	uint32_t crcs[PIECES_MAX];
	size_t n, len, gap, i;

	(void)state;
	fill(data);
	for (n = 0; n <= PIECES_MAX; n++) {
		for (len = 0; len <= 300; len++) {
			gap = len % 5;
			flowd_crc32_each(data + n, len + gap, len, n, crcs);
			for (i = 0; i < n; i++)
				assert_int_equal(crcs[i],
				    by_zlib(data + n + i * (len + gap), len));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(each_byte_at_each_place),
		cmocka_unit_test(every_length_and_alignment),
		cmocka_unit_test(continues_across_calls),
		cmocka_unit_test(each_of_many_in_a_row),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
