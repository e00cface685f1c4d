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
 * Sequence numbers: gaps, late and repeated datagrams, restarts, and several
 * sequences in one.  The tests number datagrams and so know which are missing.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netflow.h"
#include "decode/sequence.h"

#define V5    NF_VERSION_5
#define COUNT 30 /* flows of a datagram, unless stated */

/* The state under test, and the sum of its changes. */
static struct sequences q;
static struct sequence_change sum;

static int
setup(void **state)
{
	(void)state;
	memset(&q, 0, sizeof(q));
	memset(&sum, 0, sizeof(sum));
	return (0);
}

static void
take(uint16_t version, uint32_t domain, uint32_t number, uint32_t count,
    uint32_t uptime_ms)
{
	const struct sequence_mark mark = {
		.version = version,
		.domain = domain,
		.number = number,
		.count = count,
		.uptime_ms = uptime_ms,
	};
	const struct sequence_change change = sequences_record(&q, &mark);

	sum.missing += change.missing;
	sum.late += change.late;
	sum.restarts += change.restarts;
	assert_true(sum.missing >= 0);
	assert_true(sum.restarts >= 0);
}

static void
datagram(uint32_t number)
{
	take(V5, 0, number, COUNT, 1000);
}

static void
assert_sum(int64_t missing, uint32_t late, int restarts)
{
	assert_int_equal(sum.missing, missing);
	assert_int_equal(sum.late, late);
	assert_int_equal(sum.restarts, restarts);
}

/* Sends n streams, each from its own number on, in turn. */
static void
interleave(const uint32_t *from, size_t n, uint32_t rounds)
{
	uint32_t i;
	size_t k;

	for (i = 0; i < rounds; i++) {
		for (k = 0; k < n; k++)
			datagram(from[k] + i * COUNT);
	}
}

static void
late_numbers_are_not_missing(void **state)
{
	(void)state;
	datagram(0);
	datagram(90);
	assert_sum(60, 0, 0);
	datagram(60); /* the end of the gap */
	assert_sum(30, 30, 0);
	datagram(30);
	assert_sum(0, 60, 0);
	/* A repeated datagram is late, and does not reduce the loss. */
	datagram(200);
	assert_sum(80, 60, 0);
	datagram(90);
	assert_sum(80, 90, 0);
	/* In the middle of a gap, and over its end. */
	take(V5, 0, 150, 10, 1000);
	assert_sum(70, 100, 0);
	take(V5, 0, 190, 20, 1000);
	assert_sum(60, 120, 0);
	take(V5, 0, 120, 30, 1000);
	assert_sum(30, 150, 0);
	take(V5, 0, 160, 30, 1000);
	assert_sum(0, 180, 0);
	datagram(230);
	assert_sum(0, 180, 0);
}

static void
a_delayed_burst_is_late(void **state)
{
	uint32_t i;

	(void)state;
	datagram(0);
	for (i = 11; i < 20; i++)
		datagram(i * COUNT);
	assert_sum(10 * COUNT, 0, 0);
	for (i = 1; i < 11; i++)
		datagram(i * COUNT);
	assert_sum(0, 10 * COUNT, 0);
	datagram(20 * COUNT);
	assert_sum(0, 10 * COUNT, 0);
}

static void
any_order_in_the_window_is_not_loss(void **state)
{
	uint32_t i, k, block[4], swap;

	(void)state;
	srandom(1);
	for (i = 0; i < 4000; i += 4) {
		for (k = 0; k < 4; k++)
			block[k] = i + k;
		for (k = 3; k > 0; k--) {
			const uint32_t other = (uint32_t)random() % (k + 1);

			swap = block[k];
			block[k] = block[other];
			block[other] = swap;
		}
		/* So that the first one is not late. */
		if (i == 0)
			datagram(0);
		for (k = 0; k < 4; k++)
			datagram(block[k] * COUNT);
		assert_int_equal(sum.missing, 0);
	}
	assert_int_equal(sum.restarts, 0);
}

static void
duplicates_hide_no_loss(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		if (i % 10 == 7)
			continue;
		datagram(i * COUNT);
		datagram(i * COUNT);
	}
	assert_sum(100 * COUNT, 900 * COUNT, 0);
}

static void
a_delayed_copy_fills_gaps(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 1006; i++) {
		if (i % 10 != 7)
			datagram(i * COUNT);
		if (i >= 3)
			datagram((i - 3) * COUNT);
	}
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.restarts, 0);
}

static void
wrapping_is_not_loss(void **state)
{
	const uint32_t from[] = { UINT32_MAX - 5000, UINT32_MAX - 200000 };

	(void)state;
	interleave(from, 2, 10000);
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.restarts, 0);
	datagram(from[0] + 10000 * COUNT + 7);
	assert_int_equal(sum.missing, 7);
}

static void
check_interleaved(const uint32_t *from, size_t n)
{
	uint32_t late;

	setup(NULL);
	interleave(from, n, 1000);
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.restarts, 0);
	/* Separating them takes SEQUENCE_TURNS rounds at most. */
	late = sum.late;
	assert_true(late <= (SEQUENCE_TURNS + 1) * n * COUNT);
}

static void
alternating_sequences_are_separated(void **state)
{
	static const uint32_t near[] = { 9000, 39000 };
	static const uint32_t falling[] = { 39000, 69000, 9000 };
	static const uint32_t far[] = { 5, 4000000000, 2000000000 };
	static const uint32_t four[] = { 109000, 212000, 315000, 418000 };
	static const uint32_t all[] = { 100000, 200000, 300000, 400000, 500000,
		600000, 700000, 800000 };

	(void)state;
	check_interleaved(near, 2);
	check_interleaved(falling, 3);
	check_interleaved(far, 3);
	check_interleaved(four, 4);
	check_interleaved(all, SEQUENCES_MAX);
}

/* Sequences of different speed, in irregular order. */
static void
irregular_sequences_are_separated(void **state)
{
	uint32_t next[3] = { 1000000, 7000000, 3000000 };
	uint32_t i, k;

	(void)state;
	srandom(7);
	for (i = 0; i < 20000; i++) {
		k = (uint32_t)random() % 6;
		k = k < 3 ? 0 : k < 5 ? 1 : 2;
		datagram(next[k]);
		next[k] += COUNT;
	}
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.restarts, 0);
	assert_true(sum.late <= 12 * COUNT);
}

/* A sequence that catches up with another passes through its numbers. */
static void
sequences_may_meet(void **state)
{
	uint32_t a = 10000, b = 40000, i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		take(V5, 0, a, 30, 1000);
		take(V5, 0, b, 10, 1000);
		a += 30;
		b += 10;
		if (a == b)
			a++;
	}
	assert_true(sum.missing < 100);
	assert_int_equal(sum.restarts, 0);
}

static void
loss_in_one_of_several_is_counted(void **state)
{
	static const uint32_t from[] = { 1000000, 5000000, 3000000 };
	uint32_t i, late;
	size_t k;
	int64_t missing = 0;

	(void)state;
	interleave(from, 3, 100);
	late = sum.late;
	for (i = 100; i < 2000; i++) {
		for (k = 0; k < 3; k++) {
			if ((i * 3 + k) % 50 == 0)
				missing += COUNT;
			else
				datagram(from[k] + i * COUNT);
		}
	}
	assert_sum(missing, late, 0);
	assert_true(missing > 0);
}

static void
a_new_sequence_may_appear_later(void **state)
{
	static const uint32_t one[] = { 5000000 };
	static const uint32_t two[] = { 5000000 + 1000 * COUNT, 40000 };

	(void)state;
	interleave(one, 1, 1000);
	interleave(two, 2, 1000);
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.restarts, 0);
	assert_true(sum.late <= 4 * COUNT);
}

static void
several_sequences_restart_by_their_uptime(void **state)
{
	static const uint32_t before[] = { 9000000, 5000000 };
	static const uint32_t after[] = { 1000, 900000 };
	uint32_t i;
	size_t k;

	(void)state;
	for (i = 0; i < 100; i++) {
		for (k = 0; k < 2; k++)
			take(V5, 0, before[k] + i * COUNT, COUNT, 86400000 + i);
	}
	for (i = 0; i < 100; i++) {
		for (k = 0; k < 2; k++)
			take(V5, 0, after[k] + i * COUNT, COUNT, 1000 + i);
	}
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.restarts, 1);
}

static void
domains_and_versions_do_not_mix(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		take(V5, 1, 5000 + i * COUNT, COUNT, 1000);
		take(V5, 2, 5000 + i * COUNT, COUNT, 1000);
		take(NF_VERSION_9, 1, 700 + i, 1, 1000);
		if (i % 100 != 50)
			take(NF_VERSION_IPFIX, 1, i * 17, 17, 0);
	}
	assert_sum(10 * 17, 0, 0);
}

static void
unknown_counts_are_not_loss(void **state)
{
	(void)state;
	take(NF_VERSION_IPFIX, 0, 100, SEQUENCE_UNKNOWN, 0);
	take(NF_VERSION_IPFIX, 0, 123, 10, 0);
	take(NF_VERSION_IPFIX, 0, 133, SEQUENCE_UNKNOWN, 0);
	take(NF_VERSION_IPFIX, 0, 5000, 10, 0);
	assert_sum(0, 0, 0);
	take(NF_VERSION_IPFIX, 0, 200, SEQUENCE_UNKNOWN, 0);
	assert_int_equal(sum.missing, 0);
}

/* Made-up numbers: no count becomes negative, and no loop is endless. */
static void
any_numbers_are_accepted(void **state)
{
	uint32_t i, number = 0, width;

	(void)state;
	srandom(3);
	for (i = 0; i < 500000; i++) {
		if (i % 1000 == 0)
			setup(NULL);
		width = (uint32_t)random() % 32;
		switch (random() % 8) {
		case 0:
			number -= (uint32_t)random() >> width;
			break;
		case 1:
			number += (uint32_t)random() >> width;
			break;
		case 2:
			number = (uint32_t)random();
			break;
		default:
			number += COUNT;
		}
		take(V5, (uint32_t)random() % 2, number,
		    random() % 50 == 0 ? SEQUENCE_UNKNOWN :
					 (uint32_t)random() % 100,
		    (uint32_t)random() % 20000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(late_numbers_are_not_missing, setup),
		cmocka_unit_test_setup(a_delayed_burst_is_late, setup),
		cmocka_unit_test_setup(any_order_in_the_window_is_not_loss,
		    setup),
		cmocka_unit_test_setup(duplicates_hide_no_loss, setup),
		cmocka_unit_test_setup(a_delayed_copy_fills_gaps, setup),
		cmocka_unit_test_setup(wrapping_is_not_loss, setup),
		cmocka_unit_test_setup(alternating_sequences_are_separated,
		    setup),
		cmocka_unit_test_setup(irregular_sequences_are_separated,
		    setup),
		cmocka_unit_test_setup(sequences_may_meet, setup),
		cmocka_unit_test_setup(loss_in_one_of_several_is_counted,
		    setup),
		cmocka_unit_test_setup(a_new_sequence_may_appear_later, setup),
		cmocka_unit_test_setup(
		    several_sequences_restart_by_their_uptime, setup),
		cmocka_unit_test_setup(domains_and_versions_do_not_mix, setup),
		cmocka_unit_test_setup(unknown_counts_are_not_loss, setup),
		cmocka_unit_test_setup(any_numbers_are_accepted, setup),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
