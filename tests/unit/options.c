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
 * Options data: an exporter's data about itself are kept completely or not at
 * all, and within limits.
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

static struct options *
options(void)
{
	return (&c.exporter->options);
}

static void
take(enum decoded want)
{
	assert_int_equal(collect_wire(&c, &w), want);
	assert_int_equal(c.n, 0);
}

/* Sends an options template, and begins a message for its data. */
static void
send_template(uint16_t version, const struct wire_field *fields, size_t n,
    size_t scopes)
{
	wire_start(&w, version);
	wire_options(&w, 256, fields, n, scopes);
	take(DECODED);
	wire_start(&w, version);
	wire_set(&w, 256);
}

/* A copy of the sampler, with its rate in lowest terms. */
static const struct sampler *
sampler(uint16_t version, uint64_t id)
{
	const struct samplers *all = options_samplers(options());
	static struct sampler copy;
	size_t i;

	for (i = 0; i < all->table.n; i++) {
		copy = *samplers_at(all, i);
		copy.rate = sampling_reduced(copy.rate);
		if (copy.version == version && copy.domain == w.domain &&
		    copy.part[PART_SELECTOR] == id)
			return (&copy);
	}
	fail_msg("no sampler %u of version %u", (unsigned int)id, version);
	return (NULL);
}

static const struct interface *
interface(uint32_t index)
{
	const struct options *o = options();
	size_t i;

	for (i = 0; i < o->interfaces.n; i++) {
		if (options_interface(o, i)->index == index)
			return (options_interface(o, i));
	}
	fail_msg("no interface %u", index);
	return (NULL);
}

static const struct domain *
domain(uint16_t version)
{
	const struct options *o = options();
	size_t i;

	for (i = 0; i < o->domains.n; i++) {
		if (options_domain(o, i)->version == version &&
		    options_domain(o, i)->id == w.domain)
			return (options_domain(o, i));
	}
	fail_msg("no domain %u of version %u", w.domain, version);
	return (NULL);
}

static uint64_t
init_time(uint16_t version, uint32_t id)
{
	const struct time_base *base =
	    options_time_base(&c.exporter->options, version, id, 0, false);

	return (base == NULL ? 0 : time_base_init_time(base));
}

static void
samplers_are_read_in_every_length(void **state)
{
	static const uint16_t lens[] = { 1, 2, 4, 8 };
	struct wire_field fields[] = {
		{ 143, 4, 0 },
		{ 48, 0, 0 },
		{ 49, 0, 0 },
		{ 50, 0, 0 },
	};
	size_t i, v;

	(void)state;
	for (v = 0; v < 2; v++) {
		for (i = 0; i < WIRE_NFIELDS(lens); i++) {
			fields[1].len = fields[2].len = fields[3].len = lens[i];
			send_template(versions[v], fields, 4, 1);
			wire_uint(&w, 99, 4);
			wire_uint(&w, 10 + i, lens[i]);
			wire_uint(&w, 2, lens[i]);
			wire_uint(&w, 100 + i, lens[i]);
			take(DECODED);
			assert_int_equal(sampler(versions[v], 10 + i)->rate.of,
			    100 + i);
			assert_int_equal(sampler(versions[v], 10 + i)->mode, 2);
		}
	}
	assert_int_equal(options_samplers(options())->table.n, 8);
	assert_int_equal(c.exporter->counters.options, 8);
}

/* Returns the only sampler, after a record with these elements and values. */
static const struct sampler *
sampler_from(const uint16_t *ids, const uint32_t *said, size_t n)
{
	struct wire_field fields[8] = { { 149, 4, 0 } };
	size_t i;

	for (i = 0; i < n; i++)
		fields[i + 1] = (struct wire_field){ ids[i], 4, 0 };
	send_template(IPFIX, fields, n + 1, 1);
	wire_uint(&w, w.domain, 4);
	for (i = 0; i < n; i++)
		wire_uint(&w, said[i], 4);
	take(DECODED);
	assert_int_equal(options_samplers(options())->table.n, 1);
	return (sampler(IPFIX, 0));
}

#define TOLD(n, ids, said) \
	sampler_from((const uint16_t[])ids, (const uint32_t[])said, n)
/* clang-format off */
#define LIST(...)		{ __VA_ARGS__ }
/* clang-format on */

static void
every_form_of_sampling_is_read(void **state)
{
	const struct sampler *s;

	(void)state;
	s = TOLD(2, LIST(34, 35), LIST(512, 2));
	assert_int_equal(s->rate.of, 512);
	assert_int_equal(s->mode, 2);
	s = TOLD(2, LIST(50, 49), LIST(64, 1));
	assert_int_equal(s->rate.of, 64);
	assert_int_equal(s->mode, 1);
	s = TOLD(2, LIST(304, 305), LIST(3, 128));
	assert_int_equal(s->rate.of, 128);
	assert_int_equal(s->mode, 3);
	/* 1 is sampled, 999 are not; 10 are sampled, 90 are not. */
	s = TOLD(2, LIST(305, 306), LIST(1, 999));
	assert_int_equal(s->rate.of, 1000);
	s = TOLD(2, LIST(306, 305), LIST(90, 10));
	assert_int_equal(s->rate.of, 10);
	s = TOLD(2, LIST(309, 310), LIST(5, 2000));
	assert_int_equal(s->rate.of, 400);
	assert_int_equal(s->rate.sampled, 1);
	/* In time, 10 of 30 ms; and by a hash, a quarter of 32 bits. */
	s = TOLD(2, LIST(307, 308), LIST(10000, 20000));
	assert_int_equal(s->rate.of, 3);
	s = TOLD(4, LIST(329, 330, 331, 332),
	    LIST(0, 0xffffffff, 0x40000000, 0x7fffffff));
	assert_int_equal(s->rate.of, 4);
	s = TOLD(1, LIST(311), LIST(0x3c23d70a)); /* 0.01 as a float32 */
	assert_int_equal(s->rate.of, 100);
}

static void
rates_need_not_be_whole_numbers(void **state)
{
	const struct sampler *s;

	(void)state;
	s = TOLD(2, LIST(305, 306), LIST(2, 1));
	assert_int_equal(s->rate.sampled, 2);
	assert_int_equal(s->rate.of, 3);
	s = TOLD(2, LIST(309, 310), LIST(6, 16));
	assert_int_equal(s->rate.sampled, 3);
	assert_int_equal(s->rate.of, 8);
	s = TOLD(1, LIST(311), LIST(0x3f400000)); /* 0.75 */
	assert_int_equal(s->rate.sampled, 3);
	assert_int_equal(s->rate.of, 4);
	s = TOLD(2, LIST(309, 310), LIST(1, 1));
	assert_int_equal(s->rate.sampled, 1);
	assert_int_equal(s->rate.of, 1);
}

/* A float64 that is not a number, infinite, negative, 0 or more than 1. */
static void
impossible_probabilities_are_unknown(void **state)
{
	static const uint64_t bits[] = { UINT64_C(0x7ff8000000000000),
		UINT64_C(0x7ff0000000000000), UINT64_C(0xbfe0000000000000), 0,
		UINT64_C(0x3ff0000000000001), 1 };
	const struct wire_field fields[] = { { 149, 4, 0 }, { 311, 8, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(bits); i++) {
		send_template(IPFIX, fields, 2, 1);
		wire_uint(&w, w.domain, 4);
		wire_uint(&w, bits[i], 8);
		take(DECODED);
		assert_int_equal(sampler(IPFIX, 0)->rate.of, 0);
	}
	send_template(IPFIX, fields, 2, 1);
	wire_uint(&w, w.domain, 4);
	wire_uint(&w, UINT64_C(0x3f50624dd2f1a9fc), 8); /* 0.001 */
	take(DECODED);
	assert_int_equal(sampler(IPFIX, 0)->rate.of, 1000);
}

/* Two interfaces or line cards of one domain have rates of their own. */
static void
samplers_have_scopes(void **state)
{
	static const struct {
		uint16_t version, scope;
		enum sampler_part part;
	} rows[] = {
		{ V9, 2, PART_INTERFACE },
		{ V9, 3, PART_LINE_CARD },
		{ V9, 5, PART_TEMPLATE },
		{ IPFIX, 10, PART_INTERFACE },
		{ IPFIX, 14, PART_OUTPUT },
		{ IPFIX, 141, PART_LINE_CARD },
		{ IPFIX, 143, PART_METERING },
		{ IPFIX, 144, PART_EXPORTING },
		{ IPFIX, 145, PART_TEMPLATE },
	};
	struct wire_field fields[] = { { 0, 4, 0 }, { 34, 4, 0 } };
	const struct sampler *s;
	size_t i;

	(void)state;
	for (i = 0; i < WIRE_NFIELDS(rows); i++) {
		fields[0].id = rows[i].scope;
		send_template(rows[i].version, fields, 2, 1);
		wire_uint(&w, 1, 4);
		wire_uint(&w, 100, 4);
		wire_uint(&w, 2, 4);
		wire_uint(&w, 1000, 4);
		take(DECODED);
		assert_int_equal(options_samplers(options())->table.n,
		    2 * i + 2);
		s = samplers_at(options_samplers(options()), 2 * i);
		assert_int_equal(s->rate.of, 100);
		assert_int_equal(s->part[rows[i].part], 1);
		s = samplers_at(options_samplers(options()), 2 * i + 1);
		assert_int_equal(s->rate.of, 1000);
		assert_int_equal(s->part[rows[i].part], 2);
	}
}

static void
sampling_rate_0_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(TOLD(2, LIST(309, 310), LIST(0, 2000))->rate.of, 0);
	assert_int_equal(TOLD(2, LIST(305, 306), LIST(0, 5))->rate.of, 0);
	assert_int_equal(TOLD(1, LIST(309), LIST(7))->rate.of, 0);
}

static void
samplers_have_ids_and_domains(void **state)
{
	static const struct wire_field fields[] = {
		{ 302, 2, 0 },
		{ 305, 4, 0 },
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		w.domain = 10 - i % 2;
		send_template(IPFIX, fields, 2, 1);
		wire_uint(&w, 6 - i, 2);
		wire_uint(&w, 1000 + i, 4);
		take(DECODED);
	}
	assert_int_equal(options_samplers(options())->table.n, 6);
	for (i = 0; i < 6; i++) {
		w.domain = 10 - i % 2;
		assert_int_equal(sampler(IPFIX, 6 - i)->rate.of, 1000 + i);
	}
}

static void
a_newer_record_replaces_the_old(void **state)
{
	static const struct wire_field fields[] = {
		{ 302, 2, 0 },
		{ 305, 4, 0 },
	};
	static const uint32_t rates[] = { 100, 100, 200 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		send_template(IPFIX, fields, 2, 1);
		exporters_saved(c.table);
		wire_uint(&w, 1, 2);
		wire_uint(&w, rates[i], 4);
		take(DECODED);
		assert_int_equal(sampler(IPFIX, 1)->rate.of, rates[i]);
		assert_int_equal(exporters_changed(c.table), i != 1);
	}
	assert_int_equal(options_samplers(options())->table.n, 1);
}

/* Values that a record does not contain are kept from an earlier one. */
static void
values_not_in_a_record_are_kept(void **state)
{
	static const struct wire_field rate[] = {
		{ 302, 2, 0 }, { 305, 4, 0 }, { 304, 2, 0 },
	}, name[] = {
		{ 10, 4, 0 }, { 82, 8, 0 },
	}, description[] = {
		{ 10, 4, 0 }, { 83, 8, 0 },
	};

	(void)state;
	send_template(IPFIX, rate, 3, 1);
	wire_uint(&w, 1, 2);
	wire_uint(&w, 100, 4);
	wire_uint(&w, 4, 2);
	take(DECODED);
	send_template(IPFIX, rate, 2, 1);
	wire_uint(&w, 1, 2);
	wire_uint(&w, 200, 4);
	take(DECODED);
	assert_int_equal(sampler(IPFIX, 1)->rate.of, 200);
	assert_int_equal(sampler(IPFIX, 1)->mode, 4);
	send_template(IPFIX, name, 2, 1);
	wire_uint(&w, 7, 4);
	wire_bytes(&w, "eth0\0\0\0", 8);
	take(DECODED);
	send_template(IPFIX, description, 2, 1);
	wire_uint(&w, 7, 4);
	wire_bytes(&w, "uplink\0", 8);
	take(DECODED);
	assert_string_equal(interface(7)->name, "eth0");
	assert_string_equal(interface(7)->description, "uplink");
}

static void
exporter_statistics_are_kept(void **state)
{
	static const struct wire_field fields[] = {
		{ 149, 4, 0 },
		{ 40, 8, 0 },
		{ 41, 4, 0 },
		{ 42, 8, 0 },
		{ 164, 4, 0 },
		{ 165, 8, 0 },
		{ 166, 2, 0 },
		{ 167, 8, 0 },
		{ 160, 8, 0 },
	};
	const struct domain *d;
	size_t i, v;

	(void)state;
	for (v = 0; v < 2; v++) {
		send_template(versions[v], fields, WIRE_NFIELDS(fields), 1);
		wire_uint(&w, w.domain, 4);
		for (i = 1; i < WIRE_NFIELDS(fields); i++)
			wire_uint(&w, 1000 + i, fields[i].len);
		take(DECODED);
		d = domain(versions[v]);
		assert_int_equal(d->exported_octets, 1001);
		assert_int_equal(d->exported_messages, 1002);
		assert_int_equal(d->exported_flows, 1003);
		assert_int_equal(d->ignored_packets, 1004);
		assert_int_equal(d->ignored_octets, 1005);
		assert_int_equal(d->unsent_flows, 1006);
		assert_int_equal(d->unsent_packets, 1007);
		assert_int_equal(d->base.init_time, 1008);
		assert_int_equal(init_time(versions[v], w.domain), 1008);
	}
	assert_int_equal(init_time(IPFIX, 999), 0);
}

static void
interfaces_have_names(void **state)
{
	static const struct wire_field in[] = {
		{ 10, 2, 0 }, { 82, WIRE_VARIABLE, 0 },
		{ 83, WIRE_VARIABLE, 0 },
	}, out[] = {
		{ 14, 4, 0 }, { 82, 6, 0 },
	};
	char longest[300];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	send_template(IPFIX, in, 3, 1);
	wire_uint(&w, 3, 2);
	wire_variable(&w, "Gi0/3", 5, 0);
	wire_variable(&w, longest, sizeof(longest), 1);
	wire_uint(&w, 1, 2);
	wire_variable(&w, "Gi0/1", 5, 0);
	wire_variable(&w, "", 0, 0);
	take(DECODED);
	send_template(V9, out, 2, 0);
	wire_uint(&w, 2, 4);
	wire_bytes(&w, "eth\a2\0", 6);
	take(DECODED);
	assert_int_equal(options()->interfaces.n, 3);
	assert_string_equal(interface(3)->name, "Gi0/3");
	assert_int_equal(strlen(interface(3)->description), OPTION_TEXT_MAX);
	assert_memory_equal(interface(3)->description, longest,
	    OPTION_TEXT_MAX);
	assert_string_equal(interface(1)->name, "Gi0/1");
	assert_null(interface(1)->description);
	assert_string_equal(interface(2)->name, "eth\a2");
}

static void
the_interface_may_be_a_scope_of_v9(void **state)
{
	static const struct wire_field fields[] = {
		{ 2, 4, 0 },
		{ 82, 5, 0 },
	};

	(void)state;
	send_template(V9, fields, 2, 1);
	wire_uint(&w, 77, 4);
	wire_bytes(&w, "ppp0\0", 5);
	take(DECODED);
	assert_string_equal(interface(77)->name, "ppp0");
}

/* The same numbers as elements: octets, packets, flows, protocol, ToS. */
static void
other_scopes_of_v9_are_ignored(void **state)
{
	struct wire_field fields[] = {
		{ 1, 4, 0 },
		{ 34, 4, 0 },
	};
	uint16_t scope;

	(void)state;
	for (scope = 1; scope <= 50; scope++) {
		if (scope == 2 || scope == 3 || scope == 5)
			continue; /* interface, line card, template */
		fields[0].id = scope;
		send_template(V9, fields, 2, 1);
		wire_uint(&w, 0xdeadbeef, 4);
		wire_uint(&w, 100 + scope, 4);
		take(DECODED);
		assert_int_equal(options_samplers(options())->table.n, 1);
		assert_int_equal(sampler(V9, 0)->rate.of, 100 + scope);
	}
}

static void
options_without_scope(void **state)
{
	static const struct wire_field fields[] = { { 34, 4, 0 } };
	size_t v;

	(void)state;
	for (v = 0; v < 2; v++) {
		send_template(versions[v], fields, 1, 0);
		wire_uint(&w, 16, 4);
		take(DECODED);
		assert_int_equal(sampler(versions[v], 0)->rate.of, 16);
	}
}

static void
scopes_of_length_0(void **state)
{
	static const struct wire_field fields[] = {
		{ 2, 0, 0 },
		{ 1, 0, 0 },
		{ 34, 4, 0 },
		{ 82, 3, 0 },
	};
	size_t v;

	(void)state;
	for (v = 0; v < 2; v++) {
		send_template(versions[v], fields, 4, 2);
		wire_uint(&w, 16, 4);
		wire_bytes(&w, "lo0", 3);
		take(DECODED);
		assert_int_equal(sampler(versions[v], 0)->rate.of, 16);
		assert_int_equal(options()->interfaces.n, 0);
	}
}

static void
truncated_records_change_nothing(void **state)
{
	static const struct wire_field fixed[] = {
		{ 302, 2, 0 }, { 305, 4, 0 },
	}, variable[] = {
		{ 302, 2, 0 }, { 305, 4, 0 }, { 341, WIRE_VARIABLE, 0 },
	};
	size_t len;

	(void)state;
	for (len = 0; len < 6; len++) {
		send_template(IPFIX, fixed, 2, 1);
		wire_fill(&w, 1, len);
		take(DECODED);
		assert_int_equal(options_samplers(options())->table.n, 0);
	}
	for (len = 0; len < 12; len++) {
		send_template(IPFIX, variable, 3, 1);
		wire_uint(&w, 1, 2);
		wire_uint(&w, 100, 4);
		wire_variable(&w, "abcde", 5, 0);
		wcur_init(&w.at, w.buf, sizeof(w.buf));
		(void)wcur_skip(&w.at, (size_t)(w.set - w.buf) + 4 + len);
		take(DECODED);
		assert_int_equal(options_samplers(options())->table.n, 0);
	}
	assert_int_equal(c.exporter->counters.options, 0);
	send_template(IPFIX, variable, 3, 1);
	wire_uint(&w, 1, 2);
	wire_uint(&w, 100, 4);
	wire_variable(&w, "abcde", 5, 0);
	wire_fill(&w, 0, 3);
	take(DECODED);
	assert_int_equal(options_samplers(options())->table.n, 1);
	assert_int_equal(c.exporter->counters.options, 1);
}

static void
a_set_may_define_several_options_templates(void **state)
{
	static const struct wire_field first[] = { { 2, 4, 0 }, { 34, 4, 0 } },
				       second[] = { { 1, 4, 0 }, { 40, 4, 0 } };
	size_t v;

	(void)state;
	for (v = 0; v < 2; v++) {
		wire_start(&w, versions[v]);
		wire_set(&w, wire_options_set(versions[v]));
		wire_define_options(&w, 256, first, 2, 1);
		wire_define_options(&w, 257, second, 2, 1);
		wire_fill(&w, 0, 2);
		wire_set(&w, 257);
		wire_uint(&w, 0, 4);
		wire_uint(&w, 4000, 4);
		wire_set(&w, 256);
		wire_uint(&w, 0, 4);
		wire_uint(&w, 32, 4);
		take(DECODED);
		assert_int_equal(sampler(versions[v], 0)->rate.of, 32);
		assert_int_equal(domain(versions[v])->exported_octets, 4000);
		assert_int_equal(c.exporter->counters.templates_refused, 0);
	}
}

static void
options_data_are_held_for_their_template(void **state)
{
	static const struct wire_field fields[] = {
		{ 302, 2, 0 },
		{ 305, 4, 0 },
	};

	(void)state;
	wire_start(&w, IPFIX);
	wire_set(&w, 256);
	wire_uint(&w, 9, 2);
	wire_uint(&w, 1024, 4);
	take(DECODE_HELD);
	wire_start(&w, IPFIX);
	wire_options(&w, 256, fields, 2, 1);
	take(DECODED);
	assert_int_equal(sampler(IPFIX, 9)->rate.of, 1024);
}

/* A definition with this head is refused, and the previous one still used. */
static void
assert_head_refused(uint16_t version, uint16_t first, uint16_t second)
{
	static const struct wire_field fields[] = {
		{ 302, 4, 0 },
		{ 305, 4, 0 },
	};
	uint64_t refused;

	send_template(version, fields, 2, 1);
	wire_start(&w, version);
	wire_options(&w, 256, fields, 2, 1);
	be16_put(w.set + 6, first);
	be16_put(w.set + 8, second);
	refused = c.exporter->counters.templates_refused;
	take(DECODED);
	assert_true(c.exporter->counters.templates_refused > refused);
	wire_start(&w, version);
	wire_set(&w, 256);
	wire_fill(&w, 1, 8);
	take(DECODED);
	assert_true(options_samplers(options())->table.n > 0);
}

static void
impossible_options_templates_are_refused(void **state)
{
	(void)state;
	assert_head_refused(V9, 3, 4);
	assert_head_refused(V9, 4, 5);
	assert_head_refused(V9, 4, 8);
	assert_head_refused(V9, 65532, 65532);
	assert_head_refused(V9, 0, 0);
	assert_head_refused(IPFIX, 2, 3);
	assert_head_refused(IPFIX, 1, 65535);
	assert_head_refused(IPFIX, 3, 1);
	assert_head_refused(IPFIX, 65535, 65535);
}

/* Sends one record for each of n ids, in mixed order; the rate is id + 1. */
static void
send_many(const struct wire_field *fields, uint32_t n)
{
	uint32_t i, id;

	for (i = 0; i < n; i++) {
		if (i % 1000 == 0) {
			if (i != 0)
				take(DECODED);
			send_template(IPFIX, fields, 2, 1);
		}
		id = (uint32_t)((uint64_t)i * 7919 % n);
		wire_uint(&w, id, 4);
		wire_uint(&w, id + 1, 4);
	}
	take(DECODED);
}

/* The ids of send_many that were sent last. */
static bool
is_late(uint32_t id, uint32_t n, uint32_t late)
{
	uint32_t i;

	for (i = n - late; i < n; i++) {
		if ((uint32_t)((uint64_t)i * 7919 % n) == id)
			return (true);
	}
	return (false);
}

static void
samplers_are_bounded(void **state)
{
	static const struct wire_field fields[] = {
		{ 302, 4, 0 },
		{ 305, 4, 0 },
	};
	const struct options *o;
	const struct sampler *s;
	size_t i;

	(void)state;
	send_many(fields, SAMPLERS_MAX + 100);
	o = options();
	assert_int_equal(options_samplers(o)->table.n, SAMPLERS_MAX);
	assert_int_equal(options_samplers(o)->table.evicted, 100);
	for (i = 0; i < options_samplers(o)->table.n; i++) {
		s = samplers_at(options_samplers(o), i);
		assert_int_equal(s->rate.of, s->part[PART_SELECTOR] + 1);
		assert_true(is_late((uint32_t)s->part[PART_SELECTOR],
		    SAMPLERS_MAX + 100, SAMPLERS_MAX));
	}
}

static void
interfaces_are_bounded(void **state)
{
	static const struct wire_field fields[] = {
		{ 10, 4, 0 },
		{ 82, 4, 0 },
	};
	const struct options *o;
	size_t i;

	(void)state;
	send_many(fields, INTERFACES_MAX + 100);
	o = options();
	assert_int_equal(o->interfaces.n, INTERFACES_MAX);
	assert_int_equal(o->interfaces.evicted, 100);
	for (i = 0; i < INTERFACES_MAX; i++)
		assert_true(is_late(options_interface(o, i)->index,
		    INTERFACES_MAX + 100, INTERFACES_MAX));
}

static void
send_start_of_domain(uint32_t id)
{
	static const struct wire_field fields[] = {
		{ 149, 4, 0 },
		{ 160, 8, 0 },
	};

	w.domain = id;
	send_template(IPFIX, fields, 2, 1);
	wire_uint(&w, id, 4);
	wire_uint(&w, 1000 + id, 8);
	take(DECODED);
}

/* Data that use domain 0 keep it. */
static void
the_least_recently_used_domain_goes(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < DOMAINS_MAX + 100; i++) {
		send_start_of_domain(i);
		assert_int_equal(init_time(IPFIX, 0), 1000);
	}
	assert_int_equal(options()->domains.n, DOMAINS_MAX);
	assert_int_equal(options()->domains.evicted, 100);
	for (i = 1; i < DOMAINS_MAX + 100; i++)
		assert_int_equal(init_time(IPFIX, i), i <= 100 ? 0 : 1000 + i);
}

static void
memory_limits_all_options(void **state)
{
	static const struct wire_field fields[] = {
		{ 10, 4, 0 },
		{ 82, 4, 0 },
	};
	static const struct exporter_limits limits = {
		.exporters = 1,
		.templates = 8,
		.memory = 8192,
	};

	(void)state;
	collect_stop(&c);
	collect_start(&c, &limits);
	send_many(fields, 1000);
	assert_true(options()->interfaces.n > 20);
	assert_true(c.exporter->shared->memory.used <= 8192);
	assert_true(options()->interfaces.evicted + options()->refused > 0);
	assert_int_equal(c.exporter->counters.options, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(samplers_are_read_in_every_length),
		TEST(every_form_of_sampling_is_read),
		TEST(rates_need_not_be_whole_numbers),
		TEST(impossible_probabilities_are_unknown),
		TEST(samplers_have_scopes),
		TEST(sampling_rate_0_is_unknown),
		TEST(samplers_have_ids_and_domains),
		TEST(a_newer_record_replaces_the_old),
		TEST(values_not_in_a_record_are_kept),
		TEST(exporter_statistics_are_kept),
		TEST(interfaces_have_names),
		TEST(the_interface_may_be_a_scope_of_v9),
		TEST(other_scopes_of_v9_are_ignored),
		TEST(options_without_scope),
		TEST(scopes_of_length_0),
		TEST(truncated_records_change_nothing),
		TEST(a_set_may_define_several_options_templates),
		TEST(options_data_are_held_for_their_template),
		TEST(impossible_options_templates_are_refused),
		TEST(samplers_are_bounded),
		TEST(interfaces_are_bounded),
		TEST(the_least_recently_used_domain_goes),
		TEST(memory_limits_all_options),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
