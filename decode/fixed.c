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
 * Decodes datagrams of NetFlow v1, v5 and v7.  One decoder reads all three by
 * the tables of layout.h.  It is inlined once for each, so that the offsets are
 * constants in the machine code.
 */
#include "compat/compat.h"

#include <string.h>

#include "decode/decode.h"
#include "decode/exporter-log.h"
#include "decode/flow-times.h"
#include "decode/layout.h"
#include "lib/cursor.h"
#include "netflow.h"

struct fixed_header {
	uint16_t count;
	uint32_t sys_uptime_ms, time_sec, time_nanosec;
	uint32_t sequence;              /* 0 in v1 */
	uint8_t engine_type, engine_id; /* v5 */
	uint16_t sampling;              /* v5 */
};

static ALWAYS_INLINE int
read_header(struct cursor *c, const struct layout *l, struct fixed_header *h)
{
	const uint8_t *p = cur_take(c, l->header_len);

	if (p == NULL)
		return (FLOWD_ESHORT);
	memset(h, 0, sizeof(*h));
	h->count = be16(p + NF_HEADER_COUNT);
	h->sys_uptime_ms = be32(p + NF_HEADER_UPTIME);
	h->time_sec = be32(p + NF_HEADER_SEC);
	h->time_nanosec = be32(p + NF_HEADER_NSEC);
	if (l->has_sequence)
		h->sequence = be32(p + NF_HEADER_SEQUENCE);
	if (l->has_engine) {
		h->engine_type = p[NF5_HEADER_ENGINE_TYPE];
		h->engine_id = p[NF5_HEADER_ENGINE_ID];
		h->sampling = be16(p + NF5_HEADER_SAMPLING);
	}
	return (0);
}

/* Sets the members that all flows of a datagram share. */
static ALWAYS_INLINE void
start_flow(struct flow *flow, const struct layout *l,
    const struct fixed_header *h, const struct datagram *dgram,
    const struct addr *agent)
{
	memset(flow, 0, sizeof(*flow));
	flow->fields = STORE_FIELD_RECV_TIME | STORE_FIELD_PROTO_FLAGS_TOS |
	    store_addr_bit(STORE_FIELD_AGENT_ADDR, agent->family) |
	    STORE_FIELD_SRC_ADDR4 | STORE_FIELD_DST_ADDR4 |
	    STORE_FIELD_GATEWAY_ADDR4 | STORE_FIELD_SRCDST_PORT |
	    STORE_FIELD_PACKETS | STORE_FIELD_OCTETS | STORE_FIELD_IF_INDICES |
	    STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES;
	if (l->has_as)
		flow->fields |= STORE_FIELD_AS_INFO;
	if (l->has_sequence)
		flow->fields |= STORE_FIELD_FLOW_ENGINE_INFO;
	flow->recv_sec = dgram->recv_sec;
	flow->recv_usec = dgram->recv_usec;
	flow->agent = *agent;
	flow->src.family = flow->dst.family = flow->gateway.family = ADDR_V4;
	flow->netflow_version = l->version;
	flow->flow_sequence = h->sequence;
	flow->engine_type = h->engine_type;
	flow->engine_id = h->engine_id;
}

/* rec has l->record_len bytes. */
static ALWAYS_INLINE enum flow_times
read_record(struct flow *flow, const struct layout *l, const uint8_t *rec,
    const struct fixed_header *h)
{
	memcpy(flow->src.bytes, rec + l->src, 4);
	memcpy(flow->dst.bytes, rec + l->dst, 4);
	memcpy(flow->gateway.bytes, rec + l->gateway, 4);
	flow->if_index_in = be16(rec + l->if_in);
	flow->if_index_out = be16(rec + l->if_out);
	flow->packets = be32(rec + l->packets);
	flow->octets = be32(rec + l->octets);
	flow->src_port = be16(rec + l->src_port);
	flow->dst_port = be16(rec + l->dst_port);
	flow->tcp_flags = rec[l->tcp_flags];
	flow->protocol = rec[l->protocol];
	flow->tos = rec[l->tos];
	if (l->has_as) {
		flow->src_as = be16(rec + l->src_as);
		flow->dst_as = be16(rec + l->dst_as);
		flow->src_mask = rec[l->src_mask];
		flow->dst_mask = rec[l->dst_mask];
	}
	/* Set for each flow, since flow_times_normalize may change them. */
	flow->sys_uptime_ms = h->sys_uptime_ms;
	flow->time_sec = h->time_sec;
	flow->time_nanosec = h->time_nanosec;
	flow->flow_start = be32(rec + l->first);
	flow->flow_finish = be32(rec + l->last);
	return (flow_times_normalize(flow));
}

/*
 * Checks that the count matches the length: a truncated or padded datagram
 * would result in wrong flows.
 */
static enum decoded
check_count(const struct datagram *dgram, const struct layout *l,
    const struct fixed_header *h, size_t left, struct exporter *exporter)
{
	if (h->count == 0) {
		exporter_warnx(exporter, EXPORTER_INVALID, dgram->recv_sec,
		    "v%u: flow count is 0; datagram dropped", l->version);
		return (DECODE_INVALID);
	}
	if (left % l->record_len != 0 || left / l->record_len != h->count) {
		exporter_warnx(exporter, EXPORTER_INVALID, dgram->recv_sec,
		    "v%u: flow count %u does not fit the length %zu; datagram "
		    "dropped",
		    l->version, h->count, dgram->len);
		return (DECODE_INVALID);
	}
	return (DECODED);
}

static inline void
record_sampling(struct exporter *e, uint16_t sampling, uint32_t now)
{
	const uint16_t before = e->sampling_interval;

	e->sampling_mode = (uint8_t)(sampling >> NF5_SAMPLING_MODE_SHIFT);
	e->sampling_interval = sampling & NF5_SAMPLING_INTERVAL;
	if (e->known && before != 0 && e->sampling_interval != 0 &&
	    e->sampling_interval != before)
		exporter_info(e, EXPORTER_RESAMPLED, now,
		    "sampling changed from 1 of %u to 1 of %u packets", before,
		    e->sampling_interval);
}

static __attribute__((noinline)) void
tell_sampling(struct flow_sink *sink, const struct flow *flows, size_t n,
    uint16_t field)
{
	size_t i;

	for (i = 0; i < n; i++)
		*sink_sampling(sink, &flows[i]) = sampling_of_header(field);
}

static void
record_sequence(struct exporter *e, enum protocol_id id,
    const struct fixed_header *h, uint16_t port, uint32_t session)
{
	struct sequence_mark mark = {
		.port = port,
		.domain = (uint32_t)h->engine_type << 8 | h->engine_id,
		.number = h->sequence,
		.flows = h->count,
		.records = h->count,
		.uptime_ms = h->sys_uptime_ms,
		.steady = (e->sessions.steady & session) != 0,
	};

	exporter_sequence(e, id, &mark);
}

static ALWAYS_INLINE enum decoded
decode_fixed(enum protocol_id id, const struct layout *l,
    const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	struct fixed_header h;
	struct flow common, *flows;
	const uint8_t *record;
	struct cursor c;
	enum decoded r;
	uint32_t session;
	size_t i, n, left;

	cur_init(&c, dgram->data, dgram->len);
	if (read_header(&c, l, &h) != 0) {
		exporter_warnx(exporter, EXPORTER_INVALID, dgram->recv_sec,
		    "v%u: header exceeds the datagram; datagram of %zu octets "
		    "dropped",
		    l->version, dgram->len);
		return (DECODE_INVALID);
	}
	r = check_count(dgram, l, &h, cur_left(&c), exporter);
	if (r != DECODED)
		return (r);
	session = exporter_session(exporter, dgram->port, dgram->recv_sec);
	exporter_heard(exporter, id, dgram->recv_sec, dgram->recv_usec,
	    h.time_sec, h.time_nanosec);
	if (l->has_sequence)
		record_sequence(exporter, id, &h, dgram->port, session);
	if (l->has_engine)
		record_sampling(exporter, h.sampling, dgram->recv_sec);
	start_flow(&common, l, &h, dgram, &exporter->addr);
	for (left = h.count; left > 0; left -= n) {
		flows = sink_more(sink, left, &n);
		if (sink->sampling != NULL)
			tell_sampling(sink, flows, n, h.sampling);
		for (i = 0;
		     i < n && (record = cur_take(&c, l->record_len)) != NULL;
		     i++) {
			flows[i] = common;
			exporter_count_times(exporter,
			    read_record(&flows[i], l, record, &h));
		}
	}
	return (DECODED);
}

enum decoded
decode_v1(const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	return (decode_fixed(PROTOCOL_V1, &layout_v1, dgram, exporter, sink));
}

enum decoded
decode_v5(const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	return (decode_fixed(PROTOCOL_V5, &layout_v5, dgram, exporter, sink));
}

enum decoded
decode_v7(const struct datagram *dgram, struct exporter *exporter,
    struct flow_sink *sink)
{
	return (decode_fixed(PROTOCOL_V7, &layout_v7, dgram, exporter, sink));
}
