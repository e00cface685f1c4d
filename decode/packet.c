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
#include <stdbool.h>
#include <string.h>

#include "decode/packet.h"

#define MAC_LEN    6 /* octets */
#define FRAMES_MAX 4 /* limits the recursion */

/* Types of Ethernet frames (IANA "IEEE 802 Numbers"). */
enum {
	ETHERTYPE_LENGTH_MAX = 1535, /* up to this it is the length of LLC */
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_UPSTREAM = 0x8848,
	ETHERTYPE_PPPOE = 0x8864, /* session stage */
	ETHERTYPE_SVLAN = 0x88a8,
	ETHERTYPE_BACKBONE = 0x88e7, /* IEEE 802.1Q, I-TAG */
	ETHERTYPE_QINQ = 0x9100,     /* before IEEE 802.1ad */
};

/* Protocols of PPP (RFC 1661). */
enum {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
};

enum {
	LLC_SNAP_LEN = 6, /* aa aa 03 and the organisation 0 */
	TCI_LEN = 2,      /* of a VLAN tag */
	ITAG_LEN = 4,
	PPPOE_LEN = 6, /* RFC 2516 section 4 */
	CONTROL_WORD_LEN = 4,
	MPLS_BOTTOM = 0x100, /* RFC 3032 section 2.1 */
};

enum {
	IP4_HEADER_WORDS = 5,
	IP4_TO_PROTOCOL = 10,  /* octets, with it */
	IP4_FRAGMENT = 0x1fff, /* offset, RFC 791 section 3.1 */
	IP6_HEADER_LEN = 40,
	IP6_FRAGMENT = 0xfff8, /* offset, RFC 8200 section 4.5 */
};

/* Next headers of IPv6 that are no upper layer. */
enum {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTHENTICATION = 51,
	NEXT_OPTIONS = 60,
	NEXT_MOBILITY = 135,
	NEXT_HIP = 139,
	NEXT_SHIM6 = 140,
};

enum {
	PROTOCOL_DCCP = 33,
	PROTOCOL_SCTP = 132,
	PROTOCOL_UDPLITE = 136,
	TCP_FLAGS_AT = 13, /* octets into the header, RFC 9293 */
};

static void decode_ethernet(struct packet *p, struct cursor c);

static void
decode_ports(struct packet *p, struct cursor c)
{
	if (cur_u16(&c, &p->src_port) == 0 && cur_u16(&c, &p->dst_port) == 0)
		p->values |= PACKET_PORTS;
}

static void
decode_tcp(struct packet *p, struct cursor c)
{
	decode_ports(p, c);
	if (cur_skip(&c, TCP_FLAGS_AT) == 0 && cur_u8(&c, &p->tcp_flags) == 0)
		p->values |= PACKET_TCP_FLAGS;
}

static void
decode_icmp(struct packet *p, struct cursor c)
{
	if (cur_u8(&c, &p->icmp_type) == 0 && cur_u8(&c, &p->icmp_code) == 0)
		p->values |= PACKET_ICMP;
}

static void
decode_transport(struct packet *p, struct cursor c)
{
	switch (p->protocol) {
	case IPPROTO_TCP:
		decode_tcp(p, c);
		break;
	case IPPROTO_UDP:
	case PROTOCOL_DCCP:
	case PROTOCOL_SCTP:
	case PROTOCOL_UDPLITE:
		decode_ports(p, c);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		decode_icmp(p, c);
		break;
	default:
		break;
	}
}

/* Octets after the packet's own length are padding of the link layer. */
static void
cut_padding(struct cursor *c, size_t len)
{
	if (cur_left(c) > len)
		(void)cur_truncate(c, len);
}

static void
set_protocol(struct packet *p, uint8_t protocol, struct cursor payload)
{
	p->protocol = protocol;
	p->payload = payload;
	p->values |= PACKET_PROTOCOL;
}

static int
read_address(struct packet *p, struct cursor *c, uint32_t value, size_t len)
{
	const uint8_t *bytes = cur_take(c, len);
	struct addr *addr = value == PACKET_SRC ? &p->src : &p->dst;

	if (bytes == NULL)
		return (FLOWD_ESHORT);
	*addr = len == 4 ? addr_v4(bytes) : addr_v6(bytes);
	p->values |= value;
	return (0);
}

/* Returns the length of the IPv4 header, or 0 if it is none. */
static size_t
begin_ipv4(struct packet *p, struct cursor *c)
{
	const size_t captured = cur_left(c);
	uint8_t first, tos;
	uint16_t total;

	if (cur_u8(c, &first) != 0 || first >> 4 != 4 ||
	    (first & 0xf) < IP4_HEADER_WORDS)
		return (0);
	if (cur_u8(c, &tos) == 0) {
		p->tos = tos;
		p->values |= PACKET_TOS;
	}
	if (cur_u16(c, &total) == 0 && total >= (first & 0xf) * 4) {
		p->octets = total;
		p->values |= PACKET_OCTETS;
		if (total < captured)
			cut_padding(c, total - (captured - cur_left(c)));
	}
	return ((size_t)(first & 0xf) * 4);
}

static void
decode_ipv4(struct packet *p, struct cursor c)
{
	struct cursor payload;
	uint16_t id, fragment, sum;
	uint8_t ttl, protocol;
	size_t len;

	if ((len = begin_ipv4(p, &c)) == 0 || cur_u16(&c, &id) != 0 ||
	    cur_u16(&c, &fragment) != 0 || cur_u8(&c, &ttl) != 0 ||
	    cur_u8(&c, &protocol) != 0)
		return;
	payload = c;
	if (cur_skip(&payload, len - IP4_TO_PROTOCOL) != 0)
		cur_init(&payload, cur_peek(&c), 0);
	set_protocol(p, protocol, payload);
	if (cur_u16(&c, &sum) != 0 || read_address(p, &c, PACKET_SRC, 4) != 0 ||
	    read_address(p, &c, PACKET_DST, 4) != 0)
		return;
	if ((fragment & IP4_FRAGMENT) == 0)
		decode_transport(p, payload);
	else
		p->values |= PACKET_LATER_FRAGMENT;
}

/*
 * Skips an extension header.  *next is its type, and then that of the header
 * after it.  1; 0 if *next is an upper layer; FLOWD_ESHORT.
 */
static int
skip_extension(struct cursor *c, uint8_t *next, bool *later_fragment)
{
	const uint8_t type = *next;
	uint16_t offset;
	uint8_t len;

	switch (type) {
	case NEXT_HOP_BY_HOP:
	case NEXT_ROUTING:
	case NEXT_FRAGMENT:
	case NEXT_AUTHENTICATION:
	case NEXT_OPTIONS:
	case NEXT_MOBILITY:
	case NEXT_HIP:
	case NEXT_SHIM6:
		break;
	default:
		return (0);
	}
	if (cur_u8(c, next) != 0 || cur_u8(c, &len) != 0)
		return (FLOWD_ESHORT);
	if (type == NEXT_FRAGMENT) {
		if (cur_u16(c, &offset) != 0 || cur_skip(c, 4) != 0)
			return (FLOWD_ESHORT);
		*later_fragment = (offset & IP6_FRAGMENT) != 0;
		return (1);
	}
	/* Units of 8 octets without the first; of 4 without two in AH. */
	return (cur_skip(c,
		    type == NEXT_AUTHENTICATION ? (size_t)(len + 2) * 4 - 2 :
						  (size_t)len * 8 + 6) == 0 ?
		1 :
		FLOWD_ESHORT);
}

/* After the last header that a later fragment has, there are only data. */
static void
decode_extensions(struct packet *p, struct cursor c, uint8_t next)
{
	bool later_fragment = false;
	int r;

	while ((r = skip_extension(&c, &next, &later_fragment)) == 1 &&
	    !later_fragment)
		;
	if (r < 0)
		return;
	set_protocol(p, next, c);
	if (later_fragment)
		p->values |= PACKET_LATER_FRAGMENT;
	else
		decode_transport(p, c);
}

static void
decode_ipv6(struct packet *p, struct cursor c)
{
	uint32_t first;
	uint16_t len;
	uint8_t next, hops;

	if (cur_u32(&c, &first) != 0 || first >> 28 != 6)
		return;
	p->tos = (uint8_t)(first >> 20);
	p->values |= PACKET_TOS;
	if (cur_u16(&c, &len) != 0)
		return;
	/* 0: a jumbogram, or the length is not known. */
	if (len != 0) {
		p->octets = IP6_HEADER_LEN + (uint32_t)len;
		p->values |= PACKET_OCTETS;
		cut_padding(&c, IP6_HEADER_LEN - 6 + (size_t)len);
	}
	if (cur_u8(&c, &next) != 0 || cur_u8(&c, &hops) != 0 ||
	    read_address(p, &c, PACKET_SRC, 16) != 0 ||
	    read_address(p, &c, PACKET_DST, 16) != 0)
		return;
	decode_extensions(p, c, next);
}

static void
decode_ip(struct packet *p, struct cursor c)
{
	const uint8_t *first = cur_peek(&c);

	if (cur_left(&c) == 0)
		return;
	if (*first >> 4 == 4)
		decode_ipv4(p, c);
	else if (*first >> 4 == 6)
		decode_ipv6(p, c);
}

/*
 * The first octet after the labels tells IP from a pseudowire with a control
 * word (RFC 4928).  Other payloads are not decoded.
 */
static void
decode_mpls(struct packet *p, struct cursor c)
{
	uint32_t label;

	do {
		if (cur_u32(&c, &label) != 0)
			return;
	} while ((label & MPLS_BOTTOM) == 0);
	if (cur_left(&c) == 0)
		return;
	if (*cur_peek(&c) >> 4 != 0)
		decode_ip(p, c);
	else if (cur_skip(&c, CONTROL_WORD_LEN) == 0)
		decode_ethernet(p, c);
}

static void
decode_pppoe(struct packet *p, struct cursor c)
{
	uint16_t protocol;

	if (cur_skip(&c, PPPOE_LEN) != 0 || cur_u16(&c, &protocol) != 0)
		return;
	if (protocol == PPP_IPV4 || protocol == PPP_IPV6)
		decode_ip(p, c);
	else if (protocol == PPP_MPLS)
		decode_mpls(p, c);
}

/* Replaces the length of an LLC header by the type after it. */
static int
skip_llc(struct cursor *c, uint16_t *type)
{
	static const uint8_t snap[LLC_SNAP_LEN] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	const uint8_t *llc;

	cut_padding(c, *type);
	if ((llc = cur_take(c, sizeof(snap))) == NULL ||
	    memcmp(llc, snap, sizeof(snap)) != 0)
		return (FLOWD_EINVAL);
	return (cur_u16(c, type));
}

/* Decodes the payload of a frame with this type. */
static void
decode_type(struct packet *p, struct cursor c, uint16_t type)
{
	while (type == ETHERTYPE_VLAN || type == ETHERTYPE_SVLAN ||
	    type == ETHERTYPE_QINQ) {
		if (cur_skip(&c, TCI_LEN) != 0 || cur_u16(&c, &type) != 0)
			return;
	}
	if (type <= ETHERTYPE_LENGTH_MAX && skip_llc(&c, &type) != 0)
		return;
	switch (type) {
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
		decode_ip(p, c);
		break;
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
		decode_mpls(p, c);
		break;
	case ETHERTYPE_PPPOE:
		decode_pppoe(p, c);
		break;
	case ETHERTYPE_BACKBONE:
		if (cur_skip(&c, ITAG_LEN) == 0)
			decode_ethernet(p, c);
		break;
	default:
		break;
	}
}

static void
decode_ethernet(struct packet *p, struct cursor c)
{
	uint16_t type;

	if (p->frames++ == FRAMES_MAX)
		return;
	if (cur_skip(&c, 2 * MAC_LEN) == 0 && cur_u16(&c, &type) == 0)
		decode_type(p, c, type);
}

void
packet_decode(struct packet *p, enum packet_begin begin, const uint8_t *data,
    size_t len)
{
	struct cursor c;

	memset(p, 0, sizeof(*p));
	cur_init(&p->payload, data, 0);
	cur_init(&c, data, len);
	switch (begin) {
	case PACKET_ETHERNET:
		decode_ethernet(p, c);
		break;
	case PACKET_MPLS:
		decode_mpls(p, c);
		break;
	case PACKET_IP:
		decode_ip(p, c);
		break;
	}
}

void
packet_decode_transport(struct packet *p, const uint8_t *data, size_t len)
{
	struct cursor c;

	cur_init(&c, data, len);
	decode_transport(p, c);
}
