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

#include <string.h>

#include "lib/bits.h"
#include "crc32.h"
#include "lib/cursor.h"
#include "store.h"

#define CRC_LEN    4
#define CLEAR_STEP 32 /* bytes */

#define CRCS_AT_ONCE 16 /* checksums, a multiple of what is done in one go */

/* The single-family address bits; the IPv6 bit is the next one up. */
#define ADDR4_BITS                                         \
	(STORE_FIELD_AGENT_ADDR4 | STORE_FIELD_SRC_ADDR4 | \
	    STORE_FIELD_DST_ADDR4 | STORE_FIELD_GATEWAY_ADDR4)
#define ADDR6_BITS (ADDR4_BITS << 1)

/*
 * The sizes of the fields in 4-byte words, from 1 to 4, by binary digit: a
 * field is in WORDS_n where its size has the digit n.
 */
#define WORDS_1                                                       \
	(STORE_FIELD_TAG | STORE_FIELD_PROTO_FLAGS_TOS | ADDR4_BITS | \
	    STORE_FIELD_SRCDST_PORT | STORE_FIELD_AS_INFO |           \
	    STORE_FIELD_FLOW_ENGINE_INFO | STORE_FIELD_CRC32)
#define WORDS_2                                                             \
	(STORE_FIELD_RECV_TIME | STORE_FIELD_PACKETS | STORE_FIELD_OCTETS | \
	    STORE_FIELD_IF_INDICES | STORE_FIELD_FLOW_TIMES |               \
	    STORE_FIELD_AS_INFO | STORE_FIELD_FLOW_ENGINE_INFO)
#define WORDS_4 (ADDR6_BITS | STORE_FIELD_AGENT_INFO)

/* What a flow between IPv4 hosts has that no rule gave a tag. */
#define USUAL_FIELDS \
	(STORE_FIELD_ALL & ~(uint32_t)(STORE_FIELD_TAG | ADDR6_BITS))

static const struct {
	const char *name;
	uint32_t mask;
} field_names[] = {
	{ "ALL", STORE_FIELD_ALL },
	{ "TAG", STORE_FIELD_TAG },
	{ "RECV_TIME", STORE_FIELD_RECV_TIME },
	{ "PROTO_FLAGS_TOS", STORE_FIELD_PROTO_FLAGS_TOS },
	{ "AGENT_ADDR", STORE_FIELD_AGENT_ADDR },
	{ "AGENT_ADDR4", STORE_FIELD_AGENT_ADDR4 },
	{ "AGENT_ADDR6", STORE_FIELD_AGENT_ADDR6 },
	{ "SRC_ADDR", STORE_FIELD_SRC_ADDR },
	{ "SRC_ADDR4", STORE_FIELD_SRC_ADDR4 },
	{ "SRC_ADDR6", STORE_FIELD_SRC_ADDR6 },
	{ "DST_ADDR", STORE_FIELD_DST_ADDR },
	{ "DST_ADDR4", STORE_FIELD_DST_ADDR4 },
	{ "DST_ADDR6", STORE_FIELD_DST_ADDR6 },
	{ "SRCDST_ADDR", STORE_FIELD_SRCDST_ADDR },
	{ "GATEWAY_ADDR", STORE_FIELD_GATEWAY_ADDR },
	{ "GATEWAY_ADDR4", STORE_FIELD_GATEWAY_ADDR4 },
	{ "GATEWAY_ADDR6", STORE_FIELD_GATEWAY_ADDR6 },
	{ "SRCDST_PORT", STORE_FIELD_SRCDST_PORT },
	{ "PACKETS", STORE_FIELD_PACKETS },
	{ "OCTETS", STORE_FIELD_OCTETS },
	{ "IF_INDICES", STORE_FIELD_IF_INDICES },
	{ "AGENT_INFO", STORE_FIELD_AGENT_INFO },
	{ "FLOW_TIMES", STORE_FIELD_FLOW_TIMES },
	{ "AS_INFO", STORE_FIELD_AS_INFO },
	{ "FLOW_ENGINE_INFO", STORE_FIELD_FLOW_ENGINE_INFO },
	{ "CRC32", STORE_FIELD_CRC32 },
};

uint32_t
store_addr_bit(uint32_t pair, uint32_t family)
{
	switch (family) {
	case ADDR_V4:
		return (pair & ADDR4_BITS);
	case ADDR_V6:
		return (pair & ADDR6_BITS);
	default:
		return (0);
	}
}

uint32_t
store_field_mask(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(field_names) / sizeof(field_names[0]); i++) {
		if (strcmp(field_names[i].name, name) == 0)
			return (field_names[i].mask);
	}
	return (0);
}

static inline size_t
record_len(uint32_t fields)
{
	return (STORE_HEADER_LEN +
	    4 *
		(size_t)(bits_count(fields & WORDS_1) +
		    2 * bits_count(fields & WORDS_2) +
		    4 * bits_count(fields & WORDS_4)));
}

size_t
store_record_len(uint32_t fields)
{
	return (record_len(fields));
}

/*
 * The put_ and get_ functions below move a pointer over a record whose whole
 * length has been checked against record_len, which is the sum of their steps.
 */
static ALWAYS_INLINE uint8_t *
put_addr(uint8_t *p, uint32_t fields, uint32_t pair, const struct addr *a)
{
	if ((fields & pair & ADDR4_BITS) != 0) {
		memcpy(p, a->bytes, 4);
		p += 4;
	}
	if ((fields & pair & ADDR6_BITS) != 0) {
		memcpy(p, a->bytes, 16);
		p += 16;
	}
	return (p);
}

/* What happened: the fields up to OCTETS. */
static ALWAYS_INLINE uint8_t *
put_traffic(uint8_t *p, uint32_t fields, const struct flow *flow)
{
	if ((fields & STORE_FIELD_TAG) != 0) {
		be32_put(p, flow->tag);
		p += 4;
	}
	if ((fields & STORE_FIELD_RECV_TIME) != 0) {
		be32_put(p, flow->recv_sec);
		be32_put(p + 4, flow->recv_usec);
		p += 8;
	}
	if ((fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0) {
		p[0] = flow->tcp_flags;
		p[1] = flow->protocol;
		p[2] = flow->tos;
		p[3] = 0;
		p += 4;
	}
	p = put_addr(p, fields, STORE_FIELD_AGENT_ADDR, &flow->agent);
	p = put_addr(p, fields, STORE_FIELD_SRC_ADDR, &flow->src);
	p = put_addr(p, fields, STORE_FIELD_DST_ADDR, &flow->dst);
	p = put_addr(p, fields, STORE_FIELD_GATEWAY_ADDR, &flow->gateway);
	if ((fields & STORE_FIELD_SRCDST_PORT) != 0) {
		be16_put(p, flow->src_port);
		be16_put(p + 2, flow->dst_port);
		p += 4;
	}
	if ((fields & STORE_FIELD_PACKETS) != 0) {
		be64_put(p, flow->packets);
		p += 8;
	}
	if ((fields & STORE_FIELD_OCTETS) != 0) {
		be64_put(p, flow->octets);
		p += 8;
	}
	return (p);
}

/* How the exporter saw it: the fields from IF_INDICES. */
static ALWAYS_INLINE uint8_t *
put_export(uint8_t *p, uint32_t fields, const struct flow *flow)
{
	if ((fields & STORE_FIELD_IF_INDICES) != 0) {
		be32_put(p, flow->if_index_in);
		be32_put(p + 4, flow->if_index_out);
		p += 8;
	}
	if ((fields & STORE_FIELD_AGENT_INFO) != 0) {
		be32_put(p, flow->sys_uptime_ms);
		be32_put(p + 4, flow->time_sec);
		be32_put(p + 8, flow->time_nanosec);
		be16_put(p + 12, flow->netflow_version);
		be16_put(p + 14, 0);
		p += 16;
	}
	if ((fields & STORE_FIELD_FLOW_TIMES) != 0) {
		be32_put(p, flow->flow_start);
		be32_put(p + 4, flow->flow_finish);
		p += 8;
	}
	if ((fields & STORE_FIELD_AS_INFO) != 0) {
		be32_put(p, flow->src_as);
		be32_put(p + 4, flow->dst_as);
		p[8] = flow->src_mask;
		p[9] = flow->dst_mask;
		be16_put(p + 10, 0);
		p += 12;
	}
	if ((fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0) {
		be16_put(p, flow->engine_type);
		be16_put(p + 2, flow->engine_id);
		be32_put(p + 4, flow->flow_sequence);
		be32_put(p + 8, flow->source_id);
		p += 12;
	}
	return (p);
}

static inline uint32_t
encoded_fields(const struct flow *flow, uint32_t mask)
{
	return ((flow->fields & mask & STORE_FIELD_ALL) |
	    (mask & STORE_FIELD_CRC32));
}

/* Writes all but the checksum; returns the length with it. */
static ALWAYS_INLINE size_t
put_record(uint8_t *buf, uint32_t fields, const struct flow *flow)
{
	uint8_t *p = buf + STORE_HEADER_LEN;
	size_t len;

	p = put_traffic(p, fields, flow);
	p = put_export(p, fields, flow);
	if ((fields & STORE_FIELD_CRC32) != 0)
		p += CRC_LEN;
	len = (size_t)(p - buf);
	buf[0] = STORE_VERSION;
	buf[1] = (uint8_t)((len - STORE_HEADER_LEN) / 4);
	be16_put(buf + 2, 0);
	be32_put(buf + 4, fields);
	return (len);
}

/* Those of n records in a row that have this length. */
static void
put_checksums(uint8_t *buf, size_t len, size_t n)
{
	uint32_t crcs[CRCS_AT_ONCE];
	size_t i, part;

	for (; n > 0; n -= part) {
		part = n < CRCS_AT_ONCE ? n : CRCS_AT_ONCE;
		flowd_crc32_each(buf, len, len - CRC_LEN, part, crcs);
		for (i = 0; i < part; i++, buf += len)
			be32_put(buf + len - CRC_LEN, crcs[i]);
	}
}

int
store_encode(const struct flow *flow, uint32_t mask, uint8_t *buf, size_t size,
    size_t *len)
{
	const uint32_t fields = encoded_fields(flow, mask);

	*len = 0;
	if (size < record_len(fields))
		return (FLOWD_ESPACE);
	*len = put_record(buf, fields, flow);
	if ((fields & STORE_FIELD_CRC32) != 0)
		put_checksums(buf, *len, 1);
	return (0);
}

/*
 * Checksums come when all else is written: a processor that reads in one piece
 * what it has just written in several has to wait for these.
 *
 * Where the fields are what most records have, the compiler knows them, and
 * each has its fixed place.
 */
size_t
store_encode_many(const struct flow *flows, size_t n, uint32_t mask,
    uint8_t *buf, size_t *lens)
{
	uint8_t *p = buf, *end;
	uint32_t fields;
	size_t i, run;

	for (i = 0; i < n; i++, p += lens[i - 1]) {
		fields = encoded_fields(&flows[i], mask);
		lens[i] = fields == USUAL_FIELDS ?
		    put_record(p, USUAL_FIELDS, &flows[i]) :
		    put_record(p, fields, &flows[i]);
	}
	end = p;
	if ((mask & STORE_FIELD_CRC32) == 0)
		return ((size_t)(end - buf));
	for (i = 0, p = buf; i < n; i += run, p += run * lens[i - 1]) {
		for (run = 1; i + run < n && lens[i + run] == lens[i];)
			run++;
		put_checksums(p, lens[i], run);
	}
	return ((size_t)(end - buf));
}

static inline int
check_header(const uint8_t *buf, size_t size, size_t *len)
{
	uint32_t fields;
	size_t total, known;

	*len = 0;
	if (size < STORE_HEADER_LEN)
		return (FLOWD_ESHORT);
	if (buf[0] >> 5 != STORE_VER_MAJOR)
		return (FLOWD_EVERSION);
	fields = be32(buf + 4);
	if (be16(buf + 2) != 0 || (fields & STORE_FIELD_RESERVED) != 0 ||
	    ((fields & ADDR4_BITS) << 1 & fields) != 0)
		return (FLOWD_EHEADER);
	total = STORE_HEADER_LEN + 4 * (size_t)buf[1];
	known = record_len(fields);
	if ((fields & ~STORE_FIELD_ALL) == 0) {
		if (total != known)
			return (FLOWD_EHEADER);
	} else if (buf[0] == STORE_VERSION || total <= known) {
		/* 3.0 has no other fields, and no field is empty. */
		return (FLOWD_EHEADER);
	}
	*len = total;
	return (0);
}

int
store_check_header(const uint8_t *buf, size_t size, size_t *len)
{
	return (check_header(buf, size, len));
}

/* a is zero before. */
static inline const uint8_t *
get_addr(const uint8_t *p, uint32_t fields, uint32_t pair, struct addr *a)
{
	if ((fields & pair & ADDR4_BITS) != 0) {
		a->family = ADDR_V4;
		memcpy(a->bytes, p, 4);
		p += 4;
	} else if ((fields & pair & ADDR6_BITS) != 0) {
		a->family = ADDR_V6;
		memcpy(a->bytes, p, 16);
		p += 16;
	}
	return (p);
}

static inline const uint8_t *
get_traffic(const uint8_t *p, uint32_t fields, struct flow *flow)
{
	if ((fields & STORE_FIELD_TAG) != 0) {
		flow->tag = be32(p);
		p += 4;
	}
	if ((fields & STORE_FIELD_RECV_TIME) != 0) {
		flow->recv_sec = be32(p);
		flow->recv_usec = be32(p + 4);
		p += 8;
	}
	if ((fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0) {
		flow->tcp_flags = p[0];
		flow->protocol = p[1];
		flow->tos = p[2];
		p += 4;
	}
	p = get_addr(p, fields, STORE_FIELD_AGENT_ADDR, &flow->agent);
	p = get_addr(p, fields, STORE_FIELD_SRC_ADDR, &flow->src);
	p = get_addr(p, fields, STORE_FIELD_DST_ADDR, &flow->dst);
	p = get_addr(p, fields, STORE_FIELD_GATEWAY_ADDR, &flow->gateway);
	if ((fields & STORE_FIELD_SRCDST_PORT) != 0) {
		flow->src_port = be16(p);
		flow->dst_port = be16(p + 2);
		p += 4;
	}
	if ((fields & STORE_FIELD_PACKETS) != 0) {
		flow->packets = be64(p);
		p += 8;
	}
	if ((fields & STORE_FIELD_OCTETS) != 0) {
		flow->octets = be64(p);
		p += 8;
	}
	return (p);
}

static inline void
get_export(const uint8_t *p, uint32_t fields, struct flow *flow)
{
	if ((fields & STORE_FIELD_IF_INDICES) != 0) {
		flow->if_index_in = be32(p);
		flow->if_index_out = be32(p + 4);
		p += 8;
	}
	if ((fields & STORE_FIELD_AGENT_INFO) != 0) {
		flow->sys_uptime_ms = be32(p);
		flow->time_sec = be32(p + 4);
		flow->time_nanosec = be32(p + 8);
		flow->netflow_version = be16(p + 12);
		p += 16;
	}
	if ((fields & STORE_FIELD_FLOW_TIMES) != 0) {
		flow->flow_start = be32(p);
		flow->flow_finish = be32(p + 4);
		p += 8;
	}
	if ((fields & STORE_FIELD_AS_INFO) != 0) {
		flow->src_as = be32(p);
		flow->dst_as = be32(p + 4);
		flow->src_mask = p[8];
		flow->dst_mask = p[9];
		p += 12;
	}
	if ((fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0) {
		flow->engine_type = be16(p);
		flow->engine_id = be16(p + 2);
		flow->flow_sequence = be32(p + 4);
		flow->source_id = be32(p + 8);
	}
}

/*
 * In steps, which become plain stores: one memset of this size becomes an
 * instruction that takes long to start.
 */
static inline void
clear_flow(struct flow *flow)
{
	uint8_t *p = (uint8_t *)flow;
	size_t i;

	for (i = 0; i < sizeof(*flow) - CLEAR_STEP; i += CLEAR_STEP)
		memset(p + i, 0, CLEAR_STEP);
	memset(p + sizeof(*flow) - CLEAR_STEP, 0, CLEAR_STEP);
}

int
store_decode(const uint8_t *buf, size_t size, struct flow *flow, size_t *len)
{
	uint32_t fields, crc = 0;
	size_t total;
	int error;

	*len = 0;
	clear_flow(flow);
	if ((error = check_header(buf, size, &total)) != 0)
		return (error);
	if (size < total)
		return (FLOWD_ESHORT);
	*len = total;
	fields = be32(buf + 4);
	if ((fields & STORE_FIELD_CRC32) != 0) {
		crc = be32(buf + total - CRC_LEN);
		if (flowd_crc32(0, buf, total - CRC_LEN) != crc)
			return (FLOWD_ECRC);
	}
	flow->version = buf[0];
	flow->fields = fields & STORE_FIELD_ALL;
	flow->crc = crc;
	get_export(get_traffic(buf + STORE_HEADER_LEN, fields, flow), fields,
	    flow);
	return (0);
}
