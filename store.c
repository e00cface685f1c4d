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

#include <string.h>

#include "crc32.h"
#include "lib/bits.h"
#include "lib/cursor.h"
#include "lib/fields-table.h"
#include "store.h"

#define CRC_LEN    4
#define CLEAR_STEP 32 /* bytes */

#define CRCS_AT_ONCE 16 /* checksums; a multiple of flowd_crc32_each's */

#define VERSION_3_1 (STORE_VER_MAJOR << 5 | 1)

_Static_assert((FIELDS_KNOWN & ~FIELDS_MINOR_1) == STORE_FIELD_ALL,
    "ALL is the fields of version 3.0");
_Static_assert(STORE_HEADER_LEN + 4 * (0 FIELDS(FIELD_WORDS)) <=
	STORE_RECORD_MAX,
    "a record holds all fields");

/* The fields of a flow between IPv4 hosts to which no rule gave a tag. */
#define USUAL_FIELDS \
	(STORE_FIELD_ALL & ~(uint32_t)(STORE_FIELD_TAG | FIELDS_ADDR6))

uint32_t
store_addr_bit(uint32_t pair, uint32_t family)
{
	switch (family) {
	case ADDR_V4:
		return (pair & FIELDS_ADDR4);
	case ADDR_V6:
		return (pair & FIELDS_ADDR6);
	default:
		return (0);
	}
}

const struct member *
field_member(size_t i)
{
	return (i < NMEMBERS ? &members[i] : NULL);
}

uint32_t
store_field_mask(const char *name)
{
	const struct field_name *n;
	size_t i;

	for (i = 0; (n = field_name(i)) != NULL; i++) {
		if (strcmp(n->name, name) == 0)
			return (n->mask);
	}
	return (0);
}

/* Adds up the lengths by their binary digits. */
static inline size_t
record_len(uint32_t fields)
{
	const uint32_t words_1 = 0U FIELDS(FIELD_WORDS_1);
	const uint32_t words_2 = 0U FIELDS(FIELD_WORDS_2);
	const uint32_t words_4 = 0U FIELDS(FIELD_WORDS_4);
	const uint32_t words_8 = 0U FIELDS(FIELD_WORDS_8);

	return (STORE_HEADER_LEN +
	    4 *
		(size_t)(bits_count(fields & words_1) +
		    2 * bits_count(fields & words_2) +
		    4 * bits_count(fields & words_4) +
		    8 * bits_count(fields & words_8)));
}

size_t
store_record_len(uint32_t fields)
{
	return (record_len(fields));
}

/*
 * The put_ and get_ functions below write and read at places of a record whose
 * length has been checked against record_len.  The compiler turns the loops
 * over the table of members into straight code: their rows are constants.
 */

static ALWAYS_INLINE size_t
field_len(uint32_t field)
{
	return (record_len(field) - STORE_HEADER_LEN);
}

/* Octets from a member that is present to the next one. */
static ALWAYS_INLINE size_t
step(uint32_t fields, size_t i)
{
	const uint32_t field = members[i].field;

	if (i + 1 < NMEMBERS && members[i + 1].field == field)
		return (0);
	if ((field & FIELDS_ADDR4) != 0 && (fields & field & FIELDS_ADDR4) == 0)
		return (field_len(field & FIELDS_ADDR6));
	return (field_len(field & ~FIELDS_ADDR6));
}

static ALWAYS_INLINE void
put_number(uint8_t *p, const void *from, uint8_t size)
{
	const uint64_t v = number_at(from, size);

	if (size == 1)
		*p = (uint8_t)v;
	else if (size == 2)
		be16_put(p, (uint16_t)v);
	else if (size == 4)
		be32_put(p, (uint32_t)v);
	else
		be64_put(p, v);
}

static ALWAYS_INLINE void
put_addr(uint8_t *p, uint32_t fields, const struct member *m,
    const struct addr *a)
{
	if ((fields & m->field & FIELDS_ADDR4) != 0)
		memcpy(p + m->at, a->bytes, 4);
	else
		memcpy(p + 4 * m->at, a->bytes, 16);
}

static ALWAYS_INLINE void
put_member(uint8_t *p, uint32_t fields, const struct member *m,
    const struct flow *flow)
{
	if (m->type == MEMBER_ADDR)
		put_addr(p, fields, m, member_addr(m, flow));
	else if (m->type == MEMBER_NUMBER)
		put_number(p + m->at, (const uint8_t *)flow + m->offset,
		    m->size);
	else if (m->type == MEMBER_ZERO)
		memset(p + m->at, 0, m->width);
}

static ALWAYS_INLINE uint8_t *
put_fields(uint8_t *p, uint32_t fields, const struct flow *flow)
{
	size_t i;

#pragma GCC unroll 128
	for (i = 0; i < NMEMBERS; i++) {
		if ((fields & members[i].field) == 0)
			continue;
		put_member(p, fields, &members[i], flow);
		p += step(fields, i);
	}
	return (p);
}

static inline uint32_t
encoded_fields(const struct flow *flow, uint32_t mask)
{
	return (
	    (flow->fields & mask & FIELDS_KNOWN) | (mask & STORE_FIELD_CRC32));
}

/* Writes a record without its checksum.  Returns the length with it. */
static ALWAYS_INLINE size_t
put_record(uint8_t *buf, uint32_t fields, const struct flow *flow)
{
	const uint8_t *end = put_fields(buf + STORE_HEADER_LEN, fields, flow);
	const size_t len = (size_t)(end - buf);

	buf[0] = (fields & FIELDS_MINOR_1) == 0 ? STORE_VERSION : VERSION_3_1;
	buf[1] = (uint8_t)((len - STORE_HEADER_LEN) / 4);
	be16_put(buf + 2, 0);
	be32_put(buf + 4, fields);
	return (len);
}

/* Writes the checksums of n consecutive records of this length. */
static void
put_checksums(uint8_t *buf, size_t len, size_t n)
{
	uint32_t crcs[CRCS_AT_ONCE];
	size_t i, part;

	for (; n > 0; n -= part) {
		part = n < CRCS_AT_ONCE ? n : CRCS_AT_ONCE;
		flowd_crc32_each(buf, len, len - CRC_LEN, part, crcs);
		for (i = 0; i < part; i++, buf += len)
			be32_put(buf + len - CRC_LEN, crcs[i]);
	}
}

int
store_encode(const struct flow *flow, uint32_t mask, uint8_t *buf, size_t size,
    size_t *len)
{
	const uint32_t fields = encoded_fields(flow, mask);

	*len = 0;
	if (size < record_len(fields))
		return (FLOWD_ESPACE);
	*len = put_record(buf, fields, flow);
	if ((fields & STORE_FIELD_CRC32) != 0)
		put_checksums(buf, *len, 1);
	return (0);
}

/*
 * The checksums are computed after all records are written: a processor that
 * reads bytes in one piece right after writing them in several has to wait.
 *
 * For the usual set of fields the compiler knows the place of each field.
 */
size_t
store_encode_many(const struct flow *flows, size_t n, uint32_t mask,
    uint8_t *buf, size_t *lens)
{
	uint8_t *p = buf, *end;
	uint32_t fields;
	size_t i, run;

	for (i = 0; i < n; i++, p += lens[i - 1]) {
		fields = encoded_fields(&flows[i], mask);
		lens[i] = fields == USUAL_FIELDS ?
		    put_record(p, USUAL_FIELDS, &flows[i]) :
		    put_record(p, fields, &flows[i]);
	}
	end = p;
	if ((mask & STORE_FIELD_CRC32) == 0)
		return ((size_t)(end - buf));
	for (i = 0, p = buf; i < n; i += run, p += run * lens[i - 1]) {
		for (run = 1; i + run < n && lens[i + run] == lens[i];)
			run++;
		put_checksums(p, lens[i], run);
	}
	return ((size_t)(end - buf));
}

static inline int
check_header(const uint8_t *buf, size_t size, size_t *len)
{
	uint32_t fields;
	size_t total, known;

	*len = 0;
	if (size < STORE_HEADER_LEN)
		return (FLOWD_ESHORT);
	if (buf[0] >> 5 != STORE_VER_MAJOR)
		return (FLOWD_EVERSION);
	fields = be32(buf + 4);
	if (be16(buf + 2) != 0 || (fields & STORE_FIELD_RESERVED) != 0 ||
	    ((fields & FIELDS_ADDR4) << 1 & fields) != 0)
		return (FLOWD_EHEADER);
	total = STORE_HEADER_LEN + 4 * (size_t)buf[1];
	known = record_len(fields);
	if ((fields & ~STORE_FIELD_ALL) == 0) {
		if (total != known)
			return (FLOWD_EHEADER);
	} else if (buf[0] == STORE_VERSION || total < known ||
	    (total == known) != ((fields & ~FIELDS_KNOWN) == 0)) {
		/* Version 3.0 has no other fields; no field is empty. */
		return (FLOWD_EHEADER);
	}
	*len = total;
	return (0);
}

int
store_check_header(const uint8_t *buf, size_t size, size_t *len)
{
	return (check_header(buf, size, len));
}

static ALWAYS_INLINE void
get_number(const uint8_t *p, void *to, uint8_t size)
{
	if (size == 1)
		number_set(to, size, *p);
	else if (size == 2)
		number_set(to, size, be16(p));
	else if (size == 4)
		number_set(to, size, be32(p));
	else
		number_set(to, size, be64(p));
}

/* a is all zero before the call. */
static ALWAYS_INLINE void
get_addr(const uint8_t *p, uint32_t fields, const struct member *m,
    struct addr *a)
{
	if ((fields & m->field & FIELDS_ADDR4) != 0) {
		a->family = ADDR_V4;
		memcpy(a->bytes, p + m->at, 4);
	} else {
		a->family = ADDR_V6;
		memcpy(a->bytes, p + 4 * m->at, 16);
	}
}

static ALWAYS_INLINE void
get_fields(const uint8_t *p, uint32_t fields, struct flow *flow)
{
	const struct member *m;
	uint8_t *to;
	size_t i;

#pragma GCC unroll 128
	for (i = 0; i < NMEMBERS; i++) {
		m = &members[i];
		if ((fields & m->field) == 0)
			continue;
		to = (uint8_t *)flow + m->offset;
		if (m->type == MEMBER_ADDR)
			get_addr(p, fields, m, (void *)to);
		else if (m->type == MEMBER_NUMBER)
			get_number(p + m->at, to, m->size);
		p += step(fields, i);
	}
}

/*
 * Clears in steps, which compile to plain stores.  One memset of this size
 * compiles to an instruction that takes long to start.
 */
static inline void
clear_flow(struct flow *flow)
{
	uint8_t *p = (uint8_t *)flow;
	size_t i;

	for (i = 0; i < sizeof(*flow) - CLEAR_STEP; i += CLEAR_STEP)
		memset(p + i, 0, CLEAR_STEP);
	memset(p + sizeof(*flow) - CLEAR_STEP, 0, CLEAR_STEP);
}

int
store_decode(const uint8_t *buf, size_t size, struct flow *flow, size_t *len)
{
	uint32_t fields, crc = 0;
	size_t total;
	int error;

	*len = 0;
	clear_flow(flow);
	if ((error = check_header(buf, size, &total)) != 0)
		return (error);
	if (size < total)
		return (FLOWD_ESHORT);
	*len = total;
	fields = be32(buf + 4);
	if ((fields & STORE_FIELD_CRC32) != 0) {
		crc = be32(buf + total - CRC_LEN);
		if (flowd_crc32(0, buf, total - CRC_LEN) != crc)
			return (FLOWD_ECRC);
	}
	flow->version = buf[0];
	flow->fields = fields & FIELDS_KNOWN;
	flow->crc = crc;
	get_fields(buf + STORE_HEADER_LEN, fields, flow);
	return (0);
}
