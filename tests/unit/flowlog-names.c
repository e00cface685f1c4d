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

#include "config/flowlog-names.h"

#define DAY      86400
#define ROUNDS   2000
#define LOGS     12
#define PARTS    5 /* at most, of a name */
#define PATH_LEN 64

/* A log with a copy of path, which is in place. */
static struct conf_log
by_time(char place[PATH_LEN], const char *path, uint32_t seconds)
{
	(void)strlcpy(place, path, PATH_LEN);
	return ((struct conf_log){ .path = place, .rotate_seconds = seconds });
}

static bool
collide(const struct conf_log *a, const struct conf_log *b)
{
	struct flowlog_names names = { { NULL, 0 }, { NULL, 0 } };
	bool meet;

	assert_int_equal(flowlog_names_add(&names, a, 0), 0);
	meet = flowlog_names_meet(&names, b);
	flowlog_names_free(&names);
	return (meet);
}

static void
test_names_that_collide(void **state)
{
	static const struct {
		const char *a, *b;
		bool collide;
	} rows[] = {
		{ "/d/flowd.log", "/d/flowd.log.000001", true },
		{ "/d/flowd.log", "/d/flowd.log.000001.gz", true },
		{ "/d/flowd.log", "/e/flowd.log.000001", false },
		{ "/d/flowd.log", "/d/flowd.log.customers", false },
		{ "/d/flowd.log", "/d/flowd.log.00001", false },
		{ "/d/flowd.log", "/d/flowd.log2", false },
		{ "/d/%Y%m%d", "/d/%d%m%Y", true },
		{ "/d/%Y%m%d", "/d/20260101", true },
		{ "/d/%Y%m%d", "/d/2026010a", false },
		{ "/d/x.%y%m%d", "/d/x", true },
		{ "/d/%Y%m%d.a", "/d/%Y%m%d.b", false },
		{ "/d/flowd.log", "/d/.flowd.log.gz.new", true },
		{ "/d/a.%y%m%d", "/d/.a.%y%m%d.gz.new", false },
		{ "/d/flowd.log", "/e/.flowd.log.gz.new", false },
		{ "/d/%{exporter}", "/d/flowd.log", false },
		{ "/d/%{exporter}", "/d/192.0.2.1", true },
		{ "/d/%{exporter}", "/e/192.0.2.1", false },
		{ "/d/%{exporter}", "/d/192.0.2.1.000001", true },
		{ "/d/%{exporter}.flow", "/d/%Y%m%d.flow", false },
		{ "/d/%{exporter}.flow", "/d/%Y-%m%d.flow", true },
		{ "/d/%{exporter}.flow", "/d/%{exporter}-%Y%m%d.flow", true },
		{ "/d/%{exporter}.flow", "/d/x%{exporter}.flow", false },
		{ "/d/%{exporter}.a", "/d/%{exporter}.b", false },
		{ "/d/%{exporter}.x", "/d/%{exporter}.y", false },
	};
	char first[PATH_LEN], second[PATH_LEN];
	struct conf_log a, b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = by_time(first, rows[i].a, DAY);
		b = by_time(second, rows[i].b, DAY);
		assert_int_equal(collide(&a, &b), rows[i].collide);
		assert_int_equal(collide(&b, &a), rows[i].collide);
	}
	a = by_time(first, "/d/log", 0);
	b = by_time(second, "/d/log.000001", 0); /* not rotated */
	assert_false(collide(&a, &b));
}

static unsigned int
random_number(void)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 16);
}

/* Makes a path of parts that are often the same in two names. */
static void
make_path(char path[PATH_LEN])
{
	static const char *const parts[] = { "a", "1", "2", ".", "-", "%m",
		"%Y", ".gz", ".000001", "%{exporter}" };
	const size_t nparts = sizeof(parts) / sizeof(parts[0]);
	size_t len, n, part, usable = nparts;

	(void)strlcpy(path, "/d/", PATH_LEN);
	len = strlen(path);
	for (n = 1 + random_number() % PARTS; n > 0; n--) {
		part = random_number() % usable;
		/* A path has one address. */
		if (part + 1 == nparts)
			usable--;
		len += strlcpy(path + len, parts[part], PATH_LEN - len);
	}
}

static void
test_file_of_one_of_many_logs(void **state)
{
	static const char *const paths[] = { "/d/%Y%m%d-1", "/d/%Y%m%d-2",
		"/e/%Y%m%d-1", "/d/flowd.log", "/d/%{exporter}.%Y%m%d" };
	static const struct {
		const char *file;
		uint32_t log;
	} rows[] = { { "/d/20260101-1", 0 }, { "/d/20260101-2.gz", 1 },
		{ "/e/20260101-1.000001.gz", 2 }, { "/d/flowd.log.000007", 3 },
		{ "/d/192.0.2.1.20260101", 4 } };
	static const char *const others[] = { "/d/20260101-3", "/d/2026010a-1",
		"/d/flowd.log.7", "/f/flowd.log", "" };
	struct flowlog_names names = { { NULL, 0 }, { NULL, 0 } };
	char place[PATH_LEN];
	struct conf_log log;
	uint32_t i, found;

	(void)state;
	assert_false(flowlog_names_find(&names, rows[0].file, &found));
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		log = by_time(place, paths[i], DAY);
		assert_int_equal(flowlog_names_add(&names, &log, i), 0);
	}
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(flowlog_names_find(&names, rows[i].file, &found));
		assert_int_equal(found, rows[i].log);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(flowlog_names_find(&names, others[i], &found));
	flowlog_names_free(&names);
}

/* The names of many logs meet a log's if those of one of them do. */
static void
test_many_logs_as_each_of_them(void **state)
{
	char path[PATH_LEN], paths[LOGS][PATH_LEN];
	struct conf_log logs[LOGS];
	struct flowlog_names names;
	unsigned int round;
	size_t i, j, met = 0, missed = 0;
	bool expected;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		memset(&names, 0, sizeof(names));
		for (i = 0; i < LOGS; i++) {
			make_path(path);
			logs[i] =
			    by_time(paths[i], path, random_number() % 2 * DAY);
			expected = false;
			for (j = 0; j < i && !expected; j++)
				expected = collide(&logs[j], &logs[i]);
			assert_int_equal(flowlog_names_meet(&names, &logs[i]),
			    expected);
			assert_int_equal(
			    flowlog_names_add(&names, &logs[i], (uint32_t)i),
			    0);
			*(expected ? &met : &missed) += 1;
		}
		flowlog_names_free(&names);
	}
	assert_true(met > ROUNDS);
	assert_true(missed > ROUNDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_collide),
		cmocka_unit_test(test_file_of_one_of_many_logs),
		cmocka_unit_test(test_many_logs_as_each_of_them),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
