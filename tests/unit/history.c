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
 * The counts of the last minute and hour, and the values that exporter.h
 * computes from them.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decode/completeness.h"
#include "decode/exporter.h"
#include "decode/exporters.h"
#include "netflow.h"

#define NOW 1700000005U

static struct exporter_table *table;
static struct exporter *e;

static struct exporter *
get(uint8_t last, uint32_t now)
{
	const uint8_t bytes[4] = { 192, 0, 2, last };
	const struct addr a = addr_v4(bytes);
	struct exporter *found = exporter_get(table, &a, now, false);

	assert_non_null(found);
	return (found);
}

static int
setup(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 10,
		.templates = TEMPLATES_DEFAULT,
		.memory = MEMORY_DEFAULT,
	};

	(void)state;
	table = exporters_new(&limits);
	assert_non_null(table);
	e = get(1, NOW);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	exporters_free(table);
	return (0);
}

/*
 * Adds a v5 datagram at that time, with this many flows received and missing.
 */
static void
datagram(uint32_t now, uint32_t flows, uint32_t missing)
{
	assert_ptr_equal(get(1, now), e);
	exporter_heard(e, PROTOCOL_V5, now, 0, now, 0);
	e->counters.datagrams++;
	e->counters.decoded++;
	e->counters.flows += flows;
	e->counters.sequence_lost += missing;
}

static struct exporter_period
period(uint32_t now, enum exporter_span span)
{
	struct exporter_period p;

	exporter_period(e, now, span, &p);
	return (p);
}

static void
assert_complete(uint32_t now, enum exporter_span span, int32_t ppm)
{
	const struct exporter_period p = period(now, span);

	assert_int_equal(exporter_complete(&p), ppm);
}

static void
each_span_has_its_own_counts(void **state)
{
	struct exporter_period p;
	uint32_t t;

	(void)state;
	/* An hour with loss, an hour without, a minute with. */
	for (t = 0; t < 3600; t++)
		datagram(NOW + t, 30, 30);
	assert_complete(NOW + t, EXPORTER_HOUR, 500000);
	for (; t < 2 * 3600 + 720; t++)
		datagram(NOW + t, 30, 0);
	assert_complete(NOW + t, EXPORTER_MINUTE, 1000000);
	assert_complete(NOW + t, EXPORTER_HOUR, 1000000);
	p = period(NOW + t, EXPORTER_START);
	assert_int_equal(p.seconds, t);
	assert_int_equal(p.flows, 30 * t);
	assert_int_equal(p.missing, 30 * 3600);
	for (; t < 2 * 3600 + 720 + 75; t++)
		datagram(NOW + t, 30, 10);
	assert_complete(NOW + t, EXPORTER_MINUTE, 750000);
	p = period(NOW + t, EXPORTER_MINUTE);
	assert_in_range(p.seconds, 60, 75);
	assert_int_equal(p.datagrams, p.seconds);
	assert_int_equal(p.flows, 30 * p.seconds);
	p = period(NOW + t, EXPORTER_HOUR);
	assert_in_range(p.seconds, 3600, 3600 + 720);
	assert_int_equal(p.missing, 750);
}

static void
silence_is_counted(void **state)
{
	struct exporter_period p;
	uint32_t t;

	(void)state;
	for (t = 0; t < 100; t++)
		datagram(NOW + t, 30, 30);
	/* The period was not read for a while. */
	p = period(NOW + t + 80, EXPORTER_MINUTE);
	assert_int_equal(p.datagrams, 0);
	assert_int_equal(exporter_complete(&p), -1);
	assert_complete(NOW + t + 80, EXPORTER_HOUR, 500000);
	datagram(NOW + t + 5000, 1, 0);
	assert_complete(NOW + t + 5000, EXPORTER_MINUTE, 1000000);
	assert_complete(NOW + t + 5000, EXPORTER_HOUR, 1000000);
	p = period(NOW + t + 5000, EXPORTER_HOUR);
	assert_int_equal(p.datagrams, 1);
}

static void
a_new_exporter_has_shorter_spans(void **state)
{
	struct exporter_period p = period(NOW, EXPORTER_MINUTE);

	(void)state;
	assert_int_equal(p.seconds, 1);
	assert_int_equal(exporter_complete(&p), -1);
	datagram(NOW + 9, 30, 0);
	p = period(NOW + 10, EXPORTER_HOUR);
	assert_int_equal(p.seconds, 10);
	assert_int_equal(p.flows, 30);
}

static void
a_clock_set_back_restarts_the_spans(void **state)
{
	struct exporter_period p;

	(void)state;
	datagram(NOW, 30, 30);
	datagram(NOW - 100000, 10, 0);
	p = period(NOW - 100000 + 20, EXPORTER_HOUR);
	assert_int_equal(p.seconds, 20);
	assert_int_equal(p.flows, 10);
	assert_int_equal(p.missing, 0);
	p = period(NOW - 100000 + 20, EXPORTER_START);
	assert_int_equal(p.seconds, 1);
	assert_int_equal(p.flows, 40);
}

static void
discarded_is_complete_and_lost_is_not(void **state)
{
	(void)state;
	datagram(NOW, 100, 0);
	e->counters.discarded = 50;
	e->counters.buffered = 50;
	assert_complete(NOW, EXPORTER_START, 1000000);
	exporter_count_outcome(e, 25, 25);
	assert_int_equal(e->counters.buffered, 0);
	assert_complete(NOW, EXPORTER_START, 750000);
	assert_complete(NOW, EXPORTER_MINUTE, 750000);
}

/* Rounding must not make it complete. */
static void
nearly_complete_is_not_complete(void **state)
{
	(void)state;
	datagram(NOW, 2000000000, 1);
	assert_complete(NOW, EXPORTER_START, 999999);
}

static void
missing_datagrams_count_as_flows(void **state)
{
	struct exporter_period p;

	(void)state;
	datagram(NOW, 20, 0);
	datagram(NOW, 20, 0);
	datagram(NOW, 20, 0);
	e->counters.sequence_lost_datagrams = 1;
	p = period(NOW, EXPORTER_MINUTE);
	assert_int_equal(p.missing, 20);
	assert_complete(NOW, EXPORTER_MINUTE, 750000);
}

/* Datagrams that were lost have no share in the mean. */
static void
lost_datagrams_count_as_decoded_ones(void **state)
{
	struct exporter_period p;
	uint32_t n;

	(void)state;
	for (n = 0; n < 100; n++)
		datagram(NOW, 28, 0);
	e->counters.datagrams += 300;
	e->counters.no_template += 300;
	p = period(NOW, EXPORTER_MINUTE);
	assert_int_equal(p.missing, 300 * 28);
	assert_complete(NOW, EXPORTER_MINUTE, 250000);
	assert_complete(NOW, EXPORTER_START, 250000);
}

/* The share of an hour agrees with the counters. */
static void
more_missing_than_32_bits_hold(void **state)
{
	const uint64_t missing = UINT64_C(40) << 30;
	struct exporter_period p;

	(void)state;
	datagram(NOW, 1, 0);
	e->counters.sequence_lost += missing;
	p = period(NOW, EXPORTER_HOUR);
	assert_true(p.missing == missing);
	assert_complete(NOW, EXPORTER_HOUR, 0);
	e->counters.sequence_lost_datagrams += missing;
	p = period(NOW, EXPORTER_MINUTE);
	assert_true(p.missing == 2 * missing);
}

static void
late_flows_make_no_more_than_complete(void **state)
{
	(void)state;
	datagram(NOW, 30, 60);
	datagram(NOW + 100, 30, 0);
	e->counters.sequence_lost = 0;
	assert_complete(NOW + 100, EXPORTER_MINUTE, 1000000);
	assert_complete(NOW + 100, EXPORTER_START, 1000000);
}

static void
v1_has_no_sequence_numbers(void **state)
{
	(void)state;
	exporter_heard(e, PROTOCOL_V1, NOW, 0, NOW, 0);
	e->counters.datagrams++;
	e->counters.flows += 24;
	assert_complete(NOW, EXPORTER_START, -1);
	datagram(NOW, 30, 0);
	assert_complete(NOW, EXPORTER_START, 1000000);
	assert_int_equal(e->versions[PROTOCOL_V1], 1);
	assert_int_equal(e->versions[PROTOCOL_V5], 1);
}

static void
the_sum_of_all_exporters(void **state)
{
	struct exporter_period p;

	(void)state;
	datagram(NOW, 30, 10);
	get(2, NOW)->counters.flows += 50;
	exporters_period(table, NOW + 3, EXPORTER_START, &p);
	assert_int_equal(p.flows, 80);
	assert_int_equal(p.missing, 10);
	assert_int_equal(p.seconds, 3);
	assert_true(p.numbered);
}

static void
clock_skew_is_that_of_the_fastest_datagram(void **state)
{
	const uint32_t minute = NOW - NOW % 60;
	int64_t ms;

	(void)state;
	assert_false(exporter_skew_ms(e, minute, &ms));
	exporter_heard(e, PROTOCOL_V5, minute, 500000, minute + 2, 0);
	assert_true(exporter_skew_ms(e, minute, &ms));
	assert_int_equal(ms, 1500);
	exporter_heard(e, PROTOCOL_V5, minute + 1, 0, minute + 2, 600000000);
	exporter_heard(e, PROTOCOL_V5, minute + 9, 0, minute + 2, 0);
	assert_true(exporter_skew_ms(e, minute, &ms));
	assert_int_equal(ms, 1600);
	/*
	 * The clock is behind, from the second minute on: before, the previous
	 * minute counts too.
	 */
	exporter_heard(e, PROTOCOL_V5, minute + 60, 0, minute + 50, 0);
	assert_true(exporter_skew_ms(e, minute + 60, &ms));
	assert_int_equal(ms, 1600);
	exporter_heard(e, PROTOCOL_V5, minute + 120, 0, minute + 110, 0);
	assert_true(exporter_skew_ms(e, minute + 120, &ms));
	assert_int_equal(ms, -10000);
	assert_true(exporter_skew_ms(e, minute + 239, &ms));
	assert_false(exporter_skew_ms(e, minute + 240, &ms));
	/* The exporter's clock was never set. */
	exporter_heard(e, PROTOCOL_V5, minute + 600, 0, 0, 0);
	assert_true(exporter_skew_ms(e, minute + 600, &ms));
	assert_int_equal(ms, -1000 * (int64_t)(minute + 600));
}

/* Flows still buffered at its eviction are counted in the sum later. */
static void
flows_of_an_evicted_exporter_are_counted(void **state)
{
	struct exporter *gone = get(9, NOW);
	struct counters sum;
	uint8_t i;

	(void)state;
	gone->counters.flows = gone->counters.buffered = 100;
	for (i = 20; i < 30; i++)
		get(i, NOW + EXPORTER_IDLE);
	assert_int_equal(exporters_evicted(table), 2);
	exporters_sum(table, &sum);
	assert_int_equal(sum.buffered, 100);
	exporter_count_outcome(gone, 60, 0);
	exporter_count_outcome(gone, 30, 10);
	exporters_sum(table, &sum);
	assert_int_equal(sum.buffered, 0);
	assert_int_equal(sum.stored, 90);
	assert_int_equal(sum.lost, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_span_has_its_own_counts),
		TEST(silence_is_counted),
		TEST(a_new_exporter_has_shorter_spans),
		TEST(a_clock_set_back_restarts_the_spans),
		TEST(discarded_is_complete_and_lost_is_not),
		TEST(nearly_complete_is_not_complete),
		TEST(missing_datagrams_count_as_flows),
		TEST(lost_datagrams_count_as_decoded_ones),
		TEST(more_missing_than_32_bits_hold),
		TEST(late_flows_make_no_more_than_complete),
		TEST(v1_has_no_sequence_numbers),
		TEST(the_sum_of_all_exporters),
		TEST(clock_skew_is_that_of_the_fastest_datagram),
		TEST(flows_of_an_evicted_exporter_are_counted),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
