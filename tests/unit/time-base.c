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
 * The uptimes of IPFIX after a restart of the exporter.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture9.h"

#define EPOCH_MS ((uint64_t)WIRE_EXPORT_SEC * 1000)
#define DAY      86400
#define UNKNOWN  INT64_MIN

/* Times of the exporter are in seconds since WIRE_EXPORT_SEC. */
static void
at(int64_t sec)
{
	w.export_sec = (uint32_t)(WIRE_EXPORT_SEC + sec);
	w.sequence++;
}

static void
tell(int64_t start)
{
	send_init_time(IPFIX, EPOCH_MS + (uint64_t)(start * 1000));
}

/*
 * Sends a flow of a second that ended at this uptime.  Returns the end that was
 * stored, or UNKNOWN for the time of export.
 */
static int64_t
flow(int64_t uptime)
{
	static const struct wire_field fields[] = { { 1, 4, 0 }, { 22, 4, 0 },
		{ 21, 4, 0 } };
	const uint64_t restarted = counters()->times_restarted;
	const struct flow *f = &c.flows[0];
	int64_t end;

	wire_start(&w, IPFIX);
	wire_template(&w, 256, fields, 3);
	wire_set(&w, 256);
	wire_uint(&w, 1, 4);
	wire_uint(&w, (uint64_t)(uptime - 1) * 1000, 4);
	wire_uint(&w, (uint64_t)uptime * 1000, 4);
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 1);
	end = (int64_t)f->time_sec - WIRE_EXPORT_SEC -
	    (f->sys_uptime_ms - f->flow_finish) / 1000;
	assert_int_equal(f->flow_finish - f->flow_start, 1000);
	if (counters()->times_restarted == restarted)
		return (end);
	assert_int_equal(counters()->times_restarted, restarted + 1);
	assert_int_equal(end, (int64_t)w.export_sec - WIRE_EXPORT_SEC);
	return (UNKNOWN);
}

static void
the_old_init_time_does_not_date_flows(void **state)
{
	(void)state;
	tell(-10 * DAY);
	assert_int_equal(flow(10 * DAY - 50), -50);
	/* Down for 100 s, up for 200 s. */
	at(300);
	assert_int_equal(flow(150), UNKNOWN);
	assert_int_equal(flow(199), UNKNOWN);
	at(900);
	assert_int_equal(flow(700), UNKNOWN);
	/* Also when it is up for longer than before. */
	at(11 * DAY);
	assert_int_equal(flow(10 * DAY + 300), UNKNOWN);
	tell(100);
	assert_int_equal(flow(10 * DAY + 300), 10 * DAY + 400);
	assert_int_equal(counters()->times_restarted, 4);
}

/* Exporters may have been up for more than 2^31 ms, or 2^32 ms. */
static void
a_long_uptime_ends(void **state)
{
	static const int days[] = { 1, 24, 25, 30, 48, 52, 99 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		at(0);
		tell(-days[i] * DAY);
		assert_int_equal(flow(days[i] * DAY - 5), -5);
		at(120);
		assert_int_equal(flow(100), UNKNOWN);
	}
}

/* Without a pause between the messages, as the uptime is far too small. */
static void
the_pause_may_be_unknown(void **state)
{
	(void)state;
	tell(-10 * DAY);
	assert_int_equal(flow(10 * DAY - 50), -50);
	assert_int_equal(flow(250), UNKNOWN);
	w.sequence = 1000;
	tell(-1000);
	assert_int_equal(flow(950), -50);
	w.sequence = 0;
	assert_int_equal(flow(40), UNKNOWN);
}

static void
uptimes_may_wrap(void **state)
{
	const int64_t wrap = (INT64_C(1) << 32) / 1000;

	(void)state;
	tell(-wrap + 60);
	assert_int_equal(flow(wrap - 70), -10);
	at(58);
	assert_int_equal(flow(wrap - 30), 30);
	at(100);
	assert_int_equal(flow(wrap + 20), 80);
	assert_int_equal(flow(wrap - 40), 20);
	at(3600);
	assert_int_equal(flow(wrap + 3000), 3060);
	assert_int_equal(counters()->times_restarted, 0);
}

/* Of 70 minutes. */
static void
a_short_uptime_ends(void **state)
{
	(void)state;
	tell(-70 * 60);
	assert_int_equal(flow(70 * 60 - 20), -20);
	at(60);
	assert_int_equal(flow(50), UNKNOWN);
	tell(5);
	assert_int_equal(flow(50), 55);
}

/* Flows are exported after a timeout, and datagrams overtake others. */
static void
late_flows_are_no_restart(void **state)
{
	(void)state;
	tell(-DAY);
	assert_int_equal(flow(DAY - 3600), -3600);
	at(600);
	assert_int_equal(flow(DAY - 3000), -3000);
	w.sequence -= 2;
	assert_int_equal(flow(DAY - 3100), -3100);
	at(10);
	assert_int_equal(flow(DAY - 300), -300);
	/* A long pause, and a flow in the middle of it. */
	at(4 * 3600);
	assert_int_equal(flow(DAY + 2 * 3600), 2 * 3600);
	assert_int_equal(counters()->times_restarted, 0);
}

/* A flow that waited for days looks like one of another start. */
static void
a_good_flow_shows_that_there_was_no_restart(void **state)
{
	(void)state;
	tell(-10 * DAY);
	assert_int_equal(flow(10 * DAY - 1), -1);
	assert_int_equal(flow(DAY), UNKNOWN);
	assert_int_equal(flow(10 * DAY - 1), -1);
	assert_int_equal(flow(10 * DAY - 600), -600);
}

static void
uptime_0_says_nothing(void **state)
{
	(void)state;
	tell(-2 * DAY);
	(void)flow(2 * DAY);
	at(60);
	assert_int_equal(flow(0), -2 * DAY);
	assert_int_equal(flow(2 * DAY + 50), 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_old_init_time_does_not_date_flows),
		TEST(a_long_uptime_ends),
		TEST(a_short_uptime_ends),
		TEST(the_pause_may_be_unknown),
		TEST(uptimes_may_wrap),
		TEST(late_flows_are_no_restart),
		TEST(a_good_flow_shows_that_there_was_no_restart),
		TEST(uptime_0_says_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
