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

#include <netinet/in.h>
#include <string.h>

#include "decode/flow-times.h"
#include "decode/record.h"
#include "netflow.h"

#define HAS(t, slot)        slots_have(&(t)->slots, slot)
#define FWD(of)             (SLOT_FORWARD + OF_##of)
#define FRAME_TYPE_ETHERNET 1           /* RFC 7133 section 3.1 */
#define IPFIX_UPTIME        0x80000000U /* ms, if the exporter's is unknown */

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
	if (HAS(t, FWD(GATEWAY4)))
		flow->gateway.family = ADDR_V4;
	else if (HAS(t, FWD(GATEWAY6)))
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

/* The addresses of one end in both families. */
struct end {
	bool has4, has6;
	const uint8_t *four, *six;
};

static bool
end_is(const struct end *end, uint32_t family)
{
	return (family == ADDR_V4 ? end->has4 && any_set(end->four, 4) :
				    end->has6 && any_set(end->six, 16));
}

static bool
has_version(const struct tmpl *t, const struct ie_values *v)
{
	return (HAS(t, SLOT_IP_VERSION) &&
	    (v->ip_version == ADDR_V4 || v->ip_version == ADDR_V6));
}

/*
 * Whether the record has the addresses of two headers, an IP packet in one of
 * the other family.
 */
static bool
is_tunnelled(const struct tmpl *t, const struct ie_values *v,
    const struct end *src, const struct end *dst)
{
	return (!has_version(t, v) && end_is(src, ADDR_V4) &&
	    end_is(dst, ADDR_V4) && end_is(src, ADDR_V6) &&
	    end_is(dst, ADDR_V6));
}

/*
 * The family of a record that has addresses of both: that of ipVersion, of the
 * inner header, or of the addresses that are not zero.
 */
static uint32_t
usual_family(const struct tmpl *t, const struct ie_values *v,
    const struct end *src, const struct end *dst)
{
	if (has_version(t, v))
		return (v->ip_version);
	if (is_tunnelled(t, v, src, dst))
		return (t->inner_family);
	if (!end_is(src, ADDR_V6) && !end_is(dst, ADDR_V6))
		return (ADDR_V4);
	if (!end_is(src, ADDR_V4) && !end_is(dst, ADDR_V4))
		return (ADDR_V6);
	return (
	    end_is(src, ADDR_V4) && end_is(dst, ADDR_V4) ? ADDR_V4 : ADDR_V6);
}

/*
 * Removes the values of the outer header from the flow, which has the addresses
 * of the inner one.  IP and GRE carry another header, and are protocols of the
 * outer one.
 */
static void
leave_outer(struct flow *flow, const struct tmpl *t)
{
	uint32_t outer = t->of_outer;

	if (flow->protocol == IPPROTO_IPIP || flow->protocol == IPPROTO_IPV6 ||
	    flow->protocol == IPPROTO_GRE)
		outer |= PACKET_PROTOCOL;
	if ((outer & PACKET_PROTOCOL) != 0)
		flow->protocol = 0;
	if ((outer & PACKET_TOS) != 0)
		flow->tos = 0;
	if ((outer & PACKET_TCP_FLAGS) != 0)
		flow->tcp_flags = 0;
	if (flow->protocol == 0 && flow->tos == 0 && flow->tcp_flags == 0)
		flow->fields &= ~STORE_FIELD_PROTO_FLAGS_TOS;
	if ((outer & PACKET_PORTS) == 0)
		return;
	flow->src_port = flow->dst_port = 0;
	flow->fields &= ~STORE_FIELD_SRCDST_PORT;
}

/*
 * The address of one end.  It may be of the other family, as in a translated
 * flow, or absent.
 */
static struct addr
choose_end(const struct end *end, uint32_t family, bool may_differ)
{
	const struct addr none = { .family = ADDR_NONE };
	const uint32_t other = family == ADDR_V4 ? ADDR_V6 : ADDR_V4;

	if (may_differ && !end_is(end, family) && end_is(end, other))
		family = other;
	if (family == ADDR_V4)
		return (end->has4 ? addr_v4(end->four) : none);
	return (end->has6 ? addr_v6(end->six) : none);
}

static void
choose_addresses(struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	const struct end src = { HAS(t, SLOT_SRC4), HAS(t, SLOT_SRC6), v->src4,
		v->src6 };
	const struct end dst = { HAS(t, SLOT_DST4), HAS(t, SLOT_DST6), v->dst4,
		v->dst6 };
	const uint32_t family = usual_family(t, v, &src, &dst);
	/* If ipVersion's addresses are zero, the others are not in use. */
	const bool may_differ =
	    !has_version(t, v) || end_is(&src, family) || end_is(&dst, family);

	flow->src = choose_end(&src, family, may_differ);
	flow->dst = choose_end(&dst, family, may_differ);
	if (is_tunnelled(t, v, &src, &dst))
		leave_outer(flow, t);
	flow->fields |= store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family);
}

/* Prefix lengths of the family of each address, or of the other address. */
static void
choose_masks(struct flow *flow, const struct tmpl *t, const struct ie_values *v)
{
	const uint32_t src =
	    flow->src.family != ADDR_NONE ? flow->src.family : flow->dst.family;
	const uint32_t dst =
	    flow->dst.family != ADDR_NONE ? flow->dst.family : flow->src.family;

	if (src != ADDR_V6 && t->family != FAMILY_4 && HAS(t, SLOT_SRC_MASK4))
		flow->src_mask = v->src_mask4;
	if (dst != ADDR_V6 && t->family != FAMILY_4 && HAS(t, SLOT_DST_MASK4))
		flow->dst_mask = v->dst_mask4;
	if (src != ADDR_V4 && t->family != FAMILY_6 && HAS(t, SLOT_SRC_MASK6))
		flow->src_mask = v->src_mask6;
	if (dst != ADDR_V4 && t->family != FAMILY_6 && HAS(t, SLOT_DST_MASK6))
		flow->dst_mask = v->dst_mask6;
}

static bool
is_ipv6(const struct flow *flow)
{
	return (flow->src.family == ADDR_V6 || flow->dst.family == ADDR_V6);
}

/* Prefers the next hop of the flow's family to the other one (RFC 5549). */
static void
choose_gateway(struct flow *flow, const struct ie_direction *d)
{
	bool four;

	if (is_ipv6(flow))
		four = !any_set(d->gateway6, 16) && any_set(d->gateway4, 4);
	else
		four = !any_set(d->gateway6, 16) || any_set(d->gateway4, 4);
	flow->gateway = four ? addr_v4(d->gateway4) : addr_v6(d->gateway6);
	flow->fields &= ~STORE_FIELD_GATEWAY_ADDR;
	flow->fields |=
	    store_addr_bit(STORE_FIELD_GATEWAY_ADDR, flow->gateway.family);
}

static bool
is_icmp(const struct flow *flow)
{
	return (
	    flow->protocol == IPPROTO_ICMP || flow->protocol == IPPROTO_ICMPV6);
}

/* Sets the TCP flags of the packets that each flag's counter counted. */
static void
choose_flags(struct flow *flow, const struct tmpl *t, unsigned int slot,
    const struct ie_direction *d)
{
	unsigned int i;

	flow->tcp_flags = 0;
	for (i = 0; i < sizeof(d->packets_with) / sizeof(d->packets_with[0]);
	     i++) {
		if (HAS(t, slot + OF_FIN + i) && d->packets_with[i] != 0)
			flow->tcp_flags |= (uint8_t)(1U << i);
	}
	if (HAS(t, slot + OF_FLAGS_FIRST))
		flow->tcp_flags |= d->flags_first;
	if (HAS(t, slot + OF_FLAGS_REST))
		flow->tcp_flags |= d->flags_rest;
}

/* Type and code of ICMP for one family, and the slots that have them. */
struct icmp {
	bool known;
	uint16_t value; /* type * 256 + code */
};

static struct icmp
icmp_of(const struct tmpl *t, unsigned int slot, uint16_t both, uint8_t type,
    uint8_t code)
{
	/* In the order of enum direction_slot. */
	const bool has_both = HAS(t, slot), has_type = HAS(t, slot + 1);
	struct icmp icmp = { .known = has_both || has_type };

	if (has_type)
		icmp.value =
		    (uint16_t)(type * 256 + (HAS(t, slot + 2) ? code : 0));
	if (has_both && icmp.value == 0)
		icmp.value = both;
	return (icmp);
}

static struct icmp
icmp4_of(const struct tmpl *t, unsigned int slot, const struct ie_direction *d)
{
	return (icmp_of(t, slot + OF_ICMP4, d->icmp4, d->icmp_type4,
	    d->icmp_code4));
}

static struct icmp
icmp6_of(const struct tmpl *t, unsigned int slot, const struct ie_direction *d)
{
	return (icmp_of(t, slot + OF_ICMP6, d->icmp6, d->icmp_type6,
	    d->icmp_code6));
}

/*
 * The port that the protocol has, of elements for UDP and TCP.  Elements for
 * one of them alone are also used for other protocols.
 */
static uint16_t
port_of(const struct flow *flow, bool has_tcp, uint16_t tcp, bool has_udp,
    uint16_t udp)
{
	if (has_tcp && (!has_udp || flow->protocol == IPPROTO_TCP))
		return (tcp);
	return (
	    has_udp && (!has_tcp || flow->protocol == IPPROTO_UDP) ? udp : 0);
}

/*
 * The protocol of a record that has no element for it, but elements that only
 * one protocol has.  0 if these tell nothing.
 */
static uint8_t
implied_protocol(const struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	const bool tcp = HAS(t, SLOT_TCP_SRC) || HAS(t, SLOT_TCP_DST);
	const bool udp = HAS(t, SLOT_UDP_SRC) || HAS(t, SLOT_UDP_DST);
	const struct icmp four = icmp4_of(t, SLOT_FORWARD, &v->forward);
	const struct icmp six = icmp6_of(t, SLOT_FORWARD, &v->forward);

	if ((HAS(t, SLOT_TCP_SRC) && v->tcp_src != 0) ||
	    (HAS(t, SLOT_TCP_DST) && v->tcp_dst != 0))
		return (IPPROTO_TCP);
	if ((HAS(t, SLOT_UDP_SRC) && v->udp_src != 0) ||
	    (HAS(t, SLOT_UDP_DST) && v->udp_dst != 0))
		return (IPPROTO_UDP);
	if (four.known || six.known) {
		/* Flows with ports may have the same template. */
		if (four.value == 0 && six.value == 0 &&
		    (flow->src_port != 0 || flow->dst_port != 0))
			return (0);
		return (is_ipv6(flow) || !four.known ||
			    (six.known && flow->src.family == ADDR_NONE &&
				four.value == 0 && six.value != 0) ?
			IPPROTO_ICMPV6 :
			IPPROTO_ICMP);
	}
	if (tcp != udp)
		return (tcp ? IPPROTO_TCP : IPPROTO_UDP);
	return (0);
}

/*
 * By convention the destination port of an ICMP flow is its type and code, and
 * the source port is 0.  False if the record has neither.
 */
static bool
choose_icmp(struct flow *flow, const struct tmpl *t, unsigned int slot,
    const struct ie_direction *d)
{
	const struct icmp four = icmp4_of(t, slot, d);
	const struct icmp six = icmp6_of(t, slot, d);

	if (!is_icmp(flow) || (!four.known && !six.known))
		return (false);
	flow->src_port = 0;
	flow->dst_port =
	    !six.known || (four.known && flow->protocol == IPPROTO_ICMP) ?
	    four.value :
	    six.value;
	flow->fields |= STORE_FIELD_SRCDST_PORT;
	return (true);
}

/* Sets the ports that the protocol of the record has, and the protocol. */
static void
choose_ports(struct flow *flow, const struct tmpl *t, const struct ie_values *v)
{
	const bool tcp_src = HAS(t, SLOT_TCP_SRC),
		   udp_src = HAS(t, SLOT_UDP_SRC);
	const bool tcp_dst = HAS(t, SLOT_TCP_DST),
		   udp_dst = HAS(t, SLOT_UDP_DST);

	if (!t->has_protocol &&
	    (flow->protocol = implied_protocol(flow, t, v)) != 0)
		flow->fields |= STORE_FIELD_PROTO_FLAGS_TOS;
	if (choose_icmp(flow, t, SLOT_FORWARD, &v->forward))
		return;
	if (!t->has_src_port)
		flow->src_port =
		    port_of(flow, tcp_src, v->tcp_src, udp_src, v->udp_src);
	if (!t->has_dst_port)
		flow->dst_port =
		    port_of(flow, tcp_dst, v->tcp_dst, udp_dst, v->udp_dst);
	if (tcp_src || udp_src || tcp_dst || udp_dst)
		flow->fields |= STORE_FIELD_SRCDST_PORT;
}

/* Decodes at most max octets. */
static void
decode_part(struct packet *p, enum packet_begin begin,
    const struct ie_octets *octets, size_t max)
{
	packet_decode(p, begin, octets->data,
	    octets->len < max ? octets->len : max);
}

/*
 * Decodes the packet whose octets the record has.  False if it has none that
 * begin with a header.
 */
static bool
decode_octets(struct packet *p, const struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	const bool is_ethernet =
	    !HAS(t, SLOT_FRAME_TYPE) || v->frame_type == FRAME_TYPE_ETHERNET;
	const size_t max = HAS(t, SLOT_SECTION_LEN) && v->section_len != 0 ?
	    v->section_len :
	    SIZE_MAX;

	if (HAS(t, SLOT_SECTION_OFFSET) && v->section_offset != 0)
		return (false);
	if (HAS(t, SLOT_FRAME) && is_ethernet)
		decode_part(p, PACKET_ETHERNET, &v->frame, max);
	else if (HAS(t, SLOT_IP_PACKET))
		decode_part(p, PACKET_IP, &v->ip_packet, max);
	else if (HAS(t, SLOT_MPLS_PAYLOAD))
		decode_part(p, PACKET_IP, &v->mpls_payload, max);
	else if (HAS(t, SLOT_IP_PAYLOAD) && flow->protocol != 0)
		*p = (struct packet){ .protocol = flow->protocol };
	else
		return (false);
	/* Element 313 may have the headers of IP alone. */
	if (HAS(t, SLOT_IP_PAYLOAD) && cur_left(&p->payload) == 0 &&
	    (p->values & PACKET_LATER_FRAGMENT) == 0)
		packet_decode_transport(p, v->ip_payload.data,
		    v->ip_payload.len < max ? v->ip_payload.len : max);
	return (true);
}

/* Whether the packet may be one of the flow, by its addresses. */
static bool
is_packet_of(const struct packet *p, const struct flow *flow)
{
	return (
	    ((p->values & PACKET_SRC) == 0 || flow->src.family == ADDR_NONE ||
		addr_equal(&flow->src, &p->src)) &&
	    ((p->values & PACKET_DST) == 0 || flow->dst.family == ADDR_NONE ||
		addr_equal(&flow->dst, &p->dst)));
}

static void
add_addresses(struct flow *flow, const struct packet *p)
{
	if (flow->src.family == ADDR_NONE && (p->values & PACKET_SRC) != 0)
		flow->src = p->src;
	if (flow->dst.family == ADDR_NONE && (p->values & PACKET_DST) != 0)
		flow->dst = p->dst;
	flow->fields |= store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family);
}

static void
add_ports(struct flow *flow, const struct packet *p, uint32_t values)
{
	if ((values & (PACKET_PORTS | PACKET_ICMP)) == 0)
		return;
	flow->fields |= STORE_FIELD_SRCDST_PORT;
	if ((values & PACKET_PORTS) != 0) {
		flow->src_port = p->src_port;
		flow->dst_port = p->dst_port;
	} else
		flow->dst_port = (uint16_t)(p->icmp_type * 256 + p->icmp_code);
}

/* Takes values that no element has from the octets of a packet. */
static void
add_packet(struct flow *flow, const struct tmpl *t, const struct ie_values *v)
{
	struct packet p;
	uint32_t values;

	if (!decode_octets(&p, flow, t, v) || !is_packet_of(&p, flow))
		return;
	values = p.values & t->absent;
	add_addresses(flow, &p);
	add_ports(flow, &p, values);
	if ((values & (PACKET_PROTOCOL | PACKET_TOS | PACKET_TCP_FLAGS)) != 0)
		flow->fields |= STORE_FIELD_PROTO_FLAGS_TOS;
	if ((values & PACKET_PROTOCOL) != 0)
		flow->protocol = p.protocol;
	if ((values & PACKET_TOS) != 0)
		flow->tos = p.tos;
	if ((values & PACKET_TCP_FLAGS) != 0)
		flow->tcp_flags = p.tcp_flags;
	if (t->of_packet && (values & PACKET_OCTETS) != 0) {
		flow->octets = p.octets;
		flow->fields |= STORE_FIELD_OCTETS;
	}
	if (t->of_packet) {
		flow->packets = 1;
		flow->fields |= STORE_FIELD_PACKETS;
	}
}

/* Times in milliseconds since the epoch. */
struct times {
	int64_t export, start, end;
	bool has_start, has_end;
	enum flow_times result;
	uint32_t uptime; /* at export */
	bool has_uptime;
};

/* The uptime that the record's times of uptime refer to. */
static inline void
find_uptime(struct times *w, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *v)
{
	w->uptime = IPFIX_UPTIME;
	w->has_uptime = true;
	if (HAS(t, SLOT_INIT_TIME) && v->init_time != 0)
		init_time = v->init_time;
	if (msg->version == NF_VERSION_9)
		w->uptime = msg->sys_uptime_ms;
	else if (init_time != 0)
		w->uptime = (uint32_t)((uint64_t)w->export - init_time);
	else
		w->has_uptime = false;
}

/* Sets *to to a time of the record, unless FLOW_TIMES cannot hold it. */
static inline bool
set_time(struct times *w, int64_t *to, uint64_t ms)
{
	enum flow_times result = flow_times_judge(w->export, ms);

	*to = (int64_t)ms;
	if (result > w->result)
		w->result = result;
	return (result == FLOW_TIMES_GOOD);
}

/* The same for a time in microseconds before export, rounded down. */
static bool
set_delta(struct times *w, int64_t *to, uint64_t delta)
{
	return (set_time(w, to,
	    (uint64_t)w->export - (delta / 1000 + (delta % 1000 != 0))));
}

/* A time far ahead that is below the present uptime is surely before it. */
static bool
set_uptime(struct times *w, int64_t *to, uint32_t uptime)
{
	int64_t ahead = (int32_t)(uptime - w->uptime);

	if (ahead > FLOW_TIMES_AHEAD_MAX && uptime < w->uptime)
		ahead = (int64_t)uptime - w->uptime;
	return (set_time(w, to, (uint64_t)(w->export + ahead)));
}

/* slot is that of the direction. */
static ALWAYS_INLINE void
find_start(struct times *w, const struct tmpl *t, unsigned int slot,
    const struct ie_direction *d)
{
	if (HAS(t, slot + OF_START))
		w->has_start = set_time(w, &w->start, d->start);
	else if (HAS(t, slot + OF_START_DELTA))
		w->has_start = set_delta(w, &w->start, d->start_delta);
	else if (HAS(t, slot + OF_START_UPTIME) && w->has_uptime)
		w->has_start = set_uptime(w, &w->start, d->start_uptime);
}

static ALWAYS_INLINE void
find_end(struct times *w, const struct tmpl *t, unsigned int slot,
    const struct ie_direction *d)
{
	if (HAS(t, slot + OF_END))
		w->has_end = set_time(w, &w->end, d->end);
	else if (HAS(t, slot + OF_END_DELTA))
		w->has_end = set_delta(w, &w->end, d->end_delta);
	else if (HAS(t, slot + OF_END_UPTIME) && w->has_uptime)
		w->has_end = set_uptime(w, &w->end, d->end_uptime);
}

/* The duration of the flow in milliseconds, or -1 if the record has none. */
static int64_t
duration(const struct tmpl *t, unsigned int slot, const struct ie_direction *d)
{
	int32_t ms;

	if (HAS(t, slot + OF_DURATION))
		return (d->duration / 1000 <= INT32_MAX ?
			(int64_t)(d->duration / 1000) :
			-1);
	if (!HAS(t, slot + OF_START_UPTIME) || !HAS(t, slot + OF_END_UPTIME))
		return (-1);
	ms = (int32_t)(d->end_uptime - d->start_uptime);
	return (ms < 0 ? -1 : ms);
}

/*
 * Sets the times that the record does not have.  The time of an event is the
 * end of the flow; without it, the flow ends with the export.
 */
static __attribute__((noinline)) void
fill_gaps(struct times *w, const struct tmpl *t, unsigned int slot,
    const struct ie_direction *d)
{
	const int64_t lasted = duration(t, slot, d);

	if (!w->has_end && w->has_start && lasted >= 0)
		w->end = w->start + lasted;
	else if (!w->has_end &&
	    !(HAS(t, slot + OF_EVENT) && set_time(w, &w->end, d->event)))
		w->end = w->export;
	if (!w->has_start)
		w->start = lasted > 0 ? w->end - lasted : w->end;
	else if (w->end < w->start && !w->has_end)
		w->end = w->start;
}

static ALWAYS_INLINE void
find_times(struct times *w, const struct tmpl *t, unsigned int slot,
    const struct ie_direction *d)
{
	find_start(w, t, slot, d);
	find_end(w, t, slot, d);
	if (!w->has_start || !w->has_end)
		fill_gaps(w, t, slot, d);
}

/*
 * Stores times as uptimes, from which readers compute the absolute times:
 * flow-times.h.
 */
static inline void
store_times(struct flow *flow, const struct times *w)
{
	flow->sys_uptime_ms = w->uptime;
	flow->flow_start = w->uptime - (uint32_t)(w->export - w->start);
	flow->flow_finish = w->uptime - (uint32_t)(w->export - w->end);
}

/* Converts times that are not plain uptimes of v9. */
static inline enum flow_times
convert_times(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *v)
{
	struct times w = { .export = (int64_t)msg->export_sec * 1000 };

	find_uptime(&w, t, msg, init_time, v);
	find_times(&w, t, SLOT_FORWARD, &v->forward);
	store_times(flow, &w);
	return (w.result);
}

/* Takes the decisions that depend on the values of the record. */
static void
decide(struct flow *flow, const struct tmpl *t, const struct ie_values *v)
{
	if ((t->steps & STEP_FAMILY) != 0)
		choose_addresses(flow, t, v);
	if ((t->steps & STEP_MASKS) != 0)
		choose_masks(flow, t, v);
	if ((t->steps & STEP_GATEWAY) != 0)
		choose_gateway(flow, &v->forward);
	if ((t->steps & STEP_FLAGS) != 0)
		choose_flags(flow, t, SLOT_FORWARD, &v->forward);
	if ((t->steps & STEP_PORTS) != 0)
		choose_ports(flow, t, v);
	if ((t->steps & STEP_PACKET) != 0)
		add_packet(flow, t, v);
}

enum flow_times
record_finish(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *v)
{
	enum flow_times result = FLOW_TIMES_GOOD, normal;

	if ((t->steps & ~STEP_TIMES) != 0)
		decide(flow, t, v);
	if ((t->steps & STEP_TIMES) != 0)
		result = convert_times(flow, t, msg, init_time, v);
	normal = flow_times_normalize(flow);
	return (normal > result ? normal : result);
}

static bool
needs_init_time(const struct tmpl *t, unsigned int slot)
{
	return ((HAS(t, slot + OF_START_UPTIME) && !HAS(t, slot + OF_START) &&
		    !HAS(t, slot + OF_START_DELTA)) ||
	    (HAS(t, slot + OF_END_UPTIME) && !HAS(t, slot + OF_END) &&
		!HAS(t, slot + OF_END_DELTA)));
}

bool
record_needs_init_time(const struct tmpl *t)
{
	return (!HAS(t, SLOT_INIT_TIME) &&
	    (needs_init_time(t, SLOT_FORWARD) ||
		needs_init_time(t, SLOT_REVERSE)));
}

uint32_t
record_uptime(const struct tmpl *t, const struct ie_values *v)
{
	if (HAS(t, FWD(END_UPTIME)))
		return (v->forward.end_uptime);
	if (HAS(t, FWD(START_UPTIME)))
		return (v->forward.start_uptime);
	return (
	    HAS(t, SLOT_REVERSE + OF_END_UPTIME) ? v->reverse.end_uptime : 0);
}

bool
record_has_header(const struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	struct flow copy;

	if (t->family != FAMILY_BOTH)
		return (any_set(flow->src.bytes, sizeof(flow->src.bytes)) ||
		    any_set(flow->dst.bytes, sizeof(flow->dst.bytes)));
	copy = *flow;
	choose_addresses(&copy, t, v);
	return (any_set(copy.src.bytes, sizeof(copy.src.bytes)) ||
	    any_set(copy.dst.bytes, sizeof(copy.dst.bytes)));
}

bool
record_is_one_flow(const struct tmpl *t)
{
	return (!t->variable && t->outer == NULL && !record_is_biflow(t));
}

bool
record_has_content(const struct flow *flow)
{
	return ((flow->fields &
		    (STORE_FIELD_SRCDST_ADDR | STORE_FIELD_OCTETS |
			STORE_FIELD_PACKETS)) != 0);
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

/* Exchanges the ends of the flow; the next hop was that of the other. */
static void
reverse_ends(struct flow *flow)
{
	const struct flow was = *flow;
	const struct addr none = { .family = ADDR_NONE };

	flow->src = was.dst;
	flow->dst = was.src;
	flow->fields &= ~(STORE_FIELD_SRCDST_ADDR | STORE_FIELD_GATEWAY_ADDR);
	flow->fields |= store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family);
	flow->gateway = none;
	flow->src_port = was.dst_port;
	flow->dst_port = was.src_port;
	flow->if_index_in = was.if_index_out;
	flow->if_index_out = was.if_index_in;
	flow->src_as = was.dst_as;
	flow->dst_as = was.src_as;
	flow->src_mask = was.dst_mask;
	flow->dst_mask = was.src_mask;
}

static void
reverse_gateway(struct flow *flow, const struct tmpl *t,
    const struct ie_direction *d)
{
	const bool four = HAS(t, SLOT_REVERSE + OF_GATEWAY4);
	const bool six = HAS(t, SLOT_REVERSE + OF_GATEWAY6);

	if (four && six) {
		choose_gateway(flow, d);
		return;
	}
	if (four)
		flow->gateway = addr_v4(d->gateway4);
	else if (six)
		flow->gateway = addr_v6(d->gateway6);
	flow->fields |=
	    store_addr_bit(STORE_FIELD_GATEWAY_ADDR, flow->gateway.family);
}

/* Protocol, flags and type of service; only the protocol is of both. */
static void
reverse_flags(struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	flow->tcp_flags = flow->tos = 0;
	if (!t->has_protocol && flow->protocol == 0)
		flow->fields &= ~STORE_FIELD_PROTO_FLAGS_TOS;
	if (HAS(t, SLOT_REV_TCP_FLAGS))
		flow->tcp_flags = v->rev_tcp_flags;
	else
		choose_flags(flow, t, SLOT_REVERSE, &v->reverse);
	if (HAS(t, SLOT_REV_TOS))
		flow->tos = v->rev_tos;
	if (flow->tcp_flags != 0 || HAS(t, SLOT_REV_TOS))
		flow->fields |= STORE_FIELD_PROTO_FLAGS_TOS;
}

static void
reverse_interfaces(struct flow *flow, const struct tmpl *t,
    const struct ie_values *v)
{
	const bool in = HAS(t, SLOT_REV_IF_IN), out = HAS(t, SLOT_REV_IF_OUT);

	flow->if_index_in = in ? v->rev_if_in : 0;
	flow->if_index_out = out ? v->rev_if_out : 0;
	flow->fields &= ~STORE_FIELD_IF_INDICES;
	if (in || out)
		flow->fields |= STORE_FIELD_IF_INDICES;
}

/*
 * The reply has another type and code, which the record may have.  Its ports are
 * the type and code of the forward direction, if anything.
 */
static void
reverse_icmp(struct flow *flow, const struct tmpl *t, const struct ie_values *v)
{
	if (!is_icmp(flow))
		return;
	flow->src_port = flow->dst_port = 0;
	flow->fields &= ~STORE_FIELD_SRCDST_PORT;
	(void)choose_icmp(flow, t, SLOT_REVERSE, &v->reverse);
}

/*
 * The record's times belong to the forward direction, unless that has no
 * traffic.
 */
static enum flow_times
reverse_times(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *v, bool alone)
{
	struct times w = { .export = (int64_t)msg->export_sec * 1000 };
	const bool told = slots_have_any(&t->slots,
	    SLOT_REVERSE + OF_START_UPTIME, OF_EVENT - OF_START_UPTIME + 1);

	flow->time_sec = msg->export_sec;
	flow->time_nanosec = 0;
	find_uptime(&w, t, msg, init_time, v);
	if (told)
		find_times(&w, t, SLOT_REVERSE, &v->reverse);
	else {
		find_times(&w, t, SLOT_FORWARD, &v->forward);
		if (HAS(t, SLOT_REV_DELAY) &&
		    v->rev_delay / 1000 <= (uint64_t)(w.end - w.start))
			w.start += (int64_t)(v->rev_delay / 1000);
	}
	store_times(flow, &w);
	if (!told && !alone && !HAS(t, SLOT_REV_DELAY)) {
		flow->flow_start = flow->flow_finish = 0;
		flow->fields &= ~STORE_FIELD_FLOW_TIMES;
		return (FLOW_TIMES_GOOD);
	}
	(void)flow_times_normalize(flow);
	return (w.result);
}

enum flow_times
record_reverse(struct flow *flow, const struct tmpl *t,
    const struct message_header *msg, uint64_t init_time,
    const struct ie_values *v)
{
	const bool alone = !record_has_forward(flow);

	reverse_ends(flow);
	set_counter(flow, STORE_FIELD_OCTETS, &flow->octets,
	    HAS(t, SLOT_REV_OCTETS), v->rev_octets);
	set_counter(flow, STORE_FIELD_PACKETS, &flow->packets,
	    HAS(t, SLOT_REV_PACKETS), v->rev_packets);
	reverse_icmp(flow, t, v);
	if (!t->own_reverse)
		return (FLOW_TIMES_GOOD);
	reverse_gateway(flow, t, &v->reverse);
	reverse_flags(flow, t, v);
	reverse_interfaces(flow, t, v);
	return (reverse_times(flow, t, msg, init_time, v, alone));
}
