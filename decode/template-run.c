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

#include "decode/template-run.h"
#include "errors.h"
#include "lib/fields.h"
#include "lib/fieldspec.h"
#include "netflow.h"

#define NTP_TO_EPOCH 2208988800U /* seconds, 1900 to 1970 */

/* Places in the type of service: RFC 2474 section 3, RFC 791. */
#define DSCP_SHIFT       2
#define PRECEDENCE_SHIFT 5

/* Big-endian, of any length; longer than 8 octets keeps the low ones. */
static uint64_t
load(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (; len > 0; len--)
		v = v << 8 | *p++;
	return (v);
}

/*
 * Rounds to the element's unit first, and then down to ms.  The seconds belong
 * to the NTP era that results in a time from 1970 to 2106.
 */
static uint64_t
ntp_to_ms(const uint8_t *p, uint64_t units_per_sec)
{
	uint64_t sec = (uint32_t)(be32(p) - NTP_TO_EPOCH);
	uint64_t units =
	    ((uint64_t)be32(p + 4) * units_per_sec + UINT64_C(0x80000000)) >>
	    32;

	return (sec * 1000 + units / (units_per_sec / 1000));
}

static uint64_t
milli_to_micro(uint64_t ms)
{
	return (ms > UINT64_MAX / 1000 ? UINT64_MAX : ms * 1000);
}

/* Right-aligned, as a number would be. */
static void
save_bytes(uint8_t *dst, size_t width, const uint8_t *p, size_t len)
{
	size_t n = len < width ? len : width;

	memset(dst, 0, width - n);
	memcpy(dst + width - n, p + len - n, n);
}

static void
save_octets(uint8_t *dst, const uint8_t *p, size_t len)
{
	const struct ie_octets octets = { p, len };

	memcpy(dst, &octets, sizeof(octets));
}

/* The rare ops, kept apart from those of every record. */
static __attribute__((noinline)) void
apply_rare(const struct op *op, const uint8_t *p, size_t len, uint8_t *dst)
{
	switch ((enum how)op->how) {
	case HOW_ANY_UNSIGNED:
		number_set(dst, op->width, load(p, len));
		break;
	case HOW_ANY_BYTES:
		save_bytes(dst, op->width, p, len);
		break;
	case HOW_SECONDS:
		number_set(dst, 8, load(p, len) * 1000);
		break;
	case HOW_NTP_MICRO:
		number_set(dst, 8, ntp_to_ms(p, 1000000));
		break;
	case HOW_NTP_NANO:
		number_set(dst, 8, ntp_to_ms(p, 1000000000));
		break;
	case HOW_OCTETS:
		save_octets(dst, p, len);
		break;
	case HOW_MILLI:
		number_set(dst, op->width, milli_to_micro(load(p, len)));
		break;
	case HOW_NANO:
		number_set(dst, op->width, load(p, len) / 1000);
		break;
	case HOW_DSCP:
		number_set(dst, op->width, load(p, len) << DSCP_SHIFT);
		break;
	case HOW_PRECEDENCE:
		number_set(dst, op->width, load(p, len) << PRECEDENCE_SHIFT);
		break;
	default:
		break;
	}
}

/* A field in n records, and the destination of its values. */
struct column {
	const uint8_t *p;
	size_t step; /* octets from one to the next */
	uint8_t *dst;
	size_t dst_step; /* bytes */
	size_t n;
};

static inline void
copy_u8(uint8_t *dst, const uint8_t *p)
{
	*dst = *p;
}

static inline void
copy_u16(uint8_t *dst, const uint8_t *p)
{
	const uint16_t v = be16(p);

	memcpy(dst, &v, sizeof(v));
}

static inline void
copy_u32(uint8_t *dst, const uint8_t *p)
{
	const uint32_t v = be32(p);

	memcpy(dst, &v, sizeof(v));
}

static inline void
copy_u64(uint8_t *dst, const uint8_t *p)
{
	const uint64_t v = be64(p);

	memcpy(dst, &v, sizeof(v));
}

static inline void
copy_u32_to_64(uint8_t *dst, const uint8_t *p)
{
	const uint64_t v = be32(p);

	memcpy(dst, &v, sizeof(v));
}

static inline void
copy_bytes4(uint8_t *dst, const uint8_t *p)
{
	memcpy(dst, p, 4);
}

static inline void
copy_bytes16(uint8_t *dst, const uint8_t *p)
{
	memcpy(dst, p, 16);
}

/* The compiler inlines copy, which makes the loop fast. */
static inline void
each(struct column c, void (*copy)(uint8_t *dst, const uint8_t *p))
{
	for (; c.n > 0; c.n--, c.p += c.step, c.dst += c.dst_step)
		copy(c.dst, c.p);
}

/* len is op->len, or the length that the record contains. */
static inline void
apply(const struct op *op, struct column c, size_t len)
{
	switch ((enum how)op->how) {
	case HOW_SKIP:
		break;
	case HOW_U8:
		each(c, copy_u8);
		break;
	case HOW_U16:
		each(c, copy_u16);
		break;
	case HOW_U32:
		each(c, copy_u32);
		break;
	case HOW_U64:
		each(c, copy_u64);
		break;
	case HOW_U32_TO_64:
		each(c, copy_u32_to_64);
		break;
	case HOW_BYTES4:
		each(c, copy_bytes4);
		break;
	case HOW_BYTES16:
		each(c, copy_bytes16);
		break;
	default:
		for (; c.n > 0; c.n--, c.p += c.step, c.dst += c.dst_step)
			apply_rare(op, c.p, len, c.dst);
	}
}

/* The op's column without its p and step. */
static inline struct column
column_of(const struct op *op, struct flow *flows, struct ie_values *values,
    size_t n)
{
	struct column c = { .n = n };

	if (op->in_flow) {
		c.dst = (uint8_t *)flows + op->dst;
		c.dst_step = sizeof(*flows);
	} else {
		c.dst = (uint8_t *)values + op->dst;
		c.dst_step = sizeof(*values);
	}
	return (c);
}

/* The length in front of a field, RFC 7011 section 7. */
static int
variable_len(struct cursor *c, uint16_t *len)
{
	uint8_t first;

	if (cur_u8(c, &first) != 0)
		return (FLOWD_ESHORT);
	if (first == 255)
		return (cur_u16(c, len));
	*len = first;
	return (0);
}

static int
run_variable(const struct tmpl *t, struct cursor *data, struct flow *flow,
    struct ie_values *values)
{
	const uint8_t *field;
	const struct op *op;
	struct column c;
	uint16_t len;

	for (op = t->ops; op < t->ops + t->nops; op++) {
		len = op->len;
		if (len == FIELDSPEC_VARIABLE && variable_len(data, &len) != 0)
			return (FLOWD_ESHORT);
		if ((field = cur_take(data, len)) == NULL)
			return (FLOWD_ESHORT);
		c = column_of(op, flow, values, 1);
		c.p = field;
		apply(op, c, len);
	}
	return (0);
}

/*
 * Field by field and not record by record, so that each is a short loop.  It
 * stays one function, into which the compiler inlines apply.
 */
static __attribute__((noinline)) void
run_ops(const struct tmpl *t, const struct op *op, const struct op *end,
    const uint8_t *records, size_t n, struct flow *flows,
    struct ie_values *values)
{
	struct column c;

	for (; op < end; op++) {
		c = column_of(op, flows, values, n);
		c.p = records + op->off;
		c.step = t->record_len;
		apply(op, c, op->len);
	}
}

int
template_run(const struct tmpl *t, struct cursor *data, size_t n,
    struct flow *flows, struct ie_values *values)
{
	const uint8_t *records;

	if (t->variable)
		return (n == 1 ? run_variable(t, data, flows, values) :
				 FLOWD_EINVAL);
	if ((records = cur_take(data, n * t->record_len)) == NULL)
		return (FLOWD_ESHORT);
	run_ops(t, t->ops, t->ops + t->nops, records, n, flows, values);
	return (0);
}

void
template_run_sampling(const struct tmpl *t, struct cursor data, size_t n,
    struct flow *flows, struct ie_values *values)
{
	const struct op *ops = t->ops + t->nops;
	const uint8_t *records;

	if (t->nsampling != 0 &&
	    (records = cur_take(&data, n * t->record_len)) != NULL)
		run_ops(t, ops, ops + t->nsampling, records, n, flows, values);
}

size_t
template_numbers(const struct tmpl *t, struct cursor record, uint16_t id,
    uint64_t *numbers, size_t max)
{
	struct fieldspec spec;
	struct cursor specs;
	const uint8_t *field;
	size_t i, n = 0;
	uint16_t len;

	cur_init(&specs, t->raw, t->raw_len);
	for (i = 0; i < t->nfields && n < max; i++) {
		if (fieldspec_next(&specs, t->key.version, &spec) != 0)
			break;
		len = spec.len;
		if (len == FIELDSPEC_VARIABLE &&
		    variable_len(&record, &len) != 0)
			break;
		if ((field = cur_take(&record, len)) == NULL)
			break;
		if (spec.id == id && spec.pen == IE_PEN_IANA &&
		    !(t->key.version == NF_VERSION_9 && i < t->scopes))
			numbers[n++] = load(field, len);
	}
	return (n);
}
