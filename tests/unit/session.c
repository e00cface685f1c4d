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
	assert_octets_first(3000, false);
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
		else if (port == 3002)
			assert_held(port);
		else if (port % 3 == 2)
			assert_octets_first(port, port < 3000);
		assert_true(sessions_count(s) <= SESSIONS_MAX);
		assert_true(c.exporter->templates.count <= 2);
	}
	assert_int_equal(c.exporter->templates.count, 1);
	assert_in_range(s->brief, 1, 5000 - 1026);
	assert_int_equal(counters()->templates, 2);
	assert_int_equal(counters()->templates_changed, 1);
	assert_int_equal(counters()->held + counters()->no_template, 0);
}

/* A line card sends the templates, and another one the data. */
static void
start_line_cards(void)
{
	from_port(1000);
	announce(256, octets_packets);
	assert_octets_first(2000, true);
}

static void
assert_counted(uint64_t changed, uint64_t doubtful, uint64_t held,
    uint64_t lost)
{
	assert_int_equal(counters()->templates_changed, changed);
	assert_int_equal(counters()->templates_doubtful, doubtful);
	assert_int_equal(counters()->held, held);
	assert_int_equal(counters()->no_template, lost);
}

static void
assert_released(size_t n, bool octets_first)
{
	size_t i;

	assert_int_equal(c.n, n);
	for (i = 0; i < n; i++)
		assert_int_equal(octets_are_first(&c.flows[i]), octets_first);
}

static void
one_definition_from_another_port_changes_nothing(void **state)
{
	uint16_t i;

	(void)state;
	start_line_cards();
	for (i = 1; i <= 3; i++) {
		from_port((uint16_t)(6000 + i));
		announce(256, packets_octets);
		assert_held(2000);
		assert_held(3000);
		assert_counted(0, i, 2, 0);
		from_port(1000);
		announce(256, octets_packets);
		assert_released(2, true);
		assert_octets_first(2000, true);
		assert_counted(0, i, 0, 0);
	}
}

static void
a_definition_that_comes_twice_takes_effect(void **state)
{
	(void)state;
	start_line_cards();
	from_port(1000);
	announce(256, packets_octets);
	assert_held(2000);
	from_port(1000);
	announce(256, packets_octets);
	assert_released(1, false);
	assert_octets_first(2000, false);
	assert_octets_first(3000, false);
	assert_counted(1, 1, 0, 0);
	assert_int_equal(c.exporter->templates.count, 1);
}

/* Another definition in between is not the same one again. */
static void
two_different_definitions_do_not_confirm_each_other(void **state)
{
	(void)state;
	start_line_cards();
	from_port(6001);
	announce(256, packets_octets);
	from_port(6002);
	announce(256, times);
	assert_held(2000);
	from_port(1000);
	announce(256, octets_packets);
	assert_released(1, true);
	/* Nor does one from before the decision. */
	from_port(6003);
	announce(256, packets_octets);
	assert_held(2000);
	assert_counted(0, 3, 1, 0);
}

static void
the_port_of_the_data_changes_its_template_at_once(void **state)
{
	(void)state;
	start_line_cards();
	from_port(2000);
	announce(256, packets_octets);
	assert_octets_first(2000, false);
	assert_octets_first(3000, false);
	assert_counted(1, 0, 0, 0);
	/* It decides about a challenge as well; held data may be of either. */
	from_port(6000);
	announce(256, octets_packets);
	assert_held(3000);
	from_port(2000);
	announce(256, times);
	assert_int_equal(c.n, 0);
	assert_counted(2, 1, 0, 1);
}

static void
a_port_with_a_template_of_its_own_is_not_concerned(void **state)
{
	uint16_t port;

	(void)state;
	from_port(1000);
	announce(256, octets_packets);
	assert_octets_first(1000, true);
	for (port = 6000; port < 6100; port++) {
		from_port(port);
		announce(256, packets_octets);
		assert_octets_first(1000, true);
	}
	assert_counted(1, 1, 0, 0);
}

/* Each of two processes repeats what its own data use. */
static void
processes_do_not_challenge_each_other_for_ever(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		from_port(1000);
		announce(256, octets_packets);
		assert_octets_first(1000, true);
		from_port(2000);
		announce(256, packets_octets);
		assert_octets_first(2000, false);
	}
	assert_counted(0, 1, 0, 0);
}

/* The definition is never guessed. */
static void
held_data_that_overflow_are_counted(void **state)
{
	const uint32_t more = 100;
	uint32_t i;

	(void)state;
	start_line_cards();
	from_port(6000);
	announce(256, packets_octets);
	for (i = 0; i < HELD_SETS_EXPORTER + more; i++)
		assert_held(2000);
	assert_counted(0, 1, HELD_SETS_EXPORTER, more);
	from_port(1000);
	announce(256, octets_packets);
	assert_released(HELD_SETS_EXPORTER, true);
	assert_counted(0, 1, 0, more);
}

/* A session that announced a definition uses it, and so do its held data. */
static void
a_session_that_announces_is_no_longer_held(void **state)
{
	(void)state;
	start_line_cards();
	from_port(6000);
	announce(256, packets_octets);
	assert_held(3000);
	assert_held(2000);
	from_port(3000);
	announce(256, packets_octets);
	/* It was the second time. */
	assert_released(2, false);
	from_port(7000);
	announce(256, times);
	assert_held(2000);
	assert_octets_first(3000, false);
	from_port(2000);
	announce(256, packets_octets);
	assert_released(1, false);
}

static void
templates_of_one_key_are_bounded(void **state)
{
	static struct wire_field fields[] = { { 1, 4, 0 }, { 0, 4, 0 } };
	uint16_t i;

	(void)state;
	start_line_cards();
	for (i = 0; i < 500; i++) {
		from_port((uint16_t)(6000 + i));
		fields[1].id = (uint16_t)(500 + i);
		announce(256, fields);
		assert_true(c.exporter->templates.count <= SESSIONS_MAX + 2);
	}
	assert_held(2000);
	from_port(1000);
	announce(256, octets_packets);
	assert_released(1, true);
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
	send_init_time(IPFIX, epoch - 50000);
	assert_int_equal(end_of(2000, 20000), epoch - 30000);
	from_port(2000);
	send_init_time(IPFIX, epoch - 90000);
	assert_int_equal(end_of(1000, 20000), epoch - 30000);
	assert_int_equal(end_of(2000, 20000), epoch - 70000);
	/* Other ports use it when it is told again. */
	assert_int_equal(end_of(3000, 20000), epoch - 30000);
	from_port(2000);
	send_init_time(IPFIX, epoch - 90000);
	assert_int_equal(end_of(1000, 20000), epoch - 30000);
	assert_int_equal(end_of(3000, 20000), epoch - 70000);
	from_port(1000);
	send_init_time(IPFIX, epoch - 60000);
	assert_int_equal(end_of(2000, 20000), epoch - 70000);
	assert_int_equal(end_of(3000, 20000), epoch - 40000);
}

/* Flows from port 2000 have no init time from their own port. */
static void
one_init_time_from_another_port_dates_no_flow(void **state)
{
	const uint64_t epoch = (uint64_t)WIRE_EXPORT_SEC * 1000;
	uint16_t port;

	(void)state;
	from_port(1000);
	announce(301, times);
	send_init_time(IPFIX, epoch - 50000);
	assert_int_equal(end_of(2000, 20000), epoch - 30000);
	for (port = 6000; port < 6010; port++) {
		from_port(port);
		send_init_time(IPFIX, epoch - 1000000 - port * 10000);
		assert_int_equal(end_of(2000, 20000), epoch - 30000);
	}
	/* Nor does one from the port that told it before. */
	from_port(1000);
	send_init_time(IPFIX, epoch - 2000000);
	assert_int_equal(end_of(2000, 20000), epoch - 30000);
	from_port(1000);
	send_init_time(IPFIX, epoch - 50000);
	assert_int_equal(end_of(2000, 20000), epoch - 30000);
	/* It counts the second time; a small change counts at once. */
	from_port(1000);
	send_init_time(IPFIX, epoch - 60000);
	assert_int_equal(end_of(2000, 20000), epoch - 30000);
	from_port(1000);
	send_init_time(IPFIX, epoch - 60000);
	assert_int_equal(end_of(2000, 20000), epoch - 40000);
	from_port(1000);
	send_init_time(IPFIX, epoch - 60700);
	assert_int_equal(end_of(2000, 20000), epoch - 40700);
}

/* It may be the exporter's, which was started again. */
static void
the_port_of_the_flows_changes_its_init_time_at_once(void **state)
{
	const uint64_t epoch = (uint64_t)WIRE_EXPORT_SEC * 1000;

	(void)state;
	from_port(1000);
	announce(301, times);
	send_init_time(IPFIX, epoch - 50000);
	assert_int_equal(end_of(1000, 20000), epoch - 30000);
	from_port(1000);
	send_init_time(IPFIX, epoch - 70000);
	assert_int_equal(end_of(1000, 20000), epoch - 50000);
	assert_int_equal(end_of(2000, 20000), epoch - 50000);
}

static void
options_of_many_ports_are_bounded(void **state)
{
	uint16_t port;

	(void)state;
	for (port = 1000; port < 2000; port++) {
		from_port(port);
		send_init_time(IPFIX, (uint64_t)WIRE_EXPORT_SEC * 1000 - port);
		assert_true(c.exporter->options.domains.n <= SESSIONS_MAX + 1);
	}
}

/*
 * Any order of definitions and data.  The model of the states of templates has
 * two definitions, 0 and 1, of each id.
 */
enum { PORTS = 20, IDS = 3, NONE = -1 };

static struct model {
	int own[PORTS];
	int common;
	bool doubtful; /* the other definition waits */
	bool used[2], from[2][PORTS];
	int held[HELD_SETS_EXPORTER]; /* ports */
	int nheld;
} models[IDS];

static void
model_use(struct model *m, int which, int port)
{
	m->used[which] = m->from[which][port] = true;
}

static bool
model_is_owned(const struct model *m, int which)
{
	int port;

	for (port = 0; port < PORTS; port++) {
		if (m->own[port] == which)
			return (true);
	}
	return (false);
}

/* Returns how many held data are released, those of the port or all. */
static size_t
model_release(struct model *m, int port)
{
	size_t n = 0;
	int i, kept = 0, from, which;

	for (i = 0; i < m->nheld; i++) {
		from = m->held[i];
		if (port != NONE && from != port) {
			m->held[kept++] = from;
			continue;
		}
		which = m->own[from] != NONE ? m->own[from] : m->common;
		assert_int_equal(octets_are_first(&c.flows[n++]), which);
		model_use(m, which, from);
	}
	m->nheld = kept;
	return (n);
}

/* Returns how many held data are released. */
static size_t
model_announce(struct model *m, int port, int which)
{
	const int before = m->common, other = !which;
	const bool had = m->own[port] == which;

	m->own[port] = which;
	if (before == NONE || before == which || m->doubtful ||
	    !m->used[before] || m->from[before][port]) {
		m->common = which;
		if (before == other && !m->doubtful)
			m->nheld = 0;
		m->doubtful = false;
		if (!model_is_owned(m, other)) {
			m->used[other] = false;
			memset(m->from[other], 0, sizeof(m->from[other]));
		}
		return (model_release(m, NONE));
	}
	if (had && m->from[which][port])
		return (0);
	m->doubtful = true;
	return (model_release(m, port));
}

static void
random_sessions_use_what_they_announced(void **state)
{
	const char *given = getenv("FLOWD_TEST_SEED");
	const unsigned int seed = given != NULL ?
	    (unsigned int)strtoul(given, NULL, 10) :
	    (unsigned int)getpid();
	struct model *m;
	int i, port, id, which;

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	memset(models, 0, sizeof(models));
	for (id = 0; id < IDS; id++) {
		memset(models[id].own, 0xff, sizeof(models[id].own));
		models[id].common = NONE;
	}
	for (i = 0; i < 20000; i++) {
		port = (int)(random() % PORTS);
		id = (int)(random() % IDS);
		m = &models[id];
		from_port((uint16_t)(1000 + port));
		if (random() % 4 == 0) {
			which = (int)(random() % 2);
			announce((uint16_t)(256 + id),
			    which ? octets_packets : packets_octets);
			assert_int_equal(model_announce(m, port, which), c.n);
			continue;
		}
		which = m->own[port];
		if (which == NONE && !m->doubtful)
			which = m->common;
		if (which == NONE) {
			assert_int_equal(data((uint16_t)(256 + id), 7, 9),
			    DECODE_HELD);
			assert_true(m->nheld < HELD_SETS_EXPORTER);
			m->held[m->nheld++] = port;
			continue;
		}
		assert_int_equal(data((uint16_t)(256 + id), 7, 9), DECODED);
		assert_int_equal(octets_are_first(&c.flows[0]), which);
		model_use(m, which, port);
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
		TEST(one_definition_from_another_port_changes_nothing),
		TEST(a_definition_that_comes_twice_takes_effect),
		TEST(two_different_definitions_do_not_confirm_each_other),
		TEST(the_port_of_the_data_changes_its_template_at_once),
		TEST(a_port_with_a_template_of_its_own_is_not_concerned),
		TEST(processes_do_not_challenge_each_other_for_ever),
		TEST(held_data_that_overflow_are_counted),
		TEST(a_session_that_announces_is_no_longer_held),
		TEST(templates_of_one_key_are_bounded),
		TEST(sessions_in_use_are_kept),
		TEST(each_session_has_its_own_init_time),
		TEST(one_init_time_from_another_port_dates_no_flow),
		TEST(the_port_of_the_flows_changes_its_init_time_at_once),
		TEST(options_of_many_ports_are_bounded),
		TEST(random_sessions_use_what_they_announced),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
