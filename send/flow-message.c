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

#include "lib/cursor.h"
#include "lib/fields.h"
#include "netflow.h"
#include "send/flow-message.h"

#define SET_ALIGN 4 /* octets; zeros follow the last record */

enum kind {
	NUMBER,
	COUNTER,
	ENGINE,
	ADDRESS,
	UPTIME, /* ms of the uptime; in IPFIX of the epoch */
	ZERO,   /* of the uptime, in ms of the epoch */
};

#define FIELDS_6                                         \
	(STORE_FIELD_SRC_ADDR6 | STORE_FIELD_DST_ADDR6 | \
	    STORE_FIELD_GATEWAY_ADDR6)
#define FIELDS_MADE_UP                                           \
	(STORE_FIELD_PROTO_FLAGS_TOS | STORE_FIELD_SRCDST_PORT | \
	    STORE_FIELD_PACKETS | STORE_FIELD_OCTETS |           \
	    STORE_FIELD_IF_INDICES | STORE_FIELD_FLOW_TIMES |    \
	    STORE_FIELD_AS_INFO)

/* A field of the records that are sent. */
struct field {
	enum kind kind;
	uint32_t fields; /* it is present with one of these */
	uint32_t six;    /* with one of these its element is ie6 */
	uint16_t ie;     /* 0: none */
	uint16_t ie6;
	uint16_t ie10;   /* instead of ie, in IPFIX */
	uint8_t width;   /* of the member of struct flow, bytes */
	uint16_t offset; /* of it, bytes */
};

/*
 * The values that are not just a copy of a member, or have an element for each
 * family.  The other fields are the elements of the table of fields.
 */
static const struct field special[] = {
/* clang-format off */
#define MEMBER(m)						\
	.width = sizeof(((struct flow *)NULL)->m),		\
	.offset = offsetof(struct flow, m)
#define FIELD(name)	STORE_FIELD_##name, 0
#define ADDR(name)	STORE_FIELD_##name##_ADDR, STORE_FIELD_##name##_ADDR6
#define MASK		STORE_FIELD_AS_INFO, \
	    STORE_FIELD_SRC_ADDR6 | STORE_FIELD_DST_ADDR6
	{ ADDRESS, ADDR(SRC), .ie = 8, .ie6 = 27, MEMBER(src) },
	{ ADDRESS, ADDR(DST), .ie = 12, .ie6 = 28, MEMBER(dst) },
	{ ADDRESS, ADDR(GATEWAY), .ie = 15, .ie6 = 62, MEMBER(gateway) },
	{ UPTIME, FIELD(FLOW_TIMES), .ie = 22, .ie10 = 152,
	  MEMBER(flow_start) },
	{ UPTIME, FIELD(FLOW_TIMES), .ie = 21, .ie10 = 153,
	  MEMBER(flow_finish) },
	{ NUMBER, MASK, .ie = 9, .ie6 = 29, MEMBER(src_mask) },
	{ NUMBER, MASK, .ie = 13, .ie6 = 30, MEMBER(dst_mask) },
	{ ZERO, FIELD(AGENT_INFO), .ie10 = 160 },
#undef MEMBER
#undef FIELD
#undef ADDR
#undef MASK
	/* clang-format on */
};
#define NSPECIAL (sizeof(special) / sizeof(special[0]))

/* All fields of a record in their order, set before main(). */
#define FIELDS_MAX 128
static struct field fields[FIELDS_MAX];
static size_t nfields;

static enum kind
kind_of(const struct member *m)
{
	if (m->field == STORE_FIELD_FLOW_ENGINE_INFO)
		return (ENGINE);
	return (m->size == 8 ? COUNTER : NUMBER);
}

static __attribute__((constructor)) void
list_fields(void)
{
	const struct member *m;
	size_t i;

	memcpy(fields, special, sizeof(special));
	nfields = NSPECIAL;
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->elements[0].id != 0 && nfields < FIELDS_MAX)
			fields[nfields++] = (struct field){
				.kind = kind_of(m),
				.fields = m->field,
				.ie = m->elements[0].id,
				.width = m->size,
				.offset = m->offset,
			};
	}
}

uint32_t
message_fields(void)
{
	uint32_t all = 0;
	size_t i;

	for (i = 0; i < nfields; i++)
		all |= fields[i].fields;
	return (all);
}

static size_t
header_len(uint16_t version)
{
	return (
	    version == NF_VERSION_IPFIX ? IPFIX_HEADER_LEN : NF9_HEADER_LEN);
}

/* Returns 0 if the records of shape lack the field. */
static uint16_t
field_id(const struct shape *shape, const struct field *f)
{
	if ((shape->fields & f->fields) == 0)
		return (0);
	if ((shape->fields & f->six) != 0)
		return (f->ie6);
	return (shape->version == NF_VERSION_IPFIX && f->ie10 != 0 ? f->ie10 :
								     f->ie);
}

static size_t
field_len(const struct shape *shape, const struct field *f)
{
	switch (f->kind) {
	case NUMBER:
		return (f->width);
	case COUNTER:
		return (shape->counter_len);
	case ENGINE:
		return (shape->engine_len);
	case ADDRESS:
		return ((shape->fields & f->six) != 0 ? 16 : 4);
	case UPTIME:
		return (shape->version == NF_VERSION_IPFIX ? 8 : 4);
	case ZERO:
		return (8);
	}
	return (0);
}

/* Returns the octets of a record, and sets *n to its number of fields. */
static size_t
record_len(const struct shape *shape, uint16_t *n)
{
	size_t i, len = 0;

	*n = 0;
	for (i = 0; i < nfields; i++) {
		if (field_id(shape, &fields[i]) == 0)
			continue;
		len += field_len(shape, &fields[i]);
		(*n)++;
	}
	return (len);
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
put_address(struct wcursor *w, size_t len, const struct addr *addr)
{
	if (addr->family != ADDR_NONE &&
	    addr->family != (len == 16 ? ADDR_V6 : ADDR_V4))
		return (FLOWD_EINVAL);
	return (wcur_bytes(w, addr->bytes, len));
}

/*
 * Converts an uptime to ms since the epoch.  An uptime that is greater than
 * that of the export is slightly later, or from before the uptime wrapped.
 */
static uint64_t
epoch_ms(const struct flow *flow, uint32_t uptime_ms)
{
	const uint32_t ago = flow->sys_uptime_ms - uptime_ms;
	const uint64_t export =
	    (uint64_t)flow->time_sec * 1000 + flow->time_nanosec / 1000000;

	if (uptime_ms > flow->sys_uptime_ms)
		return (export - (uint64_t)(int32_t)ago);
	return (export - ago);
}

static int
put_field(struct wcursor *w, const struct shape *shape, const struct field *f,
    const struct flow *flow)
{
	const uint8_t *at = (const uint8_t *)flow + f->offset;
	const size_t len = field_len(shape, f);
	uint64_t value;

	if (f->kind == ADDRESS)
		return (put_address(w, len, (const struct addr *)at));
	if (f->kind == ZERO)
		return (put_number(w, len, epoch_ms(flow, 0)));
	value = number_at(at, f->width);
	if (f->kind == UPTIME && shape->version == NF_VERSION_IPFIX)
		value = epoch_ms(flow, (uint32_t)value);
	return (put_number(w, len, value));
}

void
message_begin(struct message_writer *m, uint16_t version, uint8_t *buf,
    size_t size)
{
	memset(m, 0, sizeof(*m));
	m->version = version;
	m->start = buf;
	wcur_init(&m->w, buf, size < UINT16_MAX ? size : UINT16_MAX);
	(void)wcur_zero(&m->w, header_len(version));
}

static size_t
padding(const struct message_writer *m)
{
	const size_t len = wcur_len(&m->w) - header_len(m->version);

	return ((SET_ALIGN - len % SET_ALIGN) % SET_ALIGN);
}

static void
close_set(struct message_writer *m)
{
	const size_t pad = padding(m);

	if (m->set == NULL)
		return;
	(void)wcur_zero(&m->w, pad);
	be16_put(m->set + 2,
	    (uint16_t)(wcur_len(&m->w) - (size_t)(m->set - m->start)));
}

/*
 * Opens a set of this id, unless it is open, and checks that len octets and
 * their padding fit.
 */
static int
open_set(struct message_writer *m, uint16_t id, size_t len)
{
	if (m->set != NULL && be16(m->set) == id)
		return (
		    wcur_left(&m->w) < len + SET_ALIGN - 1 ? FLOWD_ESPACE : 0);
	if (wcur_left(&m->w) <
	    padding(m) + NF_SET_HEADER_LEN + len + SET_ALIGN - 1)
		return (FLOWD_ESPACE);
	close_set(m);
	if ((m->set = wcur_take(&m->w, NF_SET_HEADER_LEN)) == NULL)
		return (FLOWD_ESPACE);
	be16_put(m->set, id);
	return (0);
}

int
message_add_template(struct message_writer *m, const struct shape *shape)
{
	uint16_t n, id;
	size_t i;
	int r;

	(void)record_len(shape, &n);
	r = open_set(m,
	    m->version == NF_VERSION_IPFIX ? IPFIX_SET_TEMPLATE :
					     NF9_SET_TEMPLATE,
	    4 + (size_t)n * NF_FIELD_SPEC_LEN);
	if (r != 0 || (r = wcur_u16(&m->w, shape->template_id)) != 0 ||
	    (r = wcur_u16(&m->w, n)) != 0)
		return (r);
	for (i = 0; i < nfields; i++) {
		if ((id = field_id(shape, &fields[i])) == 0)
			continue;
		if ((r = wcur_u16(&m->w, id)) != 0 ||
		    (r = wcur_u16(&m->w,
			 (uint16_t)field_len(shape, &fields[i]))) != 0)
			return (r);
	}
	m->records++;
	return (0);
}

int
message_add(struct message_writer *m, const struct shape *shape,
    const struct flow *flow)
{
	uint16_t n;
	size_t i;
	int r;

	r = open_set(m, shape->template_id, record_len(shape, &n));
	if (r != 0)
		return (r);
	for (i = 0; i < nfields; i++) {
		if (field_id(shape, &fields[i]) == 0)
			continue;
		if ((r = put_field(&m->w, shape, &fields[i], flow)) != 0)
			return (r);
	}
	m->records++;
	return (0);
}

/* Writes the fields of the header that gen has. */
static void
put_header(const struct generator *gen, uint8_t *p)
{
	be16_put(p, gen->version);
	p += 4;
	if (gen->version == NF_VERSION_9) {
		be32_put(p, gen->sys_uptime_ms);
		p += 4;
	}
	be32_put(p, gen->time_sec);
	be32_put(p + 4, gen->sequence);
	be32_put(p + 8, gen->domain);
}

size_t
message_end(struct message_writer *m, const struct generator *gen)
{
	size_t len;

	close_set(m);
	len = wcur_len(&m->w);
	be16_put(m->start + 2,
	    m->version == NF_VERSION_IPFIX ? (uint16_t)len : m->records);
	put_header(gen, m->start);
	return (len);
}

static struct shape
made_up_shape(const struct generator *gen, uint16_t template_id)
{
	return ((struct shape){
	    .version = gen->version,
	    .template_id = template_id,
	    .fields = FIELDS_MADE_UP |
		(gen->ipv6 ? FIELDS_6 :
			     STORE_FIELD_SRC_ADDR4 | STORE_FIELD_DST_ADDR4 |
			    STORE_FIELD_GATEWAY_ADDR4),
	    /* As most exporters of v9 do. */
	    .counter_len = gen->version == NF_VERSION_IPFIX ? 8 : 4,
	});
}

size_t
message_fits(const struct generator *gen, size_t len)
{
	const struct shape shape = made_up_shape(gen, gen->template_id);
	uint16_t n;

	return ((len - header_len(gen->version) - NF_SET_HEADER_LEN -
		    (SET_ALIGN - 1)) /
	    record_len(&shape, &n));
}

int
message_data(const struct generator *gen, const struct flow *flows, size_t n,
    uint8_t *buf, size_t size, size_t *len)
{
	const struct shape shape = made_up_shape(gen, gen->template_id);
	struct message_writer m;
	size_t i;
	int r;

	*len = 0;
	if (size < header_len(gen->version))
		return (FLOWD_ESPACE);
	message_begin(&m, gen->version, buf, size);
	/* Also without flows there is a set. */
	if ((r = open_set(&m, shape.template_id, 0)) != 0)
		return (r);
	for (i = 0; i < n; i++) {
		if ((r = message_add(&m, &shape, &flows[i])) != 0)
			return (r);
	}
	*len = message_end(&m, gen);
	return (0);
}

int
message_templates(const struct generator *gen, size_t n, uint8_t *buf,
    size_t size, size_t *len)
{
	struct message_writer m;
	struct shape shape;
	size_t i;
	int r;

	*len = 0;
	if (size < header_len(gen->version))
		return (FLOWD_ESPACE);
	message_begin(&m, gen->version, buf, size);
	for (i = 0; i < n; i++) {
		shape = made_up_shape(gen, (uint16_t)(NF_SET_DATA_MIN + i));
		if ((r = message_add_template(&m, &shape)) != 0)
			return (r);
	}
	*len = message_end(&m, gen);
	return (0);
}

int
message_stamp(const struct generator *gen, uint8_t *buf, size_t len)
{
	const size_t header = header_len(gen->version);

	if (len < header + NF_SET_HEADER_LEN)
		return (FLOWD_ESPACE);
	/* Only a set of data has the id of a template. */
	if (be16(buf + header) >= NF_SET_DATA_MIN)
		be16_put(buf + header, gen->template_id);
	put_header(gen, buf);
	return (0);
}
