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

#include <stdlib.h>
#include <string.h>

#include "decode/ie.h"
#include "lib/fields.h"

#define CERT      6871
#define SONICWALL 8741

/*
 * The elements that are not just copied to a member of struct flow; the table
 * of fields has those.  Sorted by enterprise number and identifier.  The ranks
 * prefer finer times to coarser ones.
 */
static const struct ie_row {
	uint32_t pen;
	uint16_t id;
	uint8_t slot, rank, type;
	const char *name;
} elements[] = {
#define IANA    IE_PEN_IANA
#define UINT    IE_UNSIGNED
#define FWD(of) (SLOT_FORWARD + OF_##of)
#define REV(of) (SLOT_REVERSE + OF_##of)
	{ IANA, 8, SLOT_SRC4, 0, IE_ADDRESS4, "sourceIPv4Address" },
	{ IANA, 9, SLOT_SRC_MASK4, 0, UINT, "sourceIPv4PrefixLength" },
	{ IANA, 12, SLOT_DST4, 0, IE_ADDRESS4, "destinationIPv4Address" },
	{ IANA, 13, SLOT_DST_MASK4, 0, UINT, "destinationIPv4PrefixLength" },
	{ IANA, 15, FWD(GATEWAY4), 0, IE_ADDRESS4, "ipNextHopIPv4Address" },
	{ IANA, 18, FWD(GATEWAY4), 1, IE_ADDRESS4, "bgpNextHopIPv4Address" },
	{ IANA, 21, FWD(END_UPTIME), 0, UINT, "flowEndSysUpTime" },
	{ IANA, 22, FWD(START_UPTIME), 0, UINT, "flowStartSysUpTime" },
	{ IANA, 27, SLOT_SRC6, 0, IE_ADDRESS6, "sourceIPv6Address" },
	{ IANA, 28, SLOT_DST6, 0, IE_ADDRESS6, "destinationIPv6Address" },
	{ IANA, 29, SLOT_SRC_MASK6, 0, UINT, "sourceIPv6PrefixLength" },
	{ IANA, 30, SLOT_DST_MASK6, 0, UINT, "destinationIPv6PrefixLength" },
	{ IANA, 32, FWD(ICMP4), 0, UINT, "icmpTypeCodeIPv4" },
	{ IANA, 34, SLOT_SAMPLING_INTERVAL, 2, UINT, "samplingInterval" },
	{ IANA, 35, SLOT_SAMPLING_MODE, 1, UINT, "samplingAlgorithm" },
	{ IANA, 40, SLOT_EXPORTED_OCTETS, 0, UINT, "exportedOctetTotalCount" },
	{ IANA, 41, SLOT_EXPORTED_MESSAGES, 0, UINT,
	    "exportedMessageTotalCount" },
	{ IANA, 42, SLOT_EXPORTED_FLOWS, 0, UINT,
	    "exportedFlowRecordTotalCount" },
	{ IANA, 44, SLOT_SRC4, 1, IE_ADDRESS4, "sourceIPv4Prefix" },
	{ IANA, 45, SLOT_DST4, 1, IE_ADDRESS4, "destinationIPv4Prefix" },
	{ IANA, 48, SLOT_SAMPLER_ID, 1, UINT, "samplerId" },
	{ IANA, 49, SLOT_SAMPLING_MODE, 0, UINT, "samplerMode" },
	{ IANA, 50, SLOT_SAMPLING_INTERVAL, 1, UINT, "samplerRandomInterval" },
	{ IANA, 60, SLOT_IP_VERSION, 0, UINT, "ipVersion" },
	{ IANA, 61, SLOT_DIRECTION, 0, UINT, "flowDirection" },
	{ IANA, 62, FWD(GATEWAY6), 0, IE_ADDRESS6, "ipNextHopIPv6Address" },
	{ IANA, 63, FWD(GATEWAY6), 1, IE_ADDRESS6, "bgpNextHopIPv6Address" },
	{ IANA, 82, SLOT_IF_NAME, 0, IE_OCTETS, "interfaceName" },
	{ IANA, 83, SLOT_IF_DESCRIPTION, 0, IE_OCTETS, "interfaceDescription" },
	{ IANA, 84, SLOT_SAMPLER_NAME, 1, IE_OCTETS, "samplerName" },
	{ IANA, 102, SLOT_SECTION_OFFSET, 1, UINT,
	    "layer2packetSectionOffset" },
	{ IANA, 103, SLOT_SECTION_LEN, 1, UINT, "layer2packetSectionSize" },
	{ IANA, 104, SLOT_FRAME, 1, IE_OCTETS, "layer2packetSectionData" },
	{ IANA, 139, FWD(ICMP6), 0, UINT, "icmpTypeCodeIPv6" },
	{ IANA, 143, SLOT_METERING_PROCESS, 0, UINT, "meteringProcessId" },
	{ IANA, 144, SLOT_EXPORTING_PROCESS, 0, UINT, "exportingProcessId" },
	{ IANA, 145, SLOT_TEMPLATE_ID, 0, UINT, "templateId" },
	{ IANA, 149, SLOT_DOMAIN_ID, 0, UINT, "observationDomainId" },
	{ IANA, 150, FWD(START), 3, IE_SECONDS, "flowStartSeconds" },
	{ IANA, 151, FWD(END), 3, IE_SECONDS, "flowEndSeconds" },
	{ IANA, 152, FWD(START), 2, UINT, "flowStartMilliseconds" },
	{ IANA, 153, FWD(END), 2, UINT, "flowEndMilliseconds" },
	{ IANA, 154, FWD(START), 1, IE_NTP_MICRO, "flowStartMicroseconds" },
	{ IANA, 155, FWD(END), 1, IE_NTP_MICRO, "flowEndMicroseconds" },
	{ IANA, 156, FWD(START), 0, IE_NTP_NANO, "flowStartNanoseconds" },
	{ IANA, 157, FWD(END), 0, IE_NTP_NANO, "flowEndNanoseconds" },
	{ IANA, 158, FWD(START_DELTA), 0, UINT, "flowStartDeltaMicroseconds" },
	{ IANA, 159, FWD(END_DELTA), 0, UINT, "flowEndDeltaMicroseconds" },
	{ IANA, 160, SLOT_INIT_TIME, 0, UINT, "systemInitTimeMilliseconds" },
	{ IANA, 161, FWD(DURATION), 0, IE_MILLI, "flowDurationMilliseconds" },
	{ IANA, 162, FWD(DURATION), 1, UINT, "flowDurationMicroseconds" },
	{ IANA, 164, SLOT_IGNORED_PACKETS, 0, UINT, "ignoredPacketTotalCount" },
	{ IANA, 165, SLOT_IGNORED_OCTETS, 0, UINT, "ignoredOctetTotalCount" },
	{ IANA, 166, SLOT_UNSENT_FLOWS, 0, UINT, "notSentFlowTotalCount" },
	{ IANA, 167, SLOT_UNSENT_PACKETS, 0, UINT, "notSentPacketTotalCount" },
	{ IANA, 169, SLOT_DST6, 1, IE_ADDRESS6, "destinationIPv6Prefix" },
	{ IANA, 170, SLOT_SRC6, 1, IE_ADDRESS6, "sourceIPv6Prefix" },
	{ IANA, 176, FWD(ICMP_TYPE4), 0, UINT, "icmpTypeIPv4" },
	{ IANA, 177, FWD(ICMP_CODE4), 0, UINT, "icmpCodeIPv4" },
	{ IANA, 178, FWD(ICMP_TYPE6), 0, UINT, "icmpTypeIPv6" },
	{ IANA, 179, FWD(ICMP_CODE6), 0, UINT, "icmpCodeIPv6" },
	{ IANA, 180, SLOT_UDP_SRC, 0, UINT, "udpSourcePort" },
	{ IANA, 181, SLOT_UDP_DST, 0, UINT, "udpDestinationPort" },
	{ IANA, 182, SLOT_TCP_SRC, 0, UINT, "tcpSourcePort" },
	{ IANA, 183, SLOT_TCP_DST, 0, UINT, "tcpDestinationPort" },
	{ IANA, 218, FWD(SYN), 0, UINT, "tcpSynTotalCount" },
	{ IANA, 219, FWD(FIN), 0, UINT, "tcpFinTotalCount" },
	{ IANA, 220, FWD(RST), 0, UINT, "tcpRstTotalCount" },
	{ IANA, 221, FWD(PSH), 0, UINT, "tcpPshTotalCount" },
	{ IANA, 222, FWD(ACK), 0, UINT, "tcpAckTotalCount" },
	{ IANA, 223, FWD(URG), 0, UINT, "tcpUrgTotalCount" },
	{ IANA, 232, SLOT_REV_OCTETS, 32, UINT, "responderOctets" },
	{ IANA, 299, SLOT_REV_PACKETS, 32, UINT, "responderPackets" },
	{ IANA, 301, SLOT_SEQUENCE_ID, 0, UINT, "selectionSequenceId" },
	{ IANA, 302, SLOT_SAMPLER_ID, 0, UINT, "selectorId" },
	{ IANA, 304, SLOT_SELECTOR_ALGORITHM, 0, UINT, "selectorAlgorithm" },
	{ IANA, 305, SLOT_SAMPLING_INTERVAL, 0, UINT,
	    "samplingPacketInterval" },
	{ IANA, 306, SLOT_SAMPLING_SPACE, 0, UINT, "samplingPacketSpace" },
	{ IANA, 307, SLOT_SAMPLING_TIME, 0, UINT, "samplingTimeInterval" },
	{ IANA, 308, SLOT_SAMPLING_TIME_SPACE, 0, UINT, "samplingTimeSpace" },
	{ IANA, 309, SLOT_SAMPLING_SIZE, 0, UINT, "samplingSize" },
	{ IANA, 310, SLOT_SAMPLING_POPULATION, 0, UINT, "samplingPopulation" },
	{ IANA, 311, SLOT_SAMPLING_PROBABILITY, 0, IE_OCTETS,
	    "samplingProbability" },
	{ IANA, 313, SLOT_IP_PACKET, 0, IE_OCTETS, "ipHeaderPacketSection" },
	{ IANA, 314, SLOT_IP_PAYLOAD, 0, IE_OCTETS, "ipPayloadPacketSection" },
	{ IANA, 315, SLOT_FRAME, 0, IE_OCTETS, "dataLinkFrameSection" },
	{ IANA, 317, SLOT_MPLS_PAYLOAD, 0, IE_OCTETS,
	    "mplsPayloadPacketSection" },
	{ IANA, 322, FWD(EVENT), 3, IE_SECONDS, "observationTimeSeconds" },
	{ IANA, 323, FWD(EVENT), 2, UINT, "observationTimeMilliseconds" },
	{ IANA, 324, FWD(EVENT), 1, IE_NTP_MICRO,
	    "observationTimeMicroseconds" },
	{ IANA, 325, FWD(EVENT), 0, IE_NTP_NANO, "observationTimeNanoseconds" },
	{ IANA, 329, SLOT_HASH_MIN, 0, UINT, "hashOutputRangeMin" },
	{ IANA, 330, SLOT_HASH_MAX, 0, UINT, "hashOutputRangeMax" },
	{ IANA, 331, SLOT_HASH_SELECTED_MIN, 0, UINT, "hashSelectedRangeMin" },
	{ IANA, 332, SLOT_HASH_SELECTED_MAX, 0, UINT, "hashSelectedRangeMax" },
	{ IANA, 335, SLOT_SAMPLER_NAME, 0, IE_OCTETS, "selectorName" },
	{ IANA, 390, SLOT_SELECTOR_ALGORITHM, 1, UINT,
	    "flowSelectorAlgorithm" },
	{ IANA, 396, SLOT_FLOW_INTERVAL, 0, UINT, "samplingFlowInterval" },
	{ IANA, 397, SLOT_FLOW_SPACE, 0, UINT, "samplingFlowSpacing" },
	{ IANA, 398, SLOT_FLOW_TIME, 0, UINT, "flowSamplingTimeInterval" },
	{ IANA, 399, SLOT_FLOW_TIME_SPACE, 0, UINT, "flowSamplingTimeSpacing" },
	{ IANA, 408, SLOT_FRAME_TYPE, 0, UINT, "dataLinkFrameType" },
	{ IANA, 409, SLOT_SECTION_OFFSET, 0, UINT, "sectionOffset" },
	{ IANA, 410, SLOT_SECTION_LEN, 0, UINT, "sectionExportedOctets" },
	/* YAF; 16384 is its own bit for the reverse direction. */
	{ CERT, 14, FWD(FLAGS_FIRST), 0, UINT, "initialTCPFlags" },
	{ CERT, 15, FWD(FLAGS_REST), 0, UINT, "unionTCPFlags" },
	{ CERT, 16, REV(FLAGS_FIRST), 1, UINT,
	    "obsoleteReverseInitialTCPFlags" },
	{ CERT, 17, REV(FLAGS_REST), 1, UINT, "obsoleteReverseUnionTCPFlags" },
	{ CERT, 21, SLOT_REV_DELAY, 2, IE_MILLI,
	    "reverseFlowDeltaMilliseconds" },
	{ CERT, 41, SLOT_REV_DELAY, 1, UINT, "reverseFlowDeltaMicroseconds" },
	{ CERT, 42, SLOT_REV_DELAY, 0, IE_NANO, "reverseFlowDeltaNanoseconds" },
	{ CERT, 16398, REV(FLAGS_FIRST), 0, UINT, "reverseInitialTCPFlags" },
	{ CERT, 16399, REV(FLAGS_REST), 0, UINT, "reverseUnionTCPFlags" },
#undef FWD
#undef REV
#undef UINT
};

/*
 * Elements that have the meaning of another one, and count where the template
 * has none of the tables above.  The rank compares those with the same meaning.
 * Sorted by enterprise number and identifier.
 */
static const struct ie_alias {
	uint32_t pen;
	uint16_t id;
	uint32_t as_pen;
	uint16_t as_id;
	uint8_t rank;
	uint8_t type; /* AS_IS: that of the other one */
	bool inner;
	const char *name;
} aliases[] = {
#define AS_IS UINT8_MAX
#define R     IE_PEN_REVERSE
	{ IANA, 19, IANA, 2, 3, AS_IS, false, "postMCastPacketDeltaCount" },
	{ IANA, 20, IANA, 1, 5, AS_IS, false, "postMCastOctetDeltaCount" },
	{ IANA, 55, IANA, 5, 2, AS_IS, false, "postIpClassOfService" },
	{ IANA, 98, IANA, 5, 3, IE_DSCP, false, "postIpDiffServCodePoint" },
	{ IANA, 174, IANA, 2, 4, AS_IS, false, "postMCastPacketTotalCount" },
	{ IANA, 175, IANA, 1, 6, AS_IS, false, "postMCastOctetTotalCount" },
	{ IANA, 190, IANA, 1, 10, AS_IS, false, "totalLengthIPv4" },
	{ IANA, 195, IANA, 5, 0, IE_DSCP, false, "ipDiffServCodePoint" },
	{ IANA, 196, IANA, 5, 1, IE_PRECEDENCE, false, "ipPrecedence" },
	{ IANA, 224, IANA, 1, 9, AS_IS, false, "ipTotalLength" },
	{ IANA, 242, IANA, 1, 12, AS_IS, false, "ethernetTotalLength" },
	{ IANA, 257, IANA, 5, 4, IE_PRECEDENCE, false, "postIpPrecedence" },
	{ IANA, 312, IANA, 1, 11, AS_IS, false, "dataLinkFrameSize" },
	{ IANA, 352, IANA, 1, 1, AS_IS, false, "layer2OctetDeltaCount" },
	{ IANA, 353, IANA, 1, 2, AS_IS, false, "layer2OctetTotalCount" },
	{ IANA, 391, IANA, 1, 0, AS_IS, false, "flowSelectedOctetDeltaCount" },
	{ IANA, 392, IANA, 2, 0, AS_IS, false, "flowSelectedPacketDeltaCount" },
	{ IANA, 417, IANA, 1, 3, AS_IS, false, "postLayer2OctetDeltaCount" },
	{ IANA, 418, IANA, 1, 7, AS_IS, false,
	    "postMCastLayer2OctetDeltaCount" },
	{ IANA, 420, IANA, 1, 4, AS_IS, false, "postLayer2OctetTotalCount" },
	{ IANA, 421, IANA, 1, 8, AS_IS, false,
	    "postMCastLayer2OctetTotalCount" },
	{ IANA, 430, IANA, 2, 1, AS_IS, false, "layer2FrameDeltaCount" },
	{ IANA, 431, IANA, 2, 2, AS_IS, false, "layer2FrameTotalCount" },
	/* Ericsson's NAT logs, in v9. */
	{ IANA, 24630, IANA, 150, 32, AS_IS, false,
	    "NAT_LOG_FIELD_IDX_ASSIGN_TS_SEC" },
	{ IANA, 24631, IANA, 151, 32, AS_IS, false,
	    "NAT_LOG_FIELD_IDX_UNASSIGN_TS_SEC" },
	{ IANA, 24632, IANA, 8, 32, AS_IS, false,
	    "NAT_LOG_FIELD_IDX_IPV4_INT_ADDR" },
	/* Cisco: application records, and AnyConnect. */
	{ 9, 8337, IANA, 232, 32, AS_IS, false, "serverBytesNetwork" },
	{ 9, 8338, IANA, 231, 32, AS_IS, false, "clientBytesNetwork" },
	{ 9, 12236, IANA, 8, 32, AS_IS, false, "clientIPv4Address" },
	{ 9, 12237, IANA, 12, 32, AS_IS, false, "serverIPv4Address" },
	{ 9, 12238, IANA, 27, 32, AS_IS, false, "clientIPv6Address" },
	{ 9, 12239, IANA, 28, 32, AS_IS, false, "serverIPv6Address" },
	{ 9, 12240, IANA, 7, 32, AS_IS, false, "clientTransportPort" },
	{ 9, 12241, IANA, 11, 32, AS_IS, false, "serverTransportPort" },
	{ 9, 12346, IANA, 232, 33, AS_IS, false, "nvzFlowL4ByteCountIn" },
	{ 9, 12347, IANA, 231, 33, AS_IS, false, "nvzFlowL4ByteCountOut" },
	/* Nokia: sessions of an application */
	{ 637, 94, IANA, 161, 32, AS_IS, false, "sessionDurationMilliseconds" },
	{ 637, 95, IANA, 150, 32, AS_IS, false, "sessionStartSeconds" },
	/* Juniper: services */
	{ 2636, 103, IANA, 231, 32, AS_IS, false, "Uplink Octets" },
	{ 2636, 104, IANA, 232, 32, AS_IS, false, "Downlink Octets" },
	{ 2636, 105, IANA, 298, 32, AS_IS, false, "Uplink Packets" },
	{ 2636, 106, IANA, 299, 32, AS_IS, false, "Downlink Packets" },
	/* Ixia */
	{ 3054, 176, R, 1, 32, AS_IS, false, "Reverse Octet Delta Count" },
	{ 3054, 177, R, 2, 32, AS_IS, false, "Reverse Packet Delta Count" },
	/* CERT: YAF */
	{ CERT, 12, R, 85, 32, AS_IS, false, "obsoleteReverseOctetTotalCount" },
	{ CERT, 13, R, 86, 32, AS_IS, false,
	    "obsoleteReversePacketTotalCount" },
	/* VMware: the flow in the tunnel */
	{ 6876, 880, IANA, 4, 32, AS_IS, true, "tenantProtocol" },
	{ 6876, 881, IANA, 8, 32, AS_IS, true, "tenantSourceIPv4" },
	{ 6876, 882, IANA, 12, 32, AS_IS, true, "tenantDestIPv4" },
	{ 6876, 883, IANA, 27, 32, AS_IS, true, "tenantSourceIPv6" },
	{ 6876, 884, IANA, 28, 32, AS_IS, true, "tenantDestIPv6" },
	{ 6876, 886, IANA, 7, 32, AS_IS, true, "tenantSourcePort" },
	{ 6876, 887, IANA, 11, 32, AS_IS, true, "tenantDestPort" },
	/* SonicWall */
	{ SONICWALL, 5, IANA, 8, 32, AS_IS, false, "INITIATOR_IP_ADDR" },
	{ SONICWALL, 6, IANA, 12, 32, AS_IS, false, "RESPONDER_IP_ADDR" },
	{ SONICWALL, 9, IANA, 10, 32, AS_IS, false, "INITIATOR_IFACE" },
	{ SONICWALL, 10, IANA, 14, 32, AS_IS, false, "RESPONDER_IFACE" },
	{ SONICWALL, 11, IANA, 7, 32, AS_IS, false, "INITIATOR_PORT" },
	{ SONICWALL, 12, IANA, 11, 32, AS_IS, false, "RESPONDER_PORT" },
	{ SONICWALL, 13, IANA, 298, 33, AS_IS, false, "INIT_TO_RESP_PKTS" },
	{ SONICWALL, 14, IANA, 231, 33, AS_IS, false, "INIT_TO_RESP_OCTETS" },
	{ SONICWALL, 15, IANA, 299, 33, AS_IS, false, "RESP_TO_INIT_PKTS" },
	{ SONICWALL, 16, IANA, 232, 33, AS_IS, false, "RESP_TO_INIT_OCTETS" },
	{ SONICWALL, 20, IANA, 4, 32, AS_IS, false, "PROTOCOL_TYPE" },
	{ SONICWALL, 169, IANA, 298, 32, AS_IS, false,
	    "INIT_TO_RESP_DELTA_PKTS" },
	{ SONICWALL, 170, IANA, 231, 32, AS_IS, false,
	    "INIT_TO_RESP_DELTA_OCTETS" },
	{ SONICWALL, 171, IANA, 299, 32, AS_IS, false,
	    "RESP_TO_INIT_DELTA_PKTS" },
	{ SONICWALL, 172, IANA, 232, 32, AS_IS, false,
	    "RESP_TO_INIT_DELTA_OCTETS" },
	/* Barracuda */
	{ 10704, 1, IANA, 322, 32, AS_IS, false, "Timestamp" },
	/* Fraunhofer FOKUS */
	{ 12325, 176, R, 1, 32, AS_IS, false, "revOctetDeltaCount" },
	{ 12325, 177, R, 2, 32, AS_IS, false, "revPacketDeltaCount" },
	{ 12326, 1, IANA, 322, 32, AS_IS, false, "Timestamp" }, /* Barracuda */
	/* Procera: the local host is the source, outgoing is forward. */
	{ 15397, 3, IANA, 232, 32, AS_IS, false, "proceraIncomingOctets" },
	{ 15397, 4, IANA, 231, 32, AS_IS, false, "proceraOutgoingOctets" },
	{ 15397, 5, IANA, 299, 32, AS_IS, false, "proceraIncomingPackets" },
	{ 15397, 6, IANA, 298, 32, AS_IS, false, "proceraOutgoingPackets" },
	{ 15397, 42, IANA, 8, 32, AS_IS, false, "proceraLocalIPv4Host" },
	{ 15397, 43, IANA, 27, 32, AS_IS, false, "proceraLocalIPv6Host" },
	{ 15397, 44, IANA, 12, 32, AS_IS, false, "proceraRemoteIPv4Host" },
	{ 15397, 45, IANA, 28, 32, AS_IS, false, "proceraRemoteIPv6Host" },
	{ 15397, 49, R, 5, 32, IE_DSCP, false, "proceraIncomingDscp" },
	{ 15397, 50, IANA, 5, 32, IE_DSCP, false, "proceraOutgoingDscp" },
	/* ulogd2 of Netfilter */
	{ 21373, 1, IANA, 313, 32, AS_IS, false, "IPFIX_NF_rawpacket" },
	/* CACE: the local host is the source. */
	{ 32622, 0, IANA, 8, 32, AS_IS, false, "caceLocalIPv4Address" },
	{ 32622, 1, IANA, 12, 32, AS_IS, false, "caceRemoteIPv4Address" },
	{ 32622, 2, IANA, 27, 32, AS_IS, false, "caceLocalIPv6Address" },
	{ 32622, 3, IANA, 28, 32, AS_IS, false, "caceRemoteIPv6Address" },
	{ 32622, 4, IANA, 7, 32, AS_IS, false, "caceLocalTransportPort" },
	{ 32622, 5, IANA, 11, 32, AS_IS, false, "caceRemoteTransportPort" },
	/* FastIP */
	{ 33610, 6, IANA, 6, 32, AS_IS, false, "TCP_FLAGS" },
	/* ntop, which also describes the flow in a tunnel. */
	{ IE_PEN_NTOP, 78, IANA, 6, 32, AS_IS, false, "CLIENT_TCP_FLAGS" },
	{ IE_PEN_NTOP, 79, R, 6, 32, AS_IS, false, "SERVER_TCP_FLAGS" },
	{ IE_PEN_NTOP, 113, IANA, 4, 32, AS_IS, true, "UNTUNNELED_PROTOCOL" },
	{ IE_PEN_NTOP, 114, IANA, 8, 32, AS_IS, true,
	    "UNTUNNELED_IPV4_SRC_ADDR" },
	{ IE_PEN_NTOP, 115, IANA, 7, 32, AS_IS, true,
	    "UNTUNNELED_L4_SRC_PORT" },
	{ IE_PEN_NTOP, 116, IANA, 12, 32, AS_IS, true,
	    "UNTUNNELED_IPV4_DST_ADDR" },
	{ IE_PEN_NTOP, 117, IANA, 11, 32, AS_IS, true,
	    "UNTUNNELED_L4_DST_PORT" },
	{ IE_PEN_NTOP, 391, IANA, 161, 32, AS_IS, false, "DURATION_IN" },
	{ IE_PEN_NTOP, 392, R, 161, 32, AS_IS, false, "DURATION_OUT" },
	{ IE_PEN_NTOP, 396, IANA, 27, 32, AS_IS, true,
	    "UNTUNNELED_IPV6_SRC_ADDR" },
	{ IE_PEN_NTOP, 397, IANA, 28, 32, AS_IS, true,
	    "UNTUNNELED_IPV6_DST_ADDR" },
	/* Antrea: counters at the node of the source */
	{ 56506, 120, IANA, 86, 32, AS_IS, false,
	    "packetTotalCountFromSourceNode" },
	{ 56506, 121, IANA, 85, 32, AS_IS, false,
	    "octetTotalCountFromSourceNode" },
	{ 56506, 122, IANA, 2, 32, AS_IS, false,
	    "packetDeltaCountFromSourceNode" },
	{ 56506, 123, IANA, 1, 32, AS_IS, false,
	    "octetDeltaCountFromSourceNode" },
	{ 56506, 124, R, 86, 32, AS_IS, false,
	    "reversePacketTotalCountFromSourceNode" },
	{ 56506, 125, R, 85, 32, AS_IS, false,
	    "reverseOctetTotalCountFromSourceNode" },
	{ 56506, 126, R, 2, 32, AS_IS, false,
	    "reversePacketDeltaCountFromSourceNode" },
	{ 56506, 127, R, 1, 32, AS_IS, false,
	    "reverseOctetDeltaCountFromSourceNode" },
	{ 56506, 151, IANA, 151, 32, AS_IS, false,
	    "flowEndSecondsFromSourceNode" },
#undef IANA
#undef R
};
#define WIDTH(type, member) sizeof(((type *)NULL)->member)
/* clang-format off */
#define VALUE(member)		\
	{ false, offsetof(struct ie_values, member), \
	    WIDTH(struct ie_values, member) }
/* NOLINTBEGIN(bugprone-macro-parentheses): the name of a member. */
#define DIRECTION(slot, direction)				\
	[(slot) + OF_GATEWAY4] = VALUE(direction.gateway4),	\
	[(slot) + OF_GATEWAY6] = VALUE(direction.gateway6),	\
	[(slot) + OF_ICMP4] = VALUE(direction.icmp4),		\
	[(slot) + OF_ICMP_TYPE4] = VALUE(direction.icmp_type4),	\
	[(slot) + OF_ICMP_CODE4] = VALUE(direction.icmp_code4),	\
	[(slot) + OF_ICMP6] = VALUE(direction.icmp6),		\
	[(slot) + OF_ICMP_TYPE6] = VALUE(direction.icmp_type6),	\
	[(slot) + OF_ICMP_CODE6] = VALUE(direction.icmp_code6),	\
	[(slot) + OF_FIN] = VALUE(direction.packets_with[0]),	\
	[(slot) + OF_SYN] = VALUE(direction.packets_with[1]),	\
	[(slot) + OF_RST] = VALUE(direction.packets_with[2]),	\
	[(slot) + OF_PSH] = VALUE(direction.packets_with[3]),	\
	[(slot) + OF_ACK] = VALUE(direction.packets_with[4]),	\
	[(slot) + OF_URG] = VALUE(direction.packets_with[5]),	\
	[(slot) + OF_FLAGS_FIRST] = VALUE(direction.flags_first),	\
	[(slot) + OF_FLAGS_REST] = VALUE(direction.flags_rest),	\
	[(slot) + OF_START_UPTIME] = VALUE(direction.start_uptime),	\
	[(slot) + OF_END_UPTIME] = VALUE(direction.end_uptime),	\
	[(slot) + OF_START] = VALUE(direction.start),		\
	[(slot) + OF_END] = VALUE(direction.end),		\
	[(slot) + OF_START_DELTA] = VALUE(direction.start_delta),	\
	[(slot) + OF_END_DELTA] = VALUE(direction.end_delta),	\
	[(slot) + OF_DURATION] = VALUE(direction.duration),	\
	[(slot) + OF_EVENT] = VALUE(direction.event)
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct ie_place places[SLOT_MEMBERS] = {
	DIRECTION(SLOT_FORWARD, forward),
	DIRECTION(SLOT_REVERSE, reverse),
	[SLOT_SRC4] = VALUE(src4),
	[SLOT_DST4] = VALUE(dst4),
	[SLOT_SRC6] = VALUE(src6),
	[SLOT_DST6] = VALUE(dst6),
	[SLOT_SRC_MASK4] = VALUE(src_mask4),
	[SLOT_DST_MASK4] = VALUE(dst_mask4),
	[SLOT_SRC_MASK6] = VALUE(src_mask6),
	[SLOT_DST_MASK6] = VALUE(dst_mask6),
	[SLOT_IP_VERSION] = VALUE(ip_version),
	[SLOT_TCP_SRC] = VALUE(tcp_src),
	[SLOT_TCP_DST] = VALUE(tcp_dst),
	[SLOT_UDP_SRC] = VALUE(udp_src),
	[SLOT_UDP_DST] = VALUE(udp_dst),
	[SLOT_INIT_TIME] = VALUE(init_time),
	[SLOT_FRAME] = VALUE(frame),
	[SLOT_IP_PACKET] = VALUE(ip_packet),
	[SLOT_MPLS_PAYLOAD] = VALUE(mpls_payload),
	[SLOT_IP_PAYLOAD] = VALUE(ip_payload),
	[SLOT_FRAME_TYPE] = VALUE(frame_type),
	[SLOT_SECTION_OFFSET] = VALUE(section_offset),
	[SLOT_SECTION_LEN] = VALUE(section_len),
	[SLOT_REV_OCTETS] = VALUE(rev_octets),
	[SLOT_REV_PACKETS] = VALUE(rev_packets),
	[SLOT_REV_TCP_FLAGS] = VALUE(rev_tcp_flags),
	[SLOT_REV_TOS] = VALUE(rev_tos),
	[SLOT_REV_IF_IN] = VALUE(rev_if_in),
	[SLOT_REV_IF_OUT] = VALUE(rev_if_out),
	[SLOT_REV_DELAY] = VALUE(rev_delay),
	[SLOT_SAMPLER_ID] = VALUE(sampler_id),
	[SLOT_SEQUENCE_ID] = VALUE(sequence_id),
	[SLOT_METERING_PROCESS] = VALUE(metering_process),
	[SLOT_EXPORTING_PROCESS] = VALUE(exporting_process),
	[SLOT_TEMPLATE_ID] = VALUE(template_id),
	[SLOT_DOMAIN_ID] = VALUE(domain_id),
	[SLOT_DIRECTION] = VALUE(direction),
	[SLOT_SELECTOR_ALGORITHM] = VALUE(selector_algorithm),
	[SLOT_SAMPLING_MODE] = VALUE(sampling_mode),
	[SLOT_SAMPLING_INTERVAL] = VALUE(sampling_interval),
	[SLOT_SAMPLING_SPACE] = VALUE(sampling_space),
	[SLOT_SAMPLING_SIZE] = VALUE(sampling_size),
	[SLOT_SAMPLING_POPULATION] = VALUE(sampling_population),
	[SLOT_SAMPLING_TIME] = VALUE(sampling_time),
	[SLOT_SAMPLING_TIME_SPACE] = VALUE(sampling_time_space),
	[SLOT_SAMPLING_PROBABILITY] = VALUE(sampling_probability),
	[SLOT_HASH_MIN] = VALUE(hash_min),
	[SLOT_HASH_MAX] = VALUE(hash_max),
	[SLOT_HASH_SELECTED_MIN] = VALUE(hash_selected_min),
	[SLOT_HASH_SELECTED_MAX] = VALUE(hash_selected_max),
	[SLOT_FLOW_INTERVAL] = VALUE(flow_interval),
	[SLOT_FLOW_SPACE] = VALUE(flow_space),
	[SLOT_FLOW_TIME] = VALUE(flow_time),
	[SLOT_FLOW_TIME_SPACE] = VALUE(flow_time_space),
	[SLOT_SAMPLER_NAME] = VALUE(sampler_name),
	[SLOT_EXPORTED_OCTETS] = VALUE(exported_octets),
	[SLOT_EXPORTED_MESSAGES] = VALUE(exported_messages),
	[SLOT_EXPORTED_FLOWS] = VALUE(exported_flows),
	[SLOT_IGNORED_PACKETS] = VALUE(ignored_packets),
	[SLOT_IGNORED_OCTETS] = VALUE(ignored_octets),
	[SLOT_UNSENT_FLOWS] = VALUE(unsent_flows),
	[SLOT_UNSENT_PACKETS] = VALUE(unsent_packets),
	[SLOT_IF_NAME] = VALUE(if_name),
	[SLOT_IF_DESCRIPTION] = VALUE(if_description),
};
/* clang-format on */

/*
 * IANA's elements by their numbers, the members by their slots, and the slots
 * of the reverse direction by those of the forward one.  Set before main(),
 * since each field of a template is looked up several times.
 */
#define IANA_MAX    512
#define BEYOND_MAX  8
#define MEMBERS_MAX (SLOTS - SLOT_MEMBERS)
static struct ie iana[IANA_MAX];     /* no name: none */
static struct ie beyond[BEYOND_MAX]; /* those with higher numbers */
static const struct member *filled[MEMBERS_MAX + 1]; /* up to NULL */
static uint8_t reverse_slots[SLOTS];                 /* SLOTS: none */

/* The members of struct flow that the reverse direction has, too. */
static const struct {
	uint16_t offset;
	uint8_t slot;
} reverse_members[] = {
	{ offsetof(struct flow, octets), SLOT_REV_OCTETS },
	{ offsetof(struct flow, packets), SLOT_REV_PACKETS },
	{ offsetof(struct flow, tcp_flags), SLOT_REV_TCP_FLAGS },
	{ offsetof(struct flow, tos), SLOT_REV_TOS },
	{ offsetof(struct flow, if_index_in), SLOT_REV_IF_IN },
	{ offsetof(struct flow, if_index_out), SLOT_REV_IF_OUT },
};

/* The members that are from a header of the packet, or derived from it. */
static const uint16_t header_members[] = {
	offsetof(struct flow, protocol),
	offsetof(struct flow, tcp_flags),
	offsetof(struct flow, tos),
	offsetof(struct flow, src_port),
	offsetof(struct flow, dst_port),
	offsetof(struct flow, src_as),
	offsetof(struct flow, dst_as),
};

struct key {
	uint32_t pen;
	uint16_t id;
};

static int
compare_keys(const struct key *key, uint32_t pen, uint16_t id)
{
	if (key->pen != pen)
		return (key->pen < pen ? -1 : 1);
	return ((int)key->id - (int)id);
}

static int
compare_rows(const void *key, const void *vrow)
{
	const struct ie_row *row = vrow;

	return (compare_keys(key, row->pen, row->id));
}

static int
compare_aliases(const void *key, const void *valias)
{
	const struct ie_alias *alias = valias;

	return (compare_keys(key, alias->pen, alias->id));
}

/* Whether the value of the slot is from a header of the packet. */
static bool
is_of_header(uint8_t slot)
{
	const struct member *m = ie_member(slot);
	size_t i;

	if (slot <= SLOT_UDP_DST || slot == SLOT_REV_TCP_FLAGS ||
	    slot == SLOT_REV_TOS)
		return (true);
	for (i = 0; m != NULL &&
	     i < sizeof(header_members) / sizeof(header_members[0]);
	     i++) {
		if (header_members[i] == m->offset)
			return (true);
	}
	if (slot >= SLOT_REVERSE)
		slot -= DIRECTION_SLOTS;
	return (slot >= SLOT_FORWARD + OF_ICMP4 &&
	    slot <= SLOT_FORWARD + OF_FLAGS_REST);
}

static struct ie
ie_of_row(const struct ie_row *row)
{
	return ((struct ie){
	    .pen = row->pen,
	    .id = row->id,
	    .slot = row->slot,
	    .rank = row->rank,
	    .type = row->type,
	    .header = is_of_header(row->slot),
	    .reverse = row->slot >= SLOT_REVERSE || row->slot == SLOT_REV_DELAY,
	    .name = row->name,
	});
}

/* Changes ie, the element that the alias has the meaning of, to the alias. */
static void
rename_as(struct ie *ie, const struct ie_alias *alias)
{
	ie->pen = alias->pen;
	ie->id = alias->id;
	ie->rank = IE_RANK_ALIAS + alias->rank;
	if (alias->type != AS_IS)
		ie->type = alias->type;
	ie->inner = alias->inner;
	ie->name = alias->name;
}

static void
list_members(void)
{
	const struct member *m;
	size_t i, n = 0;

	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->elements[0].id != 0 && n < MEMBERS_MAX)
			filled[n++] = m;
	}
}

static void
list_iana(const struct ie *ie)
{
	size_t i;

	if (ie->id < IANA_MAX) {
		iana[ie->id] = *ie;
		return;
	}
	for (i = 0; i < BEYOND_MAX; i++) {
		if (beyond[i].name == NULL) {
			beyond[i] = *ie;
			return;
		}
	}
}

static void
list_copied(const struct member *m, uint8_t slot)
{
	struct ie ie;
	uint8_t rank;

	for (rank = 0; rank < MEMBER_ELEMENTS && m->elements[rank].id != 0;
	     rank++) {
		ie = (struct ie){
			.pen = IE_PEN_IANA,
			.id = m->elements[rank].id,
			.slot = slot,
			.rank = rank,
			.type = IE_UNSIGNED,
			.header = is_of_header(slot),
			.name = m->elements[rank].name,
		};
		list_iana(&ie);
	}
}

static void
list_reverse(void)
{
	size_t i;

	memset(reverse_slots, SLOTS, sizeof(reverse_slots));
	for (i = SLOT_FORWARD; i < SLOT_REVERSE; i++)
		reverse_slots[i] = (uint8_t)(i + DIRECTION_SLOTS);
	for (i = 0; i < sizeof(reverse_members) / sizeof(reverse_members[0]);
	     i++)
		reverse_slots[ie_slot_of_member(reverse_members[i].offset)] =
		    reverse_members[i].slot;
}

static __attribute__((constructor)) void
fill_tables(void)
{
	const size_t nrows = sizeof(elements) / sizeof(elements[0]);
	const size_t naliases = sizeof(aliases) / sizeof(aliases[0]);
	struct ie ie;
	size_t i;

	list_members();
	list_reverse();
	for (i = 0; filled[i] != NULL; i++)
		list_copied(filled[i], (uint8_t)(SLOT_MEMBERS + i));
	for (i = 0; i < nrows; i++) {
		if (elements[i].pen == IE_PEN_IANA)
			iana[elements[i].id] = ie_of_row(&elements[i]);
	}
	for (i = 0; i < naliases; i++) {
		if (aliases[i].pen != IE_PEN_IANA)
			continue;
		ie = iana[aliases[i].as_id];
		rename_as(&ie, &aliases[i]);
		list_iana(&ie);
	}
}

static bool
find_row(const struct key *key, struct ie *ie)
{
	const struct ie_row *row;

	row = bsearch(key, elements, sizeof(elements) / sizeof(elements[0]),
	    sizeof(elements[0]), compare_rows);
	if (row == NULL)
		return (false);
	*ie = ie_of_row(row);
	return (true);
}

static bool
find_alias(const struct key *key, struct ie *ie)
{
	const struct ie_alias *alias;

	alias = bsearch(key, aliases, sizeof(aliases) / sizeof(aliases[0]),
	    sizeof(aliases[0]), compare_aliases);
	if (alias == NULL || !ie_find(alias->as_pen, alias->as_id, ie))
		return (false);
	rename_as(ie, alias);
	return (true);
}

static bool
find_iana(uint16_t id, struct ie *ie)
{
	size_t i;

	if (id < IANA_MAX) {
		*ie = iana[id];
		return (ie->name != NULL);
	}
	for (i = 0; i < BEYOND_MAX && beyond[i].name != NULL; i++) {
		if (beyond[i].id == id) {
			*ie = beyond[i];
			return (true);
		}
	}
	return (false);
}

/* Changes the element to that of the reverse direction, if there is one. */
static bool
turn(struct ie *ie)
{
	ie->pen = IE_PEN_REVERSE;
	ie->reverse = true;
	ie->slot = reverse_slots[ie->slot];
	return (ie->slot != SLOTS);
}

bool
ie_find(uint32_t pen, uint16_t id, struct ie *ie)
{
	const struct key key = { pen, id };

	if (pen == IE_PEN_IANA)
		return (find_iana(id, ie));
	if (pen == IE_PEN_REVERSE)
		return (find_iana(id, ie) && turn(ie));
	return (find_row(&key, ie) || find_alias(&key, ie));
}

bool
ie_find_v9(uint16_t number, struct ie *ie)
{
	if (number >= IE_V9_NTOP)
		return (ie_find(IE_PEN_NTOP, number - IE_V9_NTOP, ie));
	if (number >= IE_V9_CISCO)
		return (ie_find(IE_PEN_CISCO, number - IE_V9_CISCO, ie));
	return (ie_find(IE_PEN_IANA, number, ie));
}

const struct member *
ie_member(uint8_t slot)
{
	return (slot < SLOT_MEMBERS || slot >= SLOTS ?
		NULL :
		filled[slot - SLOT_MEMBERS]);
}

unsigned int
ie_slot_of_member(size_t offset)
{
	unsigned int i;

	for (i = 0; filled[i] != NULL; i++) {
		if (filled[i]->offset == offset)
			return (SLOT_MEMBERS + i);
	}
	return (SLOTS);
}

struct ie_place
ie_place(uint8_t slot)
{
	const struct member *m = ie_member(slot);

	if (m == NULL)
		return (places[slot]);
	return ((struct ie_place){ true, m->offset, m->size });
}
