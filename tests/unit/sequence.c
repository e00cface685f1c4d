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
#include <unistd.h>

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
		.flows = count,
		.records = count,
		.uptime_ms = uptime_ms,
		.unit = version == NF_VERSION_9 ? SEQUENCE_DATAGRAMS :
		    version == NF_VERSION_IPFIX ? SEQUENCE_RECORDS :
						  SEQUENCE_FLOWS,
	};
	const struct sequence_change change = sequences_record(&q, &mark);

	sum.missing += change.missing;
	sum.late += change.late;
	sum.restarts += change.restarts;
	sum.doubtful += change.doubtful;
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
	check_interleaved(all, sizeof(all) / sizeof(all[0]));
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

/* Sends numbers that follow each other, with one forged datagram among them. */
static void
forge_among(uint32_t number, uint32_t count, uint32_t uptime_ms)
{
	uint32_t i;

	setup(NULL);
	for (i = 0; i < 200; i++) {
		if (i == 100)
			take(V5, 0, 5000 + 100 * COUNT + number, count,
			    uptime_ms);
		take(V5, 0, 5000 + i * COUNT, COUNT, 86400000 + i);
	}
}

/* Those in the window of the due number may add less than one datagram. */
static void
one_forged_number_has_no_effect(void **state)
{
	static const uint32_t numbers[] = { 0, 1, 1000, SEQUENCE_JUMP,
		SEQUENCE_JUMP + 1, 1U << 24, SEQUENCE_REGION,
		SEQUENCE_REGION + 1, INT32_MAX, 1U << 31, (1U << 31) + 1,
		UINT32_MAX - (1U << 30), UINT32_MAX - 1000 };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (k = 0; k < 4; k++) {
			forge_among(numbers[i], k % 2 * COUNT,
			    k < 2 ? 86400000 : 0);
			assert_true(sum.missing < COUNT);
			assert_int_equal(sum.restarts, 0);
		}
	}
	forge_among(INT32_MAX, 0, 86400000);
	assert_int_equal(sum.doubtful, 1);
}

static void
many_forged_numbers_have_no_effect(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		take(V5, 0, 5000 + i * COUNT, COUNT, 86400000 + i);
		if (i > 100)
			take(V5, 0, 5000 + i * 2 * SEQUENCE_JUMP, 0, 86400000);
	}
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.restarts, 0);
}

static void
a_jump_counts_when_another_number_follows(void **state)
{
	const uint32_t gap = 20000000;

	(void)state;
	datagram(1000);
	datagram(1000 + COUNT + gap);
	assert_sum(0, 0, 0);
	assert_int_equal(sum.doubtful, 1);
	/* Not the next, but one shortly after. */
	datagram(1000 + 3 * COUNT + gap);
	assert_sum(gap + COUNT, 0, 0);
	assert_int_equal(sum.doubtful, 0);
	datagram(1000 + 2 * COUNT + gap);
	assert_sum(gap, COUNT, 0);
	datagram(1000 + 4 * COUNT + gap);
	assert_sum(gap, COUNT, 0);
	/* Late ones are taken off, as for smaller gaps. */
	datagram(1000 + COUNT + gap / 2);
	assert_sum(gap - COUNT, 2 * COUNT, 0);
}

static void
a_jump_of_more_than_a_region_is_a_restart(void **state)
{
	const uint32_t gap = SEQUENCE_REGION + 1;

	(void)state;
	datagram(1000);
	datagram(1000 + COUNT + gap);
	datagram(1000 + 2 * COUNT + gap);
	assert_sum(0, 0, 1);
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

/* An exporter, and what it lost on the way so far, in its unit. */
struct simulated {
	enum sequence_unit unit;
	uint16_t version, port;
	uint32_t flows, records, datagrams; /* sent */
	uint32_t uptime_ms;
	int64_t lost;
	uint32_t late;
	int restarts;
	bool begun;    /* sent before */
	bool changing; /* each datagram has another port */
};

static enum sequence_unit
unit_of(uint16_t version)
{
	return (version == NF_VERSION_9     ? SEQUENCE_DATAGRAMS :
		version == NF_VERSION_IPFIX ? SEQUENCE_RECORDS :
					      SEQUENCE_FLOWS);
}

/* Makes the next datagram; some have options data. */
static struct sequence_mark
make(struct simulated *s)
{
	const uint32_t flows = 1 + (uint32_t)random() % 7;
	const uint32_t records =
	    flows + (s->version >= 9 && random() % 5 == 0 ? 1 : 0);
	struct sequence_mark m = {
		.version = s->version,
		.domain = 7,
		.flows = flows,
		.records = records,
		.unit = unit_of(s->version),
	};

	switch (s->unit) {
	case SEQUENCE_FLOWS:
		m.number = s->flows;
		break;
	case SEQUENCE_FLOWS_AFTER:
		m.number = s->flows + flows;
		break;
	case SEQUENCE_RECORDS:
		m.number = s->records;
		break;
	case SEQUENCE_RECORDS_AFTER:
		m.number = s->records + records;
		break;
	default:
		m.number = s->datagrams;
	}
	s->flows += flows;
	s->records += records;
	s->datagrams++;
	s->uptime_ms += 100;
	m.uptime_ms = s->version == NF_VERSION_IPFIX ? 0 : s->uptime_ms;
	return (m);
}

static uint32_t
numbers_of(const struct simulated *s, const struct sequence_mark *m)
{
	switch (s->unit) {
	case SEQUENCE_DATAGRAMS:
		return (1);
	case SEQUENCE_RECORDS:
	case SEQUENCE_RECORDS_AFTER:
		return (m->records);
	default:
		return (m->flows);
	}
}

static void
deliver(struct simulated *s, struct sequence_mark m)
{
	struct sequence_change change;

	m.port = s->changing ? (uint16_t)(1024 + random() % 60000) : s->port;
	m.steady = s->begun && !s->changing;
	s->begun = true;
	change = sequences_record(&q, &m);
	sum.missing += change.missing;
	sum.late += change.late;
	sum.restarts += change.restarts;
}

static void
lose(struct simulated *s)
{
	struct sequence_mark m;
	uint32_t n;

	for (n = 1 + (uint32_t)random() % 3; n > 0; n--) {
		m = make(s);
		s->lost += numbers_of(s, &m);
	}
	deliver(s, make(s)); /* shows the loss */
}

static void
repeat(struct simulated *s)
{
	const struct sequence_mark m = make(s);

	deliver(s, m);
	deliver(s, m);
	s->late += numbers_of(s, &m);
}

static void
exchange(struct simulated *s)
{
	const struct sequence_mark first = make(s), second = make(s);

	deliver(s, second);
	deliver(s, first);
	s->late += numbers_of(s, &first);
}

static void
restart(struct simulated *s)
{
	s->flows = s->records = s->datagrams = 0;
	s->uptime_ms = 1000;
	s->restarts++;
	deliver(s, make(s));
}

static struct simulated
start(uint16_t version, enum sequence_unit unit, uint16_t port)
{
	return ((struct simulated){
	    .version = version,
	    .unit = unit,
	    .port = port,
	    .flows = (uint32_t)random(),
	    .records = (uint32_t)random(),
	    .datagrams = (uint32_t)random(),
	    .uptime_ms = 86400000,
	});
}

/* After the first datagrams, anything happens. */
static void
step(struct simulated *s)
{
	switch (s->datagrams % 64 < 4 ? 9 : random() % 40) {
	case 0:
	case 1:
		lose(s);
		return;
	case 2:
		repeat(s);
		return;
	case 3:
		exchange(s);
		return;
	default:
		deliver(s, make(s));
	}
}

static void
assert_unit(const struct simulated *s)
{
	size_t i;

	for (i = 0; i < SEQUENCES_MAX; i++) {
		if (q.streams[i].version == s->version &&
		    (q.streams[i].port == s->port || q.streams[i].port == 0))
			assert_int_equal(q.streams[i].unit, s->unit);
	}
}

static const struct {
	uint16_t version;
	enum sequence_unit unit;
} kinds[] = {
	{ V5, SEQUENCE_FLOWS },
	{ V5, SEQUENCE_FLOWS_AFTER },
	{ V5, SEQUENCE_DATAGRAMS },
	{ NF_VERSION_9, SEQUENCE_DATAGRAMS },
	{ NF_VERSION_9, SEQUENCE_FLOWS },
	{ NF_VERSION_9, SEQUENCE_FLOWS_AFTER },
	{ NF_VERSION_9, SEQUENCE_RECORDS },
	{ NF_VERSION_9, SEQUENCE_RECORDS_AFTER },
	{ NF_VERSION_IPFIX, SEQUENCE_RECORDS },
	{ NF_VERSION_IPFIX, SEQUENCE_RECORDS_AFTER },
	{ NF_VERSION_IPFIX, SEQUENCE_FLOWS },
	{ NF_VERSION_IPFIX, SEQUENCE_FLOWS_AFTER },
	{ NF_VERSION_IPFIX, SEQUENCE_DATAGRAMS },
};
#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
seed(unsigned int n)
{
	const char *given = getenv("FLOWD_TEST_SEED");

	if (given != NULL)
		n = (unsigned int)strtoul(given, NULL, 10);
	print_message("seed %u\n", n);
	srandom(n);
}

/* Nothing is lost, and nothing is reported, not even for a while. */
static void
no_unit_shows_loss_without_loss(void **state)
{
	struct simulated s;
	size_t k;
	int i;

	(void)state;
	seed((unsigned int)getpid());
	for (k = 0; k < NKINDS; k++) {
		setup(NULL);
		s = start(kinds[k].version, kinds[k].unit, 1000);
		for (i = 0; i < 300; i++) {
			deliver(&s, make(&s));
			assert_sum(0, 0, 0);
		}
		assert_unit(&s);
	}
}

static void
run_all(struct simulated *s, size_t n, int rounds)
{
	size_t k;
	int i;

	for (i = 0; i < rounds; i++) {
		for (k = 0; k < n; k++) {
			if (i < 100)
				deliver(&s[k], make(&s[k]));
			else
				step(&s[k]);
		}
	}
	for (i = 0; i < SEQUENCE_PENDING + 1; i++) {
		for (k = 0; k < n; k++)
			deliver(&s[k], make(&s[k]));
	}
}

static void
loss_is_right_in_each_unit(void **state)
{
	struct simulated s;
	size_t k;

	(void)state;
	seed((unsigned int)getpid());
	for (k = 0; k < NKINDS; k++) {
		setup(NULL);
		s = start(kinds[k].version, kinds[k].unit, 1000);
		run_all(&s, 1, 2000);
		assert_true(s.lost > 0 && s.late > 0);
		assert_sum(s.lost, s.late, 0);
		assert_unit(&s);
	}
}

static void
ports_may_change_in_each_unit(void **state)
{
	struct simulated s;
	size_t k;

	(void)state;
	seed((unsigned int)getpid());
	for (k = 0; k < NKINDS; k++) {
		setup(NULL);
		s = start(kinds[k].version, kinds[k].unit, 0);
		s.changing = true;
		run_all(&s, 1, 2000);
		assert_sum(s.lost, s.late, 0);
		assert_unit(&s);
	}
}

/* Two processes behind one address, with one domain and any units. */
static void
sessions_have_their_own_units(void **state)
{
	struct simulated s[2];
	size_t k, n;

	(void)state;
	seed((unsigned int)getpid());
	for (k = 0; k < NKINDS; k++) {
		setup(NULL);
		for (n = 0; n < 2; n++)
			s[n] = start(kinds[k].version,
			    kinds[(k + n) % NKINDS].version ==
				    kinds[k].version ?
				kinds[(k + n) % NKINDS].unit :
				kinds[k].unit,
			    (uint16_t)(1000 + n));
		run_all(s, 2, 1000);
		assert_int_equal(sum.restarts, 0);
		assert_int_equal(sum.missing, s[0].lost + s[1].lost);
		for (n = 0; n < 2; n++)
			assert_unit(&s[n]);
	}
}

/* Processes whose first numbers are near each other: none lost any. */
static void
near_sessions_are_told_apart(void **state)
{
	static const uint32_t begin[] = { 0, 900, 50, 400 };
	struct simulated s[4];
	size_t k, n;

	(void)state;
	for (k = 0; k < NKINDS; k++) {
		/*
		 * v5 needs no first step, so that it may err here.  Four
		 * processes that have other units exceed SEQUENCE_PENDING.
		 */
		if (kinds[k].version == V5 ||
		    kinds[k].unit != unit_of(kinds[k].version))
			continue;
		setup(NULL);
		for (n = 0; n < 4; n++) {
			s[n] = start(kinds[k].version, kinds[k].unit,
			    (uint16_t)(1000 + n));
			s[n].flows = s[n].records = s[n].datagrams = begin[n];
		}
		run_all(s, 4, 30);
		assert_sum(0, sum.late, 0);
		assert_true(sum.late <= 21);
	}
}

/* Two processes that begin together have the same numbers. */
static void
equal_sessions_hide_no_loss(void **state)
{
	struct simulated s[2];
	size_t n;

	(void)state;
	for (n = 0; n < 2; n++) {
		s[n] = start(NF_VERSION_9, SEQUENCE_DATAGRAMS,
		    (uint16_t)(1000 + n));
		s[n].datagrams = 0;
	}
	run_all(s, 2, 1000);
	assert_true(s[0].lost > 0 && s[1].lost > 0);
	assert_int_equal(sum.missing, s[0].lost + s[1].lost);
}

static void
restarts_are_no_loss_in_any_unit(void **state)
{
	struct simulated s;
	uint32_t gap;
	size_t k;
	int i;

	(void)state;
	seed((unsigned int)getpid());
	for (k = 0; k < NKINDS; k++) {
		setup(NULL);
		s = start(kinds[k].version, kinds[k].unit, 1000);
		s.flows = s.records = s.datagrams = 10000000;
		for (i = 0; i < 5; i++) {
			run_all(&s, 1, 200);
			gap = 10000000 + (uint32_t)random() % 10000000;
			s.flows += gap;
			s.records += gap;
			s.datagrams += gap;
			s.lost += gap;
			/* So many are lost only if another number follows. */
			deliver(&s, make(&s));
			deliver(&s, make(&s));
			restart(&s);
		}
		run_all(&s, 1, 200);
		assert_sum(s.lost, s.late, s.restarts);
	}
}

/* Parts of one sequence come from two ports. */
static void
one_sequence_over_two_ports(void **state)
{
	struct simulated s;
	int i;

	(void)state;
	s = start(NF_VERSION_9, SEQUENCE_DATAGRAMS, 1000);
	for (i = 0; i < 1000; i++) {
		s.port = 1000 + (uint16_t)(i % 2);
		s.begun = i > 1;
		if (i > 10 && i % 50 == 0)
			lose(&s);
		else
			deliver(&s, make(&s));
	}
	assert_sum(s.lost, 0, 0);
}

static void
constant_numbers_are_no_loss(void **state)
{
	static const uint16_t versions[] = { V5, NF_VERSION_9,
		NF_VERSION_IPFIX };
	struct simulated s;
	struct sequence_mark m;
	size_t k;
	int i;

	(void)state;
	for (k = 0; k < 3; k++) {
		setup(NULL);
		s = start(versions[k], SEQUENCE_CONSTANT, 1000);
		for (i = 0; i < 100; i++) {
			m = make(&s);
			m.number = 0;
			deliver(&s, m);
		}
		assert_int_equal(sum.missing, 0);
		assert_true(sum.late < 21);
		assert_true(sequences_are_constant(&q, versions[k]));
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
		cmocka_unit_test_setup(no_unit_shows_loss_without_loss, setup),
		cmocka_unit_test_setup(loss_is_right_in_each_unit, setup),
		cmocka_unit_test_setup(ports_may_change_in_each_unit, setup),
		cmocka_unit_test_setup(sessions_have_their_own_units, setup),
		cmocka_unit_test_setup(near_sessions_are_told_apart, setup),
		cmocka_unit_test_setup(equal_sessions_hide_no_loss, setup),
		cmocka_unit_test_setup(restarts_are_no_loss_in_any_unit, setup),
		cmocka_unit_test_setup(one_sequence_over_two_ports, setup),
		cmocka_unit_test_setup(constant_numbers_are_no_loss, setup),
		cmocka_unit_test_setup(loss_in_one_of_several_is_counted,
		    setup),
		cmocka_unit_test_setup(a_new_sequence_may_appear_later, setup),
		cmocka_unit_test_setup(
		    several_sequences_restart_by_their_uptime, setup),
		cmocka_unit_test_setup(one_forged_number_has_no_effect, setup),
		cmocka_unit_test_setup(many_forged_numbers_have_no_effect,
		    setup),
		cmocka_unit_test_setup(
		    a_jump_counts_when_another_number_follows, setup),
		cmocka_unit_test_setup(
		    a_jump_of_more_than_a_region_is_a_restart, setup),
		cmocka_unit_test_setup(domains_and_versions_do_not_mix, setup),
		cmocka_unit_test_setup(unknown_counts_are_not_loss, setup),
		cmocka_unit_test_setup(any_numbers_are_accepted, setup),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
