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
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crc32.h"
#include "lib/cursor.h"
#include "lib/store-v2.h"

static const uint8_t file_header[16] = { 0x01, 0x2c, 0xf0, 0x47, 0, 0, 0, 2,
	0x40, 0x41, 0x2b, 0x80, 0, 0, 0, 0 };

/*
 * The fields that differ from version 3, and one between each two; no checksum.
 */
static const uint8_t record[] = {
	0, 7, 0x68, 0x03,                     /* fields */
	0, 0, 0, 7,                           /* tag */
	0x40, 0x41, 0x2b, 0xbc,               /* recv_sec */
	1, 0xbb, 0xc3, 0x50,                  /* ports */
	0, 0, 0, 1, 0, 0, 0, 2,               /* octets */
	0xff, 0xff, 0, 2,                     /* interfaces */
	0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff,   /* flow times */
	0xfb, 0xf4, 0xff, 0xff, 24, 16, 0, 0, /* AS numbers, prefixes */
	8, 9, 0, 0, 0, 0, 0, 99,              /* engine, sequence */
};

static void
the_file_header(void **state)
{
	uint8_t other[16];
	uint32_t start;

	(void)state;
	assert_int_equal(store_v2_check_file(file_header, 16, &start), 0);
	assert_int_equal(start, 0x40412b80);
	assert_int_equal(store_v2_check_file(file_header, 15, &start),
	    FLOWD_ESHORT);
	assert_int_equal(start, 0);
	memcpy(other, file_header, sizeof(other));
	other[7] = 3;
	assert_int_equal(store_v2_check_file(other, 16, &start),
	    FLOWD_EVERSION);
	other[7] = 2;
	other[0] = 0x60;
	assert_int_equal(store_v2_check_file(other, 16, &start),
	    FLOWD_EVERSION);
}

static void
fields_are_widened(void **state)
{
	struct flow flow;
	size_t len;

	(void)state;
	assert_int_equal(store_v2_decode(record, sizeof(record), &flow, &len),
	    0);
	assert_int_equal(len, sizeof(record));
	assert_int_equal(flow.version, 0x40);
	assert_int_equal(flow.fields, 0x00076803);
	assert_int_equal(flow.tag, 7);
	assert_int_equal(flow.recv_sec, 0x40412bbc);
	assert_int_equal(flow.recv_usec, 0);
	assert_int_equal(flow.src_port, 443);
	assert_int_equal(flow.dst_port, 50000);
	assert_true(flow.octets == (1ULL << 32) + 2);
	assert_int_equal(flow.if_index_in, 65535);
	assert_int_equal(flow.if_index_out, 2);
	assert_int_equal(flow.flow_start, 1);
	assert_int_equal(flow.flow_finish, UINT32_MAX);
	assert_int_equal(flow.src_as, 64500);
	assert_int_equal(flow.dst_as, 65535);
	assert_int_equal(flow.src_mask, 24);
	assert_int_equal(flow.dst_mask, 16);
	assert_int_equal(flow.engine_type, 8);
	assert_int_equal(flow.engine_id, 9);
	assert_int_equal(flow.flow_sequence, 99);
	assert_int_equal(flow.source_id, 0);
	assert_int_equal(flow.crc, 0);
}

static void
every_truncation_is_short(void **state)
{
	struct flow flow;
	uint8_t *copy;
	size_t size, len;

	(void)state;
	for (size = 0; size < sizeof(record); size++) {
		/*
		 * An allocation of exactly this size, so that sanitizers see an
		 * overrun.
		 */
		copy = malloc(size + 1);
		assert_non_null(copy);
		memcpy(copy + 1, record, size);
		assert_int_equal(store_v2_decode(copy + 1, size, &flow, &len),
		    FLOWD_ESHORT);
		assert_int_equal(len, 0);
		assert_int_equal(flow.fields, 0);
		free(copy);
	}
}

/* Every mask has its length, and the record's own checksum is read. */
static void
every_mask(void **state)
{
	uint8_t buf[STORE_RECORD_MAX];
	struct flow flow;
	uint32_t fields, crc;
	size_t total, len, bit;
	static const size_t lens[19] = { 4, 4, 4, 4, 16, 4, 16, 4, 16, 4, 16, 4,
		8, 8, 4, 16, 8, 8, 8 };

	(void)state;
	memset(buf, 0x5a, sizeof(buf));
	for (fields = 0; fields < 1U << 19; fields += 7) {
		if ((fields << 1 & fields & 0x550) != 0)
			continue;
		total = 4;
		for (bit = 0; bit < 19; bit++)
			total += (fields >> bit & 1) * lens[bit];
		be32_put(buf, fields);
		assert_int_equal(store_v2_decode(buf, total, &flow, &len), 0);
		assert_int_equal(len, total);
		assert_int_equal(flow.fields, fields);
		be32_put(buf, fields | STORE_FIELD_CRC32);
		crc = flowd_crc32(0, buf, total);
		be32_put(buf + total, crc);
		assert_int_equal(store_v2_decode(buf, total + 4, &flow, &len),
		    0);
		assert_int_equal(len, total + 4);
		assert_int_equal(flow.crc, crc);
		buf[total] ^= 1;
		assert_int_equal(store_v2_decode(buf, total + 4, &flow, &len),
		    FLOWD_ECRC);
		memset(buf + total, 0x5a, 4);
	}
}

static void
other_masks_are_refused(void **state)
{
	static const uint32_t masks[] = { 1U << 31, 1U << 19, 1U << 29, 0x18,
		0x60, 0x180, 0x600 };
	uint8_t buf[STORE_RECORD_MAX] = { 0 };
	struct flow flow;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		be32_put(buf, masks[i]);
		assert_int_equal(store_v2_decode(buf, sizeof(buf), &flow, &len),
		    FLOWD_EHEADER);
		assert_int_equal(len, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_header),
		cmocka_unit_test(fields_are_widened),
		cmocka_unit_test(every_truncation_is_short),
		cmocka_unit_test(every_mask),
		cmocka_unit_test(other_masks_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
