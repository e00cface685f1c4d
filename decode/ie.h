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
 * The information elements that flowd reads (IANA registry "IPFIX Information
 * Elements"; NetFlow v9 field types have the same numbers), and the members of
 * structures that receive their values.
 */
#ifndef IE_H
#define IE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fields.h"
#include "store.h"

#define IE_PEN_IANA    0
#define IE_PEN_REVERSE 29305 /* RFC 5103 section 6.1 */

/* The first v9 field numbers that are elements of Cisco and of ntop. */
#define IE_PEN_CISCO 9
#define IE_V9_CISCO  32768
#define IE_PEN_NTOP  35632
#define IE_V9_NTOP   57472

/*
 * The meaning of a value.  If several elements of a template fill the same
 * slot, the one of the best rank does; of equal ranks, the first.
 */
/* clang-format off */
enum ie_slot {
	SLOT_SRC4, SLOT_DST4, SLOT_SRC6, SLOT_DST6,
	SLOT_SRC_MASK4, SLOT_DST_MASK4, SLOT_SRC_MASK6, SLOT_DST_MASK6,
	SLOT_IP_VERSION,
	SLOT_TCP_SRC, SLOT_TCP_DST, SLOT_UDP_SRC, SLOT_UDP_DST,
	SLOT_INIT_TIME,
	/* Octets of a packet, and what they are: */
	SLOT_FRAME, SLOT_IP_PACKET, SLOT_MPLS_PAYLOAD, SLOT_IP_PAYLOAD,
	SLOT_FRAME_TYPE, SLOT_SECTION_OFFSET, SLOT_SECTION_LEN,
	/* Of the reverse direction of a biflow: */
	SLOT_REV_OCTETS, SLOT_REV_PACKETS, SLOT_REV_TCP_FLAGS, SLOT_REV_TOS,
	SLOT_REV_IF_IN, SLOT_REV_IF_OUT, SLOT_REV_DELAY,
	/* Of sampling; from records of flows they are read only on demand. */
	SLOT_SEQUENCE_ID, SLOT_SAMPLER_ID, SLOT_METERING_PROCESS,
	SLOT_EXPORTING_PROCESS, SLOT_TEMPLATE_ID, SLOT_DOMAIN_ID,
	SLOT_DIRECTION,
	SLOT_SELECTOR_ALGORITHM, SLOT_SAMPLING_MODE, SLOT_SAMPLING_INTERVAL,
	SLOT_SAMPLING_SPACE, SLOT_SAMPLING_SIZE, SLOT_SAMPLING_POPULATION,
	SLOT_SAMPLING_TIME, SLOT_SAMPLING_TIME_SPACE, SLOT_SAMPLING_PROBABILITY,
	SLOT_HASH_MIN, SLOT_HASH_MAX, SLOT_HASH_SELECTED_MIN,
	SLOT_HASH_SELECTED_MAX,
	SLOT_FLOW_INTERVAL, SLOT_FLOW_SPACE, SLOT_FLOW_TIME,
	SLOT_FLOW_TIME_SPACE,
	/* In options data: */
	SLOT_SAMPLER_NAME,
	SLOT_EXPORTED_OCTETS, SLOT_EXPORTED_MESSAGES, SLOT_EXPORTED_FLOWS,
	SLOT_IGNORED_PACKETS, SLOT_IGNORED_OCTETS,
	SLOT_UNSENT_FLOWS, SLOT_UNSENT_PACKETS,
	SLOT_IF_NAME, SLOT_IF_DESCRIPTION,
	/* For each direction, the values of enum direction_slot. */
	SLOT_FORWARD,
	SLOT_REVERSE = SLOT_FORWARD + 24,
	/* From here on: the members of struct flow that elements are copied
	 * to, in the order of the table of fields. */
	SLOT_MEMBERS = SLOT_REVERSE + 24,
	SLOTS = 128
};

/* To be added to SLOT_FORWARD or SLOT_REVERSE. */
enum direction_slot {
	OF_GATEWAY4, OF_GATEWAY6,
	OF_ICMP4, OF_ICMP_TYPE4, OF_ICMP_CODE4,
	OF_ICMP6, OF_ICMP_TYPE6, OF_ICMP_CODE6,
	/* Counters of packets with a flag, in the order of the flags' bits. */
	OF_FIN, OF_SYN, OF_RST, OF_PSH, OF_ACK, OF_URG,
	OF_FLAGS_FIRST, OF_FLAGS_REST, /* of the first packet, of others */
	OF_START_UPTIME, OF_END_UPTIME,
	OF_START, OF_END, OF_START_DELTA, OF_END_DELTA,
	OF_DURATION, OF_EVENT,
	DIRECTION_SLOTS
};
/* clang-format on */

_Static_assert(SLOT_REVERSE - SLOT_FORWARD == DIRECTION_SLOTS &&
	SLOT_MEMBERS - SLOT_REVERSE == DIRECTION_SLOTS,
    "the slots of a direction overlap others");
_Static_assert(SLOT_MEMBERS < SLOTS, "a set has no bit for a slot");

/* A set of slots; tests/unit/template counts the members. */
struct slots {
	uint64_t bits[SLOTS / 64];
};

static inline bool
slots_have(const struct slots *s, unsigned int slot)
{
	return ((s->bits[slot / 64] >> slot % 64 & 1) != 0);
}

static inline void
slots_add(struct slots *s, unsigned int slot)
{
	s->bits[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* Whether the set has one of n slots from the first on. */
static inline bool
slots_have_any(const struct slots *s, unsigned int first, unsigned int n)
{
	for (; n > 0; n--, first++) {
		if (slots_have(s, first))
			return (true);
	}
	return (false);
}

/* Whether records of flows have the value only for those who ask for it. */
static inline bool
slot_is_of_sampling(unsigned int slot)
{
	return (slot >= SLOT_SEQUENCE_ID && slot <= SLOT_FLOW_TIME_SPACE);
}

/* The encoding of a value on the wire. */
enum ie_type {
	IE_UNSIGNED, /* of longer ones than 8 octets, the last 8 */
	IE_ADDRESS4,
	IE_ADDRESS6,
	IE_SECONDS,    /* epoch seconds, to milliseconds */
	IE_NTP_MICRO,  /* NTP timestamp, RFC 7011 section 6.1.9 */
	IE_NTP_NANO,   /* the same, section 6.1.10 */
	IE_MILLI,      /* milliseconds, to microseconds */
	IE_NANO,       /* nanoseconds, to microseconds */
	IE_DSCP,       /* to a type of service */
	IE_PRECEDENCE, /* the same */
	IE_OCTETS,     /* to a struct ie_octets */
};

struct ie {
	uint32_t pen;
	uint16_t id;
	uint8_t slot;     /* enum ie_slot */
	uint8_t rank;     /* 0 is the best source of the slot */
	uint8_t type;     /* enum ie_type */
	bool header;      /* from a header of the packet, or derived from it */
	bool reverse;     /* RFC 5103: of the reverse direction alone */
	bool inner;       /* only of the inner header of a tunnel */
	const char *name; /* of the registry, without "reverse" */
};

/* Octets of the record, which belong to the datagram. */
struct ie_octets {
	const uint8_t *data;
	size_t len;
};

/* The values of a direction, in the order of enum direction_slot. */
struct ie_direction {
	uint8_t gateway4[4], gateway6[16];
	uint16_t icmp4; /* type * 256 + code */
	uint8_t icmp_type4, icmp_code4;
	uint16_t icmp6;
	uint8_t icmp_type6, icmp_code6;
	uint64_t packets_with[6]; /* FIN, SYN, RST, PSH, ACK, URG */
	uint8_t flags_first, flags_rest;
	uint32_t start_uptime, end_uptime; /* ms */
	uint64_t start, end;               /* ms since the epoch */
	uint64_t start_delta, end_delta;   /* us before export */
	uint64_t duration;                 /* us */
	uint64_t event;                    /* ms since the epoch */
};

/*
 * The values of a record that are not members of struct flow, or become members
 * only after a conversion.  Values of slots that the template does not fill are
 * not set.
 */
struct ie_values {
	struct ie_direction forward, reverse;
	uint64_t init_time; /* ms since the epoch */
	uint64_t rev_octets, rev_packets;
	uint64_t rev_delay; /* us from the first packet to the first reply */
	uint32_t rev_if_in, rev_if_out;
	uint8_t rev_tcp_flags, rev_tos;
	uint8_t src4[4], dst4[4], src6[16], dst6[16];
	uint8_t src_mask4, dst_mask4, src_mask6, dst_mask6;
	uint8_t ip_version;
	uint16_t tcp_src, tcp_dst, udp_src, udp_dst;
	struct ie_octets frame, ip_packet, mpls_payload, ip_payload;
	uint16_t frame_type;     /* dataLinkFrameType */
	uint16_t section_offset; /* of the first octet in the packet */
	uint16_t section_len;    /* octets without padding */

	uint64_t sequence_id, sampler_id;
	uint64_t metering_process, exporting_process, template_id, domain_id;
	uint8_t direction; /* 0 ingress, 1 egress */
	uint64_t selector_algorithm, sampling_mode;
	uint64_t sampling_interval, sampling_space;  /* packets */
	uint64_t sampling_size, sampling_population; /* packets */
	uint64_t sampling_time, sampling_time_space; /* us */
	struct ie_octets sampling_probability;       /* a float */
	uint64_t hash_min, hash_max;
	uint64_t hash_selected_min, hash_selected_max;
	uint64_t flow_interval, flow_space;  /* flows */
	uint64_t flow_time, flow_time_space; /* us */
	struct ie_octets sampler_name;
	uint64_t exported_octets, exported_messages, exported_flows;
	uint64_t ignored_packets, ignored_octets;
	uint64_t unsent_flows, unsent_packets;
	struct ie_octets if_name, if_description;
};

/* The member that receives the value of a slot. */
struct ie_place {
	bool in_flow;    /* of struct flow, else of struct ie_values */
	uint16_t offset; /* bytes */
	uint8_t width;   /* bytes */
};

/*
 * The ranks of elements with the meaning of others begin here; from the second
 * one on, an element for octets has the length of one packet.
 */
#define IE_RANK_ALIAS  64
#define IE_RANK_PACKET (IE_RANK_ALIAS + 9)

/* Sets *ie to the element.  False if flowd does not read it. */
bool ie_find(uint32_t pen, uint16_t id, struct ie *ie);

/*
 * The same for a field number of v9.  The numbers from 32768 on, which have no
 * enterprise, are elements of Cisco and ntop.
 */
bool ie_find_v9(uint16_t number, struct ie *ie);

struct ie_place ie_place(uint8_t slot);

/* Returns the member that the slot fills, or NULL: it is in ie_values. */
const struct member *ie_member(uint8_t slot);

/*
 * Returns the slot that fills the member at this offset of struct flow, or
 * SLOTS if none does.
 */
unsigned int ie_slot_of_member(size_t offset);

#endif
