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
 * When the collector receives, and when it writes; the clocks are the test's.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/pace.h"

#define MS         UINT64_C(1000000)
#define BUFFER     ((size_t)64 << 20)
#define BUFFER_LOW ((size_t)425984) /* the default of common systems */

/*
 * Receives n datagrams three times, once each period; returns the pause after
 * the last.
 */
static uint64_t
poll_times(struct pace *p, uint64_t period, size_t n)
{
	uint64_t now = 1000 * MS;
	int i;

	for (i = 0; i < 3; i++, now += period)
		pace_looked(p, now, n);
	return (p->gather);
}

static void
single_datagrams_are_received_at_once(void **state)
{
	struct pace p = { 0 };

	(void)state;
	pace_set_buffer(&p, BUFFER);
	assert_int_equal(poll_times(&p, 10 * MS, 1), 0);
	assert_int_equal(poll_times(&p, 1000 * MS, 50), 0);
}

static void
datagrams_gather_under_load(void **state)
{
	struct pace p = { 0 };

	(void)state;
	pace_set_buffer(&p, BUFFER);
	/* 100 a millisecond fill some batches in 2.5 ms. */
	assert_in_range(poll_times(&p, MS, 100), 2 * MS, 3 * MS);
	assert_int_equal(poll_times(&p, MS, 1), PACE_GATHER_MAX);
	assert_int_equal(poll_times(&p, MS, 0), 0);
}

static void
waiting_does_not_fill_a_small_buffer(void **state)
{
	struct pace p = { 0 };

	(void)state;
	pace_set_buffer(&p, BUFFER_LOW);
	/* At 10 Gbit/s, with twice the octets of the wire in the buffer. */
	assert_true(poll_times(&p, MS / 100, 1) * 5 / 2 <= BUFFER_LOW / 2);
	assert_true(p.gather > 0);
	pace_set_buffer(&p, 0);
	assert_int_equal(poll_times(&p, MS / 100, 1), 0);
}

static void
writes_are_spaced_under_load(void **state)
{
	struct pace p = { 0 };
	uint64_t now = 1000 * MS;

	(void)state;
	pace_set_buffer(&p, BUFFER);
	pace_looked(&p, now, 10);
	assert_int_equal(pace_until_write(&p, now), 0);
	pace_wrote(&p, now);
	pace_looked(&p, now + MS, 10);
	assert_int_equal(pace_until_write(&p, now + MS), PACE_WRITE - MS);
	assert_int_equal(pace_until_write(&p, now + PACE_WRITE), 0);
}

static void
the_end_of_a_burst_is_written_at_once(void **state)
{
	struct pace p = { 0 };
	uint64_t now = 1000 * MS;

	(void)state;
	pace_set_buffer(&p, BUFFER);
	pace_looked(&p, now, 10);
	pace_wrote(&p, now);
	pace_looked(&p, now + MS, 0);
	assert_int_equal(pace_until_write(&p, now + MS), 0);
	/* But not repeatedly, if that does not succeed. */
	pace_wrote(&p, now + MS);
	pace_looked(&p, now + 2 * MS, 0);
	assert_int_equal(pace_until_write(&p, now + 2 * MS), PACE_WRITE - MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_datagrams_are_received_at_once),
		cmocka_unit_test(datagrams_gather_under_load),
		cmocka_unit_test(waiting_does_not_fill_a_small_buffer),
		cmocka_unit_test(writes_are_spaced_under_load),
		cmocka_unit_test(the_end_of_a_burst_is_written_at_once),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
