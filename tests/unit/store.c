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

#include "compat/compat.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "skip.h"
#include "store.h"
#include "temporary.h"

#define V4_FIELDS                                               \
	(STORE_FIELD_ALL &                                      \
	    ~(STORE_FIELD_AGENT_ADDR6 | STORE_FIELD_SRC_ADDR6 | \
		STORE_FIELD_DST_ADDR6 | STORE_FIELD_GATEWAY_ADDR6))
#define V6_FIELDS                                               \
	(STORE_FIELD_ALL &                                      \
	    ~(STORE_FIELD_AGENT_ADDR4 | STORE_FIELD_SRC_ADDR4 | \
		STORE_FIELD_DST_ADDR4 | STORE_FIELD_GATEWAY_ADDR4))

/* flow_v4() without its tag, written by hand from flowd-log(5). */
static const uint8_t record_v4[116] = {
	0x60, 27, 0, 0,               /* version 3.0, 27 words */
	0x40, 0x07, 0xfa, 0xae,       /* fields */
	0x65, 0x53, 0xf1, 0x00,       /* recv_sec 1700000000 */
	0x00, 0x01, 0x39, 0x20,       /* recv_usec 80160 */
	0x1b, 6, 8, 0,                /* tcp_flags, protocol, tos */
	192, 0, 2, 1,                 /* agent */
	198, 51, 100, 7,              /* src */
	203, 0, 113, 9,               /* dst */
	192, 0, 2, 254,               /* gateway */
	0x01, 0xbb, 0xc3, 0x50,       /* ports 443, 50000 */
	0, 0, 0, 1, 0, 0, 0, 3,       /* packets 2^32 + 3 */
	0, 0, 0, 0, 0, 0, 0x11, 0x94, /* octets 4500 */
	0x80, 0, 0, 1, 0, 0, 0, 2,    /* interfaces 2^31 + 1, 2 */
	0x00, 0x36, 0xee, 0x80,       /* sys_uptime_ms 3600000 */
	0x65, 0x53, 0xf0, 0xff,       /* time_sec 1699999999 */
	0, 0, 0, 5,                   /* time_nanosec */
	0, 5, 0, 0,                   /* netflow_version */
	0x00, 0x36, 0xc7, 0x70,       /* flow_start 3590000 */
	0x00, 0x36, 0xee, 0x7f,       /* flow_finish 3599999 */
	0, 0, 0xfb, 0xf4,             /* src_as 64500 */
	0, 1, 0, 0,                   /* dst_as 65536 */
	24, 16, 0, 0,                 /* prefix lengths */
	0, 8, 0, 9,                   /* engine_type, engine_id */
	0, 0, 0, 99,                  /* flow_sequence */
	0, 0, 0, 4,                   /* source_id */
	0x00, 0x00, 0x00, 0x00,       /* CRC32: put_crc */
};

static struct addr
parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_pton(text, &a), 0);
	return (a);
}

static struct flow
flow_v4(void)
{
	struct flow flow = {
		.fields = V4_FIELDS,
		.tag = 7,
		.recv_sec = 1700000000,
		.recv_usec = 80160,
		.packets = (1ULL << 32) + 3,
		.octets = 4500,
		.if_index_in = (1U << 31) + 1,
		.if_index_out = 2,
		.sys_uptime_ms = 3600000,
		.time_sec = 1699999999,
		.time_nanosec = 5,
		.flow_start = 3590000,
		.flow_finish = 3599999,
		.src_as = 64500,
		.dst_as = 65536,
		.flow_sequence = 99,
		.source_id = 4,
		.netflow_version = 5,
		.src_port = 443,
		.dst_port = 50000,
		.engine_type = 8,
		.engine_id = 9,
		.tcp_flags = 0x1b,
		.protocol = 6,
		.tos = 8,
		.src_mask = 24,
		.dst_mask = 16,
	};

	flow.agent = parsed("192.0.2.1");
	flow.src = parsed("198.51.100.7");
	flow.dst = parsed("203.0.113.9");
	flow.gateway = parsed("192.0.2.254");
	return (flow);
}

static struct flow
flow_v6(void)
{
	struct flow flow = flow_v4();

	flow.fields = V6_FIELDS;
	flow.agent = parsed("2001:db8::1");
	flow.src = parsed("2001:db8:1::2");
	flow.dst = parsed("2001:db8:2::3");
	flow.gateway = parsed("fe80::4");
	return (flow);
}

/*
 * Returns the flow that decoding a record with these fields of flow must
 * return.
 */
static struct flow
only(const struct flow *flow, uint32_t fields)
{
	static const struct addr none = { 0 };
	struct flow r = *flow;

	r.fields = fields;
	r.version = STORE_VERSION;
	if ((fields & STORE_FIELD_TAG) == 0)
		r.tag = 0;
	if ((fields & STORE_FIELD_RECV_TIME) == 0)
		r.recv_sec = r.recv_usec = 0;
	if ((fields & STORE_FIELD_PROTO_FLAGS_TOS) == 0)
		r.tcp_flags = r.protocol = r.tos = 0;
	if ((fields & STORE_FIELD_AGENT_ADDR) == 0)
		r.agent = none;
	if ((fields & STORE_FIELD_SRC_ADDR) == 0)
		r.src = none;
	if ((fields & STORE_FIELD_DST_ADDR) == 0)
		r.dst = none;
	if ((fields & STORE_FIELD_GATEWAY_ADDR) == 0)
		r.gateway = none;
	if ((fields & STORE_FIELD_SRCDST_PORT) == 0)
		r.src_port = r.dst_port = 0;
	if ((fields & STORE_FIELD_PACKETS) == 0)
		r.packets = 0;
	if ((fields & STORE_FIELD_OCTETS) == 0)
		r.octets = 0;
	if ((fields & STORE_FIELD_IF_INDICES) == 0)
		r.if_index_in = r.if_index_out = 0;
	if ((fields & STORE_FIELD_AGENT_INFO) == 0) {
		r.sys_uptime_ms = r.time_sec = r.time_nanosec = 0;
		r.netflow_version = 0;
	}
	if ((fields & STORE_FIELD_FLOW_TIMES) == 0)
		r.flow_start = r.flow_finish = 0;
	if ((fields & STORE_FIELD_AS_INFO) == 0) {
		r.src_as = r.dst_as = 0;
		r.src_mask = r.dst_mask = 0;
	}
	if ((fields & STORE_FIELD_FLOW_ENGINE_INFO) == 0) {
		r.engine_type = r.engine_id = 0;
		r.flow_sequence = r.source_id = 0;
	}
	return (r);
}

static uint32_t
expected_crc(const uint8_t *record, size_t len)
{
	return ((uint32_t)crc32(0xffffffff, record, (unsigned int)len - 4) ^
	    0xffffffff);
}

static void
put_crc(uint8_t *record, size_t len)
{
	const uint32_t crc = expected_crc(record, len);

	record[len - 4] = (uint8_t)(crc >> 24);
	record[len - 3] = (uint8_t)(crc >> 16);
	record[len - 2] = (uint8_t)(crc >> 8);
	record[len - 1] = (uint8_t)crc;
}

static void
assert_same_flow(const struct flow *a, const struct flow *b)
{
	assert_int_equal(a->fields, b->fields);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->tag, b->tag);
	assert_int_equal(a->recv_sec, b->recv_sec);
	assert_int_equal(a->recv_usec, b->recv_usec);
	assert_int_equal(a->tcp_flags, b->tcp_flags);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->tos, b->tos);
	assert_memory_equal(&a->agent, &b->agent, sizeof(a->agent));
	assert_memory_equal(&a->src, &b->src, sizeof(a->src));
	assert_memory_equal(&a->dst, &b->dst, sizeof(a->dst));
	assert_memory_equal(&a->gateway, &b->gateway, sizeof(a->gateway));
	assert_int_equal(a->src_port, b->src_port);
	assert_int_equal(a->dst_port, b->dst_port);
	assert_true(a->packets == b->packets);
	assert_true(a->octets == b->octets);
	assert_int_equal(a->if_index_in, b->if_index_in);
	assert_int_equal(a->if_index_out, b->if_index_out);
	assert_int_equal(a->sys_uptime_ms, b->sys_uptime_ms);
	assert_int_equal(a->time_sec, b->time_sec);
	assert_int_equal(a->time_nanosec, b->time_nanosec);
	assert_int_equal(a->netflow_version, b->netflow_version);
	assert_int_equal(a->flow_start, b->flow_start);
	assert_int_equal(a->flow_finish, b->flow_finish);
	assert_int_equal(a->src_as, b->src_as);
	assert_int_equal(a->dst_as, b->dst_as);
	assert_int_equal(a->src_mask, b->src_mask);
	assert_int_equal(a->dst_mask, b->dst_mask);
	assert_int_equal(a->engine_type, b->engine_type);
	assert_int_equal(a->engine_id, b->engine_id);
	assert_int_equal(a->flow_sequence, b->flow_sequence);
	assert_int_equal(a->source_id, b->source_id);
}

static void
assert_decode_fails(const uint8_t *buf, size_t size, int error)
{
	static const struct flow zero;
	struct flow flow;
	size_t len = 1;

	memset(&flow, 0xff, sizeof(flow));
	assert_int_equal(store_decode(buf, size, &flow, &len), error);
	assert_int_equal(len, error == FLOWD_ECRC ? size : 0);
	assert_memory_equal(&flow, &zero, sizeof(flow));
}

static void
ipv4_record_has_its_layout(void **state)
{
	struct flow flow = flow_v4();
	uint8_t expected[sizeof(record_v4)], buf[STORE_RECORD_MAX];
	size_t len;

	(void)state;
	flow.fields &= ~STORE_FIELD_TAG;
	memcpy(expected, record_v4, sizeof(expected));
	put_crc(expected, sizeof(expected));
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, buf, sizeof(buf), &len), 0);
	assert_int_equal(len, 116);
	assert_memory_equal(buf, expected, len);
}

static void
tag_comes_first(void **state)
{
	const struct flow flow = flow_v4();
	uint8_t buf[STORE_RECORD_MAX];
	size_t len;

	(void)state;
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, buf, sizeof(buf), &len), 0);
	assert_int_equal(len, 120);
	assert_memory_equal(buf + 8, "\0\0\0\7\x65\x53\xf1\0", 8);
}

static void
ipv6_record_has_its_length(void **state)
{
	const struct flow flow = flow_v6();
	uint8_t buf[STORE_RECORD_MAX];
	size_t len;

	(void)state;
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, buf, sizeof(buf), &len), 0);
	assert_int_equal(len, 120 + 4 * 12);
	assert_memory_equal(buf + 8 + 4 + 8 + 4, flow.agent.bytes, 16);
}

/* Combinations of fields, with the addresses of one family and the other. */
static void
masks_round_trip(void **state)
{
	const struct flow flows[] = { flow_v4(), flow_v6() };
	struct flow got, expected;
	uint8_t buf[STORE_RECORD_MAX];
	uint32_t m, mask;
	size_t i, len, got_len;

	(void)state;
	for (m = 0; m < 1U << 20; m += 13) {
		mask = (m & 0x7ffff) | (m >> 19) << 30;
		for (i = 0; i < 2; i++) {
			expected = only(&flows[i], flows[i].fields & mask);
			assert_int_equal(store_encode(&flows[i], mask, buf,
					     sizeof(buf), &len),
			    0);
			assert_int_equal(len,
			    store_record_len(expected.fields));
			assert_int_equal(store_decode(buf, len, &got, &got_len),
			    0);
			assert_int_equal(got_len, len);
			assert_same_flow(&got, &expected);
		}
	}
}

static void
lengths_add_up(void **state)
{
	static const size_t lens[19] = { 4, 8, 4, 4, 16, 4, 16, 4, 16, 4, 16, 4,
		8, 8, 8, 16, 8, 12, 12 };
	size_t sum = STORE_HEADER_LEN, bit;
	uint32_t fields = 0;

	(void)state;
	assert_int_equal(store_record_len(0), STORE_HEADER_LEN);
	for (bit = 0; bit < 19; bit++) {
		sum += lens[bit];
		fields |= 1U << bit;
		assert_int_equal(store_record_len(1U << bit),
		    STORE_HEADER_LEN + lens[bit]);
		assert_int_equal(store_record_len(fields), sum);
	}
	assert_int_equal(store_record_len(STORE_FIELD_CRC32), 12);
	assert_int_equal(store_record_len(0x3ff80000), STORE_HEADER_LEN);
}

static void
checksum_depends_on_the_mask(void **state)
{
	struct flow flow = flow_v4(), got;
	uint8_t buf[STORE_RECORD_MAX];
	size_t len;

	(void)state;
	flow.fields &= ~STORE_FIELD_CRC32;
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, buf, sizeof(buf), &len), 0);
	assert_int_equal(store_decode(buf, len, &got, &len), 0);
	assert_true((got.fields & STORE_FIELD_CRC32) != 0);
	assert_int_equal(got.crc, expected_crc(buf, len));

	flow.fields |= STORE_FIELD_CRC32;
	assert_int_equal(store_encode(&flow,
			     STORE_FIELD_ALL & ~STORE_FIELD_CRC32, buf,
			     sizeof(buf), &len),
	    0);
	assert_int_equal(store_decode(buf, len, &got, &len), 0);
	assert_int_equal(got.fields & STORE_FIELD_CRC32, 0);
	assert_int_equal(got.crc, 0);
}

static void
unknown_fields_are_not_encoded(void **state)
{
	struct flow flow = flow_v4(), got;
	uint8_t buf[STORE_RECORD_MAX];
	size_t len;

	(void)state;
	flow.fields = V4_FIELDS | 0xbff80000;
	assert_int_equal(
	    store_encode(&flow, UINT32_MAX, buf, sizeof(buf), &len), 0);
	assert_int_equal(store_decode(buf, len, &got, &len), 0);
	assert_int_equal(got.fields, V4_FIELDS);
}

static void
encode_stays_within_the_buffer(void **state)
{
	const struct flow flow = flow_v4();
	uint8_t *buf;
	size_t size, len;

	(void)state;
	for (size = 0; size < 120; size++) {
		/*
		 * An allocation of exactly this size, so that sanitizers see an
		 * overrun.
		 */
		buf = malloc(size);
		len = 1;
		assert_int_equal(
		    store_encode(&flow, STORE_FIELD_ALL, buf, size, &len),
		    FLOWD_ESPACE);
		assert_int_equal(len, 0);
		free(buf);
	}
}

static void
every_truncation_is_short(void **state)
{
	const struct flow flow = flow_v6();
	uint8_t buf[STORE_RECORD_MAX], *copy;
	size_t len, size;

	(void)state;
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, buf, sizeof(buf), &len), 0);
	for (size = 0; size < len; size++) {
		copy = malloc(size + 1);
		assert_non_null(copy);
		memcpy(copy, buf, size);
		assert_decode_fails(copy, size, FLOWD_ESHORT);
		free(copy);
	}
}

static void
every_flipped_bit_is_detected(void **state)
{
	const struct flow flow = flow_v4();
	uint8_t buf[STORE_RECORD_MAX] = { 0 };
	struct flow got;
	size_t len, got_len, bit;

	(void)state;
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, buf, sizeof(buf), &len), 0);
	for (bit = 0; bit < len * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(
		    store_decode(buf, sizeof(buf), &got, &got_len), 0);
		buf[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(store_decode(buf, len, &got, &got_len), 0);
	buf[20] ^= 1;
	assert_decode_fails(buf, len, FLOWD_ECRC);
}

static void
headers_that_disagree_are_refused(void **state)
{
	static const struct {
		const char *header;
		int error;
	} cases[] = {
		{ "\x60\1\0\0\0\0\0\1", 0 }, { "\x60\0\0\0\0\0\0\0", 0 },
		{ "\x61\1\0\0\0\0\0\1", 0 }, { "\x61\2\0\0\0\x08\0\1", 0 },
		{ "\x40\1\0\0\0\0\0\1", FLOWD_EVERSION },
		{ "\x80\1\0\0\0\0\0\1", FLOWD_EVERSION },
		{ "\0\1\0\0\0\0\0\1", FLOWD_EVERSION },
		{ "\x60\2\0\0\0\0\0\1", FLOWD_EHEADER },
		{ "\x60\0\0\0\0\0\0\1", FLOWD_EHEADER },
		{ "\x61\2\0\0\0\0\0\1", FLOWD_EHEADER },   /* none new */
		{ "\x61\1\0\0\0\x08\0\1", FLOWD_EHEADER }, /* too short */
		{ "\x60\1\0\1\0\0\0\1", FLOWD_EHEADER },
		{ "\x60\1\1\0\0\0\0\1", FLOWD_EHEADER },
		{ "\x60\1\0\0\x80\0\0\1", FLOWD_EHEADER },
		{ "\x61\1\0\0\x80\0\0\1", FLOWD_EHEADER },
		{ "\x60\2\0\0\0\x08\0\1", FLOWD_EHEADER }, /* not in 3.0 */
		{ "\x60\5\0\0\0\0\0\x18", FLOWD_EHEADER }, /* agent 4, 6 */
		{ "\x60\5\0\0\0\0\0\x60", FLOWD_EHEADER }, /* src */
		{ "\x60\5\0\0\0\0\1\x80", FLOWD_EHEADER }, /* dst */
		{ "\x60\5\0\0\0\0\6\0", FLOWD_EHEADER },   /* gateway */
	};
	const uint8_t *header;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		header = (const uint8_t *)cases[i].header;
		assert_int_equal(store_check_header(header, 8, &len),
		    cases[i].error);
		assert_int_equal(len,
		    cases[i].error != 0 ?
			0 :
			STORE_HEADER_LEN + 4 * (size_t)header[1]);
		assert_int_equal(store_check_header(header, 7, &len),
		    FLOWD_ESHORT);
	}
}

static void
newer_minor_version_is_read(void **state)
{
	static const uint8_t record[] = {
		0x61, 6, 0, 0, 0x40, 0x18, 0x20, 1, 0, 0, 0, 7, /* tag */
		0, 0, 0, 0, 0, 0, 0x11, 0x94,                   /* octets */
		1, 2, 3, 4, 5, 6, 7, 8, /* fields 19 and 20 */
		0, 0, 0, 0,             /* CRC32 */
	};
	uint8_t buf[sizeof(record)];
	struct flow flow;
	size_t len;

	(void)state;
	memcpy(buf, record, sizeof(buf));
	put_crc(buf, sizeof(buf));
	assert_int_equal(store_decode(buf, sizeof(buf), &flow, &len), 0);
	assert_int_equal(len, sizeof(buf));
	assert_int_equal(flow.version, 0x61);
	assert_int_equal(flow.fields,
	    STORE_FIELD_TAG | STORE_FIELD_OCTETS | STORE_FIELD_CRC32);
	assert_int_equal(flow.tag, 7);
	assert_int_equal(flow.octets, 4500);
	assert_int_equal(flow.crc, expected_crc(buf, sizeof(buf)));
	/* The checksum covers the new fields too. */
	buf[24] ^= 1;
	assert_decode_fails(buf, sizeof(buf), FLOWD_ECRC);
}

static void
names_of_fields(void **state)
{
	(void)state;
	assert_int_equal(store_field_mask("ALL"), STORE_FIELD_ALL);
	assert_int_equal(store_field_mask("TAG"), STORE_FIELD_TAG);
	assert_int_equal(store_field_mask("SRC_ADDR"), STORE_FIELD_SRC_ADDR);
	assert_int_equal(store_field_mask("SRC_ADDR6"), STORE_FIELD_SRC_ADDR6);
	assert_int_equal(store_field_mask("SRCDST_ADDR"), 0x1e0);
	assert_int_equal(store_field_mask("CRC32"), STORE_FIELD_CRC32);
	assert_int_equal(store_field_mask("octets"), 0);
	assert_int_equal(store_field_mask(""), 0);
	assert_int_equal(store_addr_bit(STORE_FIELD_DST_ADDR, ADDR_V4),
	    STORE_FIELD_DST_ADDR4);
	assert_int_equal(store_addr_bit(STORE_FIELD_DST_ADDR, ADDR_V6),
	    STORE_FIELD_DST_ADDR6);
	assert_int_equal(store_addr_bit(STORE_FIELD_DST_ADDR, ADDR_NONE), 0);
}

/* A log in a directory that teardown removes. */
struct files {
	char dir[4096], log[4096 + 8];
};

static int
setup(void **state)
{
	struct files *f = malloc(sizeof(*f));

	if (f == NULL)
		return (-1);
	if (temporary_name(f->dir, sizeof(f->dir), "store") == -1 ||
	    mkdtemp(f->dir) == NULL) {
		free(f);
		return (-1);
	}
	(void)snprintf(f->log, sizeof(f->log), "%s/log", f->dir);
	*state = f;
	return (0);
}

static int
teardown(void **state)
{
	struct files *f = *state;

	(void)unlink(f->log);
	(void)rmdir(f->dir);
	free(f);
	return (0);
}

static void
write_flows(const char *path, unsigned int n)
{
	struct store_writer *w;
	struct flow flow = flow_v4();
	unsigned int i;

	assert_int_equal(store_writer_open(path, &w), 0);
	for (i = 0; i < n; i++) {
		flow.tag = i;
		assert_int_equal(store_write(w, &flow, STORE_FIELD_ALL), 0);
	}
	assert_int_equal(store_writer_close(w), 0);
}

/* Reads n flows numbered by tag; then every read must return error. */
static void
assert_reads(const char *path, unsigned int n, int error)
{
	struct store_reader *r;
	struct flow flow;
	unsigned int i;

	assert_int_equal(store_reader_open(path, &r), 0);
	for (i = 0; i < n; i++) {
		assert_int_equal(store_read(r, &flow), 0);
		assert_int_equal(flow.tag, i);
		assert_true(store_reader_offset(r) == 120ULL * i);
	}
	assert_int_equal(store_read(r, &flow), error);
	assert_int_equal(flow.fields, 0);
	assert_true(store_reader_offset(r) == 120ULL * n);
	assert_int_equal(store_read(r, &flow), error);
	assert_true(store_reader_offset(r) == 120ULL * n);
	store_reader_close(r);
}

static off_t
file_size(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (st.st_size);
}

static void
patch(const char *path, off_t offset, const void *data, size_t len)
{
	const int fd = open(path, O_WRONLY);

	assert_true(fd != -1);
	assert_int_equal(pwrite(fd, data, len, offset), len);
	assert_int_equal(close(fd), 0);
}

static void
a_log_is_read_back(void **state)
{
	const struct files *f = *state;
	struct stat st;

	/* More than the buffers of the writer and of the reader hold. */
	write_flows(f->log, 10000);
	assert_int_equal(file_size(f->log), 10000 * 120);
	assert_int_equal(stat(f->log, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_reads(f->log, 10000, FLOWD_EEOF);
}

static void
writing_empties_an_older_log(void **state)
{
	const struct files *f = *state;

	write_flows(f->log, 10);
	write_flows(f->log, 2);
	assert_reads(f->log, 2, FLOWD_EEOF);
	write_flows(f->log, 0);
	assert_int_equal(file_size(f->log), 0);
	assert_reads(f->log, 0, FLOWD_EEOF);
}

static void
torn_and_damaged_logs_are_distinguished(void **state)
{
	const struct files *f = *state;
	off_t cut;

	for (cut = 1; cut < 120; cut++) {
		write_flows(f->log, 3);
		assert_int_equal(truncate(f->log, 3 * 120 - cut), 0);
		assert_reads(f->log, 2, FLOWD_ETORN);
	}
	write_flows(f->log, 3);
	patch(f->log, 2 * 120, "\x80", 1);
	assert_reads(f->log, 2, FLOWD_EVERSION);
	patch(f->log, 2 * 120, "\x60\x01", 2);
	assert_reads(f->log, 2, FLOWD_EHEADER);
	write_flows(f->log, 3);
	patch(f->log, 2 * 120 + 30, "\xff", 1);
	assert_reads(f->log, 2, FLOWD_ECRC);
}

static void
compress_log(const char *path, const char *mode)
{
	uint8_t *data = malloc(10000 * 120);
	int fd = open(path, O_RDONLY);
	ssize_t n;
	gzFile gz;

	assert_non_null(data);
	assert_true(fd != -1);
	n = read(fd, data, 10000 * 120);
	assert_true(n >= 0);
	assert_int_equal(close(fd), 0);
	gz = gzopen(path, mode);
	assert_non_null(gz);
	assert_int_equal(gzwrite(gz, data, (unsigned int)n), n);
	assert_int_equal(gzclose(gz), Z_OK);
	free(data);
}

static void
gzip_is_read(void **state)
{
	const struct files *f = *state;
	off_t size;

	write_flows(f->log, 10000);
	compress_log(f->log, "wb");
	size = file_size(f->log);
	assert_true(size < 10000 * 120 / 4);
	assert_reads(f->log, 10000, FLOWD_EEOF);

	/* The last 8 bytes are checksum and length. */
	assert_int_equal(truncate(f->log, size - 1), 0);
	assert_reads(f->log, 10000, FLOWD_EGZIP);
	write_flows(f->log, 10000);
	compress_log(f->log, "wb");
	patch(f->log, size - 8, "\0\0\0\0", 4);
	assert_reads(f->log, 10000, FLOWD_EGZIP);
	patch(f->log, 2, "\xff", 1);
	assert_reads(f->log, 0, FLOWD_EGZIP);

	write_flows(f->log, 0);
	compress_log(f->log, "wb");
	assert_reads(f->log, 0, FLOWD_EEOF);
}

static void
gzip_members_and_trailing_data(void **state)
{
	const struct files *f = *state;
	struct store_reader *r;
	struct flow flow;
	uint8_t record[120];
	size_t len;
	gzFile gz;
	int i;

	flow = flow_v4();
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, record, sizeof(record), &len),
	    0);
	/* The second record is half in one member, half in the next. */
	gz = gzopen(f->log, "wb");
	assert_int_equal(gzwrite(gz, record, 120), 120);
	assert_int_equal(gzwrite(gz, record, 50), 50);
	assert_int_equal(gzclose(gz), Z_OK);
	gz = gzopen(f->log, "ab");
	assert_int_equal(gzwrite(gz, record + 50, 70), 70);
	assert_int_equal(gzclose(gz), Z_OK);
	assert_int_equal(store_reader_open(f->log, &r), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(store_read(r, &flow), 0);
	assert_int_equal(store_read(r, &flow), FLOWD_EEOF);
	store_reader_close(r);

	/* A record that is not compressed may not follow the members. */
	patch(f->log, file_size(f->log), record, sizeof(record));
	assert_int_equal(store_reader_open(f->log, &r), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(store_read(r, &flow), 0);
	assert_int_equal(store_read(r, &flow), FLOWD_EGZIP);
	store_reader_close(r);
}

/* From a pipe, each record is returned once its last byte has arrived. */
static void
a_pipe_is_read_as_it_fills(void **state)
{
	struct store_reader *r;
	struct flow flow = flow_v4();
	uint8_t record[120];
	size_t len, i, n;
	int fds[2];

	(void)state;
	assert_int_equal(
	    store_encode(&flow, STORE_FIELD_ALL, record, sizeof(record), &len),
	    0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(store_reader_fdopen(fds[0], &r), 0);
	assert_true(store_reader_drained(r));
	for (n = 0; n < 3; n++) {
		for (i = 0; i < len; i++)
			assert_int_equal(write(fds[1], record + i, 1), 1);
		assert_int_equal(store_read(r, &flow), 0);
		assert_true(store_reader_drained(r));
	}
	assert_int_equal(write(fds[1], record, len), len);
	assert_int_equal(write(fds[1], record, len), len);
	assert_int_equal(store_read(r, &flow), 0);
	assert_false(store_reader_drained(r));
	assert_int_equal(store_read(r, &flow), 0);
	assert_int_equal(close(fds[1]), 0);
	assert_int_equal(store_read(r, &flow), FLOWD_EEOF);
	store_reader_close(r);
}

static void
errors_keep_their_cause(void **state)
{
	const struct files *f = *state;
	struct store_reader *r;
	struct store_writer *w;
	struct flow flow;

	assert_int_equal(store_reader_open(f->log, &r), FLOWD_EIO);
	assert_int_equal(errno, ENOENT);
	assert_null(r);
	assert_int_equal(store_reader_open(f->dir, &r), 0);
	assert_int_equal(store_read(r, &flow), FLOWD_EIO);
	assert_int_equal(errno, EISDIR);
	errno = 0;
	assert_int_equal(store_read(r, &flow), FLOWD_EIO);
	assert_int_equal(errno, EISDIR);
	store_reader_close(r);
	store_reader_close(NULL);
	assert_int_equal(store_writer_open(f->dir, &w), FLOWD_EIO);
	assert_int_equal(errno, EISDIR);
	assert_null(w);
}

static void
a_full_disk_is_reported(void **state)
{
	const struct flow flow = flow_v4();
	struct store_writer *w;
	int i, error = 0;

	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip_because("/dev/full cannot be written");
	/* At the end, when little was written ... */
	assert_int_equal(store_writer_open("/dev/full", &w), 0);
	assert_int_equal(store_write(w, &flow, STORE_FIELD_ALL), 0);
	assert_int_equal(store_writer_close(w), FLOWD_EIO);
	assert_int_equal(errno, ENOSPC);
	/* ... and earlier, and then with every further call. */
	assert_int_equal(store_writer_open("/dev/full", &w), 0);
	for (i = 0; i < 10000 && error == 0; i++)
		error = store_write(w, &flow, STORE_FIELD_ALL);
	assert_int_equal(error, FLOWD_EIO);
	errno = 0;
	assert_int_equal(store_write(w, &flow, STORE_FIELD_ALL), FLOWD_EIO);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(store_writer_flush(w), FLOWD_EIO);
	assert_int_equal(store_writer_close(w), FLOWD_EIO);
	assert_int_equal(errno, ENOSPC);
}

static void
errors_have_text(void **state)
{
	int error;

	(void)state;
	for (error = FLOWD_OK; error >= FLOWD_ELARGE; error--)
		assert_string_not_equal(flowd_strerror(error), "unknown error");
	assert_string_equal(flowd_strerror(1), "unknown error");
	assert_string_equal(flowd_strerror(FLOWD_ELARGE - 1), "unknown error");
	assert_string_equal(flowd_strerror(INT32_MIN), "unknown error");
}

#define SEC  ((int64_t)1000000000) /* ns */
#define MSEC ((int64_t)1000000)    /* ns */

static void
times_are_absolute(void **state)
{
	const struct flow flow = {
		.fields = STORE_FIELD_RECV_TIME | STORE_FIELD_AGENT_INFO |
		    STORE_FIELD_FLOW_TIMES,
		.recv_sec = 1700000001,
		.recv_usec = 80160,
		.sys_uptime_ms = 3600000,
		.time_sec = 1700000000,
		.time_nanosec = 5,
		.flow_start = 3590000,
		.flow_finish = 3599999,
	};

	(void)state;
	assert_true(store_flow_time(&flow, STORE_TIME_RECV) ==
	    1700000001 * SEC + 80160000);
	assert_true(
	    store_flow_time(&flow, STORE_TIME_EXPORT) == 1700000000 * SEC + 5);
	assert_true(
	    store_flow_time(&flow, STORE_TIME_START) == 1699999990 * SEC + 5);
	assert_true(store_flow_time(&flow, STORE_TIME_END) ==
	    1700000000 * SEC + 5 - MSEC);
}

static void
times_survive_a_wrapped_uptime(void **state)
{
	struct flow flow = {
		.fields = STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES,
		.time_sec = 1700000000,
		.sys_uptime_ms = 500,
		.flow_start = UINT32_MAX - 499, /* a second earlier */
		.flow_finish = 1500,            /* a second later */
	};

	(void)state;
	assert_true(
	    store_flow_time(&flow, STORE_TIME_START) == 1699999999 * SEC);
	assert_true(store_flow_time(&flow, STORE_TIME_END) == 1700000001 * SEC);
	flow.time_sec = 0;
	assert_true(store_flow_time(&flow, STORE_TIME_START) == -SEC);
	flow.time_sec = flow.time_nanosec = UINT32_MAX;
	flow.flow_finish = flow.sys_uptime_ms + INT32_MAX;
	assert_true(store_flow_time(&flow, STORE_TIME_END) ==
	    UINT32_MAX * SEC + UINT32_MAX + INT32_MAX * MSEC);
}

static void
times_are_absent_without_their_fields(void **state)
{
	const enum store_time last = STORE_TIME_END;
	const uint32_t masks[] = { 0, STORE_FIELD_FLOW_TIMES,
		STORE_FIELD_RECV_TIME, STORE_FIELD_AGENT_INFO };
	struct flow flow = { .recv_sec = 1, .time_sec = 2, .flow_start = 3 };
	size_t i;
	int which;

	(void)state;
	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		flow.fields = masks[i];
		for (which = 0; which <= (int)last + 1; which++)
			assert_int_equal(
			    store_flow_time(&flow, (enum store_time)which) ==
				STORE_TIME_ABSENT,
			    !(which == STORE_TIME_RECV && i == 2) &&
				!(which == STORE_TIME_EXPORT && i == 3));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_record_has_its_layout),
		cmocka_unit_test(tag_comes_first),
		cmocka_unit_test(ipv6_record_has_its_length),
		cmocka_unit_test(masks_round_trip),
		cmocka_unit_test(lengths_add_up),
		cmocka_unit_test(checksum_depends_on_the_mask),
		cmocka_unit_test(unknown_fields_are_not_encoded),
		cmocka_unit_test(encode_stays_within_the_buffer),
		cmocka_unit_test(every_truncation_is_short),
		cmocka_unit_test(every_flipped_bit_is_detected),
		cmocka_unit_test(headers_that_disagree_are_refused),
		cmocka_unit_test(newer_minor_version_is_read),
		cmocka_unit_test(names_of_fields),
		cmocka_unit_test(times_are_absolute),
		cmocka_unit_test(times_survive_a_wrapped_uptime),
		cmocka_unit_test(times_are_absent_without_their_fields),
		cmocka_unit_test_setup_teardown(a_log_is_read_back, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(writing_empties_an_older_log,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    torn_and_damaged_logs_are_distinguished, setup, teardown),
		cmocka_unit_test_setup_teardown(gzip_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(gzip_members_and_trailing_data,
		    setup, teardown),
		cmocka_unit_test(a_pipe_is_read_as_it_fills),
		cmocka_unit_test_setup_teardown(errors_keep_their_cause, setup,
		    teardown),
		cmocka_unit_test(a_full_disk_is_reported),
		cmocka_unit_test(errors_have_text),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
