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
 * The fields of a flow record, and the members of struct flow that they hold.
 * The log, the formats, the configuration, flow-send and the modules for
 * Python and Perl walk these tables.  See "How to add a field" in
 * CONTRIBUTING.md.  The functions are in store.c and field-names.c.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "store.h"

/*
 * Each field with the minor version of the log that has it and its length in
 * 4-octet words, in the order of the bits, which is the order on disk.
 */
/* clang-format off */
#define FIELDS(X) \
	X(TAG, 0, 1) \
	X(RECV_TIME, 0, 2) \
	X(PROTO_FLAGS_TOS, 0, 1) \
	X(AGENT_ADDR4, 0, 1) \
	X(AGENT_ADDR6, 0, 4) \
	X(SRC_ADDR4, 0, 1) \
	X(SRC_ADDR6, 0, 4) \
	X(DST_ADDR4, 0, 1) \
	X(DST_ADDR6, 0, 4) \
	X(GATEWAY_ADDR4, 0, 1) \
	X(GATEWAY_ADDR6, 0, 4) \
	X(SRCDST_PORT, 0, 1) \
	X(PACKETS, 0, 2) \
	X(OCTETS, 0, 2) \
	X(IF_INDICES, 0, 2) \
	X(AGENT_INFO, 0, 4) \
	X(FLOW_TIMES, 0, 2) \
	X(AS_INFO, 0, 3) \
	X(FLOW_ENGINE_INFO, 0, 3) \
	X(CRC32, 0, 1)

/* FIELDS() of one of these is a mask of fields, or a number of words. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define FIELD_IF(name, condition) | ((condition) ? STORE_FIELD_##name : 0U)
#define FIELD_KNOWN(name, minor, words)		FIELD_IF(name, 1)
#define FIELD_MINOR_1(name, minor, words)	FIELD_IF(name, (minor) == 1)
#define FIELD_WORDS_1(name, minor, words)	FIELD_IF(name, (words) & 1)
#define FIELD_WORDS_2(name, minor, words)	FIELD_IF(name, (words) & 2)
#define FIELD_WORDS_4(name, minor, words)	FIELD_IF(name, (words) & 4)
#define FIELD_WORDS_8(name, minor, words)	FIELD_IF(name, (words) & 8)
#define FIELD_WORDS(name, minor, words)		+ (words)
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* All fields of the table, and those that version 3.0 does not have. */
#define FIELDS_KNOWN   (0U FIELDS(FIELD_KNOWN))
#define FIELDS_MINOR_1 (0U FIELDS(FIELD_MINOR_1))

/* Of each address, the fields for IPv4; the bit for IPv6 is the next one. */
#define FIELDS_ADDR4                                       \
	(STORE_FIELD_AGENT_ADDR4 | STORE_FIELD_SRC_ADDR4 | \
	    STORE_FIELD_DST_ADDR4 | STORE_FIELD_GATEWAY_ADDR4)
#define FIELDS_ADDR6 (FIELDS_ADDR4 << 1)

/* A name that the configuration and the modules have for a mask of fields. */
struct field_name {
	const char *name; /* "OCTETS", "SRC_ADDR", "ALL" */
	uint32_t mask;    /* STORE_FIELD_* */
};

/* Returns the i-th name, or NULL after the last. */
const struct field_name *field_name(size_t i);

/* How a member is stored. */
enum member_type {
	MEMBER_NUMBER, /* unsigned, big-endian, as wide as the member */
	MEMBER_ADDR,   /* 4 or 16 octets, by the field */
	MEMBER_CRC,    /* the checksum, in the last octets of a record */
	MEMBER_ZERO,   /* padding; no member */
	MEMBER_ALIAS,  /* not stored: another form of a number that is */
};

/* How text, CSV and JSON show a member. */
enum member_show {
	SHOW_NOT,
	SHOW_NUMBER,
	SHOW_HEX2,
	SHOW_HEX8,
	SHOW_ADDR,
	SHOW_ENDPOINT,  /* an address and, if the flow has it, the port */
	SHOW_TIME,      /* epoch seconds */
	SHOW_TIME_USEC, /* the same, and the member with the fraction */
	SHOW_TIME_NSEC,
	SHOW_INTERVAL, /* milliseconds */
	SHOW_START,    /* a time of the exporter's uptime, as absolute time */
	SHOW_END,
};

struct member_text {
	enum member_show show;
	const char *label; /* all that precedes the value */
};

#define MEMBER_ELEMENTS 5

/* An information element of IANA's registry. */
struct member_element {
	uint16_t id; /* 0: none */
	const char *name;
};

/*
 * A member of a field.  Unless noted otherwise, an absent text is NULL and an
 * absent number is 0.
 */
struct member {
	uint32_t field;     /* STORE_FIELD_*; of an address both */
	uint32_t port;      /* SHOW_ENDPOINT: the field of the port */
	uint16_t offset;    /* in struct flow, bytes */
	uint16_t with;      /* offset of the port or the fraction */
	uint8_t size;       /* in struct flow, bytes */
	uint8_t at;         /* place in the field, octets; as if IPv4 */
	uint8_t width;      /* in the field, octets; as if IPv4 */
	uint8_t csv_column; /* of flow-tools' order, from 1 */
	enum member_type type;
	struct member_text text, json;
	const char *csv;        /* name of the column */
	const char *name;       /* of the manuals */
	const char *python;     /* attribute, if it is not called name */
	const char *python_old; /* attribute of flowd 0.9 besides */
	const char *perl;       /* key, if it is not called name */
	const char *doc;        /* one line for Python's help() */
	/*
	 * The elements whose values are copied to the member, the preferred
	 * one first: deltas, counters of the initiator, counters after the
	 * observation point, totals; logical interfaces, physical ones.
	 * decode/ie.c has those that come after them.  flow-send sends the
	 * first.
	 */
	struct member_element elements[MEMBER_ELEMENTS];
};

/* Returns the i-th member, or NULL after the last. */
const struct member *field_member(size_t i);

/* Reads and writes an unsigned number of 1, 2, 4 or 8 bytes, in host order. */
static inline uint64_t
number_at(const void *from, uint8_t size)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case 1:
		return (*(const uint8_t *)from);
	case 2:
		memcpy(&v16, from, 2);
		return (v16);
	case 4:
		memcpy(&v32, from, 4);
		return (v32);
	default:
		memcpy(&v64, from, 8);
		return (v64);
	}
}

static inline void
number_set(void *to, uint8_t size, uint64_t v)
{
	const uint16_t v16 = (uint16_t)v;
	const uint32_t v32 = (uint32_t)v;

	switch (size) {
	case 1:
		*(uint8_t *)to = (uint8_t)v;
		break;
	case 2:
		memcpy(to, &v16, 2);
		break;
	case 4:
		memcpy(to, &v32, 4);
		break;
	default:
		memcpy(to, &v, 8);
	}
}

/* The value of a number of the flow, and the address of a MEMBER_ADDR. */
static inline uint64_t
member_number(const struct member *m, const struct flow *flow)
{
	return (number_at((const uint8_t *)flow + m->offset, m->size));
}

static inline const struct addr *
member_addr(const struct member *m, const struct flow *flow)
{
	return ((const struct addr *)((const uint8_t *)flow + m->offset));
}

#endif
