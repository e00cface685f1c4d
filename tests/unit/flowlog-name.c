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

#include "config/flowlog-name.h"

#define HOUR 3600
#define DAY  86400

/* The clock goes forward at 2:00, and back at 3:00, on a Sunday. */
static const char berlin[] = "CET-1CEST,M3.5.0,M10.5.0/3";

static struct conf_log
by_time(const char *path, uint32_t seconds)
{
	static char copy[4][PATH_MAX];
	static unsigned int next;
	char *mine = copy[next++ % 4];

	(void)strlcpy(mine, path, PATH_MAX);
	return ((struct conf_log){ .path = mine, .rotate_seconds = seconds });
}

static struct conf_log
by_size(const char *path)
{
	struct conf_log log = by_time(path, 0);

	log.rotate_size = 4096;
	return (log);
}

static void
set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

/* Returns the local time in text; dst as in struct tm. */
static time_t
local(const char *text, int dst)
{
	struct tm tm = { .tm_isdst = dst };

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year,
			     &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
			     &tm.tm_sec),
	    6);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (mktime(&tm));
}

static void
assert_until(uint32_t seconds, time_t from, time_t to)
{
	const struct conf_log log = by_time("log", seconds);

	assert_int_equal(flowlog_name_until(&log, from), to);
	assert_int_equal(flowlog_name_until(&log, to - 1), to);
	assert_true(flowlog_name_until(&log, to) > to);
}

static void
test_intervals_begin_with_the_clock(void **state)
{
	(void)state;
	set_zone("IST-5:30");
	assert_until(1, local("2026-01-15 12:34:56", 0),
	    local("2026-01-15 12:34:57", 0));
	assert_until(300, local("2026-01-15 12:34:56", 0),
	    local("2026-01-15 12:35:00", 0));
	assert_until(HOUR, local("2026-01-15 12:00:00", 0),
	    local("2026-01-15 13:00:00", 0));
	assert_until(8 * HOUR, local("2026-01-15 17:34:56", 0),
	    local("2026-01-16 00:00:00", 0));
	assert_until(DAY, local("2026-01-31 12:00:00", 0),
	    local("2026-02-01 00:00:00", 0));
	/* A Thursday. */
	assert_until(7 * DAY, local("2026-01-15 12:00:00", 0),
	    local("2026-01-19 00:00:00", 0));
}

static void
test_clocks_that_change(void **state)
{
	(void)state;
	set_zone(berlin);
	assert_until(DAY, local("2026-03-29 00:00:00", 0),
	    local("2026-03-30 00:00:00", 1));
	assert_until(DAY, local("2026-10-25 00:00:00", 1),
	    local("2026-10-26 00:00:00", 0));
	assert_until(12 * HOUR, local("2026-03-29 00:30:00", 0),
	    local("2026-03-29 12:00:00", 1));
	assert_until(HOUR, local("2026-10-25 02:30:00", 1),
	    local("2026-10-25 02:00:00", 0));
	assert_until(300, local("2026-10-25 02:57:00", 1),
	    local("2026-10-25 02:00:00", 0));
	assert_until(HOUR, local("2026-03-29 01:30:00", 0),
	    local("2026-03-29 03:00:00", 1));
}

/*
 * The names of all intervals from one hour before the clocks are put back to
 * one hour after.  Counts those that do not sort after the name before.
 */
static unsigned int
names_out_of_order(bool utc)
{
	struct conf_log log = by_time("%Y%m%d-%H%M", 300);
	const time_t back = local("2026-10-25 02:59:59", 1) + 1;
	char path[PATH_MAX], before[PATH_MAX] = "";
	unsigned int n = 0;
	time_t t;

	log.utc = utc;
	for (t = back - HOUR; t < back + HOUR;
	     t = flowlog_name_until(&log, t)) {
		assert_int_equal(flowlog_name_at(&log, t, path), 0);
		if (strcmp(path, before) <= 0)
			n++;
		(void)strlcpy(before, path, sizeof(before));
	}
	return (n);
}

static void
test_utc_names_sort_when_the_clock_is_set_back(void **state)
{
	(void)state;
	set_zone(berlin);
	assert_int_equal(names_out_of_order(false), 1);
	assert_int_equal(names_out_of_order(true), 0);
}

static void
test_utc_does_not_depend_on_the_zone(void **state)
{
	struct conf_log log = by_time("%Y%m%d-%H", 6 * HOUR);
	const time_t noon = 1793188800; /* 2026-10-28 12:00 UTC */
	char path[PATH_MAX];

	(void)state;
	set_zone("IST-5:30");
	log.utc = true;
	assert_int_equal(flowlog_name_at(&log, noon, path), 0);
	assert_string_equal(path, "20261028-12");
	assert_int_equal(flowlog_name_until(&log, noon), noon + 6 * HOUR);
}

static void
test_name_of_an_interval(void **state)
{
	const struct conf_log log = by_time("/d/%%d%Y%m%d-%H%M%S.%j.%y", 300);
	const struct conf_log day = by_time("f%Y-%m-%d", DAY);
	const struct conf_log plain = by_size("100%d");
	char path[PATH_MAX];

	(void)state;
	set_zone(berlin);
	assert_int_equal(
	    flowlog_name_at(&log, local("2026-07-01 00:04:59", 1), path), 0);
	assert_string_equal(path, "/d/%d20260701-000000.182.26");
	assert_int_equal(
	    flowlog_name_at(&day, local("2026-10-25 23:59:59", 0), path), 0);
	assert_string_equal(path, "f2026-10-25");
	assert_int_equal(flowlog_name_at(&plain, 0, path), 0);
	assert_string_equal(path, "100%d");
}

static void
test_name_that_is_too_long(void **state)
{
	char path[PATH_MAX];
	struct conf_log log = by_time("%Y%j", DAY);

	(void)state;
	memset(log.path, 'x', PATH_MAX - 8);
	(void)strlcpy(log.path + PATH_MAX - 8, "%Y%j", 8);
	assert_int_equal(flowlog_name_at(&log, 0, path), 0);
	memmove(log.path + 1, log.path, PATH_MAX - 1);
	assert_int_equal(flowlog_name_at(&log, 0, path), -1);
}

static void
test_intervals_that_fit(void **state)
{
	static const uint32_t good[] = { 1, 5, 300, 900, HOUR, 8 * HOUR, DAY,
		7 * DAY, 30 * DAY };
	static const uint32_t bad[] = { 0, 7, 420, 5 * HOUR, DAY + HOUR };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(flowlog_name_interval_is_valid(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(flowlog_name_interval_is_valid(bad[i]));
}

static void
test_patterns(void **state)
{
	static const struct {
		const char *path;
		uint32_t seconds;
		bool good;
	} rows[] = {
		{ "/d/log", 1, true },
		{ "/d/%Y%m%d-%H%M.flow", 300, true },
		{ "/d/%y%j%H", HOUR, true },
		{ "/d/%Y%m%d%%", DAY, true },
		{ "/d/%Y%m%d-%H%M.flow", 30, false },
		{ "/d/%Y%m%d-%H", 300, false },
		{ "/d/%Y%m%d", HOUR, false },
		{ "/d/%m%d%H%M", 300, false },
		{ "/d/%Y%d%H%M", 300, false },
		{ "/d/%H%M", 300, false },
		{ "/%Y/%Y%m%d", DAY, false },
		{ "/d/%Y%b%d", DAY, false },
		{ "/d/%Y%m%d%", DAY, false },
		{ "/d/%%", DAY, false },
		{ "/%%/%Y%m%d", DAY, false },
		{ "/d/%{exporter}", DAY, true },
		{ "/d/%{exporter}-%Y%m%d", DAY, true },
		{ "/d/%Y%m%d%%-%{exporter}", DAY, true },
		{ "/d/%{exporter}-%Y", DAY, false },
		{ "/d/%{exporters}-%Y%m%d", DAY, false },
		{ "/%{exporter}/%Y%m%d", DAY, false },
		{ "/d/%{exporter}%{exporter}", DAY, false },
	};
	struct conf_log log;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log = by_time(rows[i].path, rows[i].seconds);
		assert_int_equal(flowlog_name_check(&log) == NULL,
		    rows[i].good);
	}
	log = by_size("/d/%Y%m%d");
	assert_non_null(flowlog_name_check(&log));
	log.rotate_size = 0;
	assert_null(flowlog_name_check(&log));
	log = by_size("/d/%{exporter}.flow");
	assert_null(flowlog_name_check(&log));
	log = by_size("/d/%{exporter}-%Y%m%d");
	assert_non_null(flowlog_name_check(&log));
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_pton(text, &a), 0);
	return (a);
}

static void
test_exporters(void **state)
{
	static const struct {
		const char *pattern, *address, *path;
	} rows[] = {
		{ "/d/%{exporter}.flow", "192.0.2.1", "/d/192.0.2.1.flow" },
		{ "/d/%{exporter}.flow", "2001:db8::1", "/d/2001-db8--1.flow" },
		{ "/d/%{exporter}.flow", "::1", "/d/--1.flow" },
		{ "/d/%{exporter}.flow", "::ffff:192.0.2.1",
		    "/d/192.0.2.1.flow" },
		{ "/d/%Y%{exporter}-%d", "192.0.2.1", "/d/%Y192.0.2.1-%d" },
		{ "/%%{exporter}/%{exporter}", "192.0.2.1",
		    "/%%{exporter}/192.0.2.1" },
	};
	struct conf_log log = by_size("/d/flowd.log");
	char path[PATH_MAX];
	struct addr a;
	size_t i;

	(void)state;
	assert_false(flowlog_name_has_exporter(&log));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log = by_size(rows[i].pattern);
		assert_true(flowlog_name_has_exporter(&log));
		a = address(rows[i].address);
		assert_int_equal(flowlog_name_of_exporter(&log, &a, path), 0);
		assert_string_equal(path, rows[i].path);
	}
	memset(log.path + 1, 'x', PATH_MAX - 20);
	(void)strlcpy(log.path + PATH_MAX - 19, "%{exporter}", 19);
	assert_int_equal(flowlog_name_of_exporter(&log, &a, path), 0);
	a = address("2001:db8:1111:2222:3333:4444:5555:6666");
	assert_int_equal(flowlog_name_of_exporter(&log, &a, path), -1);
}

static void
test_number_of_exporters(void **state)
{
	struct conf_log log = by_size("/d/%{exporter}");
	struct config conf = { .logs = &log, .nlogs = 1 };

	(void)state;
	assert_int_equal(flowlog_name_exporters_max(&conf),
	    CONFIG_LOGS_DEFAULT);
	conf.limits.logs = 7;
	conf.workers = 2;
	assert_int_equal(flowlog_name_exporters_max(&conf), 4);
	log = by_size("/d/log");
	assert_int_equal(flowlog_name_exporters_max(&conf), 0);
}

static void
assert_parsed(const struct conf_log *log, const char *file, uint32_t number,
    bool compressed)
{
	struct flowlog_name name;

	assert_true(flowlog_name_parse(log, file, &name));
	assert_int_equal(name.number, number);
	assert_int_equal(name.compressed, compressed);
}

static void
test_own_names(void **state)
{
	const struct conf_log plain = by_size("/d/flowd.log");
	const struct conf_log dated = by_time("/d/%Y%m%d-%H.log", HOUR);
	static const char *const others[] = { "flowd.log", "flowd.log.gz",
		"flowd.log.000000", "flowd.log.00001", "flowd.log.0000001",
		"flowd.log.000001.bz2", "flowd.log.customers",
		"flowd.logs.000001", "flowd.log.000001.gz.gz",
		"flowd.log2.000001", ".flowd.log.gz.new", "xflowd.log.000001",
		"" };
	static const char *const foreign[] = { "20261301-00.log",
		"20260132-00.log", "20260101-24.log", "2026011-00.log",
		"20260101-00.log.bz2", "20260101-00.logx", "%Y%m%d-%H.log" };
	struct flowlog_name name;
	size_t i;

	(void)state;
	assert_parsed(&plain, "flowd.log.000001", 1, false);
	assert_parsed(&plain, "flowd.log.999999.gz", 999999, true);
	assert_parsed(&dated, "20261231-23.log", 0, false);
	assert_parsed(&dated, "20261231-23.log.gz", 0, true);
	assert_parsed(&dated, "20261231-23.log.000002.gz", 2, true);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(flowlog_name_parse(&plain, others[i], &name));
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_false(flowlog_name_parse(&dated, foreign[i], &name));
}

static void
assert_exporter(const struct conf_log *log, const char *file,
    const char *exporter, uint32_t number)
{
	const struct addr a = address(exporter);
	struct flowlog_name name;

	assert_true(flowlog_name_parse(log, file, &name));
	assert_true(addr_equal(&name.exporter, &a));
	assert_int_equal(name.number, number);
}

static void
test_own_names_with_exporters(void **state)
{
	const struct conf_log plain = by_size("/d/%{exporter}");
	const struct conf_log dated = by_time("/d/%Y-%{exporter}-%m%d", DAY);
	static const char *const others[] = { "192.0.2.1", "192.0.2.1.00001",
		"192.0.2.300.000001", "192.0.2.01.000001", "2001:db8::1.000001",
		"2001-0db8--1.000001", "2001-DB8--1.000001", ".000001",
		"--ffff-192.0.2.1.000001", "192.0.2.0/24.000001",
		"192.0.2.1x.000001", "" };
	static const char *const foreign[] = { "2026-192.0.2.1-1301",
		"2026-192.0.2.1-1201.bz2", "2026-1201", "2026--1201",
		"226-192.0.2.1-1201", "" };
	struct flowlog_name name;
	size_t i;

	(void)state;
	assert_exporter(&plain, "192.0.2.1.000001", "192.0.2.1", 1);
	assert_exporter(&plain, "192.0.2.10.000002.gz", "192.0.2.10", 2);
	assert_exporter(&plain, "2001-db8--1.000003", "2001:db8::1", 3);
	assert_exporter(&dated, "2026-192.0.2.1-1201", "192.0.2.1", 0);
	assert_exporter(&dated, "2026-2001-db8--1-1201.000001.gz",
	    "2001:db8::1", 1);
	assert_exporter(&dated, "2026---1-1201.gz", "::1", 0);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(flowlog_name_parse(&plain, others[i], &name));
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_false(flowlog_name_parse(&dated, foreign[i], &name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals_begin_with_the_clock),
		cmocka_unit_test(test_clocks_that_change),
		cmocka_unit_test(
		    test_utc_names_sort_when_the_clock_is_set_back),
		cmocka_unit_test(test_utc_does_not_depend_on_the_zone),
		cmocka_unit_test(test_name_of_an_interval),
		cmocka_unit_test(test_name_that_is_too_long),
		cmocka_unit_test(test_intervals_that_fit),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_own_names),
		cmocka_unit_test(test_exporters),
		cmocka_unit_test(test_number_of_exporters),
		cmocka_unit_test(test_own_names_with_exporters),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
