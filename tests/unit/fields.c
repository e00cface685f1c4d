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
 * The table of fields: what the code that walks it relies on.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"
#include "lib/bits.h"
#include "lib/fields.h"

static size_t
field_octets(uint32_t field)
{
	const uint32_t four = field & ~FIELDS_ADDR6;

	return (store_record_len(four != 0 ? four : field) - STORE_HEADER_LEN);
}

static void
rows_are_in_the_order_of_the_bits(void **state)
{
	const struct member *m;
	uint32_t last = 0;
	size_t i;

	(void)state;
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		assert_true(m->field >= last);
		assert_true((m->field & ~FIELDS_KNOWN) == 0);
		last = m->field;
	}
}

static void
members_fill_their_field(void **state)
{
	const struct member *m;
	uint64_t octets = 0, own;
	size_t i, len;

	(void)state;
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (i == 0 || field_member(i - 1)->field != m->field)
			octets = 0;
		if (m->type != MEMBER_ALIAS) {
			own = ((UINT64_C(1) << m->width) - 1) << m->at;
			assert_true((octets & own) == 0);
			octets |= own;
		}
		if (field_member(i + 1) != NULL &&
		    field_member(i + 1)->field == m->field)
			continue;
		len = field_octets(m->field);
		assert_true(octets == (UINT64_C(1) << len) - 1);
	}
}

static void
each_field_has_members(void **state)
{
	const struct member *m;
	uint32_t fields = 0;
	size_t i;

	(void)state;
	for (i = 0; (m = field_member(i)) != NULL; i++)
		fields |= m->field;
	assert_int_equal(fields, FIELDS_KNOWN);
}

static void
numbers_have_a_size_that_is_read(void **state)
{
	const struct member *m;
	size_t i;

	(void)state;
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->type == MEMBER_NUMBER) {
			assert_int_equal(m->size, m->width);
			assert_true(m->size == 1 || m->size == 2 ||
			    m->size == 4 || m->size == 8);
		}
	}
}

/* A gap would end the line of CSV early. */
static void
csv_columns_have_no_gap(void **state)
{
	const struct member *m;
	uint64_t columns = 0;
	size_t i;

	(void)state;
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		assert_true((m->csv_column == 0) == (m->csv == NULL));
		if (m->csv_column == 0)
			continue;
		assert_true((columns >> m->csv_column & 1) == 0);
		columns |= UINT64_C(1) << m->csv_column;
	}
	columns >>= 1;
	assert_true((columns & (columns + 1)) == 0);
	assert_true(strlen(format_csv_header()) < 512);
}

static void
names_are_unique(void **state)
{
	const struct field_name *a, *b;
	const struct member *m, *n;
	size_t i, k;

	(void)state;
	for (i = 0; (a = field_name(i)) != NULL; i++) {
		assert_int_equal(store_field_mask(a->name), a->mask);
		for (k = 0; k < i && (b = field_name(k)) != NULL; k++)
			assert_string_not_equal(a->name, b->name);
	}
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->name == NULL)
			continue;
		assert_non_null(m->doc);
		for (k = 0; k < i && (n = field_member(k)) != NULL; k++)
			assert_false(
			    n->name != NULL && strcmp(m->name, n->name) == 0);
	}
}

static void
each_bit_has_a_name(void **state)
{
	const struct field_name *n;
	uint32_t fields = 0;
	size_t i;

	(void)state;
	for (i = 0; (n = field_name(i)) != NULL; i++) {
		if (bits_count(n->mask) == 1)
			fields |= n->mask;
	}
	assert_int_equal(fields, FIELDS_KNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_in_the_order_of_the_bits),
		cmocka_unit_test(members_fill_their_field),
		cmocka_unit_test(each_field_has_members),
		cmocka_unit_test(numbers_have_a_size_that_is_read),
		cmocka_unit_test(csv_columns_have_no_gap),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(each_bit_has_a_name),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
