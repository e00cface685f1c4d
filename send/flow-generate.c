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

#include <stdbool.h>
#include <string.h>

#include "decode/layout.h"
#include "lib/cursor.h"
#include "netflow.h"
#include "send/flow-generate.h"
#include "send/flow-message.h"

#define UDP_PAYLOAD_MAX 65507 /* bytes over IPv4 */
#define FRAME_PAYLOAD   1452  /* bytes over IPv6 and Ethernet */
#define PROTO_ICMP      1

static const struct version {
	const struct layout *layout;
	uint16_t usual; /* flows, in one Ethernet frame */
} versions[] = {
	{ &layout_v1, 24 },
	{ &layout_v5, 30 },
	{ &layout_v7, 27 },
};

/* Kinds of traffic, with the bounds of random counters and durations. */
static const struct service {
	uint8_t weight;
	uint8_t protocol;
	uint8_t tcp_flags, tos;
	uint16_t port;           /* of the server; ICMP: type, code */
	uint16_t packet_len_max; /* bytes, at least 40 */
	uint32_t packets_max;
	uint32_t duration_max_ms;
} services[] = {
	{ 40, 6, 0x1b, 0x00, 443, 1500, 4000, 60000 },        /* https */
	{ 12, 6, 0x1b, 0x00, 80, 1500, 500, 15000 },          /* http */
	{ 12, 17, 0x00, 0x00, 443, 1350, 2000, 60000 },       /* QUIC */
	{ 20, 17, 0x00, 0x00, 53, 512, 2, 400 },              /* DNS */
	{ 4, 17, 0x00, 0xb8, 123, 77, 1, 1 },                 /* NTP */
	{ 3, 6, 0x1a, 0x10, 22, 600, 20000, 1800000 },        /* SSH */
	{ 3, 6, 0x1b, 0x00, 25, 1500, 80, 20000 },            /* mail */
	{ 3, PROTO_ICMP, 0x00, 0x00, 0x0800, 85, 10, 10000 }, /* ping */
	{ 2, 6, 0x02, 0x00, 23, 41, 1, 1 },                   /* a scan */
	{ 1, 6, 0x18, 0xc0, 179, 120, 30, 1800000 },          /* BGP */
};

/* TEST-NET-1 is the own network; 2 and 3 are the others (RFC 5737). */
static const uint8_t home_net[4] = { 192, 0, 2, 0 };
static const uint8_t world_nets[2][4] = {
	{ 198, 51, 100, 0 },
	{ 203, 0, 113, 0 },
};
/* In IPv6 these are 2001:db8:0:N::/64, N their third byte (RFC 3849). */
static const uint8_t nets6[4] = { 0x20, 0x01, 0x0d, 0xb8 };
#define HOME_AS   64496 /* RFC 5398 */
#define NET_MASK  24
#define NET6_MASK 64

/* The sample: the traffic of a small office in a few minutes. */
#define V1 NF_VERSION_1
#define V5 NF_VERSION_5
#define V7 NF_VERSION_7
static const struct sample {
	uint16_t version;
	uint8_t protocol, tcp_flags, tos;
	uint8_t src[4], dst[4];
	uint16_t src_port, dst_port;
	uint32_t packets, octets;
	uint32_t ago_ms, duration_ms; /* end before export; length */
} samples[] = {
	/* clang-format off */
	/* A DNS query, and the web page. */
	{ V5, 17, 0x00, 0x00, { 192, 0, 2, 10 }, { 198, 51, 100, 53 },
	  40053, 53, 1, 72, 9200, 0 },
	{ V5, 17, 0x00, 0x00, { 198, 51, 100, 53 }, { 192, 0, 2, 10 },
	  53, 40053, 1, 184, 9180, 0 },
	{ V5, 6, 0x1b, 0x00, { 192, 0, 2, 10 }, { 203, 0, 113, 80 },
	  51820, 443, 48, 6270, 1140, 8020 },
	{ V5, 6, 0x1b, 0x00, { 203, 0, 113, 80 }, { 192, 0, 2, 10 },
	  443, 51820, 81, 104338, 1120, 8020 },
	/* An ssh session of half an hour. */
	{ V5, 6, 0x1a, 0x10, { 192, 0, 2, 22 }, { 198, 51, 100, 22 },
	  60022, 22, 2307, 171864, 400, 1799200 },
	/* NTP and a ping; the port of an echo request is type and code. */
	{ V7, 17, 0x00, 0xb8, { 192, 0, 2, 1 }, { 203, 0, 113, 123 },
	  123, 123, 1, 76, 30512, 0 },
	{ V7, 17, 0x00, 0xb8, { 203, 0, 113, 123 }, { 192, 0, 2, 1 },
	  123, 123, 1, 76, 30489, 0 },
	{ V7, 1, 0x00, 0x00, { 192, 0, 2, 10 }, { 198, 51, 100, 1 },
	  0, 0x0800, 5, 420, 15004, 4006 },
	{ V7, 1, 0x00, 0x00, { 198, 51, 100, 1 }, { 192, 0, 2, 10 },
	  0, 0x0000, 5, 420, 14991, 4006 },
	/* An incoming mail, and a scan for telnet. */
	{ V1, 6, 0x1b, 0x00, { 203, 0, 113, 25 }, { 192, 0, 2, 25 },
	  38614, 25, 22, 14310, 5070, 1630 },
	{ V1, 6, 0x1b, 0x00, { 192, 0, 2, 25 }, { 203, 0, 113, 25 },
	  25, 38614, 19, 1422, 5050, 1630 },
	{ V1, 6, 0x02, 0x00, { 203, 0, 113, 66 }, { 192, 0, 2, 25 },
	  44123, 23, 1, 40, 2750, 0 },
	/* clang-format on */
};
#define NSAMPLES (sizeof(samples) / sizeof(samples[0]))
_Static_assert(NSAMPLES == GENERATE_SAMPLE_FLOWS, "flow-generate.h says so");

static const uint16_t sample_parts[] = { V5, V7, V1 };

static const struct version *
version_find(uint16_t version)
{
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (versions[i].layout->version == version)
			return (&versions[i]);
	}
	return (NULL);
}

bool
generate_has_templates(uint16_t version)
{
	return (version == NF_VERSION_9 || version == NF_VERSION_IPFIX);
}

size_t
generate_usual(const struct generator *gen)
{
	const struct version *v = version_find(gen->version);

	if (generate_has_templates(gen->version))
		return (message_fits(gen, FRAME_PAYLOAD));
	return (v == NULL ? 0 : v->usual);
}

size_t
generate_most(const struct generator *gen)
{
	const struct version *v = version_find(gen->version);
	size_t fit;

	if (generate_has_templates(gen->version))
		return (message_fits(gen, UDP_PAYLOAD_MAX));
	if (v == NULL)
		return (0);
	fit = (UDP_PAYLOAD_MAX - v->layout->header_len) / v->layout->record_len;
	return (fit < v->layout->records_max ? fit : v->layout->records_max);
}

/*
 * SplitMix64, by Steele, Lea and Flood ("Fast splittable pseudorandom number
 * generators", 2014): small, with the same results on all machines.
 */
static uint64_t
random_next(struct generator *gen)
{
	uint64_t z;

	gen->random += 0x9e3779b97f4a7c15ULL;
	z = gen->random;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31));
}

/* Returns a number from 0 to bound - 1; bound is at least 1. */
static uint32_t
random_below(struct generator *gen, uint32_t bound)
{
	return ((uint32_t)((random_next(gen) >> 32) * bound >> 32));
}

/* Returns a number from 1 to max; small ones are more frequent. */
static uint32_t
random_size(struct generator *gen, uint32_t max)
{
	return (1 + random_below(gen, 1 + random_below(gen, max)));
}

static const struct service *
random_service(struct generator *gen)
{
	uint32_t sum = 0, n;
	size_t i;

	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		sum += services[i].weight;
	n = random_below(gen, sum);
	for (i = 0; n >= services[i].weight; i++)
		n -= services[i].weight;
	return (&services[i]);
}

static struct addr
host(const struct generator *gen, const uint8_t net[4], uint8_t number)
{
	uint8_t bytes[16] = { 0 };

	if (gen->ipv6) {
		memcpy(bytes, nets6, sizeof(nets6));
		bytes[7] = net[2];
		bytes[15] = number;
		return (addr_v6(bytes));
	}
	memcpy(bytes, net, 3);
	bytes[3] = number;
	return (addr_v4(bytes));
}

/* Returns a host from 1 to 254 of the net. */
static struct addr
random_host(struct generator *gen, const uint8_t net[4])
{
	return (host(gen, net, (uint8_t)(1 + random_below(gen, 254))));
}

/* Returns the router, .254 of the net of dst. */
static struct addr
gateway_of(const struct addr *dst)
{
	struct addr gateway = *dst;

	gateway.bytes[addr_bits(dst->family) / 8 - 1] = 254;
	return (gateway);
}

/* Returns the fields of flows of the version. */
static uint32_t
fields_of(const struct generator *gen)
{
	const struct version *v = version_find(gen->version);
	uint32_t fields = STORE_FIELD_PROTO_FLAGS_TOS |
	    STORE_FIELD_SRCDST_PORT | STORE_FIELD_PACKETS | STORE_FIELD_OCTETS |
	    STORE_FIELD_IF_INDICES | STORE_FIELD_AGENT_INFO |
	    STORE_FIELD_FLOW_TIMES;

	fields |= gen->ipv6 ? STORE_FIELD_SRC_ADDR6 | STORE_FIELD_DST_ADDR6 |
		STORE_FIELD_GATEWAY_ADDR6 :
			      STORE_FIELD_SRC_ADDR4 | STORE_FIELD_DST_ADDR4 |
		STORE_FIELD_GATEWAY_ADDR4;
	if (v == NULL || v->layout->has_as)
		fields |= STORE_FIELD_AS_INFO;
	if (v == NULL || v->layout->has_sequence)
		fields |= STORE_FIELD_FLOW_ENGINE_INFO;
	return (fields);
}

/* Sets the members that all flows of a datagram share. */
static void
flow_begin(const struct generator *gen, struct flow *flow)
{
	const struct version *v = version_find(gen->version);

	memset(flow, 0, sizeof(*flow));
	flow->fields = fields_of(gen);
	flow->netflow_version = gen->version;
	flow->sys_uptime_ms = gen->sys_uptime_ms;
	flow->time_sec = gen->time_sec;
	flow->time_nanosec = gen->time_nanosec;
	if ((flow->fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0)
		flow->flow_sequence = gen->sequence;
	if (v != NULL && v->layout->has_engine) {
		flow->engine_type = gen->engine_type;
		flow->engine_id = gen->engine_id;
	}
}

/* Sets interfaces and, with AS_INFO, routing.  outward: to another network. */
static void
flow_route(struct flow *flow, bool outward, uint16_t world_as)
{
	flow->gateway = gateway_of(&flow->dst);
	flow->if_index_in = outward ? 1 : 2;
	flow->if_index_out = outward ? 2 : 1;
	if ((flow->fields & STORE_FIELD_AS_INFO) == 0)
		return;
	flow->src_as = outward ? HOME_AS : world_as;
	flow->dst_as = outward ? world_as : HOME_AS;
	flow->src_mask = flow->dst_mask =
	    flow->src.family == ADDR_V6 ? NET6_MASK : NET_MASK;
}

/*
 * The flow ended ago ms before the export and lasted duration ms.  Both are
 * limited to the uptime of the exporter.
 */
static void
flow_times(struct flow *flow, uint32_t ago, uint32_t duration)
{
	uint32_t up = flow->sys_uptime_ms;

	flow->flow_finish = ago < up ? up - ago : 0;
	flow->flow_start =
	    duration < flow->flow_finish ? flow->flow_finish - duration : 0;
}

void
generate_flow(struct generator *gen, struct flow *flow)
{
	const struct service *s = random_service(gen);
	const uint32_t world = random_below(gen, 2);
	const bool outward = random_below(gen, 2) == 0;
	struct addr home, server;
	uint16_t port;
	uint32_t ago;

	flow_begin(gen, flow);
	flow->protocol = s->protocol;
	flow->tcp_flags = s->tcp_flags;
	flow->tos = s->tos;
	home = random_host(gen, home_net);
	server = random_host(gen, world_nets[world]);
	flow->src = outward ? home : server;
	flow->dst = outward ? server : home;
	port = (uint16_t)(32768 + random_below(gen, 28232));
	flow->src_port = outward ? port : s->port;
	flow->dst_port = outward ? s->port : port;
	if (s->protocol == PROTO_ICMP) {
		flow->src_port = 0;
		flow->dst_port = s->port;
	}
	flow->packets = random_size(gen, s->packets_max);
	flow->octets =
	    flow->packets * (40 + random_below(gen, s->packet_len_max - 39U));
	ago = random_below(gen, 60000);
	flow_times(flow, ago, random_below(gen, s->duration_max_ms));
	flow_route(flow, outward, (uint16_t)(HOME_AS + 1 + world));
}

static void
flow_from_sample(const struct generator *gen, const struct sample *s,
    struct flow *flow)
{
	const bool outward = memcmp(s->src, home_net, 3) == 0;
	const uint8_t *far = outward ? s->dst : s->src;

	flow_begin(gen, flow);
	flow->protocol = s->protocol;
	flow->tcp_flags = s->tcp_flags;
	flow->tos = s->tos;
	flow->src = addr_v4(s->src);
	flow->dst = addr_v4(s->dst);
	flow->src_port = s->src_port;
	flow->dst_port = s->dst_port;
	flow->packets = s->packets;
	flow->octets = s->octets;
	flow_times(flow, s->ago_ms, s->duration_ms);
	flow_route(flow, outward,
	    (uint16_t)(HOME_AS + 1 +
		(memcmp(far, world_nets[0], 3) == 0 ? 0 : 1)));
}

size_t
generate_sample(struct generator *gen, size_t part,
    struct flow flows[GENERATE_SAMPLE_FLOWS])
{
	size_t i, n = 0;

	if (part >= sizeof(sample_parts) / sizeof(sample_parts[0]))
		return (0);
	gen->version = sample_parts[part];
	for (i = 0; i < NSAMPLES; i++) {
		if (samples[i].version == gen->version)
			flow_from_sample(gen, &samples[i], &flows[n++]);
	}
	return (n);
}

/* Writes a number of 1, 2 or 4 octets; FLOWD_EINVAL if it is too large. */
static int
put(uint8_t *record, size_t off, size_t width, uint64_t value)
{
	if (value >> (width * 8) != 0)
		return (FLOWD_EINVAL);
	if (width == 1)
		record[off] = (uint8_t)value;
	else if (width == 2)
		be16_put(record + off, (uint16_t)value);
	else
		be32_put(record + off, (uint32_t)value);
	return (0);
}

/* An absent address is zero on the wire. */
static int
put_addr(uint8_t *record, size_t off, const struct addr *addr)
{
	if (addr->family != ADDR_V4 && addr->family != ADDR_NONE)
		return (FLOWD_EINVAL);
	return (put(record, off, 4, be32(addr->bytes)));
}

static int
put_routing(const struct layout *l, uint8_t *record, const struct flow *flow)
{
	int r;

	if ((r = put(record, l->src_as, 2, flow->src_as)) != 0 ||
	    (r = put(record, l->dst_as, 2, flow->dst_as)) != 0 ||
	    (r = put(record, l->src_mask, 1, flow->src_mask)) != 0 ||
	    (r = put(record, l->dst_mask, 1, flow->dst_mask)) != 0)
		return (r);
	return (0);
}

static int
put_record(const struct layout *l, uint8_t *record, const struct flow *flow)
{
	int r;

	if ((r = put_addr(record, l->src, &flow->src)) != 0 ||
	    (r = put_addr(record, l->dst, &flow->dst)) != 0 ||
	    (r = put_addr(record, l->gateway, &flow->gateway)) != 0 ||
	    (r = put(record, l->if_in, 2, flow->if_index_in)) != 0 ||
	    (r = put(record, l->if_out, 2, flow->if_index_out)) != 0 ||
	    (r = put(record, l->packets, 4, flow->packets)) != 0 ||
	    (r = put(record, l->octets, 4, flow->octets)) != 0 ||
	    (r = put(record, l->first, 4, flow->flow_start)) != 0 ||
	    (r = put(record, l->last, 4, flow->flow_finish)) != 0 ||
	    (r = put(record, l->src_port, 2, flow->src_port)) != 0 ||
	    (r = put(record, l->dst_port, 2, flow->dst_port)) != 0 ||
	    (r = put(record, l->tcp_flags, 1, flow->tcp_flags)) != 0 ||
	    (r = put(record, l->protocol, 1, flow->protocol)) != 0 ||
	    (r = put(record, l->tos, 1, flow->tos)) != 0)
		return (r);
	return (l->has_as ? put_routing(l, record, flow) : 0);
}

int
generate_stamp(const struct generator *gen, uint8_t *buf, size_t len)
{
	const struct version *v = version_find(gen->version);
	const struct layout *l;
	int r;

	if (generate_has_templates(gen->version))
		return (message_stamp(gen, buf, len));
	if (v == NULL)
		return (FLOWD_EVERSION);
	l = v->layout;
	if (len < l->header_len)
		return (FLOWD_ESPACE);
	if ((r = put(buf, 0, 2, gen->version)) != 0 ||
	    (r = put(buf, NF_HEADER_UPTIME, 4, gen->sys_uptime_ms)) != 0 ||
	    (r = put(buf, NF_HEADER_SEC, 4, gen->time_sec)) != 0 ||
	    (r = put(buf, NF_HEADER_NSEC, 4, gen->time_nanosec)) != 0)
		return (r);
	if (l->has_sequence &&
	    (r = put(buf, NF_HEADER_SEQUENCE, 4, gen->sequence)) != 0)
		return (r);
	if (!l->has_engine)
		return (0);
	if ((r = put(buf, NF5_HEADER_ENGINE_TYPE, 1, gen->engine_type)) != 0 ||
	    (r = put(buf, NF5_HEADER_ENGINE_ID, 1, gen->engine_id)) != 0 ||
	    (r = put(buf, NF5_HEADER_SAMPLING, 2, gen->sampling)) != 0)
		return (r);
	return (0);
}

static int
generate_fixed(const struct generator *gen, const struct flow *flows, size_t n,
    uint8_t *buf, size_t size, size_t *len)
{
	const struct version *v = version_find(gen->version);
	const struct layout *l;
	uint8_t *record;
	struct wcursor w;
	size_t i;
	int r;

	*len = 0;
	if (v == NULL)
		return (FLOWD_EVERSION);
	l = v->layout;
	if (n > l->records_max)
		return (FLOWD_ESPACE);
	wcur_init(&w, buf, size);
	if (wcur_zero(&w, l->header_len + n * l->record_len) != 0)
		return (FLOWD_ESPACE);
	size = wcur_len(&w);
	wcur_init(&w, buf, size);
	if (wcur_skip(&w, l->header_len) != 0)
		return (FLOWD_ESPACE);
	if ((r = put(buf, NF_HEADER_COUNT, 2, n)) != 0 ||
	    (r = generate_stamp(gen, buf, size)) != 0)
		return (r);
	for (i = 0; i < n; i++) {
		if ((record = wcur_take(&w, l->record_len)) == NULL)
			return (FLOWD_ESPACE);
		if ((r = put_record(l, record, &flows[i])) != 0)
			return (r);
	}
	*len = size;
	return (0);
}

uint32_t
generate_sequence(uint16_t version, uint64_t datagrams, uint64_t flows)
{
	return ((uint32_t)(version == NF_VERSION_9 ? datagrams : flows));
}

int
generate_datagram(struct generator *gen, const struct flow *flows, size_t n,
    uint8_t *buf, size_t size, size_t *len)
{
	int r;

	r = generate_has_templates(gen->version) ?
	    message_data(gen, flows, n, buf, size, len) :
	    generate_fixed(gen, flows, n, buf, size, len);
	if (r == 0)
		gen->sequence += generate_sequence(gen->version, 1, n);
	return (r);
}

int
generate_templates(struct generator *gen, size_t n, uint8_t *buf, size_t size,
    size_t *len)
{
	int r;

	if (!generate_has_templates(gen->version))
		return (FLOWD_EVERSION);
	if ((r = message_templates(gen, n, buf, size, len)) == 0)
		gen->sequence += generate_sequence(gen->version, 1, 0);
	return (r);
}
