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
 * The table of exporters, their sequence numbers, and their warnings.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "decode/exporter-log.h"
#include "decode/exporter.h"
#include "decode/exporters.h"
#include "netflow.h"

#define NOW 1700000000U
#define V5  PROTOCOL_V5

static struct exporter_table *
new_table(size_t limit)
{
	const struct exporter_limits limits = {
		.exporters = limit,
		.templates = TEMPLATES_DEFAULT,
		.memory = MEMORY_DEFAULT,
	};
	struct exporter_table *table = exporters_new(&limits);

	assert_non_null(table);
	assert_int_equal(exporters_count(table), 0);
	return (table);
}

static struct addr
numbered(uint32_t n)
{
	const uint8_t bytes[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
		(uint8_t)(n >> 8), (uint8_t)n };

	return (addr_v4(bytes));
}

static uint32_t
number_of(const struct addr *a)
{
	return ((uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
	    (uint32_t)a->bytes[2] << 8 | a->bytes[3]);
}

static void
sequence(struct exporter *e, enum protocol_id id, uint32_t domain,
    uint32_t number, uint32_t count, uint32_t uptime_ms)
{
	struct sequence_mark mark = {
		.domain = domain,
		.number = number,
		.flows = count,
		.records = count,
		.uptime_ms = uptime_ms,
	};

	exporter_sequence(e, id, &mark);
}

static struct exporter *
get(struct exporter_table *table, uint32_t n, uint32_t now)
{
	const struct addr a = numbered(n);
	struct exporter *e = exporter_get(table, &a, now, false);

	assert_non_null(e);
	assert_true(addr_equal(&e->addr, &a));
	return (e);
}

/* The same for one that sends a datagram every quarter of an hour. */
static struct exporter *
get_steady(struct exporter_table *table, uint32_t n, uint32_t now)
{
	struct exporter *e = get(table, n, now - EXPORTER_IDLE * 3 / 2);

	e->counters.datagrams++;
	e = get(table, n, now);
	e->counters.datagrams++;
	return (e);
}

/* The same for one that has sent flows for an hour until now. */
static struct exporter *
get_established(struct exporter_table *table, uint32_t n, uint32_t now)
{
	const uint32_t begin = now / HISTORY_HOUR_STEP * HISTORY_HOUR_STEP;
	struct exporter *e = NULL;
	uint32_t i;

	for (i = EXPORTER_ACTIVE; i > 0; i--) {
		e = get(table, n, begin - i * HISTORY_HOUR_STEP);
		e->counters.datagrams++;
		e->counters.flows++;
	}
	assert_int_equal(e->memory.rank, MEMORY_NEWCOMER);
	e = get(table, n, now);
	e->counters.datagrams++;
	assert_int_equal(e->memory.rank, MEMORY_ESTABLISHED);
	return (e);
}

struct listing {
	uint32_t numbers[8];
	size_t n;
};

static void
list(void *arg, const struct exporter *e)
{
	struct listing *l = arg;

	assert_true(l->n < sizeof(l->numbers) / sizeof(l->numbers[0]));
	l->numbers[l->n++] = number_of(&e->addr);
}

/* The table has these n, the least recently used one first. */
static void
assert_listed(struct exporter_table *table, const uint32_t *numbers, size_t n)
{
	struct listing l = { .n = 0 };

	exporters_each(table, list, &l);
	assert_int_equal(l.n, n);
	assert_int_equal(exporters_count(table), n);
	assert_memory_equal(l.numbers, numbers, n * sizeof(numbers[0]));
}

static void
finds_existing_exporters(void **state)
{
	struct exporter_table *table = new_table(10);
	struct exporter *e;

	(void)state;
	e = get(table, 1, NOW);
	assert_int_equal(e->first_seen, NOW);
	assert_int_equal(e->last_seen, NOW);
	assert_int_equal(e->counters.datagrams, 0);
	e->counters.datagrams = 7;
	e = get(table, 2, NOW + 1);
	assert_int_equal(e->counters.datagrams, 0);
	e->counters.datagrams = 2;
	e = get(table, 1, NOW + 2);
	assert_int_equal(e->counters.datagrams, 7);
	assert_int_equal(e->first_seen, NOW);
	assert_int_equal(e->last_seen, NOW + 2);
	assert_listed(table, (const uint32_t[]){ 2, 1 }, 2);
	exporters_free(table);
	exporters_free(NULL);
}

static void
families_are_separate(void **state)
{
	static const uint8_t v6[16] = { 192, 0, 2, 1 };
	struct exporter_table *table = new_table(10);
	const struct addr a = numbered(0xc0000201), b = addr_v6(v6);

	(void)state;
	exporter_get(table, &a, NOW, false)->counters.datagrams = 4;
	exporter_get(table, &b, NOW, false)->counters.datagrams = 6;
	assert_int_equal(exporters_count(table), 2);
	assert_int_equal(
	    exporter_get(table, &a, NOW, false)->counters.datagrams, 4);
	assert_int_equal(
	    exporter_get(table, &b, NOW, false)->counters.datagrams, 6);
	exporters_free(table);
}

static void
evicts_the_least_recently_used(void **state)
{
	struct exporter_table *table = new_table(3);
	const uint32_t later = NOW + EXPORTER_IDLE;

	(void)state;
	get_steady(table, 1, NOW);
	get_steady(table, 2, NOW);
	get_steady(table, 3, NOW);
	get(table, 1, NOW);
	assert_listed(table, (const uint32_t[]){ 2, 3, 1 }, 3);
	get_steady(table, 4, later + EXPORTER_IDLE * 3 / 2);
	assert_listed(table, (const uint32_t[]){ 3, 1, 4 }, 3);
	get(table, 3, later);
	get_steady(table, 5, later + EXPORTER_IDLE * 3 / 2);
	assert_listed(table, (const uint32_t[]){ 4, 3, 5 }, 3);
	/* An exporter that returns starts without state. */
	get(table, 3, later + 2 * EXPORTER_IDLE);
	get(table, 5, later + 2 * EXPORTER_IDLE);
	assert_int_equal(
	    get(table, 1, later + 3 * EXPORTER_IDLE)->counters.datagrams, 0);
	assert_int_equal(get(table, 1, later)->first_seen,
	    later + 3 * EXPORTER_IDLE);
	assert_int_equal(get(table, 3, later)->counters.datagrams, 2);
	exporters_free(table);
}

static void
exporters_in_use_are_not_evicted(void **state)
{
	struct exporter_table *table = new_table(2);
	const uint32_t soon = NOW + EXPORTER_IDLE - 1;
	struct counters sum;
	uint32_t i;

	(void)state;
	get_steady(table, 1, NOW);
	get_steady(table, 2, NOW);
	for (i = 10; i < 1000; i++) {
		struct exporter *e = get(table, i, soon);

		e->counters.datagrams++;
		/* Nothing of the previous address remains. */
		assert_int_equal(e->sampling_interval, 0);
		assert_int_equal(e->sequences.streams[0].version, 0);
		e->sampling_interval = 5;
		sequence(e, PROTOCOL_V5, 0, i, 1, i);
	}
	assert_listed(table, (const uint32_t[]){ 1, 2 }, 2);
	exporters_sum(table, &sum);
	assert_int_equal(sum.datagrams, 990 + 4);
	exporters_free(table);
}

static void
newcomers_of_one_datagram_are_evicted_first(void **state)
{
	struct exporter_table *table = new_table(4);
	uint32_t i;

	(void)state;
	get_steady(table, 1, NOW);
	get(table, 2, NOW)->counters.datagrams = 1;
	get_steady(table, 3, NOW);
	for (i = 10; i < 1000; i++)
		get(table, i, NOW)->counters.datagrams = 1;
	assert_listed(table, (const uint32_t[]){ 1, 3, 998, 999 }, 4);
	exporters_free(table);
}

/* It may have paused for any time. */
static void
established_exporters_outlive_newcomers(void **state)
{
	struct exporter_table *table = new_table(4);
	uint32_t i;

	(void)state;
	get_established(table, 1, NOW);
	get_established(table, 2, NOW);
	for (i = 10; i < 1000; i++)
		get(table, i, NOW + 100 * EXPORTER_IDLE);
	assert_listed(table, (const uint32_t[]){ 998, 999, 1, 2 }, 4);
	exporters_free(table);
}

static void
a_quarter_is_for_newcomers(void **state)
{
	struct exporter_table *table = new_table(4);
	const struct addr named = numbered(6);

	(void)state;
	get_established(table, 1, NOW);
	get_established(table, 2, NOW);
	get_established(table, 3, NOW);
	get_established(table, 4, NOW);
	/* The first has become a newcomer again. */
	assert_listed(table, (const uint32_t[]){ 1, 2, 3, 4 }, 4);
	get(table, 5, NOW + EXPORTER_IDLE);
	assert_listed(table, (const uint32_t[]){ 5, 2, 3, 4 }, 4);
	/* A named one evicts a newcomer, and then an established one. */
	assert_non_null(exporter_get(table, &named, NOW, true));
	assert_listed(table, (const uint32_t[]){ 2, 3, 4, 6 }, 4);
	get(table, 7, NOW + EXPORTER_IDLE - 1);
	assert_listed(table, (const uint32_t[]){ 2, 3, 4, 6 }, 4);
	exporters_free(table);
}

/* Flows of one step of an hour are no hour, however many they are. */
static void
an_hour_of_flows_makes_an_exporter_established(void **state)
{
	struct exporter_table *table = new_table(4);
	struct exporter *e = NULL;
	uint32_t i;

	(void)state;
	for (i = 0; i < 3600; i += 60) {
		e = get(table, 1, NOW + i);
		e->counters.datagrams++;
		if (i < HISTORY_HOUR_STEP)
			e->counters.flows += 1000;
	}
	assert_int_equal(e->memory.rank, MEMORY_NEWCOMER);
	for (; i < 2 * 3600 + HISTORY_HOUR_STEP; i += 60) {
		e = get(table, 1, NOW + i);
		e->counters.datagrams++;
		e->counters.flows++;
	}
	assert_int_equal(e->memory.rank, MEMORY_ESTABLISHED);
	exporters_free(table);
}

static void
a_clock_set_back_makes_no_exporter_idle(void **state)
{
	struct exporter_table *table = new_table(2);

	(void)state;
	get_steady(table, 1, NOW);
	get_steady(table, 2, NOW);
	get(table, 3, NOW - 1);
	get(table, 4, NOW - 100 * EXPORTER_IDLE);
	assert_listed(table, (const uint32_t[]){ 1, 2 }, 2);
	exporters_free(table);
}

static void
named_exporters_are_kept(void **state)
{
	struct exporter_table *table = new_table(2);
	const struct addr a = numbered(1), b = numbered(2), c = numbered(3);
	const uint32_t later = NOW + EXPORTER_IDLE;

	(void)state;
	assert_non_null(exporter_get(table, &a, NOW, true));
	get(table, 9, NOW);
	/* A named one evicts one that is not named, in use or not. */
	assert_non_null(exporter_get(table, &b, NOW, true));
	assert_listed(table, (const uint32_t[]){ 1, 2 }, 2);
	/* Others never evict a named one, however long it was silent. */
	get(table, 10, later);
	assert_listed(table, (const uint32_t[]){ 1, 2 }, 2);
	assert_non_null(exporter_get(table, &c, later, true));
	assert_listed(table, (const uint32_t[]){ 2, 3 }, 2);
	exporters_free(table);
}

static void
a_limit_of_one_works(void **state)
{
	struct exporter_table *table = new_table(1);
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		get(table, i, NOW + i * EXPORTER_IDLE);
		assert_listed(table, &i, 1);
	}
	exporters_free(table);
}

static void
check_number(void *arg, const struct exporter *e)
{
	size_t *n = arg;

	assert_int_equal(e->counters.datagrams, number_of(&e->addr));
	(*n)++;
}

static void
holds_many_exporters(void **state)
{
	const uint32_t limit = EXPORTERS_DEFAULT, all = limit + 20000;
	struct exporter_table *table = new_table(limit);
	uint32_t i;
	size_t n = 0;

	(void)state;
	for (i = 0; i < all; i++)
		get(table, i, NOW)->counters.datagrams = i;
	assert_int_equal(exporters_count(table), limit);
	exporters_each(table, check_number, &n);
	assert_int_equal(n, limit);
	/* Those in the table are found; those evicted are not. */
	for (i = all - limit; i < all; i++)
		assert_int_equal(get(table, i, NOW)->counters.datagrams, i);
	assert_int_equal(exporters_count(table), limit);
	for (i = 1; i < all - limit; i++)
		assert_int_equal(
		    get(table, i, NOW + EXPORTER_IDLE)->counters.datagrams, 0);
	assert_int_equal(exporters_count(table), limit);
	exporters_free(table);
}

static void
assert_sequence(const struct exporter *e, uint64_t lost, uint64_t late,
    uint64_t restarts)
{
	assert_int_equal(e->counters.sequence_lost, lost);
	assert_int_equal(e->counters.sequence_late, late);
	assert_int_equal(e->counters.restarts, restarts);
}

static void
no_gap_is_no_loss(void **state)
{
	struct exporter e = { .addr = numbered(1) };
	uint32_t i, seq = 123456;

	(void)state;
	for (i = 1; i <= 30; seq += i++)
		sequence(&e, V5, 0, seq, i, 1000 * i);
	assert_sequence(&e, 0, 0, 0);
}

static void
gaps_are_counted(void **state)
{
	struct exporter e = { .addr = numbered(1) };

	(void)state;
	sequence(&e, V5, 0, 5000, 30, 1000);
	sequence(&e, V5, 0, 5060, 30, 2000);
	assert_sequence(&e, 30, 0, 0);
	sequence(&e, V5, 0, 5091, 30, 3000);
	assert_sequence(&e, 31, 0, 0);
	sequence(&e, V5, 0, 1005121, 1, 60000);
	assert_sequence(&e, 1000031, 0, 0);
	sequence(&e, V5, 0, 1005122, 1, 60000);
	assert_sequence(&e, 1000031, 0, 0);
}

static void
sequences_wrap(void **state)
{
	struct exporter e = { .addr = numbered(1) };

	(void)state;
	sequence(&e, V5, 0, 0xfffffff0, 16, 1000);
	sequence(&e, V5, 0, 0, 10, 2000);
	assert_sequence(&e, 0, 0, 0);
	memset(&e, 0, sizeof(e));
	sequence(&e, V5, 0, 0xfffffff0, 30, 1000);
	sequence(&e, V5, 0, 14, 30, 2000);
	assert_sequence(&e, 0, 0, 0);
	/* A gap across the wrap. */
	memset(&e, 0, sizeof(e));
	sequence(&e, V5, 0, 0xffffff00, 16, 1000);
	sequence(&e, V5, 0, 16, 10, 2000);
	assert_sequence(&e, 256, 0, 0);
}

static void
restarts_are_not_gaps(void **state)
{
	struct exporter e = { .addr = numbered(1) };

	(void)state;
	sequence(&e, V5, 0, 4000000, 30, 86400000);
	sequence(&e, V5, 0, 0, 30, 20000);
	assert_sequence(&e, 0, 0, 0);
	sequence(&e, V5, 0, 30, 30, 21000);
	assert_sequence(&e, 0, 0, 1);
	sequence(&e, V5, 0, 70, 30, 22000);
	assert_sequence(&e, 10, 0, 1);
	/* Shortly after its start, and to a higher number. */
	sequence(&e, V5, 0, 1000, 30, 500);
	assert_sequence(&e, 10, 0, 1);
	sequence(&e, V5, 0, 1030, 30, 600);
	assert_sequence(&e, 10, 0, 2);
	/*
	 * Its uptime is higher than before, so that only the number shows it.
	 */
	sequence(&e, V5, 0, 4000000, 30, 700);
	assert_sequence(&e, 10, 0, 2);
	sequence(&e, V5, 0, 4000030, 30, 800);
	assert_sequence(&e, 4000000 - 1060 + 10, 0, 2);
	sequence(&e, V5, 0, 0, 30, 86400000);
	assert_sequence(&e, 4000000 - 1060 + 10, 0, 3);
}

static void
wrap_of_uptime_is_not_a_restart(void **state)
{
	struct exporter e = { .addr = numbered(1) };

	(void)state;
	sequence(&e, V5, 0, 100, 30, 0xffffff00);
	sequence(&e, V5, 0, 130, 30, 0x100);
	assert_sequence(&e, 0, 0, 0);
}

static void
reordering_is_not_loss(void **state)
{
	static const uint32_t order[] = { 0, 30, 90, 60, 120, 180, 210, 150 };
	struct exporter e = { .addr = numbered(1) };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		sequence(&e, V5, 0, 1000 + order[i], 30, 50000 + order[i] * 10);
	/* Flows that counted as lost were late. */
	assert_sequence(&e, 0, 60, 0);
	sequence(&e, V5, 0, 1240, 30, 60000);
	assert_sequence(&e, 0, 60, 0);
}

static void
duplicates_are_not_loss(void **state)
{
	struct exporter e = { .addr = numbered(1) };
	uint32_t i;

	(void)state;
	for (i = 0; i < 10; i++) {
		sequence(&e, V5, 0, i * 30, 30, 1000 * i);
		sequence(&e, V5, 0, i * 30, 30, 1000 * i);
	}
	assert_sequence(&e, 0, 300, 0);
}

static void
engines_have_separate_sequences(void **state)
{
	struct exporter e = { .addr = numbered(1) };
	uint32_t i, engine;

	(void)state;
	for (i = 0; i < 100; i++) {
		for (engine = 0; engine < SEQUENCES_MAX; engine++)
			sequence(&e, V5, engine, engine * 0x20000000U + i * 30,
			    30, 1000 * i);
	}
	assert_sequence(&e, 0, 0, 0);
	/* A gap in one of them is counted. */
	sequence(&e, V5, 3, 3 * 0x20000000U + i * 30 + 5, 30, 1000 * i);
	assert_sequence(&e, 5, 0, 0);
}

static void
versions_have_separate_sequences(void **state)
{
	struct exporter e = { .addr = numbered(1) };
	uint32_t i;

	(void)state;
	for (i = 0; i < 100; i++) {
		sequence(&e, V5, 0, i * 30, 30, 1000 * i);
		sequence(&e, PROTOCOL_V7, 0, 900000 + i * 27, 27, 1000 * i);
	}
	assert_sequence(&e, 0, 0, 0);
}

static void
too_many_engines_report_no_false_loss(void **state)
{
	struct exporter e = { .addr = numbered(1) };
	uint32_t i, engine;

	(void)state;
	for (i = 0; i < 100; i++) {
		for (engine = 0; engine < 3 * SEQUENCES_MAX; engine++)
			sequence(&e, V5, engine, engine * 0x01000000U + i * 30,
			    30, 1000 * i);
	}
	assert_sequence(&e, 0, 0, 0);
}

static struct exporters_shared shared;

static void
warnings_name_the_exporter(void **state)
{
	static const uint8_t v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 9 };
	struct log_limit limits_of_e[EXPORTER_CAUSES] = { 0 };
	struct exporter e = {
		.addr = addr_v6(v6),
		.shared = &shared,
		.log_limits = limits_of_e,
	};

	(void)state;
	capture_begin();
	exporter_warnx(&e, EXPORTER_INVALID, NOW, "set %u is %s", 256, "short");
	assert_string_equal(capture_end(), "2001:db8::9: set 256 is short\n");
}

static void
warnings_are_held_back_and_counted(void **state)
{
	struct log_limit limits_of_e[EXPORTER_CAUSES] = { 0 };
	struct exporter e = {
		.addr = numbered(0xc0000207),
		.shared = &shared,
		.log_limits = limits_of_e,
	};
	uint32_t i;

	(void)state;
	capture_begin();
	for (i = 0; i < LOG_LIMIT_INTERVAL; i++)
		exporter_warnx(&e, EXPORTER_INVALID, NOW + i, "bad %u", i);
	exporter_warnx(&e, EXPORTER_INVALID, NOW + i, "bad %u", i);
	exporter_warnx(&e, EXPORTER_INVALID, NOW + i, "bad %u", i);
	exporter_warnx(&e, EXPORTER_INVALID, NOW + 2 * i, "not yet");
	exporter_warnx(&e, EXPORTER_INVALID, NOW + 3 * i, "bad again");
	exporter_info(&e, EXPORTER_INVALID, NOW + 13 * i, "bad still");
	exporter_info(&e, EXPORTER_INVALID, NOW + 23 * i, "bad for once");
	exporter_info(&e, EXPORTER_INVALID, NOW + 24 * i, "and once more");
	assert_string_equal(capture_end(),
	    "192.0.2.7: bad 0\n"
	    "192.0.2.7: bad 60 (59 similar held back)\n"
	    "192.0.2.7: bad again (2 similar held back)\n"
	    "192.0.2.7: bad still\n"
	    "192.0.2.7: bad for once\n"
	    "192.0.2.7: and once more\n");
}

static void
warnings_have_separate_limits(void **state)
{
	struct log_limit limits_of_a[EXPORTER_CAUSES] = { 0 };
	struct exporter a = {
		.addr = numbered(0xc0000207),
		.shared = &shared,
		.log_limits = limits_of_a,
	};
	struct log_limit limits_of_b[EXPORTER_CAUSES] = { 0 };
	struct exporter b = {
		.addr = numbered(0xc0000208),
		.shared = &shared,
		.log_limits = limits_of_b,
	};

	(void)state;
	capture_begin();
	exporter_warnx(&a, EXPORTER_INVALID, NOW, "invalid");
	exporter_warnx(&a, EXPORTER_UNSUPPORTED, NOW, "unsupported");
	exporter_warnx(&b, EXPORTER_INVALID, NOW, "invalid");
	exporter_warnx(&b, EXPORTER_INVALID, NOW, "invalid");
	assert_string_equal(capture_end(),
	    "192.0.2.7: invalid\n"
	    "192.0.2.7: unsupported\n"
	    "192.0.2.8: invalid\n");
}

/* A clock that is set back must not silence an exporter for years. */
static void
a_clock_set_back_does_not_silence(void **state)
{
	struct log_limit limits_of_e[EXPORTER_CAUSES] = { 0 };
	struct exporter e = {
		.addr = numbered(0xc0000207),
		.shared = &shared,
		.log_limits = limits_of_e,
	};

	(void)state;
	capture_begin();
	exporter_warnx(&e, EXPORTER_INVALID, NOW, "now");
	exporter_warnx(&e, EXPORTER_INVALID, NOW - 1000000, "then");
	assert_string_equal(capture_end(),
	    "192.0.2.7: now\n"
	    "192.0.2.7: then\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_existing_exporters),
		cmocka_unit_test(families_are_separate),
		cmocka_unit_test(evicts_the_least_recently_used),
		cmocka_unit_test(exporters_in_use_are_not_evicted),
		cmocka_unit_test(newcomers_of_one_datagram_are_evicted_first),
		cmocka_unit_test(established_exporters_outlive_newcomers),
		cmocka_unit_test(a_quarter_is_for_newcomers),
		cmocka_unit_test(
		    an_hour_of_flows_makes_an_exporter_established),
		cmocka_unit_test(a_clock_set_back_makes_no_exporter_idle),
		cmocka_unit_test(named_exporters_are_kept),
		cmocka_unit_test(a_limit_of_one_works),
		cmocka_unit_test(holds_many_exporters),
		cmocka_unit_test(no_gap_is_no_loss),
		cmocka_unit_test(gaps_are_counted),
		cmocka_unit_test(sequences_wrap),
		cmocka_unit_test(restarts_are_not_gaps),
		cmocka_unit_test(wrap_of_uptime_is_not_a_restart),
		cmocka_unit_test(reordering_is_not_loss),
		cmocka_unit_test(duplicates_are_not_loss),
		cmocka_unit_test(engines_have_separate_sequences),
		cmocka_unit_test(versions_have_separate_sequences),
		cmocka_unit_test(too_many_engines_report_no_false_loss),
		cmocka_unit_test(warnings_name_the_exporter),
		cmocka_unit_test(warnings_are_held_back_and_counted),
		cmocka_unit_test(warnings_have_separate_limits),
		cmocka_unit_test(a_clock_set_back_does_not_silence),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
