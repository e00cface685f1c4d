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

#include "lib/follow-name.h"

static const struct {
	const char *name, *base, *stem, *pattern;
	uint32_t number;
	bool compressed;
} rows[] = {
	{ "flowd.log", "flowd.log", "flowd.log", "flowd.log", 0, false },
	{ "flowd.log.gz", "flowd.log", "flowd.log", "flowd.log", 0, true },
	{ "flowd.log.1", "flowd.log", "flowd.log", "flowd.log", 1, false },
	{ "flowd.log.000012.gz", "flowd.log", "flowd.log", "flowd.log", 12,
	    true },
	{ "flowd.log-20261130.gz", "flowd.log-20261130", "flowd.log",
	    "flowd.log-*", 0, true },
	{ "flowd.log.20261130", "flowd.log.20261130", "flowd.log",
	    "flowd.log.*", 0, false },
	{ "20261130-06.flow", "20261130-06.flow", "20261130-06.flow", "*.flow",
	    0, false },
	{ "20261130061240.flow.000001.gz", "20261130061240.flow",
	    "20261130061240.flow", "*.flow", 1, true },
	{ "2026-11-30T06:12.flow", "2026-11-30T06:12.flow",
	    "2026-11-30T06:12.flow", "*.flow", 0, false },
	{ "2026334.flow", "2026334.flow", "2026334.flow", "*.flow", 0, false },
	{ "a261130-06z.flow", "a261130-06z.flow", "a261130-06z.flow",
	    "a*z.flow", 0, false },
	{ "192.0.2.1-20261130.flow", "192.0.2.1-20261130.flow",
	    "192.0.2.1-20261130.flow", "192.0.2.1-*.flow", 0, false },
	{ "20261130", "20261130", "20261130", "*", 0, false },
	/* No dates: addresses, and months and days that do not exist. */
	{ "10.11.12.13.flow", "10.11.12.13.flow", "10.11.12.13.flow",
	    "10.11.12.13.flow", 0, false },
	{ "20269930.flow", "20269930.flow", "20269930.flow", "20269930.flow", 0,
	    false },
	{ "router1.flow", "router1.flow", "router1.flow", "router1.flow", 0,
	    false },
	/* No numbers. */
	{ "flow.1234567", "flow.1234567", "flow.1234567", "flow.1234567", 0,
	    false },
	{ ".1", ".1", ".1", ".1", 0, false },
	{ ".gz", ".gz", ".gz", ".gz", 0, false },
	{ "", "", "", "", 0, false },
};

static void
names_are_split(void **state)
{
	struct follow_name n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		follow_name_parse(rows[i].name, &n);
		assert_string_equal(n.base, rows[i].base);
		assert_string_equal(n.stem, rows[i].stem);
		assert_string_equal(n.pattern, rows[i].pattern);
		assert_int_equal(n.number, rows[i].number);
		assert_int_equal(n.compressed, rows[i].compressed);
		assert_int_equal(n.dated, strcmp(n.base, n.pattern) != 0);
	}
}

/* A number becomes no other by an overflow, and a long name fits. */
static void
long_names_are_kept(void **state)
{
	char name[NAME_MAX + 1];
	struct follow_name n;

	(void)state;
	memset(name, '2', NAME_MAX);
	name[NAME_MAX] = '\0';
	name[1] = '.';
	follow_name_parse(name, &n);
	assert_string_equal(n.base, name);
	assert_int_equal(n.number, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_split),
		cmocka_unit_test(long_names_are_kept),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
