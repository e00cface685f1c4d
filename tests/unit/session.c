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
 * Several sessions of one exporter: the UDP source ports of processes behind
 * one address, of line cards, and of exporters that change their port.
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

#include "fixture9.h"

/* Records of n octets: what the templates put into them tells them apart. */
static const struct wire_field octets_packets[] = { { 1, 4, 0 }, { 2, 4, 0 } };
static const struct wire_field packets_octets[] = { { 2, 4, 0 }, { 1, 4, 0 } };
static const struct wire_field times[] = { { 22, 4, 0 }, { 21, 4, 0 } };

static void
from_port(uint16_t port)
{
	c.port = port;
}

static void
announce(uint16_t id, const struct wire_field *fields)
{
	wire_start(&w, IPFIX);
	wire_template(&w, id, fields, 2);
	(void)collect_wire(&c, &w);
}

static enum decoded
data(uint16_t id, uint32_t first, uint32_t second)
{
	wire_start(&w, IPFIX);
	wire_set(&w, id);
	wire_uint(&w, first, 4);
	wire_uint(&w, second, 4);
	return (collect_wire(&c, &w));
}

/* A record of 7 and 9 was decoded by octets_packets, or by the other one. */
static bool
octets_are_first(const struct flow *flow)
{
	assert_int_equal(flow->octets + flow->packets, 16);
	return (flow->octets == 7);
}

static void
assert_octets_first(uint16_t port, bool first)
{
	from_port(port);
	assert_int_equal(data(256, 7, 9), DECODED);
	assert_int_equal(c.n, 1);
	assert_int_equal(octets_are_first(&c.flows[0]), first);
}

static void
assert_held(uint16_t port)
{
	from_port(port);
	assert_int_equal(data(256, 7, 9), DECODE_HELD);
}

static void
each_session_has_its_own_template(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		from_port(1000);
		announce(256, octets_packets);
		from_port(2000);
		announce(256, packets_octets);
		assert_octets_first(1000, true);
		assert_octets_first(2000, false);
		assert_octets_first(1000, true);
	}
	assert_int_equal(c.exporter->templates.count, 2);
	assert_int_equal(counters()->templates, 2);
}

/* Line cards: a template of another session serves where there is none. */
static void
other_sessions_serve(void **state)
{
	(void)state;
	assert_held(3000);
	from_port(1000);
	announce(256, octets_packets);
	assert_int_equal(c.n, 1);
	assert_octets_first(3000, true);
	from_port(2000);
	announce(256, octets_packets);
	assert_int_equal(c.exporter->templates.count, 1);
	assert_octets_first(2000, true);
	/* One of two owners changes it; a third session uses the latest. */
	announce(256, packets_octets);
	assert_octets_first(1000, true);
	assert_octets_first(2000, false);
	assert_octets_first(3000, false);
	from_port(1000);
	announce(256, octets_packets);
	assert_octets_first(3000, true);
	/* And back to the definition of the other one. */
	from_port(2000);
	announce(256, octets_packets);
	assert_int_equal(c.exporter->templates.count, 1);
	assert_octets_first(2000, true);
	assert_int_equal(counters()->templates, 3);
}

static void
an_exporter_may_restart_with_another_port(void **state)
{
	(void)state;
	from_port(1000);
	announce(256, octets_packets);
	assert_octets_first(1000, true);
	assert_octets_first(2000, true);
	announce(256, packets_octets);
	assert_octets_first(2000, false);
	/* A late datagram of the old port. */
	from_port(1000);
	announce(256, octets_packets);
	assert_octets_first(2000, false);
}

static void
a_changed_template_replaces_its_own(void **state)
{
	(void)state;
	from_port(1000);
	announce(256, octets_packets);
	announce(256, packets_octets);
	assert_int_equal(c.exporter->templates.count, 1);
	assert_octets_first(1000, false);
}

/* Templates of the example are found in use by both sessions. */
static void
only_rivals_in_use_conflict(void **state)
{
	const struct template_key key = { WIRE_DOMAIN, IPFIX, 256 };
	const struct tmpl *old, *new;

	(void)state;
	from_port(1000);
	announce(256, octets_packets);
	assert_octets_first(1000, true);
	from_port(2000);
	announce(256, packets_octets);
	assert_octets_first(2000, false);
	old = template_find(&c.exporter->templates, &key, 1);
	new = template_find(&c.exporter->templates, &key, 2);
	assert_ptr_not_equal(old, new);
	assert_true(new->in_use);
	assert_false(old->in_use);
	assert_octets_first(1000, true);
	assert_true(old->in_use);
}

/* Each datagram comes from another port: all share one template. */
static void
ports_may_change_with_each_datagram(void **state)
{
	const struct sessions *s = &c.exporter->sessions;
	uint16_t port;

	(void)state;
	for (port = 1026; port < 5000; port++) {
		from_port(port);
		if (port % 3 == 0)
			announce(256,
			    port < 3000 ? octets_packets : packets_octets);
		else if (port % 3 == 2)
			assert_octets_first(port, port < 3000);
		assert_true(sessions_count(s) <= SESSIONS_MAX);
		assert_true(c.exporter->templates.count <= 2);
	}
	assert_int_equal(c.exporter->templates.count, 1);
	assert_in_range(s->brief, 1, 5000 - 1026);
	assert_int_equal(counters()->templates, 2);
}

static void
sessions_in_use_are_kept(void **state)
{
	uint16_t port;

	(void)state;
	from_port(1000);
	announce(256, octets_packets);
	for (port = 2000; port < 3000; port++) {
		from_port(port);
		announce(256, packets_octets);
		assert_octets_first(1000, true);
	}
	assert_int_equal(c.exporter->templates.count, 2);
	assert_in_range(sessions_count(&c.exporter->sessions), SESSIONS_MAX / 2,
	    SESSIONS_MAX);
}

static void
send_init_time(uint64_t ms)
{
	static const struct wire_field fields[] = { { 149, 4, 0 },
		{ 160, 8, 0 } };

	wire_start(&w, IPFIX);
	wire_options(&w, 300, fields, 2, 1);
	wire_set(&w, 300);
	wire_uint(&w, w.domain, 4);
	wire_uint(&w, ms, 8);
	assert_int_equal(collect_wire(&c, &w), DECODED);
}

/* Returns the end of a flow that ended at this uptime, in epoch ms. */
static uint64_t
end_of(uint16_t port, uint32_t uptime)
{
	const struct flow *f = &c.flows[0];

	from_port(port);
	assert_int_equal(data(301, uptime - 1000, uptime), DECODED);
	return ((uint64_t)f->time_sec * 1000 + f->time_nanosec / 1000000 -
	    (f->sys_uptime_ms - f->flow_finish));
}

static void
each_session_has_its_own_init_time(void **state)
{
	const uint64_t epoch = (uint64_t)WIRE_EXPORT_SEC * 1000;

	(void)state;
	from_port(1000);
	announce(301, times);
	send_init_time(epoch - 50000);
	assert_int_equal(end_of(2000, 20000), epoch - 30000);
	from_port(2000);
	send_init_time(epoch - 90000);
	assert_int_equal(end_of(1000, 20000), epoch - 30000);
	assert_int_equal(end_of(2000, 20000), epoch - 70000);
	assert_int_equal(end_of(3000, 20000), epoch - 70000);
	from_port(1000);
	send_init_time(epoch - 60000);
	assert_int_equal(end_of(2000, 20000), epoch - 70000);
	assert_int_equal(end_of(3000, 20000), epoch - 40000);
}

static void
options_of_many_ports_are_bounded(void **state)
{
	uint16_t port;

	(void)state;
	for (port = 1000; port < 2000; port++) {
		from_port(port);
		send_init_time((uint64_t)WIRE_EXPORT_SEC * 1000 - port);
		assert_true(c.exporter->options.domains.n <= SESSIONS_MAX + 1);
	}
}

/* Any order of definitions and data: the model is an array of definitions. */
static void
random_sessions_use_what_they_announced(void **state)
{
	enum { PORTS = 20, IDS = 3, NONE = -1 };
	static int own[PORTS][IDS], latest[IDS];
	const char *given = getenv("FLOWD_TEST_SEED");
	const unsigned int seed = given != NULL ?
	    (unsigned int)strtoul(given, NULL, 10) :
	    (unsigned int)getpid();
	int i, port, id, which;

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	memset(own, 0xff, sizeof(own));
	memset(latest, 0xff, sizeof(latest));
	for (i = 0; i < 20000; i++) {
		port = (int)(random() % PORTS);
		id = (int)(random() % IDS);
		from_port((uint16_t)(1000 + port));
		if (random() % 4 == 0) {
			which = random() % 2 == 0;
			own[port][id] = latest[id] = which;
			announce((uint16_t)(256 + id),
			    which ? octets_packets : packets_octets);
			continue;
		}
		which = own[port][id] != NONE ? own[port][id] : latest[id];
		if (which == NONE) {
			assert_int_equal(data((uint16_t)(256 + id), 7, 9),
			    DECODE_HELD);
			continue;
		}
		assert_int_equal(data((uint16_t)(256 + id), 7, 9), DECODED);
		assert_int_equal(octets_are_first(&c.flows[0]), which);
	}
	assert_true(c.exporter->templates.count <= 2 * IDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_session_has_its_own_template),
		TEST(other_sessions_serve),
		TEST(an_exporter_may_restart_with_another_port),
		TEST(a_changed_template_replaces_its_own),
		TEST(only_rivals_in_use_conflict),
		TEST(ports_may_change_with_each_datagram),
		TEST(sessions_in_use_are_kept),
		TEST(each_session_has_its_own_init_time),
		TEST(options_of_many_ports_are_bounded),
		TEST(random_sessions_use_what_they_announced),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
