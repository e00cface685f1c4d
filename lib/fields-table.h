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
 * The table of members.  Only files that walk it in their innermost loop
 * include it, so that the compiler can turn the walk into straight code; all
 * others call field_member().
 *
 * The rows are in the order of text and JSON, field by field in the order of
 * the bits.  Inside a field, at has the order on disk.
 */
#ifndef FIELDS_TABLE_H
#define FIELDS_TABLE_H

#include "lib/fields.h"

/* clang-format off */
#define MEMBER(field_, member_, at_, name_)				\
	.field = STORE_FIELD_##field_,					\
	.offset = offsetof(struct flow, member_),			\
	.size = sizeof(((struct flow *)NULL)->member_),			\
	.at = (at_),							\
	.width = sizeof(((struct flow *)NULL)->member_),		\
	.name = (name_)
#define ADDR(field_, member_, name_)					\
	.type = MEMBER_ADDR,						\
	.field = STORE_FIELD_##field_,					\
	.offset = offsetof(struct flow, member_),			\
	.size = sizeof(struct addr),					\
	.width = 4,							\
	.name = (name_)
#define ALIAS(field_, member_)						\
	MEMBER(field_, member_, 0, NULL),				\
	.type = MEMBER_ALIAS
#define ZERO(field_, at_, width_)					\
	.type = MEMBER_ZERO,						\
	.field = STORE_FIELD_##field_,					\
	.at = (at_),							\
	.width = (width_)
#define TEXT(show, label)	.text = { SHOW_##show, label }
#define WITH(member)		.with = offsetof(struct flow, member)
#define WITH_PORT(member)						\
	WITH(member),							\
	.port = STORE_FIELD_SRCDST_PORT
#define ELEMENTS(...)	.elements = { __VA_ARGS__ }
#define CSV(column, label)	.csv_column = (column), .csv = (label)
#define JSON(key)		.json = { SHOW_NUMBER, "\"" key "\":" }
#define JSON_AS(show, key)	.json = { SHOW_##show, "\"" key "\":\"" }

static const struct member members[] = {
	{ MEMBER(TAG, tag, 0, "tag"),
	  TEXT(NUMBER, "tag "), JSON("tag"),
	  .doc = "set by a filter rule" },

	{ MEMBER(RECV_TIME, recv_sec, 0, "recv_sec"), WITH(recv_usec),
	  TEXT(TIME_USEC, "recv_time "), JSON_AS(TIME_USEC, "recv_time"),
	  .doc = "time of receipt, seconds since the epoch" },
	{ MEMBER(RECV_TIME, recv_usec, 4, "recv_usec"),
	  .doc = "its microseconds" },

	{ MEMBER(PROTO_FLAGS_TOS, protocol, 1, "protocol"),
	  TEXT(NUMBER, "proto "), CSV(18, "prot"), JSON("protocol"),
	  ELEMENTS({ 4, "protocolIdentifier" },
	    { 193, "nextHeaderIPv6" }),
	  .doc = "IP protocol" },
	{ MEMBER(PROTO_FLAGS_TOS, tcp_flags, 0, "tcp_flags"),
	  TEXT(HEX2, "tcpflags "), CSV(20, "tcp_flags"), JSON("tcp_flags"),
	  ELEMENTS({ 6, "tcpControlBits" }),
	  .doc = "all TCP flags seen" },
	{ MEMBER(PROTO_FLAGS_TOS, tos, 2, "tos"),
	  TEXT(HEX2, "tos "), CSV(19, "tos"), JSON("tos"),
	  ELEMENTS({ 5, "ipClassOfService" }),
	  .doc = "type of service" },
	{ ZERO(PROTO_FLAGS_TOS, 3, 1) },

	{ ADDR(AGENT_ADDR, agent, "agent_addr"),
	  TEXT(ADDR, "agent ["), CSV(4, "exaddr"), JSON_AS(ADDR, "agent_addr"),
	  .doc = "address of the exporter" },
	{ ADDR(SRC_ADDR, src, "src_addr"), WITH_PORT(src_port),
	  TEXT(ENDPOINT, "src ["), CSV(11, "srcaddr"),
	  JSON_AS(ADDR, "src_addr"),
	  .doc = "source address" },
	{ ADDR(DST_ADDR, dst, "dst_addr"), WITH_PORT(dst_port),
	  TEXT(ENDPOINT, "dst ["), CSV(12, "dstaddr"),
	  JSON_AS(ADDR, "dst_addr"),
	  .doc = "destination address" },
	{ ADDR(GATEWAY_ADDR, gateway, "gateway_addr"),
	  TEXT(ADDR, "gateway ["), CSV(13, "nexthop"),
	  JSON_AS(ADDR, "gateway_addr"),
	  .doc = "address of the next hop" },

	/* Text shows the ports with the addresses. */
	{ MEMBER(SRCDST_PORT, src_port, 0, "src_port"),
	  CSV(16, "srcport"), JSON("src_port"),
	  ELEMENTS({ 7, "sourceTransportPort" }),
	  .doc = "source port" },
	{ MEMBER(SRCDST_PORT, dst_port, 2, "dst_port"),
	  CSV(17, "dstport"), JSON("dst_port"),
	  ELEMENTS({ 11, "destinationTransportPort" }),
	  .doc = "destination port" },

	{ MEMBER(PACKETS, packets, 0, "packets"),
	  TEXT(NUMBER, "packets "), CSV(5, "dpkts"), JSON("packets"),
	  .perl = "flow_packets",
	  ELEMENTS({ 2, "packetDeltaCount" },
	    { 298, "initiatorPackets" },
	    { 24, "postPacketDeltaCount" },
	    { 86, "packetTotalCount" },
	    { 172, "postPacketTotalCount" }),
	  .doc = "packets" },

	{ MEMBER(OCTETS, octets, 0, "octets"),
	  TEXT(NUMBER, "octets "), CSV(6, "doctets"), JSON("octets"),
	  .perl = "flow_octets",
	  ELEMENTS({ 1, "octetDeltaCount" },
	    { 231, "initiatorOctets" },
	    { 23, "postOctetDeltaCount" },
	    { 85, "octetTotalCount" },
	    { 171, "postOctetTotalCount" }),
	  .doc = "octets" },

	{ MEMBER(IF_INDICES, if_index_in, 0, "if_index_in"),
	  TEXT(NUMBER, "in_if "), CSV(14, "input"), JSON("if_index_in"),
	  .python = "if_ndx_in",
	  ELEMENTS({ 10, "ingressInterface" },
	    { 252, "ingressPhysicalInterface" }),
	  .doc = "SNMP index of the input interface" },
	{ MEMBER(IF_INDICES, if_index_out, 4, "if_index_out"),
	  TEXT(NUMBER, "out_if "), CSV(15, "output"), JSON("if_index_out"),
	  .python = "if_ndx_out",
	  ELEMENTS({ 14, "egressInterface" },
	    { 253, "egressPhysicalInterface" }),
	  .doc = "SNMP index of the output interface" },

	{ MEMBER(AGENT_INFO, sys_uptime_ms, 0, "sys_uptime_ms"),
	  TEXT(INTERVAL, "sys_uptime_ms "), CSV(3, "sysuptime"),
	  JSON("sys_uptime_ms"),
	  .doc = "uptime of the exporter at export, milliseconds" },
	{ MEMBER(AGENT_INFO, time_sec, 4, "time_sec"), WITH(time_nanosec),
	  TEXT(TIME, "time_sec "), CSV(1, "#:unix_secs"),
	  JSON_AS(TIME_NSEC, "export_time"),
	  .python = "agent_sec",
	  .doc = "time of export, seconds since the epoch" },
	{ MEMBER(AGENT_INFO, time_nanosec, 8, "time_nanosec"),
	  TEXT(NUMBER, "time_nanosec "), CSV(2, "unix_nsecs"),
	  .python = "agent_nsec", .python_old = "agent_usec",
	  .doc = "its nanoseconds" },
	{ MEMBER(AGENT_INFO, netflow_version, 12, "netflow_version"),
	  TEXT(NUMBER, "netflow ver "), JSON("netflow_version"),
	  .python = "netflow_ver",
	  .doc = "version of the export protocol" },
	{ ZERO(AGENT_INFO, 14, 2) },

	{ MEMBER(FLOW_TIMES, flow_start, 0, "flow_start"),
	  TEXT(INTERVAL, "flow_start "), CSV(7, "first"),
	  JSON("flow_start_ms"),
	  .doc = "first packet, milliseconds of the exporter's uptime" },
	{ MEMBER(FLOW_TIMES, flow_finish, 4, "flow_finish"),
	  TEXT(INTERVAL, "flow_finish "), CSV(8, "last"),
	  JSON("flow_finish_ms"),
	  .doc = "last packet, milliseconds of the exporter's uptime" },
	{ ALIAS(FLOW_TIMES, flow_start), JSON_AS(START, "start") },
	{ ALIAS(FLOW_TIMES, flow_finish), JSON_AS(END, "end") },

	{ MEMBER(AS_INFO, src_as, 0, "src_as"),
	  TEXT(NUMBER, "src_AS "), CSV(23, "src_as"), JSON("src_as"),
	  ELEMENTS({ 16, "bgpSourceAsNumber" },
	    { 129, "bgpPrevAdjacentAsNumber" }),
	  .doc = "source AS" },
	/* JSON has the prefix lengths after both AS numbers. */
	{ MEMBER(AS_INFO, src_mask, 8, "src_mask"),
	  TEXT(NUMBER, "src_masklen "), CSV(21, "src_mask"),
	  .doc = "length of the source prefix, bits" },
	{ MEMBER(AS_INFO, dst_as, 4, "dst_as"),
	  TEXT(NUMBER, "dst_AS "), CSV(24, "dst_as"), JSON("dst_as"),
	  ELEMENTS({ 17, "bgpDestinationAsNumber" },
	    { 128, "bgpNextAdjacentAsNumber" }),
	  .doc = "destination AS" },
	{ ALIAS(AS_INFO, src_mask), JSON("src_mask") },
	{ MEMBER(AS_INFO, dst_mask, 9, "dst_mask"),
	  TEXT(NUMBER, "dst_masklen "), CSV(22, "dst_mask"), JSON("dst_mask"),
	  .doc = "length of the destination prefix, bits" },
	{ ZERO(AS_INFO, 10, 2) },

	{ MEMBER(FLOW_ENGINE_INFO, engine_type, 0, "engine_type"),
	  TEXT(NUMBER, "engine_type "), CSV(9, "engine_type"),
	  JSON("engine_type"),
	  ELEMENTS({ 38, "engineType" }),
	  .doc = "type of the switching engine" },
	{ MEMBER(FLOW_ENGINE_INFO, engine_id, 2, "engine_id"),
	  TEXT(NUMBER, "engine_id "), CSV(10, "engine_id"), JSON("engine_id"),
	  ELEMENTS({ 39, "engineId" },
	    { 141, "lineCardId" }),
	  .doc = "number of the switching engine" },
	{ MEMBER(FLOW_ENGINE_INFO, flow_sequence, 4, "flow_sequence"),
	  TEXT(NUMBER, "seq "), JSON("flow_sequence"),
	  .doc = "sequence number of the datagram" },
	{ MEMBER(FLOW_ENGINE_INFO, source_id, 8, "source_id"),
	  TEXT(NUMBER, "source "), JSON("source_id"),
	  .doc = "source ID or observation domain" },

	{ MEMBER(CRC32, crc, 0, "crc32"), .type = MEMBER_CRC,
	  TEXT(HEX8, "crc32 "), JSON("crc32"),
	  .perl = "crc",
	  .doc = "checksum of the record, as read" },
};

#undef MEMBER
#undef ADDR
#undef ALIAS
#undef ZERO
#undef TEXT
#undef WITH
#undef WITH_PORT
#undef ELEMENTS
#undef CSV
#undef JSON
#undef JSON_AS
/* clang-format on */

#define NMEMBERS (sizeof(members) / sizeof(members[0]))

#endif
