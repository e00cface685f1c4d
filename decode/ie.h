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
#define IE_NAME_MAX    32    /* bytes kept of a text, with its NUL */

/*
 * The meaning of a value.  If several elements of a template fill the same
 * slot, the one of the best rank does; of equal ranks, the first.
 */
/* clang-format off */
enum ie_slot {
	SLOT_SRC4, SLOT_DST4, SLOT_GATEWAY4,
	SLOT_SRC6, SLOT_DST6, SLOT_GATEWAY6,
	SLOT_SRC_MASK4, SLOT_DST_MASK4, SLOT_SRC_MASK6, SLOT_DST_MASK6,
	SLOT_ICMP, SLOT_ICMP_TYPE, SLOT_ICMP_CODE, SLOT_IP_VERSION,
	SLOT_REV_OCTETS, SLOT_REV_PACKETS, SLOT_REV_TCP_FLAGS, SLOT_REV_TOS,
	SLOT_REV_ICMP,
	SLOT_START_UPTIME, SLOT_END_UPTIME,
	SLOT_START, SLOT_END, SLOT_START_DELTA, SLOT_END_DELTA,
	SLOT_DURATION_MS, SLOT_DURATION_US, SLOT_INIT_TIME,
	/* In options data: */
	SLOT_SAMPLER_ID, SLOT_SAMPLING_MODE, SLOT_SAMPLING_INTERVAL,
	SLOT_SAMPLING_SPACE, SLOT_SAMPLING_SIZE, SLOT_SAMPLING_POPULATION,
	SLOT_EXPORTED_OCTETS, SLOT_EXPORTED_MESSAGES, SLOT_EXPORTED_FLOWS,
	SLOT_IGNORED_PACKETS, SLOT_IGNORED_OCTETS,
	SLOT_UNSENT_FLOWS, SLOT_UNSENT_PACKETS,
	SLOT_IF_NAME, SLOT_IF_DESCRIPTION,
	/* From here on: the members of struct flow that elements are copied
	 * to, in the order of the table of fields. */
	SLOT_MEMBERS,
	SLOTS = 64
};
/* clang-format on */

/* A mask of slots is a uint64_t; tests/unit/template counts the members. */
_Static_assert(SLOT_MEMBERS < SLOTS, "a mask has no bit for a slot");

#define SLOT_BIT(slot) (UINT64_C(1) << (slot))

/* The encoding of a value on the wire. */
enum ie_type {
	IE_UNSIGNED, /* of longer ones than 8 octets, the last 8 */
	IE_ADDRESS4,
	IE_ADDRESS6,
	IE_SECONDS,   /* epoch seconds, to milliseconds */
	IE_NTP_MICRO, /* NTP timestamp, RFC 7011 section 6.1.9 */
	IE_NTP_NANO,  /* the same, section 6.1.10 */
	IE_TEXT,
};

struct ie {
	uint32_t pen;
	uint16_t id;
	uint8_t slot;     /* enum ie_slot */
	uint8_t rank;     /* 0 is the best source of the slot */
	uint8_t type;     /* enum ie_type */
	const char *name; /* of the registry */
};

/*
 * The values of a record that are not members of struct flow, or become members
 * only after a conversion.  Values of slots that the template does not fill are
 * not set.
 */
struct ie_values {
	uint64_t rev_octets, rev_packets;
	uint64_t start, end, init_time;  /* ms since the epoch */
	uint64_t start_delta, end_delta; /* us before export */
	uint64_t duration_ms, duration_us;
	uint32_t start_uptime, end_uptime; /* ms */
	uint8_t src4[4], dst4[4], gateway4[4];
	uint8_t src6[16], dst6[16], gateway6[16];
	uint8_t src_mask4, dst_mask4, src_mask6, dst_mask6;
	uint8_t rev_tcp_flags, rev_tos, ip_version;
	uint8_t icmp_type, icmp_code;
	uint16_t icmp, rev_icmp; /* type * 256 + code */

	uint64_t sampler_id, sampling_mode;
	uint64_t sampling_interval, sampling_space;  /* packets */
	uint64_t sampling_size, sampling_population; /* packets */
	uint64_t exported_octets, exported_messages, exported_flows;
	uint64_t ignored_packets, ignored_octets;
	uint64_t unsent_flows, unsent_packets;
	char if_name[IE_NAME_MAX], if_description[IE_NAME_MAX];
};

/* The member that receives the value of a slot. */
struct ie_place {
	bool in_flow;    /* of struct flow, else of struct ie_values */
	uint16_t offset; /* bytes */
	uint8_t width;   /* bytes */
};

/* Sets *ie to the element.  False if flowd does not read it. */
bool ie_find(uint32_t pen, uint16_t id, struct ie *ie);

struct ie_place ie_place(uint8_t slot);

/* Returns the member that the slot fills, or NULL: it is in ie_values. */
const struct member *ie_member(uint8_t slot);

/*
 * Returns SLOT_BIT of the slot that fills the member at this offset of struct
 * flow, or 0 if none does.
 */
uint64_t ie_slot_of_member(size_t offset);

#endif
