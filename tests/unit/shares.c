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
 * Exporters that are named, or have sent flows for an hour, lose nothing to
 * newcomers, however many these are and whatever they send; a newcomer gets its
 * share; and no datagram makes flowd evict more than a bounded number of others.
 * Each step of a minute is a step of the clock that the decoder is given.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/exporters.h"
#include "fixture9.h"

#define NAMED       0xc0000201 /* 192.0.2.1 */
#define ESTABLISHED 0xc0000202
#define NEW         0xc0000203
#define SPOOFED     0x0a000000 /* and above */
#define TEMPLATES   20         /* of each real exporter */

static const struct wire_field packets_octets[] = {
	{ 2, 4, 0 },
	{ 1, 4, 0 },
};

/* Chooses the exporter of the following datagrams. */
static struct exporter *
from(uint32_t number)
{
	uint8_t bytes[4];
	struct addr addr;

	be32_put(bytes, number);
	addr = addr_v4(bytes);
	return (collect_from_addr(&c, &addr, number == NAMED));
}

static enum decoded
transmit(void)
{
	return (collect_wire(&c, &w));
}

static void
send_templates(uint32_t number)
{
	uint16_t i;

	(void)from(number);
	wire_start(&w, IPFIX);
	for (i = 0; i < TEMPLATES; i++)
		wire_template(&w, (uint16_t)(256 + i), packets_octets, 2);
	assert_int_equal(transmit(), DECODED);
}

/* Sends a flow for each template, and returns the number that was decoded. */
static size_t
send_flows(uint32_t number)
{
	uint16_t i;

	(void)from(number);
	wire_start(&w, IPFIX);
	for (i = 0; i < TEMPLATES; i++) {
		wire_set(&w, (uint16_t)(256 + i));
		wire_uint(&w, 1, 4);
		wire_uint(&w, 2, 4);
	}
	(void)transmit();
	return (c.n);
}

/* Starts again, with a named exporter and one that has sent for an hour. */
static void
begin(size_t exporters, size_t memory)
{
	const struct exporter_limits limits = {
		.exporters = exporters,
		.templates = TEMPLATES_DEFAULT,
		.memory = memory,
	};
	uint32_t minute;

	if (c.exporter == NULL)
		(void)from(NAMED);
	collect_stop(&c);
	collect_open(&c, &limits, COLLECT_RECV_SEC);
	wire_init(&w);
	c.unchecked = true;
	for (minute = 0; minute < 90; minute++) {
		send_templates(NAMED);
		send_templates(ESTABLISHED);
		assert_int_equal(send_flows(NAMED), TEMPLATES);
		assert_int_equal(send_flows(ESTABLISHED), TEMPLATES);
		c.recv_sec += 60;
	}
	assert_int_equal(c.exporter->memory.rank, MEMORY_ESTABLISHED);
	/* Both were silent for longer than any newcomer. */
	c.recv_sec += 3 * EXPORTER_IDLE;
}

/* The real exporters lose nothing, and another one gets its share. */
static void
check(void)
{
	assert_int_equal(send_flows(NAMED), TEMPLATES);
	assert_int_equal(send_flows(ESTABLISHED), TEMPLATES);
	send_templates(NEW);
	assert_int_equal(send_flows(NEW), TEMPLATES);
	assert_int_equal(c.exporter->counters.state_evicted, 0);
	collect_check(&c);
}

static void
spoofed_exporters_evict_only_newcomers(void **state)
{
	const size_t limit = 8192;
	uint32_t i;

	(void)state;
	begin(limit, MEMORY_DEFAULT);
	for (i = 0; i < 2 * limit; i++) {
		(void)from(SPOOFED + i);
		wire_start(&w, IPFIX);
		wire_template(&w, 256, packets_octets, 2);
		assert_int_equal(transmit(), DECODED);
	}
	assert_int_equal(exporters_count(c.table), limit);
	assert_true(exporters_evicted(c.table) >= limit);
	check();
}

/* They send often, so that each looks as if it were in use. */
static void
spoofed_exporters_in_use_evict_only_newcomers(void **state)
{
	const size_t limit = 1024;
	uint32_t i, n;

	(void)state;
	begin(limit, MEMORY_DEFAULT);
	for (n = 0; n < 5; n++) {
		for (i = 0; i < limit; i++) {
			(void)from(SPOOFED + i);
			wire_start(&w, IPFIX);
			wire_template(&w, 256, packets_octets, 2);
			assert_int_equal(transmit(), DECODED);
		}
	}
	check();
}

/* Sends sets for an unknown template from the exporter, in one datagram. */
static enum decoded
send_held(uint32_t number, uint32_t n)
{
	(void)from(number);
	wire_start(&w, IPFIX);
	for (; n > 0; n--) {
		wire_set(&w, 999);
		wire_uint(&w, n, 4);
		wire_uint(&w, n, 4);
	}
	return (transmit());
}

/* Sends the template of held data, and returns their number. */
static size_t
release_held(uint32_t number)
{
	(void)from(number);
	wire_start(&w, IPFIX);
	wire_template(&w, 999, packets_octets, 2);
	assert_int_equal(transmit(), DECODED);
	return (c.n);
}

static void
a_full_queue_of_held_data_has_room_for_others(void **state)
{
	uint32_t i, n;

	(void)state;
	begin(EXPORTERS_DEFAULT, MEMORY_DEFAULT);
	for (i = 0; i < 2 * HELD_SETS_MAX / HELD_SETS_EXPORTER; i++)
		assert_int_equal(send_held(SPOOFED + i, HELD_SETS_EXPORTER),
		    DECODE_HELD);
	for (n = 0; n < HELD_SETS_EXPORTER; n++) {
		assert_int_equal(send_held(NAMED, 1), DECODE_HELD);
		assert_int_equal(send_held(ESTABLISHED, 1), DECODE_HELD);
		if (n < 100)
			assert_int_equal(send_held(NEW, 1), DECODE_HELD);
	}
	assert_int_equal(release_held(NAMED), HELD_SETS_EXPORTER);
	assert_int_equal(release_held(ESTABLISHED), HELD_SETS_EXPORTER);
	assert_int_equal(release_held(NEW), 100);
	check();
}

/* Fills the share of newcomers with what a single datagram can hold. */
static void
full_memory_has_room_for_others(void **state)
{
	const size_t memory = (size_t)16 << 20;
	struct wire_field wide[60] = { { 1, 4, 0 }, { 2, 4, 0 } };
	struct exporter *e = NULL;
	uint32_t i;

	(void)state;
	for (i = 2; i < WIRE_NFIELDS(wide); i++)
		wide[i] = (struct wire_field){ 300, 4, 0 };
	begin(EXPORTERS_DEFAULT, memory);
	for (i = 0; i < 400; i++) {
		(void)from(SPOOFED + i);
		wire_start(&w, IPFIX);
		wire_set(&w, 999);
		wire_fill(&w, 0, 60000);
		assert_int_equal(transmit(), DECODE_HELD);
	}
	check();
	/* An exporter gets its cap, and what exceeds it is counted. */
	for (i = 0; i < 4000; i++) {
		e = from(NEW);
		wire_start(&w, IPFIX);
		wire_template(&w, (uint16_t)(1000 + i), wide,
		    WIRE_NFIELDS(wide));
		wire_set(&w, (uint16_t)(1000 + i));
		wire_fill(&w, 1, 4 * WIRE_NFIELDS(wide));
		(void)transmit();
		assert_true(e->memory.used <= memory_cap(&e->memory));
	}
	assert_true(e->memory.used > memory_cap(&e->memory) * 9 / 10);
	assert_true(counters()->templates_refused > 0);
	assert_true(counters()->memory_refused > 0);
	assert_int_equal(counters()->state_evicted, 0);
	assert_int_equal(send_flows(NAMED), TEMPLATES);
	assert_int_equal(send_flows(ESTABLISHED), TEMPLATES);
	collect_check(&c);
}

/* One datagram evicts no more than a few others, and passes over bare ones. */
static void
evictions_for_one_datagram_are_bounded(void **state)
{
	const uint32_t bare = 20000;
	struct counters before, after;
	size_t exporters;
	uint32_t i;

	(void)state;
	begin(EXPORTERS_DEFAULT, (size_t)16 << 20);
	for (i = 0; i < bare; i++) {
		(void)from(SPOOFED + i);
		wire_start(&w, IPFIX);
		assert_int_equal(transmit(), DECODED);
	}
	do {
		(void)from(SPOOFED + i++);
		wire_start(&w, IPFIX);
		wire_template(&w, 256, packets_octets, 2);
		wire_template(&w, 257, packets_octets, 2);
		assert_int_equal(transmit(), DECODED);
	} while (i < bare + 30000);
	exporters_sum(c.table, &before);
	assert_true(before.state_evicted > 0);
	exporters = exporters_count(c.table);
	assert_true(exporters > 1000);
	/* A template of 16,000 fields, after the limit was lowered. */
	exporters_set_limits(c.table,
	    &(struct exporter_limits){ .exporters = EXPORTERS_DEFAULT,
		.templates = 100,
		.memory = 1 << 20 });
	(void)from(NAMED);
	wire_start(&w, IPFIX);
	wire_set(&w, 2);
	wire_uint(&w, 256, 2);
	wire_uint(&w, 16000, 2);
	for (i = 0; i < 16000; i++)
		wire_uint(&w, 0x00d20001, 4); /* paddingOctets */
	(void)transmit();
	exporters_sum(c.table, &after);
	assert_true(after.state_evicted > before.state_evicted);
	assert_true(after.state_evicted - before.state_evicted <=
	    EXPORTER_RECLAIM_MAX(16000 * 20));
	assert_true(
	    exporters_count(c.table) + EXPORTER_RECLAIM_MAX(16000 * 20) >=
	    exporters);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(spoofed_exporters_evict_only_newcomers),
		TEST(spoofed_exporters_in_use_evict_only_newcomers),
		TEST(a_full_queue_of_held_data_has_room_for_others),
		TEST(full_memory_has_room_for_others),
		TEST(evictions_for_one_datagram_are_bounded),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
