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
#include <time.h>

#include <cmocka.h>

#include "config/period.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NOW    1795995000 /* 2026-11-29T23:30:00Z */
#define MIN    INT64_MIN
#define MAX    INT64_MAX

static void
set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

/* A time in UTC, as YYYYMMDDHHMM; or MIN or MAX. */
static int64_t
utc(int64_t digits)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
		273, 304, 334 };
	int64_t year, month, days;

	if (digits == MIN || digits == MAX)
		return (digits);
	year = digits / 100000000;
	month = digits / 1000000 % 100;
	days = (year - 1970) * 365 + (year - 1969) / 4 + before[month - 1] +
	    digits / 10000 % 100 - 1;
	if (month > 2 && year % 4 == 0)
		days++;
	return (days * 86400 + digits / 100 % 100 * 3600 + digits % 100 * 60);
}

struct row {
	const char *text;
	int64_t from, to; /* of utc() */
};

static void
check(const struct row *rows, size_t n, bool is_utc)
{
	struct period p;
	size_t i;

	for (i = 0; i < n; i++) {
		print_message("# %s\n", rows[i].text);
		assert_null(period_parse(rows[i].text, NOW, is_utc, &p));
		assert_int_equal(p.from, utc(rows[i].from));
		assert_int_equal(p.to, utc(rows[i].to));
	}
}

static const struct row in_utc[] = {
	{ "02:00-02:15", 202611290200, 202611290215 },
	{ "2:00-24:00", 202611290200, 202611300000 },
	{ "02:00", 202611290200, 202611290201 },
	{ "02:00-", 202611290200, MAX },
	{ "-02:00", MIN, 202611290200 },
	{ "20261128T0200-0215", 202611280200, 202611280215 },
	{ "20261128T02-04", 202611280200, 202611280400 },
	{ "20261128T0200-02:15", 202611280200, 202611280215 },
	{ "20261128T2300-20261129T0100", 202611282300, 202611290100 },
	{ "20261128T2300-20261129", 202611282300, 202611290000 },
	{ "20261128-20261129", 202611280000, 202611290000 },
	{ "20261128-", 202611280000, MAX },
	{ "-20261201", MIN, 202612010000 },
	{ "20261130", 202611300000, 202612010000 },
	{ "20261130T02", 202611300200, 202611300300 },
	{ "20261130T0259", 202611300259, 202611300300 },
	{ "202612", 202612010000, 202701010000 },
	{ "202602", 202602010000, 202603010000 },
	{ "202802", 202802010000, 202803010000 },
	{ "20280229", 202802290000, 202803010000 },
	{ "2026", 202601010000, 202701010000 },
	{ "2025-2026", 202501010000, 202601010000 },
	{ "202601-202604", 202601010000, 202604010000 },
	{ "today", 202611290000, 202611300000 },
	{ "yesterday", 202611280000, 202611290000 },
	{ "last-15m", 202611292315, MAX },
	{ "last-90m", 202611292200, MAX },
	{ "last-3600s", 202611292230, MAX },
	{ "last-2h", 202611292130, MAX },
	{ "last-30d", 202610302330, MAX },
};

/* In Berlin it is half past midnight of the next day. */
static const struct row in_berlin[] = {
	{ "today", 202611292300, 202611302300 },
	{ "yesterday", 202611282300, 202611292300 },
	{ "00:15-00:30", 202611292315, 202611292330 },
	{ "202607", 202606302200, 202607312200 },
	{ "last-15m", 202611292315, MAX },
	/* 02:00 to 03:00 does not exist on this day. */
	{ "20260329", 202603282300, 202603292200 },
	{ "20260329T0130-0330", 202603290030, 202603290130 },
	{ "20260329T0130-0230", 202603290030, 202603290100 },
	{ "20260329T0230-0330", 202603290100, 202603290130 },
	{ "20260329T0100-0200", 202603290000, 202603290100 },
	/* 02:00 to 03:00 comes twice on this day. */
	{ "20261025", 202610242200, 202610252300 },
	{ "20261025T0200-0215", 202610250000, 202610250115 },
	{ "20261025T02", 202610250000, 202610250200 },
	{ "20261025T0100-0200", 202610242300, 202610250000 },
	{ "20261025T0230-0400", 202610250030, 202610250300 },
	{ "20261025T0300-0400", 202610250200, 202610250300 },
};

static void
every_form_is_read(void **state)
{
	(void)state;
	set_zone(BERLIN);
	check(in_utc, sizeof(in_utc) / sizeof(in_utc[0]), true);
}

static void
local_time_has_changes(void **state)
{
	(void)state;
	set_zone(BERLIN);
	check(in_berlin, sizeof(in_berlin) / sizeof(in_berlin[0]), false);
}

static void
a_zone_without_changes(void **state)
{
	static const struct row rows[] = {
		{ "20261025T02", 202610242030, 202610242130 },
		{ "today", 202611291830, 202611301830 },
	};

	(void)state;
	set_zone("IST-5:30");
	check(rows, sizeof(rows) / sizeof(rows[0]), false);
}

static void
wrong_periods_are_refused(void **state)
{
	static const char *const wrong[] = { "", "-", "--", "x", "2", "202",
		"1969", "20261", "202613", "20261100", "20261131", "20260229",
		"21000229", "20261130T", "20261130T2", "20261130T24",
		"20261130T0260", "20261130T020", "202611300200", "2026-11-30",
		"02:60", "25:00", "24:01", "02:00-x", "02:00-02:15-02:30",
		"02:00 -02:15", " today", "today ", "tomorrow", "last-",
		"last-m", "last-0m", "last-15", "last-15w", "last-15mm",
		"last--5m", "last-1000000000s", "99999", "20261130t02",
		"2026113000000000000000000" };
	static const char *const empty[] = { "02:15-02:00", "02:00-02:00",
		"20261130-20261130", "2026-2025", "20261130T0200-0100" };
	struct period p;
	const char *error;
	size_t i;

	(void)state;
	set_zone(BERLIN);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		print_message("# %s\n", wrong[i]);
		error = period_parse(wrong[i], NOW, true, &p);
		assert_non_null(error);
		assert_non_null(strstr(error, "expected FROM-TO"));
	}
	for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		print_message("# %s\n", empty[i]);
		error = period_parse(empty[i], NOW, false, &p);
		assert_string_equal(error,
		    "its end is not after its beginning");
	}
	error = period_parse("20260329T0210-0250", NOW, false, &p);
	assert_non_null(strstr(error, "set forward"));
	assert_null(period_parse("20260329T0210-0250", NOW, true, &p));
}

static bool
has(struct period period, uint32_t seconds)
{
	const struct flow flow = { .fields = STORE_FIELD_RECV_TIME,
		.recv_sec = seconds };
	const struct period_ns p = period_to_ns(&period);

	return (period_has_flow(&p, PERIOD_RECEIVED, &flow));
}

static void
the_end_is_not_in_the_period(void **state)
{
	const struct period p = { 10, 20 }, all = { MIN, MAX };
	const struct period far = { 0, MAX / 2 };

	(void)state;
	assert_false(has(p, 9));
	assert_true(has(p, 10));
	assert_true(has(p, 19));
	assert_false(has(p, 20));
	assert_true(has(all, 0));
	assert_true(has(all, UINT32_MAX));
	assert_true(has(far, UINT32_MAX));
}

static bool
is_active(struct period period, uint32_t start_ms, uint32_t end_ms)
{
	const struct flow flow = {
		.fields = STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES,
		.time_sec = 1000,
		.sys_uptime_ms = 1000000, /* so that uptimes are times */
		.flow_start = start_ms,
		.flow_finish = end_ms,
	};
	const struct period_ns p = period_to_ns(&period);

	return (period_has_flow(&p, PERIOD_ACTIVE, &flow));
}

static void
an_active_flow_has_a_part_in_the_period(void **state)
{
	const struct period p = { 10, 20 };

	(void)state;
	assert_false(is_active(p, 5000, 9999));
	assert_true(is_active(p, 5000, 10000));
	assert_true(is_active(p, 12000, 13000));
	assert_true(is_active(p, 5000, 25000));
	assert_true(is_active(p, 19999, 25000));
	assert_false(is_active(p, 20000, 25000));
	assert_true(is_active(p, 15000, 5000)); /* its start is a time, too */
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(local_time_has_changes),
		cmocka_unit_test(a_zone_without_changes),
		cmocka_unit_test(wrong_periods_are_refused),
		cmocka_unit_test(the_end_is_not_in_the_period),
		cmocka_unit_test(an_active_flow_has_a_part_in_the_period),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
