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
 * The sampling in force for each flow, by datagrams of each kind.
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

#define FLOWS   256 /* the template of flows */
#define OPTIONS 257

/* clang-format off */
#define LIST(...)	{ __VA_ARGS__ }
/* clang-format on */

/* The fields of flows, beside packets and octets: of 4 octets each. */
static uint16_t flow_ids[8];
static size_t nflow_ids;

/* Defines flows with these elements, of 4 octets each. */
static void
define_flows(uint16_t version, const uint16_t *ids, size_t n)
{
	struct wire_field fields[10] = { { 1, 4, 0 }, { 2, 4, 0 } };
	size_t i;

	memset(flow_ids, 0, sizeof(flow_ids));
	for (i = 0; i < n; i++) {
		flow_ids[i] = ids[i];
		fields[i + 2] = (struct wire_field){ ids[i], 4, 0 };
	}
	nflow_ids = n;
	wire_start(&w, version);
	wire_template(&w, FLOWS, fields, n + 2);
	assert_int_equal(collect_wire(&c, &w), DECODED);
}

/* Sends options data of one record, whose first field is the scope. */
static void
tell(uint16_t version, const uint16_t *ids, const uint32_t *values, size_t n)
{
	struct wire_field fields[8];
	size_t i;

	for (i = 0; i < n; i++)
		fields[i] = (struct wire_field){ ids[i], 4, 0 };
	wire_start(&w, version);
	wire_options(&w, OPTIONS, fields, n, 1);
	wire_set(&w, OPTIONS);
	for (i = 0; i < n; i++)
		wire_uint(&w, values[i], 4);
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 0);
}

static void
put_flow(const uint32_t values[8])
{
	size_t i;

	wire_uint(&w, 1000, 4);
	wire_uint(&w, 10, 4);
	for (i = 0; i < nflow_ids; i++)
		wire_uint(&w, values[i], 4);
}

/* Sends a flow with these values, and returns its sampling. */
static struct sampling
sampling_with(uint16_t version, const uint32_t values[8])
{
	wire_start(&w, version);
	wire_set(&w, FLOWS);
	put_flow(values);
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 1);
	return (c.sampling[0]);
}

static void
assert_sampling(struct sampling s, uint32_t taken, uint32_t population,
    uint8_t algorithm, enum sampling_source source)
{
	assert_int_equal(s.taken, taken);
	assert_int_equal(s.population, population);
	assert_int_equal(s.algorithm, algorithm);
	assert_int_equal(s.source, source);
}

#define DEFINE(version, n, ids) define_flows(version, (const uint16_t[])ids, n)
#define TELL(version, n, ids, values) \
	tell(version, (const uint16_t[])ids, (const uint32_t[])values, n)
#define CHECK(version, values, taken, population, algorithm, source)       \
	assert_sampling(sampling_with(version, (const uint32_t[8])values), \
	    taken, population, algorithm, source)
#define CHECK_NONE(version, values)                                           \
	assert_sampling(sampling_with(version, (const uint32_t[8])values), 0, \
	    0, 0, SAMPLING_UNKNOWN)

static void
nothing_is_known_without_a_source(void **state)
{
	(void)state;
	DEFINE(IPFIX, 2, LIST(10, 48));
	CHECK_NONE(IPFIX, LIST(3, 7));
}

static void
rates_in_the_record(void **state)
{
	static const struct {
		uint16_t ids[4];
		uint32_t values[8];
		uint32_t taken, population;
		uint8_t algorithm;
	} rows[] = {
		{ { 34, 35, 150, 151 }, { 100, 1, 0, 0 }, 1, 100, 1 },
		{ { 34, 35, 150, 151 }, { 100, 2, 0, 0 }, 1, 100, 3 },
		{ { 50, 49, 150, 151 }, { 64, 2, 0, 0 }, 1, 64, 3 },
		{ { 50, 150, 151, 152 }, { 64, 0, 0, 0 }, 1, 64, 0 },
		{ { 305, 306, 304, 150 }, { 10, 990, 1, 0 }, 10, 1000, 1 },
		{ { 305, 306, 304, 150 }, { 2, 1, 1, 0 }, 2, 3, 1 },
		{ { 309, 310, 304, 150 }, { 5, 2000, 3, 0 }, 5, 2000, 3 },
		{ { 307, 308, 304, 150 }, { 100, 200, 2, 0 }, 100, 300, 2 },
		{ { 311, 304, 150, 151 }, { 0x3c23d70a, 4, 0, 0 }, 1, 100, 4 },
		{ { 311, 304, 150, 151 }, { 0x3f400000, 4, 0, 0 }, 3, 4, 4 },
		{ { 329, 330, 331, 332 },
		    { 0, 0xffffffff, 0x40000000, 0x7fffffff }, 1, 4, 0 },
		{ { 396, 397, 390, 150 }, { 1, 9, 1, 0 }, 1, 10, 1 },
		{ { 398, 399, 390, 150 }, { 5, 5, 2, 0 }, 5, 10, 2 },
		/* Packets by one selector, and then flows by another. */
		{ { 309, 310, 396, 397 }, { 1, 100, 1, 9 }, 1, 1000, 0 },
		{ { 305, 306, 150, 151 }, { UINT32_MAX, UINT32_MAX, 0, 0 }, 1,
		    2, 0 },
	};
	size_t i, v;

	(void)state;
	for (v = 0; v < 2; v++) {
		for (i = 0; i < WIRE_NFIELDS(rows); i++) {
			define_flows(versions[v], rows[i].ids, 4);
			assert_sampling(
			    sampling_with(versions[v], rows[i].values),
			    rows[i].taken, rows[i].population,
			    rows[i].algorithm, SAMPLING_RECORD);
		}
	}
}

/* Rates come before others, but impossible ones do not count. */
static void
the_record_comes_first(void **state)
{
	(void)state;
	TELL(IPFIX, 3, LIST(149, 34, 35), LIST(WIRE_DOMAIN, 500, 1));
	DEFINE(IPFIX, 1, LIST(34));
	CHECK(IPFIX, LIST(100), 1, 100, 0, SAMPLING_RECORD);
	CHECK(IPFIX, LIST(0), 1, 500, 1, SAMPLING_OPTIONS);
	DEFINE(IPFIX, 2, LIST(309, 310));
	CHECK(IPFIX, LIST(5, 4), 1, 500, 1, SAMPLING_OPTIONS);
}

static void
each_record_of_a_set_has_its_own(void **state)
{
	static const uint32_t rates[] = { 10, 20, 30, 40, 50 };
	size_t i;

	(void)state;
	DEFINE(V9, 1, LIST(34));
	wire_start(&w, V9);
	wire_set(&w, FLOWS);
	for (i = 0; i < 5; i++)
		put_flow((const uint32_t[8]){ rates[i] });
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 5);
	for (i = 0; i < 5; i++)
		assert_sampling(c.sampling[i], 1, rates[i], 0, SAMPLING_RECORD);
}

static void
records_of_variable_length(void **state)
{
	static const struct wire_field fields[] = {
		{ 1, 4, 0 },
		{ 82, WIRE_VARIABLE, 0 },
		{ 48, 1, 0 },
	};

	(void)state;
	TELL(IPFIX, 2, LIST(48, 50), LIST(5, 100));
	wire_start(&w, IPFIX);
	wire_template(&w, FLOWS, fields, 3);
	wire_set(&w, FLOWS);
	wire_uint(&w, 1000, 4);
	wire_variable(&w, "eth0", 4, 0);
	wire_uint(&w, 5, 1);
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 1);
	assert_sampling(c.sampling[0], 1, 100, 0, SAMPLING_OPTIONS);
}

static void
rates_of_a_domain(void **state)
{
	size_t v;

	(void)state;
	for (v = 0; v < 2; v++) {
		TELL(versions[v], 3, LIST(1, 34, 35), LIST(0, 100, 2));
		DEFINE(versions[v], 1, LIST(10));
		CHECK(versions[v], LIST(3), 1, 100, 3, SAMPLING_OPTIONS);
	}
}

/* The scope of v9 is a number of its own, that of IPFIX an element. */
static void
rates_of_interfaces(void **state)
{
	static const uint16_t scopes[] = { 2, 10 };
	size_t v;

	(void)state;
	for (v = 0; v < 2; v++) {
		TELL(versions[v], 2, LIST(scopes[v], 34), LIST(1, 100));
		TELL(versions[v], 2, LIST(scopes[v], 34), LIST(2, 1000));
		DEFINE(versions[v], 2, LIST(10, 14));
		CHECK(versions[v], LIST(1, 9), 1, 100, 0, SAMPLING_OPTIONS);
		CHECK(versions[v], LIST(2, 9), 1, 1000, 0, SAMPLING_OPTIONS);
		CHECK(versions[v], LIST(9, 2), 1, 1000, 0, SAMPLING_OPTIONS);
		CHECK(versions[v], LIST(1, 2), 1, 100, 0, SAMPLING_OPTIONS);
		CHECK_NONE(versions[v], LIST(8, 9));
		DEFINE(versions[v], 3, LIST(10, 14, 61));
		CHECK(versions[v], LIST(1, 2, 0), 1, 100, 0, SAMPLING_OPTIONS);
		CHECK(versions[v], LIST(1, 2, 1), 1, 1000, 0, SAMPLING_OPTIONS);
		CHECK_NONE(versions[v], LIST(1, 9, 1));
		CHECK_NONE(versions[v], LIST(9, 1, 0));
	}
}

static void
rates_of_output_interfaces(void **state)
{
	(void)state;
	TELL(IPFIX, 2, LIST(14, 34), LIST(2, 100));
	TELL(IPFIX, 2, LIST(14, 34), LIST(3, 300));
	DEFINE(IPFIX, 2, LIST(10, 14));
	CHECK(IPFIX, LIST(3, 2), 1, 100, 0, SAMPLING_OPTIONS);
	CHECK_NONE(IPFIX, LIST(2, 4));
}

/* The two flows of a record with both directions enter at different ends. */
static void
directions_of_a_biflow_have_their_interfaces(void **state)
{
	(void)state;
	TELL(IPFIX, 2, LIST(10, 34), LIST(1, 100));
	TELL(IPFIX, 2, LIST(10, 34), LIST(2, 1000));
	DEFINE(IPFIX, 4, LIST(10, 14, 231, 232));
	wire_start(&w, IPFIX);
	wire_set(&w, FLOWS);
	put_flow((const uint32_t[8]){ 1, 2, 500, 600 });
	put_flow((const uint32_t[8]){ 2, 1, 500, 600 });
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 4);
	assert_sampling(c.sampling[0], 1, 100, 0, SAMPLING_OPTIONS);
	assert_sampling(c.sampling[1], 1, 1000, 0, SAMPLING_OPTIONS);
	assert_sampling(c.sampling[2], 1, 1000, 0, SAMPLING_OPTIONS);
	assert_sampling(c.sampling[3], 1, 100, 0, SAMPLING_OPTIONS);
}

static void
rates_of_samplers_and_selectors(void **state)
{
	static const uint16_t ids[] = { 48, 302 };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		TELL(IPFIX, 4, LIST(149, ids[i], 49, 50),
		    LIST(WIRE_DOMAIN, 1, 1, 100));
		TELL(IPFIX, 4, LIST(149, ids[i], 304, 34),
		    LIST(WIRE_DOMAIN, 2, 3, 200));
		DEFINE(IPFIX, 1, LIST(ids[1 - i]));
		CHECK(IPFIX, LIST(1), 1, 100, 1, SAMPLING_OPTIONS);
		CHECK(IPFIX, LIST(2), 1, 200, 3, SAMPLING_OPTIONS);
		CHECK_NONE(IPFIX, LIST(3));
		CHECK_NONE(IPFIX, LIST(0));
	}
}

/* A selector with two parts is about flows that have both. */
static void
smaller_parts_come_first(void **state)
{
	(void)state;
	TELL(IPFIX, 2, LIST(149, 34), LIST(WIRE_DOMAIN, 10));
	TELL(IPFIX, 2, LIST(141, 34), LIST(4, 15));
	TELL(IPFIX, 2, LIST(145, 34), LIST(FLOWS, 20));
	TELL(IPFIX, 2, LIST(144, 34), LIST(8, 30));
	TELL(IPFIX, 2, LIST(143, 34), LIST(7, 40));
	TELL(IPFIX, 2, LIST(10, 34), LIST(1, 50));
	TELL(IPFIX, 2, LIST(302, 34), LIST(6, 60));
	TELL(IPFIX, 3, LIST(302, 10, 34), LIST(6, 1, 70));
	DEFINE(IPFIX, 5, LIST(302, 10, 143, 144, 141));
	CHECK(IPFIX, LIST(6, 1, 7, 8, 4), 1, 70, 0, SAMPLING_OPTIONS);
	CHECK(IPFIX, LIST(6, 2, 7, 8, 4), 1, 60, 0, SAMPLING_OPTIONS);
	CHECK(IPFIX, LIST(9, 1, 7, 8, 4), 1, 50, 0, SAMPLING_OPTIONS);
	CHECK(IPFIX, LIST(9, 2, 7, 8, 4), 1, 40, 0, SAMPLING_OPTIONS);
	CHECK(IPFIX, LIST(9, 2, 9, 8, 4), 1, 30, 0, SAMPLING_OPTIONS);
	CHECK(IPFIX, LIST(9, 2, 9, 9, 4), 1, 20, 0, SAMPLING_OPTIONS);
	TELL(IPFIX, 2, LIST(145, 34), LIST(FLOWS, 0));
	CHECK(IPFIX, LIST(9, 2, 9, 9, 4), 1, 15, 0, SAMPLING_OPTIONS);
	CHECK(IPFIX, LIST(9, 2, 9, 9, 9), 1, 10, 0, SAMPLING_OPTIONS);
}

static void
rates_of_processes_templates_and_line_cards(void **state)
{
	static const uint16_t scopes[] = { 143, 144, 141 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		w.domain = 20 + (uint32_t)i;
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(1, 100));
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(2, 1000));
		DEFINE(IPFIX, 1, LIST(scopes[i]));
		CHECK(IPFIX, LIST(1), 1, 100, 0, SAMPLING_OPTIONS);
		CHECK(IPFIX, LIST(2), 1, 1000, 0, SAMPLING_OPTIONS);
		CHECK_NONE(IPFIX, LIST(3));
	}
	w.domain = 30;
	DEFINE(V9, 1, LIST(10));
	TELL(V9, 2, LIST(5, 34), LIST(FLOWS, 100));
	TELL(V9, 2, LIST(5, 34), LIST(400, 1000));
	CHECK(V9, LIST(1), 1, 100, 0, SAMPLING_OPTIONS);
}

/* A record that does not say which process it is from. */
static void
unnamed_parts_count_if_they_agree(void **state)
{
	static const uint16_t scopes[] = { 143, 144, 141, 10, 302 };
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		w.domain = 20 + (uint32_t)i;
		DEFINE(IPFIX, 1, LIST(150));
		TELL(IPFIX, 3, LIST(scopes[i], 34, 35), LIST(1, 100, 2));
		CHECK(IPFIX, LIST(1), 1, 100, 3, SAMPLING_OPTIONS);
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(2, 100));
		CHECK(IPFIX, LIST(1), 1, 100, 3, SAMPLING_OPTIONS);
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(2, 1000));
		CHECK_NONE(IPFIX, LIST(1));
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(1, 100));
		CHECK_NONE(IPFIX, LIST(1));
		/* Both change, one after the other. */
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(1, 1000));
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(2, 1000));
		CHECK(IPFIX, LIST(1), 1, 1000, 3, SAMPLING_OPTIONS);
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(1, 50));
		CHECK_NONE(IPFIX, LIST(1));
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(2, 50));
		CHECK(IPFIX, LIST(1), 1, 50, 3, SAMPLING_OPTIONS);
		/* The next ones are of other domains. */
		TELL(IPFIX, 2, LIST(scopes[i], 34), LIST(2, 60 + (uint32_t)i));
	}
}

/* Sends the report of RFC 5476 section 6.5.1 about sequence 9. */
static void
report_sequence(uint32_t first, uint32_t second)
{
	TELL(IPFIX, 4, LIST(301, 10, 302, 302), LIST(9, 1, first, second));
}

static void
rates_of_selection_sequences(void **state)
{
	(void)state;
	report_sequence(3, 4);
	DEFINE(IPFIX, 1, LIST(301));
	CHECK_NONE(IPFIX, LIST(9));
	TELL(IPFIX, 4, LIST(302, 304, 305, 306), LIST(3, 1, 1, 9));
	CHECK_NONE(IPFIX, LIST(9));
	TELL(IPFIX, 4, LIST(302, 304, 309, 310), LIST(4, 3, 2, 100));
	CHECK(IPFIX, LIST(9), 1, 500, 0, SAMPLING_OPTIONS);
	CHECK_NONE(IPFIX, LIST(8));
	/* A filter by properties beside a sampler. */
	TELL(IPFIX, 3, LIST(302, 303, 304), LIST(5, 4, 5));
	report_sequence(5, 4);
	CHECK(IPFIX, LIST(9), 2, 100, 3, SAMPLING_OPTIONS);
	report_sequence(4, 5);
	CHECK(IPFIX, LIST(9), 2, 100, 3, SAMPLING_OPTIONS);
	TELL(IPFIX, 2, LIST(301, 302), LIST(10, 4));
	CHECK(IPFIX, LIST(10), 2, 100, 3, SAMPLING_OPTIONS);
	TELL(IPFIX, 2, LIST(301, 302), LIST(11, 5));
	CHECK(IPFIX, LIST(11), 1, 1, 5, SAMPLING_OPTIONS);
	TELL(IPFIX, 2, LIST(301, 302), LIST(12, 77));
	CHECK_NONE(IPFIX, LIST(12));
}

/* Line cards send flows, and a route processor the options data. */
static void
rates_in_another_domain(void **state)
{
	(void)state;
	w.domain = 0;
	TELL(V9, 4, LIST(1, 48, 49, 50), LIST(0, 1, 2, 100));
	w.domain = 77;
	TELL(V9, 4, LIST(1, 48, 49, 50), LIST(0, 2, 2, 200));
	w.domain = 5;
	DEFINE(V9, 1, LIST(48));
	CHECK(V9, LIST(1), 1, 100, 3, SAMPLING_OPTIONS_ELSEWHERE);
	CHECK(V9, LIST(2), 1, 200, 3, SAMPLING_OPTIONS_ELSEWHERE);
	/* Two domains that differ, and then the flow's own one. */
	w.domain = 78;
	TELL(V9, 4, LIST(1, 48, 49, 50), LIST(0, 2, 2, 300));
	w.domain = 5;
	CHECK_NONE(V9, LIST(2));
	TELL(V9, 4, LIST(1, 48, 49, 50), LIST(0, 2, 2, 400));
	CHECK(V9, LIST(2), 1, 400, 3, SAMPLING_OPTIONS);
	CHECK(V9, LIST(1), 1, 100, 3, SAMPLING_OPTIONS_ELSEWHERE);
}

static void
rates_of_the_whole_exporter(void **state)
{
	(void)state;
	w.domain = 3;
	TELL(IPFIX, 2, LIST(149, 34), LIST(0, 100));
	w.domain = 5;
	DEFINE(IPFIX, 1, LIST(10));
	CHECK(IPFIX, LIST(1), 1, 100, 0, SAMPLING_OPTIONS_ELSEWHERE);
}

/* The scope names the domain that the data of domain 0 are about. */
static void
scopes_name_domains(void **state)
{
	(void)state;
	w.domain = 0;
	TELL(IPFIX, 2, LIST(149, 34), LIST(5, 100));
	TELL(IPFIX, 2, LIST(149, 34), LIST(6, 200));
	DEFINE(IPFIX, 1, LIST(10));
	CHECK_NONE(IPFIX, LIST(1));
	w.domain = 5;
	DEFINE(IPFIX, 1, LIST(10));
	CHECK(IPFIX, LIST(1), 1, 100, 0, SAMPLING_OPTIONS_ELSEWHERE);
	w.domain = 6;
	DEFINE(IPFIX, 1, LIST(10));
	CHECK(IPFIX, LIST(1), 1, 200, 0, SAMPLING_OPTIONS_ELSEWHERE);
}

static void
templates_of_other_domains_are_others(void **state)
{
	(void)state;
	w.domain = 0;
	TELL(V9, 2, LIST(5, 34), LIST(FLOWS, 100));
	w.domain = 5;
	DEFINE(V9, 1, LIST(10));
	CHECK_NONE(V9, LIST(1));
}

/* Two processes behind one address. */
static void
the_own_session_comes_first(void **state)
{
	uint16_t port;

	(void)state;
	for (port = 1; port <= 3; port++) {
		c.port = port;
		DEFINE(V9, 1, LIST(48));
		if (port != 3)
			TELL(V9, 3, LIST(1, 48, 50), LIST(0, 1, 100U * port));
		CHECK(V9, LIST(0), 0, 0, 0, SAMPLING_UNKNOWN);
	}
	for (port = 1; port <= 3; port++) {
		c.port = port;
		CHECK(V9, LIST(1), 1, port == 1 ? 100 : 200, 0,
		    SAMPLING_OPTIONS);
	}
}

/* A flow gets the rate that is in force when it is decoded. */
static void
rates_change_in_mid_stream(void **state)
{
	static const uint32_t rates[] = { 100, 1000, 10 };
	static const struct wire_field fields[] = {
		{ 149, 4, 0 },
		{ 34, 4, 0 },
	};
	size_t i;

	(void)state;
	DEFINE(IPFIX, 1, LIST(10));
	wire_start(&w, IPFIX);
	wire_options(&w, OPTIONS, fields, 2, 1);
	for (i = 0; i < 3; i++) {
		wire_set(&w, OPTIONS);
		wire_uint(&w, WIRE_DOMAIN, 4);
		wire_uint(&w, rates[i], 4);
		wire_set(&w, FLOWS);
		put_flow((const uint32_t[8]){ 1 });
	}
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 3);
	for (i = 0; i < 3; i++)
		assert_sampling(c.sampling[i], 1, rates[i], 0,
		    SAMPLING_OPTIONS);
}

static void
versions_have_their_own(void **state)
{
	(void)state;
	TELL(V9, 2, LIST(1, 34), LIST(0, 100));
	DEFINE(IPFIX, 1, LIST(10));
	CHECK_NONE(IPFIX, LIST(1));
}

/* Sends a datagram of version 5 with two flows. */
static void
send_v5(uint16_t field)
{
	uint8_t buf[NF5_HEADER_LEN + 2 * NF5_RECORD_LEN] = { 0, 5, 0, 2 };

	be16_put(buf + NF5_HEADER_SAMPLING, field);
	assert_int_equal(collect_datagram(&c, buf, sizeof(buf)), DECODED);
	assert_int_equal(c.n, 2);
}

static void
headers_of_version_5(void **state)
{
	static const struct {
		uint16_t field;
		uint32_t population;
		uint8_t algorithm;
	} rows[] = {
		{ 1 << 14 | 100, 100, 1 },
		{ 2 << 14 | 1000, 1000, 3 },
		{ 3 << 14 | 7, 7, 0 },
		{ 0x3fff, 0x3fff, 0 },
		{ 1, 1, 0 },
	};
	size_t i;

	(void)state;
	/* Data of version 9 are about other flows. */
	TELL(V9, 2, LIST(1, 34), LIST(0, 500));
	for (i = 0; i < WIRE_NFIELDS(rows); i++) {
		send_v5(rows[i].field);
		assert_sampling(c.sampling[0], 1, rows[i].population,
		    rows[i].algorithm, SAMPLING_HEADER);
		assert_sampling(c.sampling[1], 1, rows[i].population,
		    rows[i].algorithm, SAMPLING_HEADER);
	}
	send_v5(1 << 14);
	assert_sampling(c.sampling[0], 0, 0, 0, SAMPLING_UNKNOWN);
}

static void
other_fixed_versions_have_none(void **state)
{
	uint8_t v1[NF1_HEADER_LEN + NF1_RECORD_LEN] = { 0, 1, 0, 1 };
	uint8_t v7[NF7_HEADER_LEN + NF7_RECORD_LEN] = { 0, 7, 0, 1 };

	(void)state;
	assert_int_equal(collect_datagram(&c, v1, sizeof(v1)), DECODED);
	assert_sampling(c.sampling[0], 0, 0, 0, SAMPLING_UNKNOWN);
	assert_int_equal(collect_datagram(&c, v7, sizeof(v7)), DECODED);
	assert_sampling(c.sampling[0], 0, 0, 0, SAMPLING_UNKNOWN);
}

/* Bounds of combinations of parts, and of selectors. */
static void
combinations_are_bounded(void **state)
{
	static const uint16_t parts[] = { 302, 10, 14, 143 };
	uint16_t ids[6] = { 0 };
	uint32_t values[6] = { 0 }, mask;
	size_t i, n;

	(void)state;
	for (mask = 0; mask < 16; mask++) {
		ids[0] = 149;
		values[0] = WIRE_DOMAIN;
		for (i = 0, n = 1; i < 4; i++) {
			if ((mask >> i & 1) == 0)
				continue;
			ids[n] = parts[i];
			values[n++] = 1;
		}
		ids[n] = 34;
		values[n++] = 100 + mask;
		tell(IPFIX, ids, values, n);
	}
	assert_int_equal(options_samplers(&c.exporter->options)->table.n,
	    SAMPLER_SHAPES_MAX);
	assert_int_equal(counters()->options, SAMPLER_SHAPES_MAX);
	assert_int_equal(counters()->options_dropped, 16 - SAMPLER_SHAPES_MAX);
	DEFINE(IPFIX, 3, LIST(302, 10, 14));
	CHECK(IPFIX, LIST(1, 1, 1), 1, 107, 0, SAMPLING_OPTIONS);
	CHECK(IPFIX, LIST(2, 2, 2), 1, 100, 0, SAMPLING_OPTIONS);
}

static void
rates_of_any_size_fit(void **state)
{
	static const struct wire_field fields[] = {
		{ 1, 4, 0 },
		{ 2, 4, 0 },
		{ 305, 8, 0 },
		{ 306, 8, 0 },
	};

	(void)state;
	wire_start(&w, IPFIX);
	wire_template(&w, FLOWS, fields, 4);
	wire_set(&w, FLOWS);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 1, 4);
	wire_uint(&w, UINT64_C(1) << 40, 8);
	wire_uint(&w, UINT64_C(3) << 40, 8);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 1, 8);
	wire_uint(&w, UINT64_C(1) << 40, 8);
	assert_int_equal(collect_wire(&c, &w), DECODED);
	assert_int_equal(c.n, 2);
	assert_sampling(c.sampling[0], 1, 4, 0, SAMPLING_RECORD);
	assert_int_equal(c.sampling[1].taken, 1);
	assert_true(c.sampling[1].population >= 1U << 31);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_known_without_a_source),
		TEST(rates_in_the_record),
		TEST(the_record_comes_first),
		TEST(each_record_of_a_set_has_its_own),
		TEST(records_of_variable_length),
		TEST(rates_of_a_domain),
		TEST(rates_of_interfaces),
		TEST(rates_of_output_interfaces),
		TEST(directions_of_a_biflow_have_their_interfaces),
		TEST(rates_of_samplers_and_selectors),
		TEST(smaller_parts_come_first),
		TEST(rates_of_processes_templates_and_line_cards),
		TEST(unnamed_parts_count_if_they_agree),
		TEST(rates_of_selection_sequences),
		TEST(rates_in_another_domain),
		TEST(rates_of_the_whole_exporter),
		TEST(scopes_name_domains),
		TEST(templates_of_other_domains_are_others),
		TEST(the_own_session_comes_first),
		TEST(rates_change_in_mid_stream),
		TEST(versions_have_their_own),
		TEST(headers_of_version_5),
		TEST(other_fixed_versions_have_none),
		TEST(combinations_are_bounded),
		TEST(rates_of_any_size_fit),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
