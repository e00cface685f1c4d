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

#include <string.h>

#include "crc32.h"
#include "lib/bits.h"
#include "lib/cursor.h"
#include "lib/store-v2.h"

#define MAGIC      0x012cf047U
#define VERSION    2U
#define FIELDS_LEN 4 /* a record's mask, its only header */
#define CRC_LEN    4

/* All fields of version 2: bits 0 to 18, and the checksum. */
#define KNOWN 0x4007ffffU

/* Fields that are one word longer in version 3; the others are the same. */
#define WIDENED                                           \
	(STORE_FIELD_RECV_TIME | STORE_FIELD_IF_INDICES | \
	    STORE_FIELD_AS_INFO | STORE_FIELD_FLOW_ENGINE_INFO)

/* The fields between them. */
#define PROTO_TO_OCTETS                                          \
	(STORE_FIELD_PROTO_FLAGS_TOS | STORE_FIELD_AGENT_ADDR |  \
	    STORE_FIELD_SRCDST_ADDR | STORE_FIELD_GATEWAY_ADDR | \
	    STORE_FIELD_SRCDST_PORT | STORE_FIELD_PACKETS |      \
	    STORE_FIELD_OCTETS)
#define AGENT_TO_TIMES (STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES)

/* Returns the bytes of fields, without their mask. */
static size_t
fields_len(uint32_t fields)
{
	return (store_record_len(fields) - STORE_HEADER_LEN -
	    4 * (size_t)bits_count(fields & WIDENED));
}

int
store_v2_check_file(const uint8_t *buf, size_t size, uint32_t *start_sec)
{
	*start_sec = 0;
	if (size < STORE_V2_FILE_HEADER_LEN)
		return (FLOWD_ESHORT);
	if (be32(buf) != MAGIC || be32(buf + 4) != VERSION)
		return (FLOWD_EVERSION);
	*start_sec = be32(buf + 8);
	return (0);
}

/*
 * Writes the fields at p in the layout of version 3, without checksum.  The
 * caller has checked both lengths.
 */
static void
widen(const uint8_t *p, uint32_t fields, uint8_t *to)
{
	size_t len;

	len = fields_len(fields & STORE_FIELD_TAG);
	memcpy(to, p, len);
	p += len;
	to += len;
	if ((fields & STORE_FIELD_RECV_TIME) != 0) {
		be32_put(to, be32(p));
		be32_put(to + 4, 0); /* microseconds */
		p += 4;
		to += 8;
	}
	len = fields_len(fields & PROTO_TO_OCTETS);
	memcpy(to, p, len);
	p += len;
	to += len;
	if ((fields & STORE_FIELD_IF_INDICES) != 0) {
		be32_put(to, be16(p));
		be32_put(to + 4, be16(p + 2));
		p += 4;
		to += 8;
	}
	len = fields_len(fields & AGENT_TO_TIMES);
	memcpy(to, p, len);
	p += len;
	to += len;
	if ((fields & STORE_FIELD_AS_INFO) != 0) {
		be32_put(to, be16(p));
		be32_put(to + 4, be16(p + 2));
		memcpy(to + 8, p + 4, 4); /* prefix lengths */
		p += 8;
		to += 12;
	}
	if ((fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0) {
		be16_put(to, p[0]);
		be16_put(to + 2, p[1]);
		be32_put(to + 4, be32(p + 4));
		be32_put(to + 8, 0); /* source_id */
	}
}

int
store_v2_decode(const uint8_t *buf, size_t size, struct flow *flow, size_t *len)
{
	uint8_t record[STORE_RECORD_MAX];
	uint32_t fields, kept;
	size_t total, record_len;
	int error;

	*len = 0;
	memset(flow, 0, sizeof(*flow));
	if (size < FIELDS_LEN)
		return (FLOWD_ESHORT);
	fields = be32(buf);
	if ((fields & ~KNOWN) != 0)
		return (FLOWD_EHEADER);
	total = FIELDS_LEN + fields_len(fields);
	if (size < total)
		return (FLOWD_ESHORT);
	if ((fields & STORE_FIELD_CRC32) != 0 &&
	    flowd_crc32(0, buf, total - CRC_LEN) !=
		be32(buf + total - CRC_LEN)) {
		*len = total;
		return (FLOWD_ECRC);
	}
	kept = fields & ~STORE_FIELD_CRC32;
	record_len = store_record_len(kept);
	record[0] = STORE_VERSION;
	record[1] = (uint8_t)((record_len - STORE_HEADER_LEN) / 4);
	be16_put(record + 2, 0);
	be32_put(record + 4, kept);
	widen(buf + FIELDS_LEN, kept, record + STORE_HEADER_LEN);
	if ((error = store_decode(record, record_len, flow, &record_len)) != 0)
		return (error);
	flow->version = VERSION << 5;
	flow->fields = fields;
	if ((fields & STORE_FIELD_CRC32) != 0)
		flow->crc = be32(buf + total - CRC_LEN);
	*len = total;
	return (0);
}
