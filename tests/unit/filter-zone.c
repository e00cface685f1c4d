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
#include <time.h>

#include <cmocka.h>

#include "filter/filter-zone.h"

#define HOUR 3600

/* Two with daylight saving, one of them not of whole hours, and one without. */
static const char *const zones[] = { "CET-1CEST,M3.5.0,M10.5.0/3",
	"NST3:30NDT,M3.2.0,M11.1.0", "<+0545>-5:45", "UTC0" };
#define NZONES (sizeof(zones) / sizeof(zones[0]))

static void
set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void
assert_same_time(time_t t, time_t expected)
{
	struct tm tm, local;

	assert_non_null(gmtime_r(&expected, &local));
	assert_non_null(filter_zone_time(t, &tm));
	assert_int_equal(tm.tm_year, local.tm_year);
	assert_int_equal(tm.tm_yday, local.tm_yday);
	assert_int_equal(tm.tm_wday, local.tm_wday);
	assert_int_equal(tm.tm_hour, local.tm_hour);
	assert_int_equal(tm.tm_min, local.tm_min);
	assert_int_equal(tm.tm_sec, local.tm_sec);
}

/* The offsets give each half hour of 12 years the time that localtime_r has. */
static void
test_offsets_are_those_of_the_zone(void **state)
{
	const time_t from = 1577836800, to = from + (time_t)12 * 366 * 86400;
	struct filter_offset offsets[FILTER_OFFSETS_MAX];
	struct tm listed, local;
	size_t i, n;
	time_t t;

	(void)state;
	for (i = 0; i < NZONES; i++) {
		set_zone(zones[i]);
		n = filter_zone_list(from, offsets);
		for (t = from - 1; t < to; t += HOUR / 2) {
			assert_non_null(localtime_r(&t, &local));
			filter_zone_set(offsets, n);
			assert_non_null(filter_zone_time(t, &listed));
			assert_int_equal(listed.tm_yday, local.tm_yday);
			assert_int_equal(listed.tm_hour, local.tm_hour);
			assert_int_equal(listed.tm_min, local.tm_min);
		}
		filter_zone_set(NULL, 0);
	}
}

static void
test_offsets_change_at_their_second(void **state)
{
	const struct filter_offset offsets[] = { { 0, 0 }, { 1000000, HOUR },
		{ 2000000, -HOUR } };

	(void)state;
	set_zone("UTC0");
	filter_zone_set(offsets, 3);
	assert_same_time(999999, 999999);
	assert_same_time(1000000, 1000000 + HOUR);
	assert_same_time(1999999, 1999999 + HOUR);
	assert_same_time(2000000, 2000000 - HOUR);
	filter_zone_set(NULL, 0);
	assert_same_time(1000000, 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets_are_those_of_the_zone),
		cmocka_unit_test(test_offsets_change_at_their_second),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
