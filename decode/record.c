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

#include <string.h>

#include "decode/flow-times.h"
#include "decode/record.h"
#include "netflow.h"

#define HAS(t, slot) (((t)->slots & SLOT_BIT(slot)) != 0)
#define IPFIX_UPTIME 0x80000000U /* ms, if the exporter's is unknown */

void
record_start(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, const struct addr *agent)
{
	memset(flow, 0, sizeof(*flow));
	flow->fields =
	    t->fields | store_addr_bit(STORE_FIELD_AGENT_ADDR, agent->family);
	flow->recv_sec = msg->recv_sec;
	flow->recv_usec = msg->recv_usec;
	flow->agent = *agent;
	flow->netflow_version = msg->version;
	flow->flow_sequence = msg->sequence;
	flow->source_id = msg->domain;
	flow->time_sec = msg->export_sec;
	flow->sys_uptime_ms = msg->sys_uptime_ms;
	if (t->family == FAMILY_4 || t->family == FAMILY_6) {
		if (HAS(t, SLOT_SRC4) || HAS(t, SLOT_SRC6))
			flow->src.family =
			    t->family == FAMILY_4 ? ADDR_V4 : ADDR_V6;
		if (HAS(t, SLOT_DST4) || HAS(t, SLOT_DST6))
			flow->dst.family =
			    t->family == FAMILY_4 ? ADDR_V4 : ADDR_V6;
	}
	if (HAS(t, SLOT_GATEWAY4))
		flow->gateway.family = ADDR_V4;
	else if (HAS(t, SLOT_GATEWAY6))
		flow->gateway.family = ADDR_V6;
	flow->fields |= store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family) |
	    store_addr_bit(STORE_FIELD_GATEWAY_ADDR, flow->gateway.family);
}

static bool
any_set(const uint8_t *p, size_t len)
{
	uint8_t all = 0;

	for (; len > 0; len--)
		all |= *p++;
	return (all != 0);
}

/*
 * The family of a record that has addresses of both: that of ipVersion, or of
 * the addresses that are not zero.  ADDR_NONE if the source is of one family
 * and the destination of the other.
 */
static uint32_t
tell_family(const struct tmpl *t, const struct ie_values *v)
{
	bool src4 = HAS(t, SLOT_SRC4) && any_set(v->src4, 4);
	bool dst4 = HAS(t, SLOT_DST4) && any_set(v->dst4, 4);
	bool src6 = HAS(t, SLOT_SRC6) && any_set(v->src6, 16);
	bool dst6 = HAS(t, SLOT_DST6) && any_set(v->dst6, 16);

	if (HAS(t, SLOT_IP_VERSION) &&
	    (v->ip_version == ADDR_V4 || v->ip_version == ADDR_V6))
		return (v->ip_version);
	if (!src6 && !dst6)
		return (ADDR_V4);
	if (!src4 && !dst4)
		return (ADDR_V6);
	if (src4 && dst4)
		return (ADDR_V4);
	return (src6 && dst6 ? ADDR_V6 : ADDR_NONE);
}

static bool
choose_family(struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	uint32_t family = tell_family(t, v);
	struct addr none = { .family = ADDR_NONE };

	if (family == ADDR_NONE)
		return (false);
	flow->src = flow->dst = none;
	if (family == ADDR_V4) {
		if (HAS(t, SLOT_SRC4))
			flow->src = addr_v4(v->src4);
		if (HAS(t, SLOT_DST4))
			flow->dst = addr_v4(v->dst4);
	} else {
		if (HAS(t, SLOT_SRC6))
			flow->src = addr_v6(v->src6);
		if (HAS(t, SLOT_DST6))
			flow->dst = addr_v6(v->dst6);
	}
	flow->fields |= store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family);
	return (true);
}

/* Sets the prefix lengths that depend on the family of the record. */
static void
choose_masks(struct flow *flow, const struct tmpl *t, const struct ie_values *v)
{
	uint32_t family =
	    flow->src.family != ADDR_NONE ? flow->src.family : flow->dst.family;

	if (family != ADDR_V6 && t->family != FAMILY_4) {
		if (HAS(t, SLOT_SRC_MASK4))
			flow->src_mask = v->src_mask4;
		if (HAS(t, SLOT_DST_MASK4))
			flow->dst_mask = v->dst_mask4;
	}
	if (family != ADDR_V4 && t->family != FAMILY_6) {
		if (HAS(t, SLOT_SRC_MASK6))
			flow->src_mask = v->src_mask6;
		if (HAS(t, SLOT_DST_MASK6))
			flow->dst_mask = v->dst_mask6;
	}
}

/* Prefers the next hop of the flow's family to the other one (RFC 5549). */
static void
choose_gateway(struct flow *flow, const struct ie_values *v)
{
	bool four;

	if (flow->src.family == ADDR_V6 || flow->dst.family == ADDR_V6)
		four = !any_set(v->gateway6, 16) && any_set(v->gateway4, 4);
	else
		four = !any_set(v->gateway6, 16) || any_set(v->gateway4, 4);
	flow->gateway = four ? addr_v4(v->gateway4) : addr_v6(v->gateway6);
	flow->fields &= ~STORE_FIELD_GATEWAY_ADDR;
	flow->fields |=
	    store_addr_bit(STORE_FIELD_GATEWAY_ADDR, flow->gateway.family);
}

/* By convention the destination port of an ICMP flow is its type and code. */
static void
choose_icmp(struct flow *flow, const struct tmpl *t, const struct ie_values *v)
{
	if (t->has_ports)
		return;
	if (HAS(t, SLOT_ICMP_TYPE))
		flow->dst_port = (uint16_t)(v->icmp_type * 256 +
		    (HAS(t, SLOT_ICMP_CODE) ? v->icmp_code : 0));
	else
		flow->dst_port = v->icmp;
}

/*
 * Times in milliseconds since the epoch.  A time that differs from the export
 * by more than FLOW_TIMES can express, 24.8 days, is ignored.
 */
struct times {
	int64_t export, start, end;
	bool has_start, has_end;
};

static bool
in_range(const struct times *w, int64_t t)
{
	return (t - w->export <= INT32_MAX && w->export - t <= INT32_MAX);
}

static bool
set_absolute(const struct times *w, int64_t *to, uint64_t ms)
{
	*to = (int64_t)ms;
	return (ms <= INT64_MAX / 2 && in_range(w, *to));
}

/* delta is in microseconds before export; the result is rounded down. */
static bool
set_delta(const struct times *w, int64_t *to, uint64_t delta)
{
	if (delta > (uint64_t)INT32_MAX * 1000)
		return (false);
	*to = w->export - (int64_t)((delta + 999) / 1000);
	return (true);
}

static void
find_start(struct times *w, const struct tmpl *t, const struct ie_values *v,
    const uint32_t *uptime)
{
	if (HAS(t, SLOT_START))
		w->has_start = set_absolute(w, &w->start, v->start);
	else if (HAS(t, SLOT_START_DELTA))
		w->has_start = set_delta(w, &w->start, v->start_delta);
	else if (HAS(t, SLOT_START_UPTIME) && uptime != NULL) {
		w->start = w->export - (int32_t)(*uptime - v->start_uptime);
		w->has_start = true;
	}
}

static void
find_end(struct times *w, const struct tmpl *t, const struct ie_values *v,
    const uint32_t *uptime)
{
	if (HAS(t, SLOT_END))
		w->has_end = set_absolute(w, &w->end, v->end);
	else if (HAS(t, SLOT_END_DELTA))
		w->has_end = set_delta(w, &w->end, v->end_delta);
	else if (HAS(t, SLOT_END_UPTIME) && uptime != NULL) {
		w->end = w->export - (int32_t)(*uptime - v->end_uptime);
		w->has_end = true;
	}
}

/* The duration of the flow in milliseconds, or 0 if the record has none. */
static int64_t
duration(const struct tmpl *t, const struct ie_values *v)
{
	int32_t ms;

	if (HAS(t, SLOT_DURATION_MS))
		return (
		    v->duration_ms <= INT32_MAX ? (int64_t)v->duration_ms : 0);
	if (HAS(t, SLOT_DURATION_US))
		return (v->duration_us / 1000 <= INT32_MAX ?
			(int64_t)(v->duration_us / 1000) :
			0);
	if (HAS(t, SLOT_START_UPTIME) && HAS(t, SLOT_END_UPTIME)) {
		ms = (int32_t)(v->end_uptime - v->start_uptime);
		return (ms < 0 ? 0 : ms);
	}
	return (0);
}

static void
fill_gaps(struct times *w, int64_t lasted)
{
	if (!w->has_end) {
		if (w->has_start && lasted > 0)
			w->end = w->start + lasted;
		else
			w->end = w->export;
		if (w->has_start && w->end < w->start)
			w->end = w->start;
	}
	if (!w->has_start)
		w->start = w->end - lasted;
}

/*
 * Converts times that are not plain uptimes of v9 to uptimes, from which
 * readers compute the absolute times: flow-times.h.
 */
static void
convert_times(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *v)
{
	struct times w = { .export = (int64_t)msg->export_sec * 1000 };
	uint32_t uptime = IPFIX_UPTIME;
	bool known = true;

	if (HAS(t, SLOT_INIT_TIME) && v->init_time != 0)
		init_time = v->init_time;
	if (msg->version == NF_VERSION_9)
		uptime = msg->sys_uptime_ms;
	else if (init_time != 0)
		uptime = (uint32_t)((uint64_t)w.export - init_time);
	else
		known = false;
	find_start(&w, t, v, known ? &uptime : NULL);
	find_end(&w, t, v, known ? &uptime : NULL);
	fill_gaps(&w, duration(t, v));
	flow->sys_uptime_ms = uptime;
	flow->flow_start = uptime - (uint32_t)(w.export - w.start);
	flow->flow_finish = uptime - (uint32_t)(w.export - w.end);
}

bool
record_finish(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *v)
{
	if (t->family == FAMILY_BOTH && !choose_family(flow, t, v))
		return (false);
	if ((flow->fields & STORE_FIELD_AS_INFO) != 0)
		choose_masks(flow, t, v);
	if (HAS(t, SLOT_GATEWAY4) && HAS(t, SLOT_GATEWAY6))
		choose_gateway(flow, v);
	if (HAS(t, SLOT_ICMP) || HAS(t, SLOT_ICMP_TYPE))
		choose_icmp(flow, t, v);
	if (!t->plain_times)
		convert_times(flow, t, msg, init_time, v);
	flow_times_normalize(flow);
	return (true);
}

bool
record_is_one_flow(const struct tmpl *t)
{
	return (
	    !t->variable && t->family != FAMILY_BOTH && !record_is_biflow(t));
}

bool
record_is_biflow(const struct tmpl *t)
{
	return (HAS(t, SLOT_REV_OCTETS) || HAS(t, SLOT_REV_PACKETS));
}

bool
record_has_forward(const struct flow *flow)
{
	return (flow->octets != 0 || flow->packets != 0);
}

bool
record_has_reverse(const struct tmpl *t, const struct ie_values *v)
{
	return ((HAS(t, SLOT_REV_OCTETS) && v->rev_octets != 0) ||
	    (HAS(t, SLOT_REV_PACKETS) && v->rev_packets != 0));
}

static void
set_counter(struct flow *flow, uint32_t field, uint64_t *counter, bool has,
    uint64_t value)
{
	flow->fields &= ~field;
	*counter = 0;
	if (!has)
		return;
	flow->fields |= field;
	*counter = value;
}

void
record_reverse(struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	const struct flow was = *flow;
	const struct addr none = { .family = ADDR_NONE };

	flow->src = was.dst;
	flow->dst = was.src;
	flow->fields &= ~(STORE_FIELD_SRCDST_ADDR | STORE_FIELD_GATEWAY_ADDR);
	flow->fields |= store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family);
	/* The next hop was that of the forward direction. */
	flow->gateway = none;
	flow->src_port = was.dst_port;
	flow->dst_port = was.src_port;
	flow->if_index_in = was.if_index_out;
	flow->if_index_out = was.if_index_in;
	flow->src_as = was.dst_as;
	flow->dst_as = was.src_as;
	flow->src_mask = was.dst_mask;
	flow->dst_mask = was.src_mask;
	set_counter(flow, STORE_FIELD_OCTETS, &flow->octets,
	    HAS(t, SLOT_REV_OCTETS), v->rev_octets);
	set_counter(flow, STORE_FIELD_PACKETS, &flow->packets,
	    HAS(t, SLOT_REV_PACKETS), v->rev_packets);
	if (HAS(t, SLOT_REV_TCP_FLAGS))
		flow->tcp_flags = v->rev_tcp_flags;
	if (HAS(t, SLOT_REV_TOS))
		flow->tos = v->rev_tos;
	if (HAS(t, SLOT_REV_ICMP) && !t->has_ports) {
		flow->src_port = 0;
		flow->dst_port = v->rev_icmp;
		flow->fields |= STORE_FIELD_SRCDST_PORT;
	}
}
