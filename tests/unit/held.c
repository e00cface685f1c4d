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
 * Data received before their template are held within limits and decoded unchanged, and every datagram is counted once at any
 * moment (the small collector checks that after each).
 */
#include "compat/compat.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "decode/exporters.h"
#include "fixture9.h"
#include "random.h"

static void
restart_with(const struct exporter_limits *limits)
{
	collect_stop(&c);
	collect_start(&c, limits);
	wire_init(&w);
}

static enum decoded
transmit(void)
{
	return (collect_wire(&c, &w));
}

/* Two definitions by which the same octets have different meanings. */
static const struct wire_field packets_octets[] = {
	{ 2, 4, 0 },
	{ 1, 4, 0 },
};
static const struct wire_field octets_packets[] = {
	{ 1, 4, 0 },
	{ 2, 4, 0 },
};

static void
put_template(uint16_t id)
{
	wire_template(&w, id, packets_octets, 2);
}

static void
put_other_template(uint16_t id)
{
	wire_template(&w, id, octets_packets, 2);
}

static void
put_record(uint32_t n)
{
	wire_uint(&w, n, 4);
	wire_uint(&w, 1000 + n, 4);
}

static void
put_data(uint16_t id, uint32_t n)
{
	wire_set(&w, id);
	put_record(n);
}

static void
send_template(uint16_t version, uint16_t id)
{
	wire_start(&w, version);
	put_template(id);
	assert_int_equal(transmit(), DECODED);
}

static void
send_data(uint16_t version, uint16_t id, uint32_t n, enum decoded want)
{
	wire_start(&w, version);
	put_data(id, n);
	assert_int_equal(transmit(), want);
	assert_int_equal(c.n, want == DECODED ? 1 : 0);
}

/* The flows of the last datagram are the records first, first + 1 ... */
static void
assert_records(uint32_t first, size_t n)
{
	size_t i;

	assert_int_equal(c.n, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(c.flows[i].packets, first + i);
		assert_int_equal(c.flows[i].octets, 1000 + first + i);
	}
}

static void
assert_counted(uint64_t decoded, uint64_t held, uint64_t no_template)
{
	assert_int_equal(counters()->decoded, decoded);
	assert_int_equal(counters()->held, held);
	assert_int_equal(counters()->no_template, no_template);
}

static void
held_data_are_decoded_in_order(void **state)
{
	uint32_t n;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(NULL);
		for (n = 1; n <= 20; n++)
			send_data(versions[i], 256, n, DECODE_HELD);
		assert_counted(0, 20, 0);
		send_template(versions[i], 256);
		assert_records(1, 20);
		assert_counted(21, 0, 0);
		send_data(versions[i], 256, 21, DECODED);
	}
}

static void
held_data_keep_their_header_and_time(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		restart_with(NULL);
		w.export_sec -= 100;
		w.uptime_ms -= 100000;
		w.sequence = 7;
		c.recv_sec -= 99;
		send_data(versions[i], 256, 1, DECODE_HELD);
		w.export_sec += 100;
		w.uptime_ms += 100000;
		w.sequence = 8;
		c.recv_sec += 99;
		wire_start(&w, versions[i]);
		put_template(256);
		put_data(256, 2);
		assert_int_equal(transmit(), DECODED);
		assert_records(1, 2);
		assert_int_equal(c.flows[0].recv_sec, COLLECT_RECV_SEC - 99);
		assert_int_equal(c.flows[0].recv_usec, COLLECT_RECV_USEC);
		assert_int_equal(c.flows[0].time_sec, WIRE_EXPORT_SEC - 100);
		assert_int_equal(c.flows[0].flow_sequence, 7);
		assert_int_equal(c.flows[0].source_id, WIRE_DOMAIN);
		assert_int_equal(c.flows[1].recv_sec, COLLECT_RECV_SEC);
		assert_int_equal(c.flows[1].time_sec, WIRE_EXPORT_SEC);
		assert_int_equal(c.flows[1].flow_sequence, 8);
		if (versions[i] == V9)
			assert_int_equal(c.flows[0].sys_uptime_ms,
			    WIRE_UPTIME - 100000);
	}
}

static void
only_data_for_the_template_are_decoded(void **state)
{
	(void)state;
	send_data(IPFIX, 256, 1, DECODE_HELD);
	send_data(IPFIX, 257, 2, DECODE_HELD);
	send_data(V9, 256, 3, DECODE_HELD);
	w.domain++;
	send_data(IPFIX, 256, 4, DECODE_HELD);
	w.domain--;
	(void)collect_from(&c, 0xc0000299);
	send_data(IPFIX, 256, 5, DECODE_HELD);
	(void)collect_from(&c, 0xc0000201);
	send_template(IPFIX, 256);
	assert_records(1, 1);
	assert_counted(2, 3, 0);
	send_template(V9, 256);
	assert_records(3, 1);
	send_template(IPFIX, 257);
	assert_records(2, 1);
	w.domain++;
	send_template(IPFIX, 256);
	assert_records(4, 1);
	assert_counted(8, 0, 0);
	(void)collect_from(&c, 0xc0000299);
	assert_counted(0, 1, 0);
}

static void
a_datagram_is_held_until_all_of_it_is_decoded(void **state)
{
	(void)state;
	send_template(IPFIX, 300);
	wire_start(&w, IPFIX);
	put_data(256, 1);
	put_data(300, 2);
	put_data(257, 3);
	put_data(256, 4);
	assert_int_equal(transmit(), DECODE_HELD);
	assert_records(2, 1);
	assert_counted(1, 1, 0);
	send_template(IPFIX, 256);
	assert_int_equal(c.n, 2);
	assert_counted(2, 1, 0);
	send_template(IPFIX, 257);
	assert_records(3, 1);
	assert_counted(4, 0, 0);
}

static void
a_datagram_with_a_dropped_set_is_not_decoded(void **state)
{
	(void)state;
	wire_start(&w, IPFIX);
	put_data(256, 1);
	put_data(257, 2);
	assert_int_equal(transmit(), DECODE_HELD);
	send_template(IPFIX, 256);
	exporters_expire(c.table, c.recv_sec + HELD_SECONDS + 1);
	collect_check(&c);
	assert_counted(1, 0, 1);
}

static void
data_for_an_evicted_template_are_held(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 4,
		.templates = 2,
		.memory = MEMORY_DEFAULT,
	};

	(void)state;
	restart_with(&limits);
	send_template(V9, 256);
	send_template(V9, 257);
	send_template(V9, 258);
	send_data(V9, 256, 1, DECODE_HELD);
	send_template(V9, 256);
	assert_records(1, 1);
}

static void
templates_in_use_are_not_evicted(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 4,
		.templates = 3,
		.memory = MEMORY_DEFAULT,
	};
	uint16_t id;

	(void)state;
	restart_with(&limits);
	for (id = 256; id <= 258; id++)
		send_template(IPFIX, id);
	send_data(IPFIX, 256, 1, DECODED);
	send_data(IPFIX, 257, 1, DECODED);
	for (id = 1000; id < 6000; id++)
		send_template(IPFIX, id);
	assert_int_equal(counters()->templates_evicted, 5000);
	send_data(IPFIX, 256, 2, DECODED);
	send_data(IPFIX, 257, 2, DECODED);
	/* If all are in use, a new one is refused. */
	send_data(IPFIX, 5999, 2, DECODED);
	send_template(IPFIX, 258);
	assert_int_equal(counters()->templates_refused, 1);
	send_data(IPFIX, 258, 3, DECODE_HELD);
	c.recv_sec += TEMPLATE_UNUSED - 1;
	send_data(IPFIX, 256, 3, DECODED);
	send_data(IPFIX, 5999, 3, DECODED);
	send_template(IPFIX, 258);
	assert_int_equal(counters()->templates_refused, 2);
	/* One without data for long may go. */
	c.recv_sec++;
	send_template(IPFIX, 258);
	assert_records(3, 1);
	assert_int_equal(counters()->templates_evicted, 5001);
	send_data(IPFIX, 256, 4, DECODED);
	send_data(IPFIX, 257, 4, DECODE_HELD);
}

/* A definition from the port of the data replaces the old one, kept or not. */
static void
data_of_a_refused_definition_are_held(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 4,
		.templates = 1,
		.memory = MEMORY_DEFAULT,
	};

	(void)state;
	restart_with(&limits);
	c.port = 1000;
	send_template(IPFIX, 256);
	send_data(IPFIX, 256, 1, DECODED);
	c.port = 2000;
	send_data(IPFIX, 256, 1, DECODED);
	wire_start(&w, IPFIX);
	put_other_template(256);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(counters()->templates_refused, 1);
	send_data(IPFIX, 256, 2, DECODE_HELD);
	c.port = 1000;
	send_data(IPFIX, 256, 3, DECODED);
	wire_start(&w, IPFIX);
	put_other_template(256);
	assert_int_equal(transmit(), DECODED);
	/* It has the place of the one before. */
	assert_int_equal(counters()->templates_refused, 1);
	assert_int_equal(counters()->templates_changed, 1);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.flows[0].octets, 2);
	wire_start(&w, IPFIX);
	put_data(256, 4);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.flows[0].octets, 4);
}

/* Withdraws one template, or all if id is the id of the set. */
static void
withdraw(uint16_t set, uint16_t id)
{
	wire_start(&w, IPFIX);
	wire_set(&w, set);
	wire_uint(&w, id, 2);
	wire_uint(&w, 0, 2);
	assert_int_equal(transmit(), DECODED);
	assert_int_equal(c.n, 0);
}

static void
a_withdrawal_is_counted_and_deletes_nothing(void **state)
{
	(void)state;
	send_template(IPFIX, 256);
	withdraw(2, 256);
	assert_int_equal(counters()->withdrawals, 1);
	assert_int_equal(c.exporter->templates.count, 1);
	withdraw(2, 256);
	withdraw(2, 999);
	assert_int_equal(counters()->withdrawals, 3);
	assert_int_equal(counters()->templates_refused, 0);
}

static void
data_after_a_withdrawal_are_decoded(void **state)
{
	uint16_t id;

	(void)state;
	send_template(IPFIX, 256);
	wire_start(&w, IPFIX);
	wire_options(&w, 257, packets_octets, 2, 1);
	assert_int_equal(transmit(), DECODED);
	exporters_saved(c.table);
	for (id = 1; id <= 258; id++) {
		withdraw(2, id);
		withdraw(3, id);
		send_data(IPFIX, 256, id, DECODED);
		assert_records(id, 1);
		wire_start(&w, IPFIX);
		put_data(257, id);
		assert_int_equal(transmit(), DECODED);
	}
	assert_int_equal(counters()->withdrawals, 2 * (1 + 3));
	assert_int_equal(counters()->templates_refused, 2 * 254);
	assert_int_equal(counters()->options_ignored, 258);
	assert_false(exporters_changed(c.table));
}

static void
held_sets_of_one_exporter_are_limited(void **state)
{
	uint32_t n;

	(void)state;
	(void)collect_from(&c, 0xc0000299);
	send_data(V9, 256, 1, DECODE_HELD);
	(void)collect_from(&c, 0xc0000201);
	for (n = 1; n <= HELD_SETS_EXPORTER; n++)
		send_data(V9, 256, n, DECODE_HELD);
	assert_counted(0, HELD_SETS_EXPORTER, 0);
	for (; n <= HELD_SETS_EXPORTER + 10; n++)
		send_data(V9, 256, n, DECODE_HELD);
	assert_counted(0, HELD_SETS_EXPORTER, 10);
	send_template(V9, 256);
	/* The oldest were dropped, and none of another exporter. */
	assert_int_equal(c.n, HELD_SETS_EXPORTER);
	assert_int_equal(c.flows[0].packets, 11);
	(void)collect_from(&c, 0xc0000299);
	send_template(V9, 256);
	assert_records(1, 1);
}

static void
held_bytes_of_one_exporter_are_limited(void **state)
{
	uint32_t n, k, kept;

	(void)state;
	for (n = 1; n <= 20; n++) {
		wire_start(&w, V9);
		put_data(256, n);
		for (k = 1; k < 8000; k++)
			put_record(n);
		assert_int_equal(transmit(), DECODE_HELD);
		assert_true(c.exporter->held.bytes <= HELD_BYTES_EXPORTER);
	}
	kept = HELD_BYTES_EXPORTER / (8000 * 8 + sizeof(struct held_set));
	assert_counted(0, kept, 20 - kept);
	send_template(V9, 256);
	assert_int_equal(c.n, kept * 8000);
	assert_int_equal(c.flows[0].packets, 20 - kept + 1);
}

/* Sends n sets for an unknown template, in one datagram. */
static void
send_many_sets(uint32_t n)
{
	wire_start(&w, V9);
	for (; n > 0; n--)
		put_data(256, n);
	assert_int_equal(transmit(), DECODE_HELD);
}

/* Sends them from the exporter, which may be named. */
static void
send_many_sets_from(uint32_t number, bool named, uint32_t n)
{
	uint8_t bytes[4];
	struct addr addr;

	be32_put(bytes, number);
	addr = addr_v4(bytes);
	(void)collect_from_addr(&c, &addr, named);
	send_many_sets(n);
}

#define NEWCOMERS (MEMORY_PART(MEMORY_NEWCOMER, HELD_SETS_MAX))

static void
held_sets_are_limited_by_rank(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 100,
		.templates = 8,
		.memory = MEMORY_DEFAULT,
	};
	const struct exporters_shared *shared;
	uint32_t e, n = 0;

	(void)state;
	restart_with(&limits);
	shared = c.exporter->shared;
	for (e = 1; e <= NEWCOMERS / HELD_SETS_EXPORTER; e++) {
		send_many_sets_from(e, false, HELD_SETS_EXPORTER);
		assert_counted(0, 1, 0);
	}
	assert_int_equal(shared->held.count, NEWCOMERS);
	/* One that has few evicts the oldest of one that has most. */
	send_many_sets_from(999, false, 1);
	assert_counted(0, 1, 0);
	send_many_sets_from(999, false, 500);
	assert_counted(0, 2, 0);
	assert_int_equal(shared->held.count, NEWCOMERS);
	/* One of those evicts its own. */
	send_many_sets_from(NEWCOMERS / HELD_SETS_EXPORTER, false, 1);
	assert_counted(0, 2, 0);
	assert_int_equal(shared->held.count, NEWCOMERS);
	/* Named exporters have places of their own, and then the others'. */
	for (e = 10000; n < HELD_SETS_MAX; n += HELD_SETS_EXPORTER) {
		send_many_sets_from(e++, true, HELD_SETS_EXPORTER);
		assert_counted(0, 1, 0);
		if (n < HELD_SETS_MAX - NEWCOMERS - HELD_SETS_EXPORTER)
			assert_int_equal(shared->held.count_by[MEMORY_NEWCOMER],
			    NEWCOMERS);
	}
	assert_int_equal(shared->held.count_by[MEMORY_NEWCOMER], 0);
	assert_int_equal(shared->held.count, HELD_SETS_MAX);
}

/* Each exporter has few sets, so that none has more than others. */
static void
many_exporters_do_not_fill_the_queue(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 2 * NEWCOMERS,
		.templates = 8,
		.memory = MEMORY_DEFAULT,
	};
	uint32_t e;

	(void)state;
	restart_with(&limits);
	c.unchecked = true;
	for (e = 1; e <= NEWCOMERS; e++)
		send_many_sets_from(e, false, 1);
	c.unchecked = false;
	send_many_sets_from(NEWCOMERS + 1, false, 1);
	assert_counted(0, 1, 0);
}

/* With this many sets, each bucket has those of several exporters. */
static void
data_are_found_among_other_exporters_data(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 100,
		.templates = HELD_SETS_EXPORTER,
		.memory = MEMORY_DEFAULT,
	};
	const uint32_t exporters = NEWCOMERS / HELD_SETS_EXPORTER;
	uint32_t e, i;

	(void)state;
	restart_with(&limits);
	for (e = 0; e < exporters; e++) {
		(void)collect_from(&c, e + 1);
		wire_start(&w, V9);
		for (i = 0; i < HELD_SETS_EXPORTER; i++)
			put_data((uint16_t)(256 + i), e << 16 | i);
		assert_int_equal(transmit(), DECODE_HELD);
	}
	for (e = exporters; e-- > 0;) {
		(void)collect_from(&c, e + 1);
		wire_start(&w, V9);
		for (i = 0; i < HELD_SETS_EXPORTER; i++)
			put_template((uint16_t)(256 + i));
		assert_int_equal(transmit(), DECODED);
		assert_int_equal(c.n, HELD_SETS_EXPORTER);
		for (i = 0; i < HELD_SETS_EXPORTER; i++)
			assert_int_equal(c.flows[i].packets, e << 16 | i);
		assert_int_equal(c.exporter->held.count, 0);
	}
}

static void
memory_limits_held_data(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 4,
		.templates = 8,
		.memory = 4096,
	};
	uint32_t n, kept;

	(void)state;
	restart_with(&limits);
	for (n = 1; n <= 100; n++)
		send_data(V9, 256, n, DECODE_HELD);
	kept = (uint32_t)counters()->held;
	assert_true(kept > 10 && kept < 20);
	assert_counted(0, kept, 100 - kept);
	assert_int_equal(
	    held_set_of(c.exporter->held.sets.newest, HELD_OF_EXPORTER)->len,
	    8);
	/* Another exporter without held sets gets room. */
	(void)collect_from(&c, 0xc0000299);
	wire_start(&w, V9);
	put_data(256, 1);
	for (n = 0; n < 20; n++)
		put_record(n);
	assert_int_equal(transmit(), DECODE_HELD);
	assert_counted(0, 1, 0);
	(void)collect_from(&c, 0xc0000201);
	assert_true(counters()->held < kept);
	assert_true(counters()->state_evicted > 0);
}

static void
a_set_above_all_limits_is_not_held(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 4,
		.templates = 8,
		.memory = 4096,
	};

	(void)state;
	restart_with(&limits);
	wire_start(&w, V9);
	wire_set(&w, 256);
	wire_fill(&w, 1, 5000);
	assert_int_equal(transmit(), DECODE_NO_TEMPLATE);
	/* Nor is the datagram held for another set in it. */
	wire_start(&w, V9);
	put_data(256, 1);
	wire_set(&w, 257);
	wire_fill(&w, 1, 5000);
	assert_int_equal(transmit(), DECODE_HELD);
	assert_counted(0, 0, 2);
	assert_int_equal(c.exporter->held.count, 0);
}

static void
data_are_held_for_half_an_hour(void **state)
{
	(void)state;
	send_data(V9, 256, 1, DECODE_HELD);
	c.recv_sec += 10;
	send_data(V9, 256, 2, DECODE_HELD);
	exporters_expire(c.table, COLLECT_RECV_SEC + HELD_SECONDS);
	collect_check(&c);
	assert_counted(0, 2, 0);
	exporters_expire(c.table, COLLECT_RECV_SEC + HELD_SECONDS + 1);
	collect_check(&c);
	assert_counted(0, 1, 1);
	send_template(V9, 256);
	assert_records(2, 1);
	assert_counted(2, 0, 1);
}

static void
a_clock_set_back_expires_nothing(void **state)
{
	(void)state;
	send_data(V9, 256, 1, DECODE_HELD);
	exporters_expire(c.table, COLLECT_RECV_SEC - 1);
	exporters_expire(c.table, COLLECT_RECV_SEC - 100000);
	collect_check(&c);
	assert_counted(0, 1, 0);
}

static void
data_of_an_evicted_exporter_are_dropped(void **state)
{
	const struct exporter_limits limits = {
		.exporters = 1,
		.templates = 8,
		.memory = MEMORY_DEFAULT,
	};
	struct counters sum;

	(void)state;
	restart_with(&limits);
	send_data(V9, 256, 1, DECODE_HELD);
	c.recv_sec += EXPORTER_IDLE;
	(void)collect_from(&c, 0xc0000299);
	collect_check(&c);
	exporters_sum(c.table, &sum);
	assert_int_equal(sum.held, 0);
	assert_int_equal(sum.no_template, 1);
}

/* Records that are the same by either template and contain their time. */
static void
put_random_data(void)
{
	uint32_t sets = 1 + random_number(4), records;

	for (; sets > 0; sets--) {
		wire_set(&w, (uint16_t)(256 + random_number(3)));
		for (records = random_number(4); records > 0; records--) {
			wire_uint(&w, c.recv_sec, 4);
			wire_uint(&w, c.recv_sec, 4);
		}
	}
}

static void
put_random_definition(void)
{
	static const struct wire_field empty[] = { { 1, 0, 0 } };
	uint16_t id = (uint16_t)(256 + random_number(3));

	switch (random_number(5)) {
	case 0:
		put_other_template(id);
		break;
	case 1:
		wire_template(&w, id, empty, 1);
		break;
	case 2:
		wire_set(&w, 2);
		wire_uint(&w, random_number(4) == 0 ? 2 : id, 2);
		wire_uint(&w, 0, 2);
		break;
	default:
		put_template(id);
	}
}

static void
send_random_datagram(void)
{
	size_t i;

	w.domain = random_number(2);
	w.sequence = w.export_sec = c.recv_sec;
	wire_start(&w, random_number(4) == 0 ? V9 : IPFIX);
	if (random_number(2) == 0)
		put_random_data();
	if (random_number(3) == 0)
		put_random_definition();
	if (random_number(3) == 0)
		put_random_data();
	if (random_number(40) == 0) {
		wire_close_set(&w);
		wire_uint(&w, 0x01000003, 4);
	}
	(void)transmit();
	for (i = 0; i < c.n && i < COLLECT_FLOWS; i++) {
		assert_int_equal(c.flows[i].octets, c.flows[i].recv_sec);
		assert_int_equal(c.flows[i].packets, c.flows[i].recv_sec);
		assert_int_equal(c.flows[i].time_sec, c.flows[i].recv_sec);
		assert_int_equal(c.flows[i].flow_sequence, c.flows[i].recv_sec);
	}
}

/* Discards the warning that the table of exporters is full. */
static void
choose_exporter(void)
{
	int null = open("/dev/null", O_WRONLY), saved = dup(STDERR_FILENO);

	assert_true(null != -1 && saved != -1);
	assert_int_not_equal(dup2(null, STDERR_FILENO), -1);
	(void)collect_from(&c, 1 + random_number(4));
	assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
	(void)close(null);
	(void)close(saved);
}

static void
random_step(void)
{
	switch (random_number(12)) {
	case 0:
		choose_exporter();
		break;
	case 1:
		c.recv_sec += random_number(100);
		break;
	case 2:
		if (random_number(10) == 0)
			c.recv_sec += HELD_SECONDS / 2;
		exporters_expire(c.table, c.recv_sec);
		break;
	default:
		send_random_datagram();
	}
	collect_check(&c);
}

static void
every_datagram_is_always_counted_once(void **state)
{
	static const struct exporter_limits limits[] = {
		{ .exporters = 16, .templates = 8, .memory = 1 << 20 },
		{ .exporters = 2, .templates = 2, .memory = 1 << 20 },
		{ .exporters = 3, .templates = 4, .memory = 3000 },
		{ .exporters = 3, .templates = 1, .memory = 1200 },
	};
	struct counters sum;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		restart_with(&limits[i]);
		for (k = 0; k < 20000; k++)
			random_step();
		exporters_sum(c.table, &sum);
		/* All outcomes have occurred. */
		assert_true(sum.decoded > 100 && sum.invalid > 100 &&
		    sum.no_template > 100);
		exporters_expire(c.table, c.recv_sec + HELD_SECONDS + 1);
		collect_check(&c);
		exporters_sum(c.table, &sum);
		assert_int_equal(sum.held, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(held_data_are_decoded_in_order),
		TEST(held_data_keep_their_header_and_time),
		TEST(only_data_for_the_template_are_decoded),
		TEST(a_datagram_is_held_until_all_of_it_is_decoded),
		TEST(a_datagram_with_a_dropped_set_is_not_decoded),
		TEST(data_for_an_evicted_template_are_held),
		TEST(templates_in_use_are_not_evicted),
		TEST(data_of_a_refused_definition_are_held),
		TEST(a_withdrawal_is_counted_and_deletes_nothing),
		TEST(data_after_a_withdrawal_are_decoded),
		TEST(held_sets_of_one_exporter_are_limited),
		TEST(held_bytes_of_one_exporter_are_limited),
		TEST(held_sets_are_limited_by_rank),
		TEST(many_exporters_do_not_fill_the_queue),
		TEST(data_are_found_among_other_exporters_data),
		TEST(memory_limits_held_data),
		TEST(a_set_above_all_limits_is_not_held),
		TEST(data_are_held_for_half_an_hour),
		TEST(a_clock_set_back_expires_nothing),
		TEST(data_of_an_evicted_exporter_are_dropped),
		TEST(every_datagram_is_always_counted_once),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
