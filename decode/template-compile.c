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

#include <stdlib.h>
#include <string.h>

#include "decode/template-compile.h"
#include "errors.h"
#include "lib/bits.h"
#include "lib/fieldspec.h"
#include "netflow.h"

#define PLAIN_TIME_SLOTS \
	(SLOT_BIT(SLOT_START_UPTIME) | SLOT_BIT(SLOT_END_UPTIME))
#define TIME_SLOTS                                                      \
	(PLAIN_TIME_SLOTS | SLOT_BIT(SLOT_START) | SLOT_BIT(SLOT_END) | \
	    SLOT_BIT(SLOT_START_DELTA) | SLOT_BIT(SLOT_END_DELTA))

/* The result of the first pass over the specifiers. */
struct plan {
	uint8_t rank[SLOTS];    /* of the best element that fills it */
	uint16_t source[SLOTS]; /* the index of its field */
	uint64_t slots;         /* that are filled */
	uint64_t record_len;
	bool variable;
};

/*
 * Finds the element of field i.  The scope fields of v9 have numbers of their
 * own (RFC 3954 section 6.1), of which flowd reads the interface.
 */
static bool
element(const struct tmpl *t, const struct fieldspec *spec, uint16_t i,
    struct ie *ie)
{
	if (spec->len == 0)
		return (false);
	if (t->key.version == NF_VERSION_9 && i < t->scopes)
		return (spec->id == NF9_SCOPE_INTERFACE &&
		    ie_find(IE_PEN_IANA, IE_INGRESS_INTERFACE, ie));
	if (!ie_find(spec->pen, spec->id, ie))
		return (false);
	return ((ie->type != IE_NTP_MICRO && ie->type != IE_NTP_NANO) ||
	    spec->len == 8);
}

/* Chooses which field fills which slot. */
static int
make_plan(const struct tmpl *t, struct cursor specs, struct plan *plan)
{
	struct fieldspec spec;
	struct ie ie;
	uint16_t i;

	memset(plan, 0, sizeof(*plan));
	for (i = 0; i < t->nfields; i++) {
		if (fieldspec_next(&specs, t->key.version, &spec) != 0)
			return (FLOWD_ESHORT);
		if (spec.len == FIELDSPEC_VARIABLE) {
			plan->variable = true;
			plan->record_len++;
		} else
			plan->record_len += spec.len;
		if (!element(t, &spec, i, &ie))
			continue;
		if ((plan->slots & SLOT_BIT(ie.slot)) != 0 &&
		    plan->rank[ie.slot] <= ie.rank)
			continue;
		plan->rank[ie.slot] = ie.rank;
		plan->source[ie.slot] = i;
		plan->slots |= SLOT_BIT(ie.slot);
	}
	/* Records of no length would never end. */
	if (plan->record_len == 0 || plan->record_len > NF_DATAGRAM_MAX)
		return (FLOWD_EINVAL);
	return (0);
}

static enum template_family
family_of(uint64_t slots)
{
	bool four = (slots & (SLOT_BIT(SLOT_SRC4) | SLOT_BIT(SLOT_DST4))) != 0;
	bool six = (slots & (SLOT_BIT(SLOT_SRC6) | SLOT_BIT(SLOT_DST6))) != 0;

	if (four && six)
		return (FAMILY_BOTH);
	return (four ? FAMILY_4 : six ? FAMILY_6 : FAMILY_NONE);
}

/* The fields of the log that each flow of this template has. */
static uint32_t
fields_of(uint64_t slots)
{
	static const struct {
		uint64_t any;
		uint32_t fields;
	} rows[] = {
		{ SLOT_BIT(SLOT_ICMP) | SLOT_BIT(SLOT_ICMP_TYPE),
		    STORE_FIELD_SRCDST_PORT },
		{ SLOT_BIT(SLOT_SRC_MASK4) | SLOT_BIT(SLOT_DST_MASK4) |
			SLOT_BIT(SLOT_SRC_MASK6) | SLOT_BIT(SLOT_DST_MASK6),
		    STORE_FIELD_AS_INFO },
	};
	uint32_t fields = STORE_FIELD_RECV_TIME | STORE_FIELD_AGENT_INFO |
	    STORE_FIELD_FLOW_TIMES | STORE_FIELD_FLOW_ENGINE_INFO;
	const struct member *m;
	uint8_t slot;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((slots & rows[i].any) != 0)
			fields |= rows[i].fields;
	}
	for (slot = SLOT_MEMBERS; (m = ie_member(slot)) != NULL; slot++) {
		if ((slots & SLOT_BIT(slot)) != 0)
			fields |= m->field;
	}
	return (fields);
}

/* clang-format off */
#define DIRECT_LEN(member, len)	{ true, offsetof(struct flow, member), len }
#define DIRECT(member) \
	DIRECT_LEN(member, sizeof(((struct flow *)NULL)->member))
/* clang-format on */

/*
 * The destination of the slot's value.  It is in the flow itself if the
 * template has one family and one kind of time, which is the usual case.
 */
static struct ie_place
place_of(const struct tmpl *t, uint8_t slot)
{
	static const struct ie_place src4 = DIRECT_LEN(src.bytes, 4);
	static const struct ie_place dst4 = DIRECT_LEN(dst.bytes, 4);
	static const struct ie_place src6 = DIRECT(src.bytes);
	static const struct ie_place dst6 = DIRECT(dst.bytes);
	static const struct ie_place gateway4 = DIRECT_LEN(gateway.bytes, 4);
	static const struct ie_place gateway6 = DIRECT(gateway.bytes);
	static const struct ie_place src_mask = DIRECT(src_mask);
	static const struct ie_place dst_mask = DIRECT(dst_mask);
	static const struct ie_place start = DIRECT(flow_start);
	static const struct ie_place finish = DIRECT(flow_finish);
	bool six = slot == SLOT_SRC6 || slot == SLOT_DST6 ||
	    slot == SLOT_SRC_MASK6 || slot == SLOT_DST_MASK6;

	if (t->plain_times && slot == SLOT_START_UPTIME)
		return (start);
	if (t->plain_times && slot == SLOT_END_UPTIME)
		return (finish);
	if (slot == SLOT_GATEWAY4 && (t->slots & SLOT_BIT(SLOT_GATEWAY6)) == 0)
		return (gateway4);
	if (slot == SLOT_GATEWAY6 && (t->slots & SLOT_BIT(SLOT_GATEWAY4)) == 0)
		return (gateway6);
	if (t->family != (six ? FAMILY_6 : FAMILY_4))
		return (ie_place(slot));
	switch (slot) {
	case SLOT_SRC4:
		return (src4);
	case SLOT_DST4:
		return (dst4);
	case SLOT_SRC6:
		return (src6);
	case SLOT_DST6:
		return (dst6);
	case SLOT_SRC_MASK4:
	case SLOT_SRC_MASK6:
		return (src_mask);
	case SLOT_DST_MASK4:
	case SLOT_DST_MASK6:
		return (dst_mask);
	default:
		return (ie_place(slot));
	}
}

static enum how
how_unsigned(uint16_t len, uint8_t width)
{
	if (len == 1 && width == 1)
		return (HOW_U8);
	if (len == 2 && width == 2)
		return (HOW_U16);
	if (len == 4 && width == 4)
		return (HOW_U32);
	if (len == 8 && width == 8)
		return (HOW_U64);
	if (len == 4 && width == 8)
		return (HOW_U32_TO_64);
	return (HOW_ANY_UNSIGNED);
}

static enum how
how_of(const struct ie *ie, uint16_t len, uint8_t width)
{
	switch ((enum ie_type)ie->type) {
	case IE_UNSIGNED:
		return (how_unsigned(len, width));
	case IE_ADDRESS4:
		return (len == 4 ? HOW_BYTES4 : HOW_ANY_BYTES);
	case IE_ADDRESS6:
		return (len == 16 ? HOW_BYTES16 : HOW_ANY_BYTES);
	case IE_SECONDS:
		return (HOW_SECONDS);
	case IE_NTP_MICRO:
		return (HOW_NTP_MICRO);
	case IE_NTP_NANO:
		return (HOW_NTP_NANO);
	case IE_TEXT:
		return (HOW_TEXT);
	}
	return (HOW_SKIP);
}

/*
 * Writes the program for the fields of specs.  Where all lengths are fixed,
 * fields that are not read need no op; in templates of variable length an op
 * skips them.  Fields of length 0 never have an op, so that the octets of a
 * record limit the number of ops.
 */
static size_t
compile(const struct tmpl *t, struct cursor specs, const struct plan *plan,
    struct op *ops)
{
	struct ie_place place;
	struct fieldspec spec;
	struct ie ie;
	size_t n = 0;
	uint16_t i, off = 0;

	for (i = 0; i < t->nfields; i++) {
		if (fieldspec_next(&specs, t->key.version, &spec) != 0)
			break;
		if (element(t, &spec, i, &ie) &&
		    (plan->slots & SLOT_BIT(ie.slot)) != 0 &&
		    plan->source[ie.slot] == i) {
			place = place_of(t, ie.slot);
			ops[n++] = (struct op){
				.off = off,
				.len = spec.len,
				.dst = place.offset,
				.width = place.width,
				.in_flow = place.in_flow,
				.how = how_of(&ie, spec.len, place.width),
			};
		} else if (t->variable && spec.len != 0)
			ops[n++] = (struct op){
				.len = spec.len,
				.how = HOW_SKIP,
			};
		off = (uint16_t)(off + spec.len);
	}
	return (n);
}

static size_t
count_ops(const struct tmpl *t, const struct plan *plan)
{
	return (t->variable ? t->nfields : bits_count(plan->slots));
}

/* The result is one block of memory; model has the members known before. */
static struct tmpl *
build(const struct tmpl *model, const struct plan *plan, struct cursor specs,
    size_t raw_len)
{
	size_t nops = count_ops(model, plan);
	size_t size = sizeof(struct tmpl) + nops * sizeof(struct op) + raw_len;
	struct tmpl *t;
	struct op *ops;
	uint8_t *raw;

	if ((t = calloc(1, size)) == NULL)
		return (NULL);
	*t = *model;
	ops = (struct op *)(t + 1);
	raw = (uint8_t *)(ops + nops);
	t->nops = compile(t, specs, plan, ops);
	t->ops = ops;
	(void)cur_bytes(&specs, raw, raw_len);
	t->raw = raw;
	t->raw_len = raw_len;
	t->size = size;
	return (t);
}

static int
skip_specs(struct cursor *specs, const struct tmpl *model)
{
	struct fieldspec spec;
	uint16_t i;

	for (i = 0; i < model->nfields; i++) {
		if (fieldspec_next(specs, model->key.version, &spec) != 0)
			return (FLOWD_ESHORT);
	}
	return (0);
}

int
template_compile(const struct tmpl *model, struct cursor *specs,
    struct tmpl **tmpl)
{
	const struct cursor start = *specs;
	struct tmpl m = *model;
	struct plan plan;
	int r;

	*tmpl = NULL;
	r = make_plan(&m, start, &plan);
	if (skip_specs(specs, &m) != 0)
		return (FLOWD_ESHORT);
	if (r != 0)
		return (r);
	m.slots = plan.slots;
	m.variable = plan.variable;
	m.record_len = (uint32_t)plan.record_len;
	m.family = (uint8_t)family_of(plan.slots);
	m.fields = fields_of(plan.slots);
	m.has_ports =
	    (plan.slots &
		(ie_slot_of_member(offsetof(struct flow, src_port)) |
		    ie_slot_of_member(offsetof(struct flow, dst_port)))) != 0;
	m.plain_times = m.key.version == NF_VERSION_9 &&
	    (plan.slots & TIME_SLOTS) == PLAIN_TIME_SLOTS;
	*tmpl = build(&m, &plan, start, cur_left(&start) - cur_left(specs));
	return (*tmpl == NULL ? FLOWD_ENOMEM : 0);
}
