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
 * Decodes the headers of a packet that an exporter sent as octets.  The packet
 * may be truncated at any octet: the result has the values before that.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "lib/cursor.h"

/* What the octets begin with. */
enum packet_begin {
	PACKET_ETHERNET, /* destination address */
	PACKET_MPLS,     /* a label stack entry */
	PACKET_IP,       /* IPv4 or IPv6 */
};

/* The values that a packet has. */
enum packet_value {
	PACKET_SRC = 1,
	PACKET_DST = 2,
	PACKET_PROTOCOL = 4, /* after the extension headers of IPv6 */
	PACKET_TOS = 8,
	PACKET_OCTETS = 16, /* length of the IP packet, with its header */
	PACKET_PORTS = 32,
	PACKET_TCP_FLAGS = 64,
	PACKET_ICMP = 128,
	PACKET_LATER_FRAGMENT = 256, /* without the header after that of IP */
};

struct packet {
	uint32_t values; /* enum packet_value */
	struct addr src, dst;
	uint8_t protocol, tos;
	uint32_t octets;
	uint16_t src_port, dst_port;
	uint8_t tcp_flags, icmp_type, icmp_code;
	uint8_t frames; /* headers of Ethernet, one in the other */
	/*
	 * The octets after the headers of IP: the header of protocol, unless
	 * they are a later fragment.  Empty without PACKET_PROTOCOL.
	 */
	struct cursor payload;
};

/*
 * Decodes the outermost IP header and the one after it.  Before it, VLAN tags,
 * PPPoE, provider backbone bridges and MPLS are skipped.
 */
void packet_decode(struct packet *packet, enum packet_begin begin,
    const uint8_t *data, size_t len);

/* Decodes the header of packet->protocol at the front of data. */
void packet_decode_transport(struct packet *packet, const uint8_t *data,
    size_t len);

#endif
