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
 * NetFlow v1, v5 and v7: flows are decoded as they were encoded, and anything
 * but a whole datagram is refused.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"
#include "lib/cursor.h"
#include "decode/decode.h"
#include "errors.h"
#include "send/flow-generate.h"
#include "netflow.h"

#define RECV_SEC  1700000000U
#define RECV_USEC 123456U
#define MANY      2000 /* flows, more than any test needs */

static const uint16_t versions[] = { NF_VERSION_1, NF_VERSION_5, NF_VERSION_7 };
#define NVERSIONS (sizeof(versions) / sizeof(versions[0]))

static const size_t header_lens[] = { 16, 24, 24 };
static const size_t record_lens[] = { 48, 48, 52 };

static struct exporter exporter;
static struct log_limit limits[EXPORTER_CAUSES];
static struct exporters_shared shared;

/* The flows that the sink has flushed. */
static struct flow taken[MANY];
static size_t ntaken;

/*
 * Makes an unknown exporter that seems to have been warned about just now, so
 * that warnings are counted and not logged.
 */
static void
new_exporter(void)
{
	static const uint8_t address[4] = { 192, 0, 2, 99 };
	size_t i;

	memset(&exporter, 0, sizeof(exporter));
	memset(&shared, 0, sizeof(shared));
	exporter.shared = &shared;
	exporter.memory.pool = &shared.memory;
	exporter.addr = addr_v4(address);
	for (i = 0; i < EXPORTER_CAUSES; i++)
		limits[i] = (struct log_limit){ .last = RECV_SEC };
	exporter.log_limits = limits;
	exporter.new_limit.last = RECV_SEC;
}

static void
take(struct flow_sink *sink)
{
	assert_true(sink->n <= MANY - ntaken);
	memcpy(taken + ntaken, sink->flows, sink->n * sizeof(taken[0]));
	ntaken += sink->n;
	sink->n = 0;
}

/*
 * Decodes from an allocation of exactly len bytes, so that a sanitizer sees
 * reads beyond it.  The flows are in taken afterwards; the sink has room for
 * max.
 */
static enum decoded
decode_by(const uint8_t *data, size_t len, size_t max)
{
	struct flow flows[64];
	struct flow_sink sink = { .flows = flows, .max = max, .flush = take };
	struct datagram dgram = {
		.len = len,
		.recv_sec = RECV_SEC,
		.recv_usec = RECV_USEC,
	};
	enum decoded r;
	uint8_t *copy;

	assert_true(max <= sizeof(flows) / sizeof(flows[0]));
	copy = malloc(len == 0 ? 1 : len);
	assert_non_null(copy);
	memcpy(copy, data, len);
	dgram.data = len == 0 ? copy + 1 : copy;
	ntaken = 0;
	r = netflow_decode(&dgram, &exporter, &sink);
	take(&sink);
	free(copy);
	return (r);
}

static enum decoded
decode(const uint8_t *data, size_t len)
{
	return (decode_by(data, len, 64));
}

/* Refused: no flow, one warning, and the exporter changes only by that. */
static void
assert_refused(const uint8_t *data, size_t len, enum decoded how)
{
	const enum exporter_cause cause =
	    how == DECODE_INVALID ? EXPORTER_INVALID : EXPORTER_UNSUPPORTED;
	struct exporter before;

	new_exporter();
	before = exporter;
	if (how == DECODE_UNSUPPORTED)
		before.unsupported = be16(data);
	assert_int_equal(decode(data, len), how);
	assert_int_equal(ntaken, 0);
	assert_memory_equal(&exporter, &before, sizeof(exporter));
	assert_int_equal(limits[cause].held_back, 1);
}

static void
assert_addr(const struct addr *a, const struct addr *b)
{
	assert_int_equal(a->family, b->family);
	assert_memory_equal(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Every member that the decoder sets. */
static void
assert_flow(const struct flow *got, const struct flow *want)
{
	assert_int_equal(got->fields, want->fields);
	assert_int_equal(got->recv_sec, want->recv_sec);
	assert_int_equal(got->recv_usec, want->recv_usec);
	assert_addr(&got->agent, &want->agent);
	assert_addr(&got->src, &want->src);
	assert_addr(&got->dst, &want->dst);
	assert_addr(&got->gateway, &want->gateway);
	assert_int_equal(got->packets, want->packets);
	assert_int_equal(got->octets, want->octets);
	assert_int_equal(got->if_index_in, want->if_index_in);
	assert_int_equal(got->if_index_out, want->if_index_out);
	assert_int_equal(got->sys_uptime_ms, want->sys_uptime_ms);
	assert_int_equal(got->time_sec, want->time_sec);
	assert_int_equal(got->time_nanosec, want->time_nanosec);
	assert_int_equal(got->flow_start, want->flow_start);
	assert_int_equal(got->flow_finish, want->flow_finish);
	assert_int_equal(got->src_as, want->src_as);
	assert_int_equal(got->dst_as, want->dst_as);
	assert_int_equal(got->flow_sequence, want->flow_sequence);
	assert_int_equal(got->source_id, want->source_id);
	assert_int_equal(got->netflow_version, want->netflow_version);
	assert_int_equal(got->src_port, want->src_port);
	assert_int_equal(got->dst_port, want->dst_port);
	assert_int_equal(got->engine_type, want->engine_type);
	assert_int_equal(got->engine_id, want->engine_id);
	assert_int_equal(got->tcp_flags, want->tcp_flags);
	assert_int_equal(got->protocol, want->protocol);
	assert_int_equal(got->tos, want->tos);
	assert_int_equal(got->src_mask, want->src_mask);
	assert_int_equal(got->dst_mask, want->dst_mask);
}

static struct generator
new_generator(uint16_t version)
{
	const struct generator gen = {
		.version = version,
		.engine_type = 1,
		.engine_id = 7,
		.sampling = 0x4064,
		.time_sec = 1699999999,
		.time_nanosec = 987654321,
		.sys_uptime_ms = 100000000,
		.sequence = 0xfffffff0,
		.random = version,
	};

	return (gen);
}

/* Makes a datagram of n generated flows; flows are the expected result. */
static size_t
make(struct generator *gen, struct flow *flows, size_t n, uint8_t *buf)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		generate_flow(gen, &flows[i]);
		flows[i].fields |=
		    STORE_FIELD_RECV_TIME | STORE_FIELD_AGENT_ADDR4;
		flows[i].recv_sec = RECV_SEC;
		flows[i].recv_usec = RECV_USEC;
		flows[i].agent = exporter.addr;
	}
	assert_int_equal(
	    generate_datagram(gen, flows, n, buf, NF_DATAGRAM_MAX, &len), 0);
	return (len);
}

static uint8_t buf[NF_DATAGRAM_MAX];
static struct flow flows[MANY];

/*
 * A datagram whose bytes count up, and its flow by Cisco's table, not by the
 * decoder's.  Header: uptime 0x20000000, then bytes from 0x31 on.
 */
static size_t
counting_datagram(size_t v)
{
	const size_t len = header_lens[v] + record_lens[v];
	size_t i;

	memset(buf, 0, len);
	for (i = 8; i < header_lens[v]; i++)
		buf[i] = (uint8_t)(0x29 + i);
	buf[1] = (uint8_t)versions[v];
	buf[3] = 1;
	buf[4] = 0x20;
	for (i = 0; i < record_lens[v]; i++)
		buf[header_lens[v] + i] = (uint8_t)(i + 1);
	return (len);
}

static struct flow
counted_flow(size_t v)
{
	static const uint8_t src[4] = { 1, 2, 3, 4 }, dst[4] = { 5, 6, 7, 8 };
	static const uint8_t gateway[4] = { 9, 10, 11, 12 };
	struct flow flow = {
		.fields = STORE_FIELD_RECV_TIME | STORE_FIELD_PROTO_FLAGS_TOS |
		    STORE_FIELD_AGENT_ADDR4 | STORE_FIELD_SRC_ADDR4 |
		    STORE_FIELD_DST_ADDR4 | STORE_FIELD_GATEWAY_ADDR4 |
		    STORE_FIELD_SRCDST_PORT | STORE_FIELD_PACKETS |
		    STORE_FIELD_OCTETS | STORE_FIELD_IF_INDICES |
		    STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES,
		.recv_sec = RECV_SEC,
		.recv_usec = RECV_USEC,
		.agent = exporter.addr,
		.src = addr_v4(src),
		.dst = addr_v4(dst),
		.gateway = addr_v4(gateway),
		.if_index_in = 0x0d0e,
		.if_index_out = 0x0f10,
		.packets = 0x11121314,
		.octets = 0x15161718,
		.sys_uptime_ms = 0x20000000,
		.time_sec = 0x31323334,
		.time_nanosec = 0x35363738,
		.flow_start = 0x191a1b1c,
		.flow_finish = 0x1d1e1f20,
		.src_port = 0x2122,
		.dst_port = 0x2324,
		.netflow_version = versions[v],
		.protocol = 0x27,
		.tos = 0x28,
	};

	if (versions[v] == NF_VERSION_1) {
		flow.tcp_flags = 0x29;
		return (flow);
	}
	flow.fields |= STORE_FIELD_AS_INFO | STORE_FIELD_FLOW_ENGINE_INFO;
	flow.tcp_flags = 0x26;
	flow.src_as = 0x292a;
	flow.dst_as = 0x2b2c;
	flow.src_mask = 0x2d;
	flow.dst_mask = 0x2e;
	flow.flow_sequence = 0x393a3b3c;
	if (versions[v] == NF_VERSION_5) {
		flow.engine_type = 0x3d;
		flow.engine_id = 0x3e;
	}
	return (flow);
}

static void
reads_each_field_at_its_place(void **state)
{
	struct flow want;
	size_t v;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		new_exporter();
		want = counted_flow(v);
		assert_int_equal(decode(buf, counting_datagram(v)), DECODED);
		assert_int_equal(ntaken, 1);
		assert_flow(&taken[0], &want);
	}
}

static void
decodes_generated_flows(void **state)
{
	static const size_t counts[] = { 1, 2, 24, 30, 100, 1000 };
	struct generator gen;
	size_t v, c, i, len;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			gen = new_generator(versions[v]);
			if (counts[c] > generate_most(&gen))
				continue;
			new_exporter();
			len = make(&gen, flows, counts[c], buf);
			assert_int_equal(len,
			    header_lens[v] + counts[c] * record_lens[v]);
			assert_int_equal(decode(buf, len), DECODED);
			assert_int_equal(ntaken, counts[c]);
			for (i = 0; i < ntaken; i++)
				assert_flow(&taken[i], &flows[i]);
		}
	}
}

/* All bytes after version and count have the same value. */
static void
assert_filled(size_t v, uint8_t byte)
{
	const bool full = byte != 0;
	const bool rich = versions[v] != NF_VERSION_1;
	const bool v5 = versions[v] == NF_VERSION_5;
	struct flow want = counted_flow(v);
	size_t len = counting_datagram(v);

	new_exporter();
	memset(buf + 4, byte, len - 4);
	memset(want.src.bytes, byte, 4);
	want.gateway = want.dst = want.src;
	want.if_index_in = want.if_index_out = full ? 65535 : 0;
	want.packets = want.octets = full ? UINT32_MAX : 0;
	want.sys_uptime_ms = want.time_sec = want.time_nanosec =
	    want.flow_start = want.flow_finish = full ? UINT32_MAX : 0;
	want.src_port = want.dst_port = full ? 65535 : 0;
	want.tcp_flags = want.protocol = want.tos = byte;
	want.src_as = want.dst_as = full && rich ? 65535 : 0;
	want.src_mask = want.dst_mask = rich ? byte : 0;
	want.flow_sequence = full && rich ? UINT32_MAX : 0;
	want.engine_type = want.engine_id = v5 ? byte : 0;
	assert_int_equal(decode(buf, len), DECODED);
	assert_int_equal(ntaken, 1);
	assert_flow(&taken[0], &want);
}

static void
decodes_extremes(void **state)
{
	size_t v;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		assert_filled(v, 0xff);
		assert_filled(v, 0);
	}
}

static void
generator_writes_extremes(void **state)
{
	struct generator gen;
	struct flow zero, ones;
	size_t v, len, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		new_exporter();
		gen = new_generator(versions[v]);
		memset(&zero, 0, sizeof(zero));
		ones = counted_flow(v);
		ones.packets = ones.octets = UINT32_MAX;
		ones.if_index_in = ones.if_index_out = 65535;
		assert_int_equal(
		    generate_datagram(&gen, &zero, 1, buf, sizeof(buf), &len),
		    0);
		for (i = header_lens[v]; i < len; i++)
			assert_int_equal(buf[i], 0);
		assert_int_equal(
		    generate_datagram(&gen, &ones, 1, buf, sizeof(buf), &len),
		    0);
		assert_int_equal(decode(buf, len), DECODED);
		assert_int_equal(taken[0].packets, UINT32_MAX);
		assert_int_equal(taken[0].if_index_out, 65535);
	}
}

static void
generator_refuses_too_large_values(void **state)
{
	struct generator gen = new_generator(NF_VERSION_5);
	struct flow flow;
	size_t len;

	(void)state;
	generate_flow(&gen, &flow);
	assert_int_equal(generate_datagram(&gen, &flow, 1, buf, 71, &len),
	    FLOWD_ESPACE);
	assert_int_equal(len, 0);
	flow.octets = 1ULL << 32;
	assert_int_equal(
	    generate_datagram(&gen, &flow, 1, buf, sizeof(buf), &len),
	    FLOWD_EINVAL);
	generate_flow(&gen, &flow);
	flow.if_index_in = 65536;
	assert_int_equal(
	    generate_datagram(&gen, &flow, 1, buf, sizeof(buf), &len),
	    FLOWD_EINVAL);
	generate_flow(&gen, &flow);
	flow.src.family = ADDR_V6;
	assert_int_equal(
	    generate_datagram(&gen, &flow, 1, buf, sizeof(buf), &len),
	    FLOWD_EINVAL);
	gen.version = 6;
	assert_int_equal(
	    generate_datagram(&gen, &flow, 1, buf, sizeof(buf), &len),
	    FLOWD_EVERSION);
}

static void
refuses_every_truncation(void **state)
{
	struct generator gen;
	size_t v, n, len, whole;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (n = 1; n <= 30; n += 29) {
			gen = new_generator(versions[v]);
			whole = make(&gen, flows, n, buf);
			for (len = 0; len < whole; len++)
				assert_refused(buf, len, DECODE_INVALID);
		}
	}
}

static void
refuses_every_excess(void **state)
{
	struct generator gen;
	size_t v, len, more;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		gen = new_generator(versions[v]);
		len = make(&gen, flows, 3, buf);
		for (more = 1; more <= 3 * record_lens[v]; more++)
			assert_refused(buf, len + more, DECODE_INVALID);
	}
}

static void
refuses_every_wrong_count(void **state)
{
	struct generator gen;
	size_t v, len;
	uint32_t count;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		gen = new_generator(versions[v]);
		len = make(&gen, flows, 30, buf);
		for (count = 0; count <= 65535; count++) {
			buf[2] = (uint8_t)(count >> 8);
			buf[3] = (uint8_t)count;
			if (count != 30) {
				assert_refused(buf, len, DECODE_INVALID);
				continue;
			}
			new_exporter();
			assert_int_equal(decode(buf, len), DECODED);
			assert_int_equal(ntaken, 30);
		}
	}
}

static void
refuses_no_flows(void **state)
{
	struct generator gen;
	size_t v, len;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		gen = new_generator(versions[v]);
		len = make(&gen, flows, 0, buf);
		assert_int_equal(len, header_lens[v]);
		assert_refused(buf, len, DECODE_INVALID);
	}
}

static void
v5_may_have_more_than_30_flows(void **state)
{
	struct generator gen = new_generator(NF_VERSION_5);
	size_t len, n;

	(void)state;
	assert_int_equal(
	    generate_datagram(&gen, flows, 31, buf, sizeof(buf), &len),
	    FLOWD_ESPACE);
	len = make(&gen, flows, 30, buf);
	for (n = 31; n <= (UINT16_MAX - NF5_HEADER_LEN) / NF5_RECORD_LEN; n++) {
		memcpy(buf + len, buf + len - NF5_RECORD_LEN, NF5_RECORD_LEN);
		len += NF5_RECORD_LEN;
		be16_put(buf + NF_HEADER_COUNT, (uint16_t)n);
		assert_int_equal(decode(buf, len), DECODED);
		assert_int_equal(ntaken, n);
		assert_refused(buf, len - 1, DECODE_INVALID);
	}
}

static void
v1_and_v7_may_fill_a_datagram(void **state)
{
	struct generator gen;
	size_t v, n, len;

	(void)state;
	for (v = 0; v < NVERSIONS; v += 2) {
		new_exporter();
		gen = new_generator(versions[v]);
		n = generate_most(&gen);
		len = make(&gen, flows, n, buf);
		assert_in_range(len, 65507 - record_lens[v] + 1, 65507);
		assert_int_equal(decode(buf, len), DECODED);
		assert_int_equal(ntaken, n);
	}
}

static void
sflow_is_named(void **state)
{
	static const uint32_t named[] = { SFLOW_VERSION_2, SFLOW_VERSION_4,
		SFLOW_VERSION_5 };
	char expected[80];
	size_t i;

	(void)state;
	memset(buf, 0, sizeof(buf));
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		new_exporter();
		limits[EXPORTER_UNSUPPORTED].last = 0;
		be32_put(buf, named[i]);
		capture_begin();
		assert_int_equal(decode(buf, 28), DECODE_UNSUPPORTED);
		(void)snprintf(expected, sizeof(expected),
		    "sFlow version %u is not supported; datagram dropped",
		    (unsigned int)named[i]);
		assert_non_null(strstr(capture_end(), expected));
		assert_int_equal(exporter.unsupported, named[i]);
		assert_true(exporter.unsupported_sflow);
	}
	assert_int_equal(decode(buf, 3), DECODE_UNSUPPORTED);
	assert_false(exporter.unsupported_sflow);
}

static void
other_versions_are_unsupported(void **state)
{
	struct generator gen = new_generator(NF_VERSION_5);
	const size_t len = make(&gen, flows, 30, buf);
	uint32_t version;

	(void)state;
	be32_put(buf, 0); /* no version of sFlow */
	for (version = 0; version <= 65535; version++) {
		if (version == NF_VERSION_1 || version == NF_VERSION_5 ||
		    version == NF_VERSION_7 || version == NF_VERSION_9 ||
		    version == NF_VERSION_IPFIX)
			continue;
		buf[0] = (uint8_t)(version >> 8);
		buf[1] = (uint8_t)version;
		assert_refused(buf, len, DECODE_UNSUPPORTED);
		assert_refused(buf, 2, DECODE_UNSUPPORTED);
		assert_refused(buf, 1, DECODE_INVALID);
		assert_refused(buf, 0, DECODE_INVALID);
	}
}

static void
v5_sampling_is_kept(void **state)
{
	struct generator gen = new_generator(NF_VERSION_5);
	size_t len;

	(void)state;
	new_exporter();
	gen.sampling = 1 << 14 | 1000;
	len = make(&gen, flows, 1, buf);
	assert_int_equal(decode(buf, len), DECODED);
	assert_int_equal(exporter.sampling_mode, 1);
	assert_int_equal(exporter.sampling_interval, 1000);
	gen.sampling = 0xffff;
	len = make(&gen, flows, 1, buf);
	assert_int_equal(decode(buf, len), DECODED);
	assert_int_equal(exporter.sampling_mode, 3);
	assert_int_equal(exporter.sampling_interval, 0x3fff);
	/* v7 has no such field and does not change it. */
	gen.version = NF_VERSION_7;
	len = make(&gen, flows, 1, buf);
	assert_int_equal(decode(buf, len), DECODED);
	assert_int_equal(exporter.sampling_interval, 0x3fff);
}

static void
small_sinks_lose_no_flow(void **state)
{
	static const size_t rooms[] = { 1, 2, 7, 29, 30, 31 };
	struct generator gen;
	size_t v, r, i, len;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
			new_exporter();
			gen = new_generator(versions[v]);
			len = make(&gen, flows, 30, buf);
			assert_int_equal(decode_by(buf, len, rooms[r]),
			    DECODED);
			assert_int_equal(ntaken, 30);
			for (i = 0; i < ntaken; i++)
				assert_flow(&taken[i], &flows[i]);
		}
	}
}

static void
sequence_is_followed(void **state)
{
	struct generator gen;
	size_t v, i, len;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		new_exporter();
		gen = new_generator(versions[v]);
		for (i = 0; i < 4; i++) {
			len = make(&gen, flows, 30, buf);
			/* The third datagram is lost. */
			if (i != 2)
				assert_int_equal(decode(buf, len), DECODED);
		}
		assert_int_equal(exporter.counters.sequence_lost,
		    versions[v] == NF_VERSION_1 ? 0 : 30);
		assert_int_equal(exporter.counters.restarts, 0);
	}
}

/*
 * Times.  Those of a record relate to the export by a signed difference, modulo
 * 2^32 ms.  A reader that just subtracts must get the same absolute times from
 * the decoded flow.
 */
struct times {
	uint32_t uptime, first, last, sec, nsec;
};

static int64_t
absolute_ms(uint32_t sec, uint32_t nsec, int64_t ago)
{
	return ((int64_t)sec * 1000 + nsec / 1000000 - ago);
}

static const struct flow *
decode_times(uint16_t version, const struct times *t)
{
	struct generator gen = new_generator(version);
	size_t len;

	new_exporter();
	gen.sys_uptime_ms = t->uptime;
	gen.time_sec = t->sec;
	gen.time_nanosec = t->nsec;
	generate_flow(&gen, &flows[0]);
	flows[0].flow_start = t->first;
	flows[0].flow_finish = t->last;
	assert_int_equal(
	    generate_datagram(&gen, flows, 1, buf, sizeof(buf), &len), 0);
	assert_int_equal(decode(buf, len), DECODED);
	assert_int_equal(ntaken, 1);
	return (&taken[0]);
}

static void
assert_times(const struct flow *f, const struct times *t)
{
	assert_true(f->flow_finish <= f->sys_uptime_ms);
	if ((int32_t)(t->last - t->first) >= 0)
		assert_true(f->flow_start <= f->flow_finish);
	assert_true(absolute_ms(f->time_sec, f->time_nanosec,
			(int64_t)f->sys_uptime_ms - f->flow_finish) ==
	    absolute_ms(t->sec, t->nsec, (int32_t)(t->uptime - t->last)));
	assert_true(absolute_ms(f->time_sec, f->time_nanosec,
			(int64_t)f->sys_uptime_ms - f->flow_start) ==
	    absolute_ms(t->sec, t->nsec, (int32_t)(t->uptime - t->first)));
	assert_int_equal(f->time_nanosec % 1000000, t->nsec % 1000000);
	assert_true(f->time_nanosec < 1000000000);
}

static void
ordinary_times_are_unchanged(void **state)
{
	static const struct times cases[] = {
		{ 5000, 1000, 2000, 1700000000, 5 },
		{ 5000, 5000, 5000, 1700000000, 999999999 },
		{ 0, 0, 0, 0, 0 },
		{ UINT32_MAX, 0x80000000, 0x90000000, 1700000000, 1 },
		{ 0x7fffffff, 0, 0x7fffffff, 1700000000, 1 },
	};
	const struct flow *f;
	size_t v, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			f = decode_times(versions[v], &cases[i]);
			assert_times(f, &cases[i]);
			assert_int_equal(f->sys_uptime_ms, cases[i].uptime);
			assert_int_equal(f->flow_start, cases[i].first);
			assert_int_equal(f->flow_finish, cases[i].last);
			assert_int_equal(f->time_sec, cases[i].sec);
			assert_int_equal(f->time_nanosec, cases[i].nsec);
		}
	}
}

static void
wrapped_uptime_gets_another_origin(void **state)
{
	static const struct times cases[] = {
		/*
		 * Between start and end, between end and export, and before
		 * both.
		 */
		{ 5000, 0xfffffff0, 2000, 1700000000, 5 },
		{ 5000, 0xffffff00, 0xfffffff0, 1700000000, 999999999 },
		{ 0, UINT32_MAX, 0, 1700000000, 0 },
		{ 0, UINT32_MAX, UINT32_MAX, 1700000000, 0 },
		{ 0x10000000, 0x90000001, 0x0fffffff, 1700000000, 1 },
	};
	const struct flow *f;
	size_t v, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			f = decode_times(versions[v], &cases[i]);
			assert_times(f, &cases[i]);
			assert_int_equal(f->sys_uptime_ms,
			    cases[i].uptime + 0x80000000U);
			assert_int_equal(f->time_sec, cases[i].sec);
			assert_int_equal(f->time_nanosec, cases[i].nsec);
		}
	}
}

static void
end_after_export_moves_the_export(void **state)
{
	static const struct times cases[] = {
		{ 5000, 1000, 5001, 1700000000, 5 },
		{ 5000, 6000, 7000, 1700000000, 999999999 },
		{ 5000, 6000, 7500, 1700000000, 999000001 },
		{ 5000, 1000, 86405000, 1700000000, 500000000 },
		/* The end, and in one case also the start, is after a wrap. */
		{ 0xfffffff0, 0xffffff00, 0x10, 1700000000, 7 },
		{ 0xfffffff0, 0x08, 0x10, 1700000000, 7 },
	};
	const struct flow *f;
	size_t v, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			f = decode_times(versions[v], &cases[i]);
			assert_times(f, &cases[i]);
			assert_int_equal(f->flow_finish, f->sys_uptime_ms);
		}
	}
}

/* More than a day after the export, or more than 24.8 days before it. */
static void
impossible_times_become_the_export_time(void **state)
{
	static const struct times cases[] = {
		{ 5000, 1000, 86405001, 1700000000, 500000000 },
		{ 5000, 604805000, 604805000, 1700000000, 0 },
		{ 5000, 86406000, 4000, 1700000000, 0 },
	}, want[] = {
		{ 5000, 1000, 5000, 1700000000, 500000000 },
		{ 5000, 5000, 5000, 1700000000, 0 },
		{ 5000, 4000, 4000, 1700000000, 0 },
	};
	size_t v, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			assert_times(decode_times(versions[v], &cases[i]),
			    &want[i]);
			assert_int_equal(exporter.counters.times_impossible, 1);
		}
	}
}

/* The exporter is up for longer than that. */
static void
old_times_become_the_export_time(void **state)
{
	static const struct times old = { 0xd0000000, 0x1000, 0x2000,
		1700000000, 5 };
	static const struct times want = { 0xd0000000, 0xd0000000, 0xd0000000,
		1700000000, 5 };
	size_t v;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		assert_times(decode_times(versions[v], &old), &want);
		assert_int_equal(exporter.counters.times_old, 1);
		assert_int_equal(exporter.counters.times_impossible, 0);
	}
}

static void
start_after_end_keeps_its_times(void **state)
{
	static const struct times cases[] = {
		{ 5000, 3000, 2000, 1700000000, 5 },
		{ 5000, 6000, 2000, 1700000000, 5 },
		{ 5000, 7000, 6000, 1700000000, 5 },
	};
	size_t v, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			assert_times(decode_times(versions[v], &cases[i]),
			    &cases[i]);
	}
}

/* An export time moved for one flow must not change the next flow. */
static void
each_flow_has_its_own_times(void **state)
{
	struct generator gen = new_generator(NF_VERSION_5);
	size_t len;

	(void)state;
	new_exporter();
	len = make(&gen, flows, 2, buf);
	flows[0].flow_finish = gen.sys_uptime_ms + 60000;
	assert_int_equal(
	    generate_datagram(&gen, flows, 2, buf, sizeof(buf), &len), 0);
	assert_int_equal(decode(buf, len), DECODED);
	assert_int_equal(taken[0].sys_uptime_ms, gen.sys_uptime_ms + 60000);
	assert_int_equal(taken[0].time_sec, gen.time_sec + 60);
	assert_int_equal(taken[1].sys_uptime_ms, gen.sys_uptime_ms);
	assert_int_equal(taken[1].time_sec, gen.time_sec);
}

static void
generator_is_plausible_and_repeatable(void **state)
{
	struct generator a, b;
	struct flow again;
	size_t v, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		a = b = new_generator(versions[v]);
		for (i = 0; i < 10000; i++) {
			generate_flow(&a, &flows[0]);
			generate_flow(&b, &again);
			assert_flow(&again, &flows[0]);
			assert_true(again.flow_start <= again.flow_finish);
			assert_true(again.flow_finish <= again.sys_uptime_ms);
			assert_true(again.packets >= 1);
			assert_true(again.octets >= again.packets * 40);
			assert_true(again.octets <= again.packets * 1500);
		}
		b.random++;
		generate_flow(&a, &flows[0]);
		generate_flow(&b, &again);
		assert_memory_not_equal(&again, &flows[0], sizeof(again));
	}
	/* An exporter that was just switched on. */
	a.sys_uptime_ms = 0;
	generate_flow(&a, &again);
	assert_int_equal(again.flow_start, 0);
	assert_int_equal(again.flow_finish, 0);
}

static void
sample_is_complete(void **state)
{
	struct generator gen = new_generator(NF_VERSION_1);
	struct flow part[GENERATE_SAMPLE_FLOWS];
	size_t i, n, len, p, sum = 0;

	(void)state;
	new_exporter();
	for (p = 0; (n = generate_sample(&gen, p, part)) != 0; p++) {
		assert_int_equal(
		    generate_datagram(&gen, part, n, buf, sizeof(buf), &len),
		    0);
		assert_int_equal(decode(buf, len), DECODED);
		assert_int_equal(ntaken, n);
		for (i = 0; i < n; i++) {
			assert_int_equal(taken[i].netflow_version, gen.version);
			assert_int_equal(taken[i].sys_uptime_ms,
			    gen.sys_uptime_ms);
			assert_true(
			    taken[i].flow_start <= taken[i].flow_finish);
		}
		sum += n;
	}
	assert_int_equal(p, 3);
	assert_int_equal(sum, GENERATE_SAMPLE_FLOWS);
}

static void
stamps_change_only_times(void **state)
{
	struct generator gen, later;
	uint8_t again[1500];
	size_t v, len, i;

	(void)state;
	for (v = 0; v < NVERSIONS; v++) {
		gen = new_generator(versions[v]);
		later = gen;
		len = make(&gen, flows, 24, buf);
		memcpy(again, buf, len);
		later.sequence = 42;
		later.time_sec++;
		assert_int_equal(generate_stamp(&later, buf, len), 0);
		for (i = 0; i < len; i++) {
			if ((i < 8 || i >= 12) &&
			    (i < 16 || i >= 20 || versions[v] == NF_VERSION_1))
				assert_int_equal(buf[i], again[i]);
		}
		new_exporter();
		assert_int_equal(decode(buf, len), DECODED);
		assert_int_equal(taken[0].time_sec, later.time_sec);
		assert_int_equal(taken[0].flow_sequence,
		    versions[v] == NF_VERSION_1 ? 0 : 42);
		assert_int_equal(generate_stamp(&later, buf, 15), FLOWD_ESPACE);
	}
}

static void
protocols_have_numbers_that_differ(void **state)
{
	uint64_t seen = 0, bit;
	int i;

	(void)state;
	for (i = 0; i < PROTOCOLS; i++) {
		assert_in_range(protocols[i].number, 1, 63);
		bit = UINT64_C(1) << protocols[i].number;
		assert_int_equal(seen & bit, 0);
		seen |= bit;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_field_at_its_place),
		cmocka_unit_test(decodes_generated_flows),
		cmocka_unit_test(decodes_extremes),
		cmocka_unit_test(generator_writes_extremes),
		cmocka_unit_test(generator_refuses_too_large_values),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_every_excess),
		cmocka_unit_test(refuses_every_wrong_count),
		cmocka_unit_test(refuses_no_flows),
		cmocka_unit_test(v5_may_have_more_than_30_flows),
		cmocka_unit_test(v1_and_v7_may_fill_a_datagram),
		cmocka_unit_test(sflow_is_named),
		cmocka_unit_test(other_versions_are_unsupported),
		cmocka_unit_test(v5_sampling_is_kept),
		cmocka_unit_test(small_sinks_lose_no_flow),
		cmocka_unit_test(sequence_is_followed),
		cmocka_unit_test(ordinary_times_are_unchanged),
		cmocka_unit_test(wrapped_uptime_gets_another_origin),
		cmocka_unit_test(end_after_export_moves_the_export),
		cmocka_unit_test(impossible_times_become_the_export_time),
		cmocka_unit_test(old_times_become_the_export_time),
		cmocka_unit_test(start_after_end_keeps_its_times),
		cmocka_unit_test(each_flow_has_its_own_times),
		cmocka_unit_test(generator_is_plausible_and_repeatable),
		cmocka_unit_test(sample_is_complete),
		cmocka_unit_test(stamps_change_only_times),
		cmocka_unit_test(protocols_have_numbers_that_differ),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
