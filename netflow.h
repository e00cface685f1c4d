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
 * NetFlow on the wire: versions, sizes and offsets.  Code reads and writes
 * datagrams through cursor.h; no structure is cast onto them.
 */
#ifndef NETFLOW_H
#define NETFLOW_H

/*
 * The version is the first 16 bits of every datagram.  1, 5 and 7: Cisco,
 * "NetFlow Export Datagram Format"; 9: RFC 3954 section 5.1; 10 is IPFIX:
 * RFC 7011 section 3.1.
 */
#define NF_VERSION_LEN   2
#define NF_VERSION_1     1
#define NF_VERSION_5     5
#define NF_VERSION_7     7
#define NF_VERSION_9     9
#define NF_VERSION_IPFIX 10

/* sFlow begins with a version of 32 bits: 2 and 4 (RFC 3176), or 5. */
#define SFLOW_VERSION_2 2
#define SFLOW_VERSION_4 4
#define SFLOW_VERSION_5 5

/* The largest payload of a UDP datagram (RFC 768), without jumbograms. */
#define NF_DATAGRAM_MAX 65535

/*
 * Headers of the versions with a fixed layout: version u16, count u16,
 * sys_uptime_ms u32, time_sec u32, time_nanosec u32, and then
 *   v5: flow_sequence u32, engine_type u8, engine_id u8, sampling u16;
 *   v7: flow_sequence u32, reserved u32.
 */
#define NF1_HEADER_LEN 16
#define NF5_HEADER_LEN 24
#define NF7_HEADER_LEN 24

#define NF_HEADER_COUNT        2
#define NF_HEADER_UPTIME       4
#define NF_HEADER_SEC          8
#define NF_HEADER_NSEC         12
#define NF_HEADER_SEQUENCE     16
#define NF5_HEADER_ENGINE_TYPE 20
#define NF5_HEADER_ENGINE_ID   21
#define NF5_HEADER_SAMPLING    22

/* v5 sampling: mode in the top 2 bits, interval (1 of N packets) below. */
#define NF5_SAMPLING_MODE_SHIFT 14
#define NF5_SAMPLING_INTERVAL   0x3fff

#define NF1_RECORD_LEN 48
#define NF5_RECORD_LEN 48
#define NF7_RECORD_LEN 52

/*
 * Records in a datagram.  Cisco limits v1 to 24, v5 to 30 and v7 to 28.  flowd
 * accepts more if the length matches: softflowd sends 30 of v1, and others send
 * more than 30 of v5.  flow-send keeps to the limit of v5.
 */
#define NF5_RECORDS_MAX 30

/*
 * v9, RFC 3954 section 5.1: version u16, count u16, sys_uptime_ms u32,
 * time_sec u32, sequence u32 (of datagrams), source_id u32.
 * IPFIX, RFC 7011 section 3.1: version u16, length u16 (octets of the whole
 * message), time_sec u32, sequence u32 (of data records), domain u32.
 */
#define NF9_HEADER_LEN   20
#define IPFIX_HEADER_LEN 16

/* A set: id u16, length u16 with this header (3954 5.2, 7011 3.3.2). */
#define NF_SET_HEADER_LEN  4
#define NF_SET_DATA_MIN    256 /* the smallest id of data and templates */
#define NF9_SET_TEMPLATE   0
#define NF9_SET_OPTIONS    1
#define IPFIX_SET_TEMPLATE 2
#define IPFIX_SET_OPTIONS  3

/* The top bit of a field's id: an enterprise number follows (7011 3.2). */
#define IPFIX_ENTERPRISE_BIT 0x8000

/* Octets of one field specifier, without enterprise number. */
#define NF_FIELD_SPEC_LEN 4

/* Scope types of v9 options (RFC 3954 section 6.1). */
#define NF9_SCOPE_INTERFACE 2
#define NF9_SCOPE_LINE_CARD 3
#define NF9_SCOPE_TEMPLATE  5

/* Information elements that code refers to. */
#define IE_INGRESS_INTERFACE 10
#define IE_LINE_CARD         141
#define IE_TEMPLATE_ID       145
#define IE_SELECTOR_ID       302

#endif
