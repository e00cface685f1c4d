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

/* Which bytes of a damaged log are recognised as records. */

#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/store-scan.h"

#define CHECKED STORE_FIELD_ALL
#define PLAIN   (STORE_FIELD_ALL & ~STORE_FIELD_CRC32)

struct bytes {
	uint8_t data[100000];
	size_t len;
};

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct bytes));
	return (*state == NULL ? -1 : 0);
}

static int
teardown(void **state)
{
	free(*state);
	return (0);
}

/* Appends a record of 40 bytes, or 44 with checksum. */
static void
add(struct bytes *b, uint32_t mask)
{
	struct flow flow;
	size_t len;

	memset(&flow, 0, sizeof(flow));
	flow.fields = STORE_FIELD_OCTETS | STORE_FIELD_PACKETS |
	    STORE_FIELD_RECV_TIME | STORE_FIELD_FLOW_TIMES;
	flow.octets = flow.packets = UINT64_MAX;
	flow.flow_start = flow.flow_finish = UINT32_MAX;
	assert_int_equal(store_encode(&flow, mask, b->data + b->len,
			     sizeof(b->data) - b->len, &len),
	    0);
	b->len += len;
}

static void
add_garbage(struct bytes *b, size_t len)
{
	memset(b->data + b->len, 0xa5, len);
	b->len += len;
}

/*
 * Appends a header of this version, length in words, and fields, but no body.
 */
static void
add_header(struct bytes *b, uint8_t version, uint8_t words, uint8_t fields)
{
	const uint8_t header[] = { version, words, 0, 0, 0, fields, 0, 0 };

	memcpy(b->data + b->len, header, sizeof(header));
	b->len += sizeof(header);
}

/* Asserts that there are records at exactly these offsets, up to SIZE_MAX. */
static void
assert_found(const struct bytes *b, bool in_step, const size_t *offsets)
{
	struct scan *s = malloc(sizeof(*s));
	size_t pos = 0, skip, len;

	assert_non_null(s);
	scan_init(s);
	while (pos < b->len) {
		(void)scan_window(s, b->data + pos, b->len - pos, in_step);
		while (scan_next(s, &skip, &len)) {
			pos += skip;
			/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
			assert_int_equal(pos, *offsets);
			offsets++;
			pos += len;
		}
		pos += skip;
		in_step = skip == 0;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): the end's mark */
	assert_int_equal(*offsets, SIZE_MAX);
	assert_int_equal(pos, b->len);
	free(s);
}

#define FOUND(...) ((const size_t[]){ __VA_ARGS__, SIZE_MAX })
#define NONE       ((const size_t[]){ SIZE_MAX })

static void
a_checksum_is_enough(void **state)
{
	struct bytes *b = *state;

	add_garbage(b, 5);
	add(b, CHECKED);
	add_garbage(b, 5);
	assert_found(b, false, FOUND(5));
}

static void
a_record_with_a_wrong_checksum_is_not_found(void **state)
{
	struct bytes *b = *state;

	add(b, CHECKED);
	add(b, CHECKED);
	b->data[20] ^= 1;
	assert_found(b, true, FOUND(44));
}

static void
a_record_without_checksum_must_be_followed(void **state)
{
	struct bytes *b = *state;

	add_garbage(b, 5);
	add(b, PLAIN);
	assert_found(b, false, FOUND(5)); /* the end of the log */
	add(b, PLAIN);
	assert_found(b, false, FOUND(5, 45));
	add_garbage(b, 5);
	assert_found(b, false, FOUND(5, 45)); /* after another */
	memmove(b->data + 45, b->data + 85, 5);
	b->len = 50;
	assert_found(b, false, NONE);
}

static void
an_expected_record_need_not_be_followed(void **state)
{
	struct bytes *b = *state;

	add(b, PLAIN);
	add_garbage(b, 5);
	assert_found(b, false, NONE);
	assert_found(b, true, FOUND(0));
}

static void
a_known_header_is_enough(void **state)
{
	struct bytes *b = *state;

	add_garbage(b, 5);
	add(b, PLAIN);
	add_garbage(b, 5);
	add(b, PLAIN);
	add(b, PLAIN);
	assert_found(b, false, FOUND(5, 50, 90));
}

static void
a_truncated_record_does_not_include_the_next(void **state)
{
	const uint32_t masks[] = { CHECKED, PLAIN };
	struct bytes *b = *state;
	size_t i;

	for (i = 0; i < 2; i++) {
		b->len = 0;
		add(b, PLAIN);
		b->len -= 20;
		add(b, masks[i]);
		add(b, masks[i]);
		assert_found(b, true, FOUND(20, i == 0 ? 64 : 60));
	}
}

static void
a_false_header_hides_no_record(void **state)
{
	const uint32_t masks[] = { CHECKED, PLAIN };
	struct bytes *b = *state;
	size_t i;

	for (i = 0; i < 2; i++) {
		/* Its end is the beginning of the third record. */
		b->len = 0;
		add_header(b, 0x61, i == 0 ? 22 : 20, 8);
		add(b, masks[i]);
		add(b, masks[i]);
		add(b, masks[i]);
		add(b, masks[i]);
		if (i == 0)
			assert_found(b, true, FOUND(8, 52, 96, 140));
		else
			assert_found(b, true, FOUND(8, 48, 88, 128));
	}
}

static void
an_unknown_version_must_be_confirmed(void **state)
{
	struct bytes *b = *state;

	add_header(b, 0x61, 1, 8); /* with a new field */
	add_garbage(b, 4);
	add(b, CHECKED);
	assert_found(b, true, FOUND(12));
	b->len = 0;
	add_header(b, 0x61, 1, 8);
	add_garbage(b, 4);
	add_header(b, 0x61, 1, 8);
	add_garbage(b, 4);
	assert_found(b, false, FOUND(0, 12));
}

static void
an_empty_record_must_be_followed(void **state)
{
	struct bytes *b = *state;

	add(b, CHECKED);
	add_header(b, 0x60, 0, 0);
	add_garbage(b, 5);
	assert_found(b, true, FOUND(0));
	b->len -= 5;
	add(b, CHECKED);
	assert_found(b, true, FOUND(0, 44, 52));
}

static void
records_across_windows_are_found(void **state)
{
	struct bytes *b = *state;
	size_t offsets[2000], n = 0;

	/* Records and garbage across each end of a window. */
	while (b->len < 5 * SCAN_WINDOW) {
		offsets[n++] = b->len;
		add(b, n % 3 == 0 ? PLAIN : CHECKED);
		if (n % 7 == 0)
			add_garbage(b, n % 61);
	}
	assert_true(n < 2000);
	offsets[n] = SIZE_MAX;
	assert_found(b, true, offsets);
	b->len = 0;
	add_garbage(b, 3 * SCAN_WINDOW + 100);
	add(b, CHECKED);
	assert_found(b, true, FOUND(3 * SCAN_WINDOW + 100));
}

static unsigned int
kinds_of(const struct bytes *b, bool in_step, bool ends)
{
	size_t known;

	return (scan_kinds(b->data, b->len, in_step, ends, &known));
}

static void
kinds_need_anchors(void **state)
{
	struct bytes *b = *state;

	add(b, PLAIN);
	assert_int_equal(kinds_of(b, true, true), SCAN_PLAIN);
	assert_int_equal(kinds_of(b, true, false), 0);
	assert_int_equal(kinds_of(b, false, true), 0);
	add(b, CHECKED);
	assert_int_equal(kinds_of(b, true, false), SCAN_CHECKED | SCAN_PLAIN);
	assert_int_equal(kinds_of(b, false, false), SCAN_CHECKED);
	add(b, PLAIN);
	add_garbage(b, 5);
	assert_int_equal(kinds_of(b, false, true), SCAN_CHECKED);
	b->len -= 5;
	assert_int_equal(kinds_of(b, false, true), SCAN_CHECKED | SCAN_PLAIN);
}

static void
a_record_is_damaged_only_inside(void **state)
{
	struct bytes *b = *state;
	struct scan *s = malloc(sizeof(*s));

	assert_non_null(s);
	scan_init(s);
	add(b, CHECKED);
	add(b, CHECKED);
	add(b, CHECKED);
	b->data[20] ^= 1;
	b->data[64] ^= 1;
	assert_int_equal(scan_damaged_inside(s, b->data, b->len, false), 88);
	b->data[108] ^= 1;
	assert_int_equal(scan_damaged_inside(s, b->data, b->len, false), 0);
	assert_int_equal(scan_damaged_inside(s, b->data, b->len, true), 132);
	b->data[0] ^= 1;
	assert_int_equal(scan_damaged_inside(s, b->data, b->len, true), 0);
	free(s);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_checksum_is_enough),
		TEST(a_record_with_a_wrong_checksum_is_not_found),
		TEST(a_record_without_checksum_must_be_followed),
		TEST(an_expected_record_need_not_be_followed),
		TEST(a_known_header_is_enough),
		TEST(a_truncated_record_does_not_include_the_next),
		TEST(a_false_header_hides_no_record),
		TEST(an_unknown_version_must_be_confirmed),
		TEST(an_empty_record_must_be_followed),
		TEST(records_across_windows_are_found),
		TEST(kinds_need_anchors),
		TEST(a_record_is_damaged_only_inside),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
