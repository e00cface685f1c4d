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

#include <stdbool.h>
#include <string.h>

#include "cursor.h"
#include "flow-message.h"
#include "netflow.h"

#define SET_ALIGN 4 /* octets; zeroes behind the last record */

enum kind {
	NUMBER,
	ADDRESS,
	UPTIME, /* ms of the uptime; in IPFIX of the epoch */
};

/*
 * The fields of a record.  Numbers are sent as wide as flowd has them, but that
 * v9 has counters of 4 octets, as most of its exporters do.
 */
static const struct field {
	enum kind kind;
	uint16_t ie;
	uint16_t ie6;  /* instead, of flows in IPv6 */
	uint16_t ie10; /* instead, in IPFIX */
	uint8_t width; /* bytes of the member of struct flow */
	size_t offset;
} fields[] = {
#define MEMBER(m)                                  \
	.width = sizeof(((struct flow *)NULL)->m), \
	.offset = offsetof(struct flow, m)
	{ ADDRESS, .ie = 8, .ie6 = 27, MEMBER(src) },
	{ ADDRESS, .ie = 12, .ie6 = 28, MEMBER(dst) },
	{ ADDRESS, .ie = 15, .ie6 = 62, MEMBER(gateway) },
	{ NUMBER, .ie = 10, MEMBER(if_index_in) },
	{ NUMBER, .ie = 14, MEMBER(if_index_out) },
	{ NUMBER, .ie = 2, MEMBER(packets) },
	{ NUMBER, .ie = 1, MEMBER(octets) },
	{ UPTIME, .ie = 22, .ie10 = 152, MEMBER(flow_start) },
	{ UPTIME, .ie = 21, .ie10 = 153, MEMBER(flow_finish) },
	{ NUMBER, .ie = 7, MEMBER(src_port) },
	{ NUMBER, .ie = 11, MEMBER(dst_port) },
	{ NUMBER, .ie = 6, MEMBER(tcp_flags) },
	{ NUMBER, .ie = 4, MEMBER(protocol) },
	{ NUMBER, .ie = 5, MEMBER(tos) },
	{ NUMBER, .ie = 16, MEMBER(src_as) },
	{ NUMBER, .ie = 17, MEMBER(dst_as) },
	{ NUMBER, .ie = 9, .ie6 = 29, MEMBER(src_mask) },
	{ NUMBER, .ie = 13, .ie6 = 30, MEMBER(dst_mask) },
#undef MEMBER
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static bool
is_ipfix(const struct generator *gen)
{
	return (gen->version == NF_VERSION_IPFIX);
}

static size_t
header_len(const struct generator *gen)
{
	return (is_ipfix(gen) ? IPFIX_HEADER_LEN : NF9_HEADER_LEN);
}

static uint16_t
field_id(const struct generator *gen, const struct field *f)
{
	if (gen->ipv6 && f->ie6 != 0)
		return (f->ie6);
	return (is_ipfix(gen) && f->ie10 != 0 ? f->ie10 : f->ie);
}

static size_t
field_len(const struct generator *gen, const struct field *f)
{
	if (f->kind == ADDRESS)
		return (gen->ipv6 ? 16 : 4);
	if (is_ipfix(gen))
		return (f->kind == UPTIME ? 8 : f->width);
	return (f->width < 4 ? f->width : 4);
}

static size_t
record_len(const struct generator *gen)
{
	size_t i, len = 0;

	for (i = 0; i < NFIELDS; i++)
		len += field_len(gen, &fields[i]);
	return (len);
}

size_t
message_fits(const struct generator *gen, size_t len)
{
	return ((len - header_len(gen) - NF_SET_HEADER_LEN - (SET_ALIGN - 1)) /
	    record_len(gen));
}

static int
put_number(struct wcursor *w, size_t len, uint64_t value)
{
	if (len < 8 && value >> (len * 8) != 0)
		return (FLOWD_EINVAL);
	switch (len) {
	case 1:
		return (wcur_u8(w, (uint8_t)value));
	case 2:
		return (wcur_u16(w, (uint16_t)value));
	case 4:
		return (wcur_u32(w, (uint32_t)value));
	default:
		return (wcur_u64(w, value));
	}
}

/* An absent address is zero on the wire. */
static int
put_address(struct wcursor *w, const struct generator *gen,
    const struct addr *addr)
{
	if (addr->family != ADDR_NONE && (addr->family == ADDR_V6) != gen->ipv6)
		return (FLOWD_EINVAL);
	return (wcur_bytes(w, addr->bytes, gen->ipv6 ? 16 : 4));
}

static uint64_t
member(const struct field *f, const uint8_t *at)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch (f->width) {
	case 1:
		return (*at);
	case 2:
		memcpy(&v16, at, 2);
		return (v16);
	case 4:
		memcpy(&v32, at, 4);
		return (v32);
	default:
		memcpy(&v64, at, 8);
		return (v64);
	}
}

static uint64_t
epoch_ms(const struct generator *gen, uint32_t uptime_ms)
{
	return ((uint64_t)gen->time_sec * 1000 + gen->time_nanosec / 1000000 -
	    (gen->sys_uptime_ms - uptime_ms));
}

static int
put_field(struct wcursor *w, const struct generator *gen, const struct field *f,
    const struct flow *flow)
{
	const uint8_t *at = (const uint8_t *)flow + f->offset;
	uint64_t value;

	if (f->kind == ADDRESS)
		return (put_address(w, gen, (const struct addr *)at));
	value = member(f, at);
	if (f->kind == UPTIME && is_ipfix(gen))
		value = epoch_ms(gen, (uint32_t)value);
	return (put_number(w, field_len(gen, f), value));
}

/* The header; count is of records. */
static int
put_header(struct wcursor *w, const struct generator *gen, size_t count,
    size_t len)
{
	uint8_t *start = w->at;
	int r;

	if (wcur_left(w) < len || len > UINT16_MAX)
		return (FLOWD_ESPACE);
	w->end = w->at + len;
	memset(start, 0, header_len(gen));
	if ((r = wcur_u16(w, gen->version)) != 0 ||
	    (r = wcur_u16(w, (uint16_t)(is_ipfix(gen) ? len : count))) != 0)
		return (r);
	w->at = start + header_len(gen);
	return (message_stamp(gen, start, len));
}

int
message_data(const struct generator *gen, const struct flow *flows, size_t n,
    uint8_t *buf, size_t size, size_t *len)
{
	size_t i, f, set_len, used = NF_SET_HEADER_LEN + n * record_len(gen);
	struct wcursor w;
	int r;

	*len = 0;
	set_len = (used + SET_ALIGN - 1) / SET_ALIGN * SET_ALIGN;
	wcur_init(&w, buf, size);
	if ((r = put_header(&w, gen, n, header_len(gen) + set_len)) != 0 ||
	    (r = wcur_u16(&w, gen->template_id)) != 0 ||
	    (r = wcur_u16(&w, (uint16_t)set_len)) != 0)
		return (r);
	for (i = 0; i < n; i++) {
		for (f = 0; f < NFIELDS; f++) {
			r = put_field(&w, gen, &fields[f], &flows[i]);
			if (r != 0)
				return (r);
		}
	}
	memset(w.at, 0, set_len - used);
	*len = header_len(gen) + set_len;
	return (0);
}

static int
put_template(struct wcursor *w, const struct generator *gen, uint16_t id)
{
	size_t f;
	int r;

	if ((r = wcur_u16(w, id)) != 0 || (r = wcur_u16(w, NFIELDS)) != 0)
		return (r);
	for (f = 0; f < NFIELDS; f++) {
		if ((r = wcur_u16(w, field_id(gen, &fields[f]))) != 0 ||
		    (r = wcur_u16(w, (uint16_t)field_len(gen, &fields[f]))) !=
			0)
			return (r);
	}
	return (0);
}

int
message_templates(const struct generator *gen, size_t n, uint8_t *buf,
    size_t size, size_t *len)
{
	const size_t set_len =
	    NF_SET_HEADER_LEN + n * (4 + NFIELDS * NF_FIELD_SPEC_LEN);
	struct wcursor w;
	size_t i;
	int r;

	*len = 0;
	wcur_init(&w, buf, size);
	if ((r = put_header(&w, gen, n, header_len(gen) + set_len)) != 0 ||
	    (r = wcur_u16(&w,
		 is_ipfix(gen) ? IPFIX_SET_TEMPLATE : NF9_SET_TEMPLATE)) != 0 ||
	    (r = wcur_u16(&w, (uint16_t)set_len)) != 0)
		return (r);
	for (i = 0; i < n; i++) {
		r = put_template(&w, gen, (uint16_t)(NF_SET_DATA_MIN + i));
		if (r != 0)
			return (r);
	}
	*len = header_len(gen) + set_len;
	return (0);
}

int
message_stamp(const struct generator *gen, uint8_t *buf, size_t len)
{
	struct wcursor w;
	int r;

	if (len < header_len(gen) + NF_SET_HEADER_LEN)
		return (FLOWD_ESPACE);
	/* A set of data, and not of templates. */
	if (be16(buf + header_len(gen)) >= NF_SET_DATA_MIN)
		be16_put(buf + header_len(gen), gen->template_id);
	be16_put(buf, gen->version);
	wcur_init(&w, buf + 4, len - 4);
	if (!is_ipfix(gen) && (r = wcur_u32(&w, gen->sys_uptime_ms)) != 0)
		return (r);
	if ((r = wcur_u32(&w, gen->time_sec)) != 0)
		return (r);
	return (wcur_u32(&w, gen->sequence));
}
