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

/* The table of counters: numbers, names, members, sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/counters.h"

static void
each_number_is_one_counter(void **state)
{
	const struct counter *c, *seen[COUNTER_LAST + 1] = { NULL };
	bool of_exporter;
	size_t i;

	(void)state;
	for (i = 0; i < EXPORTER_COUNTERS; i++) {
		c = &exporter_counters[i];
		assert_in_range(c->number, 1, COUNTER_LAST);
		assert_null(seen[c->number]);
		seen[c->number] = c;
		assert_ptr_equal(counter_find(c->number, &of_exporter), c);
		assert_true(of_exporter);
	}
	for (i = 0; i < COLLECTOR_COUNTERS; i++) {
		c = &collector_counters[i];
		assert_in_range(c->number, 1, COUNTER_LAST);
		assert_null(seen[c->number]);
		seen[c->number] = c;
		assert_ptr_equal(counter_find(c->number, &of_exporter), c);
		assert_false(of_exporter);
	}
	assert_null(counter_find(0, &of_exporter));
	assert_null(counter_find(COUNTER_LAST + 1, &of_exporter));
}

static void
assert_number(unsigned int number, const char *name)
{
	bool of_exporter;

	assert_string_equal(counter_find(number, &of_exporter)->name, name);
}

/* Logs contain the numbers, so none may be reused for another counter. */
static void
numbers_are_permanent(void **state)
{
	static const char *const names[] = { "datagrams", "decoded", "invalid",
		"unsupported", "unauthorised", "held", "no-template", "flows",
		"stored", "discarded", "lost", "buffered", "records-refused",
		"options", "templates", "templates-refused",
		"templates-evicted", "withdrawals", "sets-reserved",
		"sequence-lost", "sequence-lost-datagrams", "sequence-late",
		"restarts", "kernel-drops", "skipped", "exporters-evicted",
		"log-bytes", "log-errors", "log-lost", "logsock-sent",
		"logsock-lost", "forwarded", "forward-lost", "forward-looped",
		"times-old", "times-impossible", "octets", "packets",
		"logs-evicted", "sets-without-record", "templates-changed",
		"templates-doubtful", "sequence-doubtful" };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_number(i + 1, names[i]);
	assert_number(45, "state-evicted");
	assert_number(46, "memory-refused");
	assert_number(50, "no-content");
	assert_number(51, "amplified");
	assert_number(65, "options-dropped");
	assert_number(66, "options-ignored");
	assert_number(55, "collector-deaths");
	assert_number(60, "times-restarted");
}

static void
sums_have_every_counter(void **state)
{
	const struct counter *c = exporter_counters;
	struct counters sum = { .datagrams = 1 }, more;
	size_t i;

	(void)state;
	memset(&more, 0, sizeof(more));
	for (i = 0; i < EXPORTER_COUNTERS; i++)
		*(uint64_t *)((uint8_t *)&more + c[i].offset) = i + 1;
	counters_add(&sum, &more);
	counters_add(&sum, &more);
	assert_int_equal(sum.datagrams, 3);
	for (i = 1; i < EXPORTER_COUNTERS; i++)
		assert_int_equal(counter_value(&c[i], &sum), 2 * (i + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_is_one_counter),
		cmocka_unit_test(numbers_are_permanent),
		cmocka_unit_test(sums_have_every_counter),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
