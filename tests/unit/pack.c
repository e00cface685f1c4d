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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "errors.h"
#include "base/pack.h"

struct item {
	uint16_t number;
};

struct thing {
	uint8_t n1;
	uint16_t n2;
	uint32_t n4;
	uint64_t n8;
	bool yes;
	char text[4];
	char *string;
	struct item pair[2];
	struct item *items;
	uint32_t nitems;
};

static int
check_item(const void *item)
{
	return (((const struct item *)item)->number == 13 ? FLOWD_EINVAL : 0);
}

static const struct pack_row item_rows[] = {
	PACK_PLAIN(PACK_NUMBER, struct item, number),
};
static const struct pack_layout item_layout =
    PACK_LAYOUT(struct item, item_rows, check_item);

static const struct pack_row thing_rows[] = {
	PACK_BOUNDED(PACK_NUMBER, struct thing, n1, 1, 200),
	PACK_PLAIN(PACK_NUMBER, struct thing, n2),
	PACK_PLAIN(PACK_NUMBER, struct thing, n4),
	PACK_PLAIN(PACK_NUMBER, struct thing, n8),
	PACK_PLAIN(PACK_BOOL, struct thing, yes),
	PACK_PLAIN(PACK_TEXT, struct thing, text),
	PACK_BOUNDED(PACK_STRING, struct thing, string, 1, 3),
	PACK_NESTED(struct thing, pair, item_layout),
	PACK_ITEMS(struct thing, items, nitems, item_layout, 2),
};
static const struct pack_layout thing_layout =
    PACK_LAYOUT(struct thing, thing_rows, NULL);

static const uint8_t bytes[] = {
	200,                    /* 0: n1 */
	0x12, 0x34,             /* 1: n2 */
	0x12, 0x34, 0x56, 0x78, /* 3: n4 */
	1, 2, 3, 4, 5, 6, 7, 8, /* 7: n8 */
	1,                      /* 15: yes */
	'a', 'b', 0, 0,         /* 16: text */
	0, 0, 0, 2, 'x', 'y',   /* 20: string */
	0, 1, 0, 2,             /* 26: pair */
	0, 0, 0, 2, 0, 3, 0, 4, /* 30: items */
};

static int
unpack(const uint8_t *data, size_t len, struct thing *thing)
{
	struct cursor c;

	memset(thing, 0, sizeof(*thing));
	cur_init(&c, data, len);
	return (unpack_struct(&c, &thing_layout, thing));
}

static void
clear(struct thing *thing)
{
	free(thing->string);
	free(thing->items);
}

static void
members_are_packed_in_their_places(void **state)
{
	struct thing thing;
	struct wcursor w;
	uint8_t again[sizeof(bytes)];
	size_t room;

	(void)state;
	assert_int_equal(unpack(bytes, sizeof(bytes), &thing), 0);
	assert_int_equal(thing.n1, 200);
	assert_int_equal(thing.n2, 0x1234);
	assert_int_equal(thing.n4, 0x12345678);
	assert_true(thing.n8 == UINT64_C(0x0102030405060708));
	assert_true(thing.yes);
	assert_string_equal(thing.text, "ab");
	assert_string_equal(thing.string, "xy");
	assert_int_equal(thing.pair[1].number, 2);
	assert_int_equal(thing.nitems, 2);
	assert_int_equal(thing.items[1].number, 4);
	for (room = 0; room < sizeof(bytes); room++) {
		wcur_init(&w, again, room);
		assert_int_equal(pack_struct(&w, &thing_layout, &thing),
		    FLOWD_ESPACE);
	}
	wcur_init(&w, again, sizeof(again));
	assert_int_equal(pack_struct(&w, &thing_layout, &thing), 0);
	assert_int_equal(wcur_left(&w), 0);
	assert_memory_equal(again, bytes, sizeof(bytes));
	clear(&thing);
}

static void
bytes_that_end_early_are_refused(void **state)
{
	struct thing thing;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(bytes); len++) {
		assert_int_equal(unpack(bytes, len, &thing), FLOWD_ESHORT);
		clear(&thing);
	}
}

static void
values_outside_their_bounds_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t octet;
		int r;
	} rows[] = {
		{ 0, 0, FLOWD_EINVAL },    /* n1 */
		{ 0, 201, FLOWD_EINVAL },  /* n1 */
		{ 15, 2, FLOWD_EINVAL },   /* a bool */
		{ 19, 'x', FLOWD_EINVAL }, /* after the text's NUL */
		{ 18, 'x', 0 },            /* a text that fills its place */
		{ 23, 0, FLOWD_EINVAL },   /* an empty string */
		{ 23, 4, FLOWD_EINVAL },   /* a string that is too long */
		{ 20, 255, FLOWD_ESHORT }, /* a string without its bytes */
		{ 25, 0, FLOWD_EINVAL },   /* a NUL in the string */
		{ 27, 13, FLOWD_EINVAL },  /* refused by check_item */
		{ 37, 13, FLOWD_EINVAL },  /* the same, in the array */
		{ 30, 255, FLOWD_ESHORT }, /* items without their bytes */
	};
	struct thing thing;
	uint8_t copy[sizeof(bytes)];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(copy, bytes, sizeof(copy));
		copy[rows[i].at] = rows[i].octet;
		if (unpack(copy, sizeof(copy), &thing) != rows[i].r)
			fail_msg("row %zu", i);
		clear(&thing);
	}
}

static void
more_items_than_allowed_are_refused(void **state)
{
	uint8_t longer[sizeof(bytes) + 2] = { 0 };
	struct thing thing;

	(void)state;
	memcpy(longer, bytes, sizeof(bytes));
	longer[33] = 3;
	assert_int_equal(unpack(longer, sizeof(longer), &thing), FLOWD_EINVAL);
	clear(&thing);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_packed_in_their_places),
		cmocka_unit_test(bytes_that_end_early_are_refused),
		cmocka_unit_test(values_outside_their_bounds_are_refused),
		cmocka_unit_test(more_items_than_allowed_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
