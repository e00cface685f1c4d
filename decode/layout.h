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
 * The record layouts of NetFlow v1, v5 and v7: offsets in bytes from the start
 * of a record (Cisco, "NetFlow Export Datagram Format").  The decoder and the
 * generator of flow-send use these tables.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "netflow.h"

struct layout {
	uint16_t version;
	uint16_t records_max; /* that flow-send puts into a datagram */
	size_t header_len, record_len;
	uint8_t has_sequence; /* the header has NF_HEADER_SEQUENCE */
	uint8_t has_engine;   /* the header has engine and sampling */
	uint8_t has_as;       /* AS numbers and prefix lengths */

	/* The same in all three. */
	uint8_t src, dst, gateway;            /* 4 bytes each */
	uint8_t if_in, if_out;                /* u16 */
	uint8_t packets, octets, first, last; /* u32 */
	uint8_t src_port, dst_port;           /* u16 */
	/* Different in each. */
	uint8_t tcp_flags, protocol, tos; /* u8 */
	uint8_t src_as, dst_as;           /* u16, with has_as */
	uint8_t src_mask, dst_mask;       /* u8, with has_as */
};

/* clang-format off */
#define LAYOUT_COMMON						\
	.src = 0, .dst = 4, .gateway = 8, .if_in = 12, .if_out = 14,	\
	.packets = 16, .octets = 20, .first = 24, .last = 28,		\
	.src_port = 32, .dst_port = 34

static const struct layout layout_v1 = {
	.version = NF_VERSION_1, .records_max = UINT16_MAX,
	.header_len = NF1_HEADER_LEN, .record_len = NF1_RECORD_LEN,
	LAYOUT_COMMON, .protocol = 38, .tos = 39, .tcp_flags = 40,
};

static const struct layout layout_v5 = {
	.version = NF_VERSION_5, .records_max = NF5_RECORDS_MAX,
	.header_len = NF5_HEADER_LEN, .record_len = NF5_RECORD_LEN,
	.has_sequence = 1, .has_engine = 1, .has_as = 1,
	LAYOUT_COMMON, .tcp_flags = 37, .protocol = 38, .tos = 39,
	.src_as = 40, .dst_as = 42, .src_mask = 44, .dst_mask = 45,
};

static const struct layout layout_v7 = {
	.version = NF_VERSION_7, .records_max = UINT16_MAX,
	.header_len = NF7_HEADER_LEN, .record_len = NF7_RECORD_LEN,
	.has_sequence = 1, .has_as = 1,
	LAYOUT_COMMON, .tcp_flags = 37, .protocol = 38, .tos = 39,
	.src_as = 40, .dst_as = 42, .src_mask = 44, .dst_mask = 45,
};
/* clang-format on */

#endif
