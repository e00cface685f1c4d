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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/parse-index.h"
#include "config/parse-memory.h"

#define KEYS     30000
#define KEY_SIZE 32

static size_t
make_key(char key[KEY_SIZE], size_t i)
{
	(void)snprintf(key, KEY_SIZE, "name%zu", i);
	return (strlen(key));
}

static void
test_finds_what_was_added(void **state)
{
	struct parse_index index = { NULL, 0, 0 };
	char key[KEY_SIZE];
	size_t i, len, value;

	(void)state;
	for (i = 0; i < KEYS; i++) {
		len = make_key(key, i);
		assert_false(parse_index_find(&index, key, len, &value));
		parse_index_add(&index, key, len, i);
	}
	assert_int_equal(index.n, KEYS);
	for (i = 0; i < KEYS; i++) {
		len = make_key(key, i);
		assert_true(parse_index_find(&index, key, len, &value));
		assert_int_equal(value, i);
		assert_false(parse_index_find(&index, key, len + 1, &value));
	}
	parse_index_free(&index);
	assert_false(parse_index_find(&index, "name0", 5, &value));
	parse_texts_free();
}

/* A key may have any octets, or none. */
static void
test_keys_are_octets(void **state)
{
	static const uint8_t zeros[4] = { 0, 0, 0, 0 };
	struct parse_index index = { NULL, 0, 0 };
	size_t len, value;

	(void)state;
	for (len = 0; len <= sizeof(zeros); len++)
		parse_index_add(&index, zeros, len, len);
	for (len = 0; len <= sizeof(zeros); len++) {
		assert_true(parse_index_find(&index, zeros, len, &value));
		assert_int_equal(value, len);
	}
	parse_index_free(&index);
	parse_texts_free();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_was_added),
		cmocka_unit_test(test_keys_are_octets),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
