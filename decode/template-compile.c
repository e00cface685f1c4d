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

#include "decode/template-compile.h"
#include "decode/template-headers.h"
#include "errors.h"
#include "lib/bits.h"
#include "lib/fieldspec.h"
#include "netflow.h"

#define FWD(of) (SLOT_FORWARD + OF_##of)

static void
consider(struct plan *plan, const struct ie *ie, uint16_t i)
{
	if (slots_have(&plan->slots, ie->slot) &&
	    plan->rank[ie->slot] <= ie->rank)
		return;
	plan->rank[ie->slot] = ie->rank;
	plan->source[ie->slot] = i;
	slots_add(&plan->slots, ie->slot);
	plan->own_reverse |= ie->reverse;
}

/* Chooses which field fills which slot, in flows of this header. */
static int
make_plan(const struct tmpl *t, struct cursor specs,
    const struct headers *headers, size_t header, struct plan *plan)
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
		if (template_element(t, &spec, i, &ie) &&
		    headers_have(headers, header, i, &ie))
			consider(plan, &ie, i);
	}
	/* Records of no length would never end. */
	if (plan->record_len == 0 || plan->record_len > NF_DATAGRAM_MAX)
		return (FLOWD_EINVAL);
	return (0);
}

static enum template_family
family_of(const struct slots *slots)
{
	bool four =
	    slots_have(slots, SLOT_SRC4) || slots_have(slots, SLOT_DST4);
	bool six = slots_have(slots, SLOT_SRC6) || slots_have(slots, SLOT_DST6);

	if (four && six)
		return (FAMILY_BOTH);
	return (four ? FAMILY_4 : six ? FAMILY_6 : FAMILY_NONE);
}

static bool
has_member(const struct slots *slots, size_t offset)
{
	return (slots_have(slots, ie_slot_of_member(offset)));
}

static bool
has_masks(const struct slots *slots)
{
	return (slots_have_any(slots, SLOT_SRC_MASK4,
	    SLOT_DST_MASK6 - SLOT_SRC_MASK4 + 1));
}

/* Whether there are prefix lengths that the program cannot put in place. */
static bool
has_indirect_masks(const struct slots *slots, enum template_family family)
{
	const bool four = slots_have_any(slots, SLOT_SRC_MASK4, 2);
	const bool six = slots_have_any(slots, SLOT_SRC_MASK6, 2);

	return ((four && family != FAMILY_4) || (six && family != FAMILY_6));
}

/* Whether the times are just fields 21 and 22 of v9. */
static bool
has_plain_times(const struct tmpl *t)
{
	return (t->key.version == NF_VERSION_9 &&
	    slots_have(&t->slots, FWD(START_UPTIME)) &&
	    slots_have(&t->slots, FWD(END_UPTIME)) &&
	    !slots_have_any(&t->slots, FWD(START),
		OF_END_DELTA - OF_START + 1));
}

/* Addresses of two families may both be zero: then a flow has neither. */
static enum template_content
content_of(const struct tmpl *t)
{
	if (has_member(&t->slots, offsetof(struct flow, octets)) ||
	    has_member(&t->slots, offsetof(struct flow, packets)) ||
	    t->family == FAMILY_4 || t->family == FAMILY_6)
		return (CONTENT_ALWAYS);
	if (t->family == FAMILY_BOTH || (t->steps & STEP_PACKET) != 0 ||
	    slots_have(&t->slots, SLOT_REV_OCTETS) ||
	    slots_have(&t->slots, SLOT_REV_PACKETS))
		return (CONTENT_PERHAPS);
	return (CONTENT_NONE);
}

/* The decisions that each record needs. */
static uint8_t
steps_of(const struct tmpl *t)
{
	const struct slots *slots = &t->slots;
	uint8_t steps = 0;

	if (t->family == FAMILY_BOTH)
		steps |= STEP_FAMILY;
	if (has_indirect_masks(slots, t->family))
		steps |= STEP_MASKS;
	if (slots_have(slots, FWD(GATEWAY4)) &&
	    slots_have(slots, FWD(GATEWAY6)))
		steps |= STEP_GATEWAY;
	if (!has_member(slots, offsetof(struct flow, tcp_flags)) &&
	    slots_have_any(slots, FWD(FIN), OF_FLAGS_REST - OF_FIN + 1))
		steps |= STEP_FLAGS;
	if (slots_have_any(slots, FWD(ICMP4), OF_ICMP_CODE6 - OF_ICMP4 + 1) ||
	    slots_have_any(slots, SLOT_TCP_SRC,
		SLOT_UDP_DST - SLOT_TCP_SRC + 1))
		steps |= STEP_PORTS;
	if (slots_have_any(slots, SLOT_FRAME, SLOT_IP_PAYLOAD - SLOT_FRAME + 1))
		steps |= STEP_PACKET;
	if (!has_plain_times(t))
		steps |= STEP_TIMES;
	return (steps);
}

/* The fields of the log that each flow of this template has. */
static uint32_t
fields_of(const struct tmpl *t)
{
	uint32_t fields = STORE_FIELD_RECV_TIME | STORE_FIELD_AGENT_INFO |
	    STORE_FIELD_FLOW_TIMES | STORE_FIELD_FLOW_ENGINE_INFO;
	const struct member *m;
	uint8_t slot;

	if (has_masks(&t->slots))
		fields |= STORE_FIELD_AS_INFO;
	if ((t->steps & STEP_FLAGS) != 0)
		fields |= STORE_FIELD_PROTO_FLAGS_TOS;
	for (slot = SLOT_MEMBERS; (m = ie_member(slot)) != NULL; slot++) {
		if (slots_have(&t->slots, slot))
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

	if ((t->steps & STEP_TIMES) == 0 && slot == FWD(START_UPTIME))
		return (start);
	if ((t->steps & STEP_TIMES) == 0 && slot == FWD(END_UPTIME))
		return (finish);
	if ((t->steps & STEP_GATEWAY) == 0 && slot == FWD(GATEWAY4))
		return (gateway4);
	if ((t->steps & STEP_GATEWAY) == 0 && slot == FWD(GATEWAY6))
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
	case IE_MILLI:
		return (HOW_MILLI);
	case IE_NANO:
		return (HOW_NANO);
	case IE_DSCP:
		return (HOW_DSCP);
	case IE_PRECEDENCE:
		return (HOW_PRECEDENCE);
	case IE_OCTETS:
		return (HOW_OCTETS);
	}
	return (HOW_SKIP);
}

/*
 * Whether the field needs no op of the usual program: its value is read only on
 * demand.  Fields after one of variable length are found by reading all.
 */
static bool
is_on_demand(const struct tmpl *t, uint8_t slot)
{
	return (!t->options && !t->variable && slot_is_of_sampling(slot));
}

/*
 * Writes the program for the fields of specs: the usual one, or that of the
 * values that are read on demand.  Where all lengths are fixed, fields that are
 * not read need no op; in templates of variable length an op skips them.  Fields
 * of length 0 never have an op, so that the octets of a record limit the number
 * of ops.
 */
static size_t
compile(const struct tmpl *t, struct cursor specs,
    const struct headers *headers, size_t header, const struct plan *plan,
    bool on_demand, struct op *ops)
{
	struct ie_place place;
	struct fieldspec spec;
	struct ie ie;
	size_t n = 0;
	uint16_t i, off = 0;

	for (i = 0; i < t->nfields; i++) {
		if (fieldspec_next(&specs, t->key.version, &spec) != 0)
			break;
		if (template_element(t, &spec, i, &ie) &&
		    headers_have(headers, header, i, &ie) &&
		    plan->source[ie.slot] == i &&
		    is_on_demand(t, ie.slot) == on_demand) {
			place = place_of(t, ie.slot);
			ops[n++] = (struct op){
				.off = off,
				.len = spec.len,
				.dst = place.offset,
				.width = place.width,
				.in_flow = place.in_flow,
				.how = how_of(&ie, spec.len, place.width),
			};
		} else if (t->variable && !on_demand && spec.len != 0)
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
	size_t i, n = 0;

	if (plan->variable)
		return (t->nfields);
	for (i = 0; i < sizeof(plan->slots.bits) / sizeof(plan->slots.bits[0]);
	     i++)
		n += bits_count(plan->slots.bits[i]);
	return (n);
}

/* The values of a packet's octets that no element has. */
static uint16_t
absent_of(const struct tmpl *t)
{
	static const struct {
		size_t offset;
		uint16_t value;
	} rows[] = {
		{ offsetof(struct flow, protocol), PACKET_PROTOCOL },
		{ offsetof(struct flow, tos), PACKET_TOS },
		{ offsetof(struct flow, tcp_flags), PACKET_TCP_FLAGS },
		{ offsetof(struct flow, octets), PACKET_OCTETS },
	};
	uint16_t absent = 0;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!has_member(&t->slots, rows[i].offset))
			absent |= rows[i].value;
	}
	if ((t->steps & STEP_FLAGS) != 0)
		absent &= (uint16_t)~PACKET_TCP_FLAGS;
	if (!t->has_src_port && !t->has_dst_port &&
	    (t->steps & STEP_PORTS) == 0)
		absent |= PACKET_PORTS | PACKET_ICMP;
	return (absent);
}

/* The first field with an address of the family. */
static uint16_t
first_address(const struct plan *plan, unsigned int src, unsigned int dst)
{
	const uint16_t a =
	    slots_have(&plan->slots, src) ? plan->source[src] : UINT16_MAX;
	const uint16_t b =
	    slots_have(&plan->slots, dst) ? plan->source[dst] : UINT16_MAX;

	return (a < b ? a : b);
}

/*
 * If a record has addresses of both families, those that the template lists
 * last are of the inner header, and elements before them of the outer one.
 */
static void
find_inner(struct tmpl *t, const struct plan *plan)
{
	static const struct {
		size_t offset;
		uint16_t value;
	} rows[] = {
		{ offsetof(struct flow, protocol), PACKET_PROTOCOL },
		{ offsetof(struct flow, tos), PACKET_TOS },
		{ offsetof(struct flow, tcp_flags), PACKET_TCP_FLAGS },
		{ offsetof(struct flow, src_port), PACKET_PORTS },
		{ offsetof(struct flow, dst_port), PACKET_PORTS },
	};
	const uint16_t four = first_address(plan, SLOT_SRC4, SLOT_DST4);
	const uint16_t six = first_address(plan, SLOT_SRC6, SLOT_DST6);
	const uint16_t inner = four > six ? four : six;
	unsigned int slot;
	size_t i;

	t->inner_family = four > six ? ADDR_V4 : ADDR_V6;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		slot = ie_slot_of_member(rows[i].offset);
		if (slots_have(&plan->slots, slot) &&
		    plan->source[slot] < inner)
			t->of_outer |= rows[i].value;
	}
}

/* A record of one packet has no counters; octets are the packet's length. */
static bool
is_of_packet(const struct plan *plan)
{
	const unsigned int octets =
	    ie_slot_of_member(offsetof(struct flow, octets));

	return (!has_member(&plan->slots, offsetof(struct flow, packets)) &&
	    (!slots_have(&plan->slots, octets) ||
		plan->rank[octets] >= IE_RANK_PACKET));
}

/* Sets the members that follow from the plan. */
static void
describe(struct tmpl *t, const struct plan *plan)
{
	t->slots = plan->slots;
	t->variable = plan->variable;
	t->record_len = (uint32_t)plan->record_len;
	t->own_reverse = plan->own_reverse;
	t->family = (uint8_t)family_of(&plan->slots);
	t->has_protocol =
	    has_member(&plan->slots, offsetof(struct flow, protocol));
	t->has_src_port =
	    has_member(&plan->slots, offsetof(struct flow, src_port));
	t->has_dst_port =
	    has_member(&plan->slots, offsetof(struct flow, dst_port));
	t->steps = steps_of(t);
	t->content = (uint8_t)content_of(t);
	if (t->family == FAMILY_BOTH)
		find_inner(t, plan);
	t->absent = absent_of(t);
	t->of_packet = is_of_packet(plan);
	t->fields = fields_of(t);
}

/* The bytes of the block that template_build fills. */
static size_t
size_of(const struct template_plan *p)
{
	size_t size = p->headers.n * sizeof(struct tmpl) + p->raw_len, h;

	for (h = 0; h < p->headers.n; h++)
		size += count_ops(p->model, &p->plans[h]) * sizeof(struct op);
	return (size);
}

/*
 * The block has a structure for each header, the inner one first, then their
 * programs, and the definition.
 */
struct tmpl *
template_build(const struct template_plan *p, void *block)
{
	struct tmpl *all = block, *t;
	struct op *ops = (struct op *)(all + p->headers.n);
	struct cursor specs = p->specs;
	size_t h;

	memset(block, 0, p->size);
	for (h = p->headers.n; h-- > 0;) {
		t = &all[p->headers.n - 1 - h];
		*t = *p->model;
		describe(t, &p->plans[h]);
		t->ops = ops;
		t->nops = (uint32_t)compile(t, specs, &p->headers, h,
		    &p->plans[h], false, ops);
		t->nsampling = (uint32_t)compile(t, specs, &p->headers, h,
		    &p->plans[h], true, ops + t->nops);
		ops += count_ops(p->model, &p->plans[h]);
		t->outer = h == 0 ? NULL : t + 1;
	}
	all->raw = (uint8_t *)ops;
	all->raw_len = (uint32_t)p->raw_len;
	all->size = (uint32_t)p->size;
	(void)cur_bytes(&specs, (uint8_t *)ops, p->raw_len);
	return (all);
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
template_plan(const struct tmpl *model, struct cursor *specs,
    struct template_plan *p)
{
	size_t h;
	int r;

	p->model = model;
	p->specs = *specs;
	if (skip_specs(specs, model) != 0)
		return (FLOWD_ESHORT);
	p->raw_len = cur_left(&p->specs) - cur_left(specs);
	if ((r = headers_find(model, p->specs, &p->headers)) != 0)
		return (r);
	for (h = 0; h < p->headers.n; h++) {
		r = make_plan(model, p->specs, &p->headers, h, &p->plans[h]);
		if (r != 0)
			return (r);
	}
	p->size = size_of(p);
	return (0);
}
