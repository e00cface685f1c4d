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

#include "decode/ie.h"
#include "lib/fields.h"

/*
 * The elements that are not just copied to a member of struct flow; the table
 * of fields has those.  Sorted by enterprise number and identifier.  The ranks
 * prefer finer times to coarser ones.
 */
static const struct ie elements[] = {
#define IANA IE_PEN_IANA
#define UINT IE_UNSIGNED
	{ IANA, 8, SLOT_SRC4, 0, IE_ADDRESS4, "sourceIPv4Address" },
	{ IANA, 9, SLOT_SRC_MASK4, 0, UINT, "sourceIPv4PrefixLength" },
	{ IANA, 12, SLOT_DST4, 0, IE_ADDRESS4, "destinationIPv4Address" },
	{ IANA, 13, SLOT_DST_MASK4, 0, UINT, "destinationIPv4PrefixLength" },
	{ IANA, 15, SLOT_GATEWAY4, 0, IE_ADDRESS4, "ipNextHopIPv4Address" },
	{ IANA, 18, SLOT_GATEWAY4, 1, IE_ADDRESS4, "bgpNextHopIPv4Address" },
	{ IANA, 21, SLOT_END_UPTIME, 0, UINT, "flowEndSysUpTime" },
	{ IANA, 22, SLOT_START_UPTIME, 0, UINT, "flowStartSysUpTime" },
	{ IANA, 27, SLOT_SRC6, 0, IE_ADDRESS6, "sourceIPv6Address" },
	{ IANA, 28, SLOT_DST6, 0, IE_ADDRESS6, "destinationIPv6Address" },
	{ IANA, 29, SLOT_SRC_MASK6, 0, UINT, "sourceIPv6PrefixLength" },
	{ IANA, 30, SLOT_DST_MASK6, 0, UINT, "destinationIPv6PrefixLength" },
	{ IANA, 32, SLOT_ICMP, 0, UINT, "icmpTypeCodeIPv4" },
	{ IANA, 34, SLOT_SAMPLING_INTERVAL, 2, UINT, "samplingInterval" },
	{ IANA, 35, SLOT_SAMPLING_MODE, 2, UINT, "samplingAlgorithm" },
	{ IANA, 40, SLOT_EXPORTED_OCTETS, 0, UINT, "exportedOctetTotalCount" },
	{ IANA, 41, SLOT_EXPORTED_MESSAGES, 0, UINT,
	    "exportedMessageTotalCount" },
	{ IANA, 42, SLOT_EXPORTED_FLOWS, 0, UINT,
	    "exportedFlowRecordTotalCount" },
	{ IANA, 48, SLOT_SAMPLER_ID, 1, UINT, "samplerId" },
	{ IANA, 49, SLOT_SAMPLING_MODE, 1, UINT, "samplerMode" },
	{ IANA, 50, SLOT_SAMPLING_INTERVAL, 1, UINT, "samplerRandomInterval" },
	{ IANA, 60, SLOT_IP_VERSION, 0, UINT, "ipVersion" },
	{ IANA, 62, SLOT_GATEWAY6, 0, IE_ADDRESS6, "ipNextHopIPv6Address" },
	{ IANA, 63, SLOT_GATEWAY6, 1, IE_ADDRESS6, "bgpNextHopIPv6Address" },
	{ IANA, 82, SLOT_IF_NAME, 0, IE_TEXT, "interfaceName" },
	{ IANA, 83, SLOT_IF_DESCRIPTION, 0, IE_TEXT, "interfaceDescription" },
	{ IANA, 139, SLOT_ICMP, 1, UINT, "icmpTypeCodeIPv6" },
	{ IANA, 150, SLOT_START, 3, IE_SECONDS, "flowStartSeconds" },
	{ IANA, 151, SLOT_END, 3, IE_SECONDS, "flowEndSeconds" },
	{ IANA, 152, SLOT_START, 2, UINT, "flowStartMilliseconds" },
	{ IANA, 153, SLOT_END, 2, UINT, "flowEndMilliseconds" },
	{ IANA, 154, SLOT_START, 1, IE_NTP_MICRO, "flowStartMicroseconds" },
	{ IANA, 155, SLOT_END, 1, IE_NTP_MICRO, "flowEndMicroseconds" },
	{ IANA, 156, SLOT_START, 0, IE_NTP_NANO, "flowStartNanoseconds" },
	{ IANA, 157, SLOT_END, 0, IE_NTP_NANO, "flowEndNanoseconds" },
	{ IANA, 158, SLOT_START_DELTA, 0, UINT, "flowStartDeltaMicroseconds" },
	{ IANA, 159, SLOT_END_DELTA, 0, UINT, "flowEndDeltaMicroseconds" },
	{ IANA, 160, SLOT_INIT_TIME, 0, UINT, "systemInitTimeMilliseconds" },
	{ IANA, 161, SLOT_DURATION_MS, 0, UINT, "flowDurationMilliseconds" },
	{ IANA, 162, SLOT_DURATION_US, 0, UINT, "flowDurationMicroseconds" },
	{ IANA, 164, SLOT_IGNORED_PACKETS, 0, UINT, "ignoredPacketTotalCount" },
	{ IANA, 165, SLOT_IGNORED_OCTETS, 0, UINT, "ignoredOctetTotalCount" },
	{ IANA, 166, SLOT_UNSENT_FLOWS, 0, UINT, "notSentFlowTotalCount" },
	{ IANA, 167, SLOT_UNSENT_PACKETS, 0, UINT, "notSentPacketTotalCount" },
	{ IANA, 176, SLOT_ICMP_TYPE, 0, UINT, "icmpTypeIPv4" },
	{ IANA, 177, SLOT_ICMP_CODE, 0, UINT, "icmpCodeIPv4" },
	{ IANA, 178, SLOT_ICMP_TYPE, 1, UINT, "icmpTypeIPv6" },
	{ IANA, 179, SLOT_ICMP_CODE, 1, UINT, "icmpCodeIPv6" },
	{ IANA, 232, SLOT_REV_OCTETS, 1, UINT, "responderOctets" },
	{ IANA, 299, SLOT_REV_PACKETS, 1, UINT, "responderPackets" },
	{ IANA, 302, SLOT_SAMPLER_ID, 0, UINT, "selectorId" },
	{ IANA, 304, SLOT_SAMPLING_MODE, 0, UINT, "selectorAlgorithm" },
	{ IANA, 305, SLOT_SAMPLING_INTERVAL, 0, UINT,
	    "samplingPacketInterval" },
	{ IANA, 306, SLOT_SAMPLING_SPACE, 0, UINT, "samplingPacketSpace" },
	{ IANA, 309, SLOT_SAMPLING_SIZE, 0, UINT, "samplingSize" },
	{ IANA, 310, SLOT_SAMPLING_POPULATION, 0, UINT, "samplingPopulation" },
	{ IE_PEN_REVERSE, 1, SLOT_REV_OCTETS, 0, UINT,
	    "reverseOctetDeltaCount" },
	{ IE_PEN_REVERSE, 2, SLOT_REV_PACKETS, 0, UINT,
	    "reversePacketDeltaCount" },
	{ IE_PEN_REVERSE, 5, SLOT_REV_TOS, 0, UINT, "reverseIpClassOfService" },
	{ IE_PEN_REVERSE, 6, SLOT_REV_TCP_FLAGS, 0, UINT,
	    "reverseTcpControlBits" },
	{ IE_PEN_REVERSE, 32, SLOT_REV_ICMP, 0, UINT,
	    "reverseIcmpTypeCodeIPv4" },
	{ IE_PEN_REVERSE, 85, SLOT_REV_OCTETS, 2, UINT,
	    "reverseOctetTotalCount" },
	{ IE_PEN_REVERSE, 86, SLOT_REV_PACKETS, 2, UINT,
	    "reversePacketTotalCount" },
	{ IE_PEN_REVERSE, 139, SLOT_REV_ICMP, 1, UINT,
	    "reverseIcmpTypeCodeIPv6" },
#undef IANA
#undef UINT
};

#define WIDTH(type, member) sizeof(((type *)NULL)->member)
/* clang-format off */
#define VALUE(member)		\
	{ false, offsetof(struct ie_values, member), \
	    WIDTH(struct ie_values, member) }
/* clang-format on */

static const struct ie_place places[SLOT_MEMBERS] = {
	[SLOT_SRC4] = VALUE(src4),
	[SLOT_DST4] = VALUE(dst4),
	[SLOT_GATEWAY4] = VALUE(gateway4),
	[SLOT_SRC6] = VALUE(src6),
	[SLOT_DST6] = VALUE(dst6),
	[SLOT_GATEWAY6] = VALUE(gateway6),
	[SLOT_SRC_MASK4] = VALUE(src_mask4),
	[SLOT_DST_MASK4] = VALUE(dst_mask4),
	[SLOT_SRC_MASK6] = VALUE(src_mask6),
	[SLOT_DST_MASK6] = VALUE(dst_mask6),
	[SLOT_ICMP] = VALUE(icmp),
	[SLOT_ICMP_TYPE] = VALUE(icmp_type),
	[SLOT_ICMP_CODE] = VALUE(icmp_code),
	[SLOT_IP_VERSION] = VALUE(ip_version),
	[SLOT_REV_OCTETS] = VALUE(rev_octets),
	[SLOT_REV_PACKETS] = VALUE(rev_packets),
	[SLOT_REV_TCP_FLAGS] = VALUE(rev_tcp_flags),
	[SLOT_REV_TOS] = VALUE(rev_tos),
	[SLOT_REV_ICMP] = VALUE(rev_icmp),
	[SLOT_START_UPTIME] = VALUE(start_uptime),
	[SLOT_END_UPTIME] = VALUE(end_uptime),
	[SLOT_START] = VALUE(start),
	[SLOT_END] = VALUE(end),
	[SLOT_START_DELTA] = VALUE(start_delta),
	[SLOT_END_DELTA] = VALUE(end_delta),
	[SLOT_DURATION_MS] = VALUE(duration_ms),
	[SLOT_DURATION_US] = VALUE(duration_us),
	[SLOT_INIT_TIME] = VALUE(init_time),
	[SLOT_SAMPLER_ID] = VALUE(sampler_id),
	[SLOT_SAMPLING_MODE] = VALUE(sampling_mode),
	[SLOT_SAMPLING_INTERVAL] = VALUE(sampling_interval),
	[SLOT_SAMPLING_SPACE] = VALUE(sampling_space),
	[SLOT_SAMPLING_SIZE] = VALUE(sampling_size),
	[SLOT_SAMPLING_POPULATION] = VALUE(sampling_population),
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

static int
compare(const void *key, const void *row)
{
	const struct ie *a = key, *b = row;

	if (a->pen != b->pen)
		return (a->pen < b->pen ? -1 : 1);
	return ((int)a->id - (int)b->id);
}

/* Finds the element among those of the table of fields. */
static bool
find_copied(uint16_t id, struct ie *ie)
{
	uint8_t slot = SLOT_MEMBERS, rank;
	const struct member *m;
	size_t i;

	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->elements[0].id == 0)
			continue;
		for (rank = 0; rank < MEMBER_ELEMENTS; rank++) {
			if (m->elements[rank].id != id)
				continue;
			*ie = (struct ie){ IE_PEN_IANA, id, slot, rank,
				IE_UNSIGNED, m->elements[rank].name };
			return (true);
		}
		slot++;
	}
	return (false);
}

bool
ie_find(uint32_t pen, uint16_t id, struct ie *ie)
{
	const struct ie key = { .pen = pen, .id = id }, *found;

	if (id == 0)
		return (false);
	if (pen == IE_PEN_IANA && find_copied(id, ie))
		return (true);
	found = bsearch(&key, elements, sizeof(elements) / sizeof(elements[0]),
	    sizeof(elements[0]), compare);
	if (found == NULL)
		return (false);
	*ie = *found;
	return (true);
}

const struct member *
ie_member(uint8_t slot)
{
	const struct member *m;
	size_t i;

	if (slot < SLOT_MEMBERS)
		return (NULL);
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->elements[0].id != 0 && slot-- == SLOT_MEMBERS)
			return (m);
	}
	return (NULL);
}

uint64_t
ie_slot_of_member(size_t offset)
{
	const struct member *m;
	uint8_t slot;

	for (slot = SLOT_MEMBERS; (m = ie_member(slot)) != NULL; slot++) {
		if (m->offset == offset)
			return (SLOT_BIT(slot));
	}
	return (0);
}

struct ie_place
ie_place(uint8_t slot)
{
	const struct member *m = ie_member(slot);

	if (m == NULL)
		return (places[slot]);
	return ((struct ie_place){ true, m->offset, m->size });
}
