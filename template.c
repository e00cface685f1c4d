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

#include "compat.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "netflow.h"
#include "template.h"

#define BUCKETS_MIN  16          /* a power of two */
#define NTP_TO_EPOCH 2208988800U /* seconds, 1900 to 1970 */

#define PLAIN_TIME_SLOTS \
	(SLOT_BIT(SLOT_START_UPTIME) | SLOT_BIT(SLOT_END_UPTIME))
#define TIME_SLOTS                                                      \
	(PLAIN_TIME_SLOTS | SLOT_BIT(SLOT_START) | SLOT_BIT(SLOT_END) | \
	    SLOT_BIT(SLOT_START_DELTA) | SLOT_BIT(SLOT_END_DELTA))

/*
 * The kinds of op: for the usual lengths without a loop, and HOW_ANY_* for
 * every other.
 */
enum how {
	HOW_SKIP,
	HOW_U8,
	HOW_U16,
	HOW_U32,
	HOW_U64, /* as wide as what they fill */
	HOW_U32_TO_64,
	HOW_BYTES4,
	HOW_BYTES16,
	HOW_ANY_UNSIGNED,
	HOW_ANY_BYTES,
	HOW_SECONDS,
	HOW_NTP_MICRO,
	HOW_NTP_NANO,
	HOW_TEXT,
};

/* What is worked out of the specifiers before a template is made. */
struct plan {
	const struct ie *best[SLOTS]; /* NULL: nothing fills it */
	uint16_t source[SLOTS];       /* the index of its field */
	uint64_t slots;
	uint64_t record_len;
	bool variable;
};

/*
 * The element of field i, or NULL.  The scope fields of v9 have numbers of
 * their own (RFC 3954 section 6.1); the interface is the one that is read.
 */
static const struct ie *
element(const struct template *t, const struct fieldspec *spec, uint16_t i)
{
	const struct ie *ie;

	if (spec->len == 0)
		return (NULL);
	if (t->key.version == NF_VERSION_9 && i < t->scopes)
		return (spec->id == NF9_SCOPE_INTERFACE ?
			ie_find(IE_PEN_IANA, IE_INGRESS_INTERFACE) :
			NULL);
	if ((ie = ie_find(spec->pen, spec->id)) == NULL)
		return (NULL);
	if ((ie->type == IE_NTP_MICRO || ie->type == IE_NTP_NANO) &&
	    spec->len != 8)
		return (NULL);
	return (ie);
}

/* Chooses which field fills which slot. */
static int
make_plan(const struct template *t, struct cursor specs, struct plan *plan)
{
	struct fieldspec spec;
	const struct ie *ie;
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
		if ((ie = element(t, &spec, i)) == NULL)
			continue;
		if (plan->best[ie->slot] != NULL &&
		    plan->best[ie->slot]->rank <= ie->rank)
			continue;
		plan->best[ie->slot] = ie;
		plan->source[ie->slot] = i;
		plan->slots |= SLOT_BIT(ie->slot);
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
		{ SLOT_BIT(SLOT_OCTETS), STORE_FIELD_OCTETS },
		{ SLOT_BIT(SLOT_PACKETS), STORE_FIELD_PACKETS },
		{ SLOT_BIT(SLOT_PROTOCOL) | SLOT_BIT(SLOT_TOS) |
			SLOT_BIT(SLOT_TCP_FLAGS),
		    STORE_FIELD_PROTO_FLAGS_TOS },
		{ SLOT_BIT(SLOT_SRC_PORT) | SLOT_BIT(SLOT_DST_PORT) |
			SLOT_BIT(SLOT_ICMP) | SLOT_BIT(SLOT_ICMP_TYPE),
		    STORE_FIELD_SRCDST_PORT },
		{ SLOT_BIT(SLOT_IF_IN) | SLOT_BIT(SLOT_IF_OUT),
		    STORE_FIELD_IF_INDICES },
		{ SLOT_BIT(SLOT_SRC_AS) | SLOT_BIT(SLOT_DST_AS) |
			SLOT_BIT(SLOT_SRC_MASK4) | SLOT_BIT(SLOT_DST_MASK4) |
			SLOT_BIT(SLOT_SRC_MASK6) | SLOT_BIT(SLOT_DST_MASK6),
		    STORE_FIELD_AS_INFO },
	};
	uint32_t fields = STORE_FIELD_RECV_TIME | STORE_FIELD_AGENT_INFO |
	    STORE_FIELD_FLOW_TIMES | STORE_FIELD_FLOW_ENGINE_INFO;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((slots & rows[i].any) != 0)
			fields |= rows[i].fields;
	}
	return (fields);
}

/* clang-format off */
#define DIRECT_LEN(member, len)	{ true, offsetof(struct flow, member), len }
#define DIRECT(member) \
	DIRECT_LEN(member, sizeof(((struct flow *)NULL)->member))
/* clang-format on */

/*
 * Where the slot's value goes: straight into the flow where the template
 * leaves no choice of families or times, which is the usual case.
 */
static const struct ie_place *
place_of(const struct template *t, enum ie_slot slot)
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
		return (&start);
	if (t->plain_times && slot == SLOT_END_UPTIME)
		return (&finish);
	if (slot == SLOT_GATEWAY4 && (t->slots & SLOT_BIT(SLOT_GATEWAY6)) == 0)
		return (&gateway4);
	if (slot == SLOT_GATEWAY6 && (t->slots & SLOT_BIT(SLOT_GATEWAY4)) == 0)
		return (&gateway6);
	if (t->family != (six ? FAMILY_6 : FAMILY_4))
		return (ie_place(slot));
	switch (slot) {
	case SLOT_SRC4:
		return (&src4);
	case SLOT_DST4:
		return (&dst4);
	case SLOT_SRC6:
		return (&src6);
	case SLOT_DST6:
		return (&dst6);
	case SLOT_SRC_MASK4:
	case SLOT_SRC_MASK6:
		return (&src_mask);
	case SLOT_DST_MASK4:
	case SLOT_DST_MASK6:
		return (&dst_mask);
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
 * fields that are not read cost nothing; else they have to be stepped over.
 * Fields of no length never have an op, so that what a record costs is bounded
 * by its octets.
 */
static size_t
compile(const struct template *t, struct cursor specs, const struct plan *plan,
    struct op *ops)
{
	const struct ie_place *place;
	struct fieldspec spec;
	const struct ie *ie;
	size_t n = 0;
	uint16_t i, off = 0;

	for (i = 0; i < t->nfields; i++) {
		if (fieldspec_next(&specs, t->key.version, &spec) != 0)
			break;
		ie = element(t, &spec, i);
		if (ie != NULL && plan->best[ie->slot] != NULL &&
		    plan->source[ie->slot] == i) {
			place = place_of(t, (enum ie_slot)ie->slot);
			ops[n++] = (struct op){
				.off = off,
				.len = spec.len,
				.dst = place->offset,
				.width = place->width,
				.in_flow = place->in_flow,
				.how = how_of(ie, spec.len, place->width),
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
count_ops(const struct template *t, const struct plan *plan)
{
	size_t n = 0, slot;

	if (t->variable)
		return (t->nfields);
	for (slot = 0; slot < SLOTS; slot++)
		n += plan->best[slot] != NULL;
	return (n);
}

/* model has what the definition says; its result is one block of memory. */
static struct template *
build(const struct template *model, const struct plan *plan,
    struct cursor specs, size_t raw_len)
{
	size_t nops = count_ops(model, plan);
	size_t size =
	    sizeof(struct template) + nops * sizeof(struct op) + raw_len;
	struct template *t;
	struct op *ops;
	uint8_t *raw;

	if ((t = calloc(1, size)) == NULL)
		return (NULL);
	*t = *model;
	ops = (struct op *)(t + 1);
	raw = (uint8_t *)(ops + nops);
	t->nops = compile(t, specs, plan, ops);
	t->ops = ops;
	memcpy(raw, specs.at, raw_len);
	t->raw = raw;
	t->raw_len = raw_len;
	t->size = size;
	return (t);
}

/* No two keys have the same. */
static uint64_t
hash_of(const struct templates *t, const struct template_key *key)
{
	return (hash_mix(t->secret ^ template_key_number(key)));
}

static struct template **
bucket_of(const struct templates *t, const struct template_key *key)
{
	return (&t->buckets[hash_of(t, key) & (t->nbuckets - 1)]);
}

struct template *
template_find(struct templates *t, const struct template_key *key)
{
	struct template *tmpl = template_of(t->by_use.newest);

	if (tmpl == NULL || template_key_equal(&tmpl->key, key))
		return (tmpl);
	for (tmpl = *bucket_of(t, key); tmpl != NULL; tmpl = tmpl->hash_next) {
		if (template_key_equal(&tmpl->key, key))
			break;
	}
	if (tmpl != NULL) {
		recent_remove(&t->by_use, &tmpl->use);
		recent_add(&t->by_use, &tmpl->use);
	}
	return (tmpl);
}

/* The first in a bucket whose place in a walk is order or later. */
static const struct template *
first_from(const struct templates *t, const struct template *tmpl,
    uint64_t order)
{
	const struct template *first = NULL;
	uint64_t at, least = 0;

	for (; tmpl != NULL; tmpl = tmpl->hash_next) {
		at = hash_order(hash_of(t, &tmpl->key));
		if (at < order || (first != NULL && at > least))
			continue;
		first = tmpl;
		least = at;
	}
	return (first);
}

const struct template *
templates_next(const struct templates *t, const struct template_key *after)
{
	const struct template *tmpl;
	uint64_t order = 0;
	size_t bucket = 0;

	if (t->count == 0)
		return (NULL);
	if (after->id != 0) {
		bucket = hash_of(t, after) & (t->nbuckets - 1);
		order = hash_order(hash_of(t, after)) + 1;
		if (order == 0)
			return (NULL);
	}
	do {
		tmpl = first_from(t, t->buckets[bucket], order);
		if (tmpl != NULL)
			return (tmpl);
		bucket = hash_next_bucket(bucket, t->nbuckets);
	} while (bucket != 0);
	return (NULL);
}

static void
forget(struct templates *t, struct memory *memory, struct template *tmpl)
{
	struct template **at = bucket_of(t, &tmpl->key);

	while (*at != tmpl)
		at = &(*at)->hash_next;
	*at = tmpl->hash_next;
	recent_remove(&t->by_use, &tmpl->use);
	t->count--;
	memory->used -= tmpl->size;
	free(tmpl);
}

void
templates_free(struct templates *t, struct memory *memory)
{
	while (t->by_use.newest != NULL)
		forget(t, memory, template_of(t->by_use.newest));
	free(t->buckets);
	memory->used -= t->nbuckets * sizeof(*t->buckets);
	*t = (struct templates){ 0 };
}

/* Doubles the buckets; without memory they stay, unless there are none. */
static int
grow(struct templates *t, struct memory *memory)
{
	size_t n = t->nbuckets == 0 ? BUCKETS_MIN : t->nbuckets * 2;
	struct template **old = t->buckets, **b, *tmpl;
	struct recent *use;

	if (t->nbuckets == 0 && getentropy(&t->secret, sizeof(t->secret)) == -1)
		return (-1);
	if (n * sizeof(*b) > memory_left(memory) ||
	    (b = calloc(n, sizeof(*b))) == NULL)
		return (t->nbuckets == 0 ? -1 : 0);
	memory->used += (n - t->nbuckets) * sizeof(*b);
	t->buckets = b;
	t->nbuckets = n;
	for (use = t->by_use.newest; use != NULL; use = use->older) {
		tmpl = template_of(use);
		b = bucket_of(t, &tmpl->key);
		tmpl->hash_next = *b;
		*b = tmpl;
	}
	free(old);
	return (0);
}

/* Drops the exporter's own least recently used templates for a new one. */
static int
make_room(struct templates *t, struct memory *memory, size_t max, size_t size)
{
	if (t->count >= t->nbuckets && grow(t, memory) == -1)
		return (-1);
	while (t->by_use.oldest != NULL &&
	    (t->count >= max || size > memory_left(memory))) {
		forget(t, memory, template_of(t->by_use.oldest));
		t->evicted++;
	}
	return (size > memory_left(memory) ? -1 : 0);
}

static void
insert(struct templates *t, struct memory *memory, struct template *tmpl)
{
	struct template **b = bucket_of(t, &tmpl->key);

	tmpl->hash_next = *b;
	*b = tmpl;
	recent_add(&t->by_use, &tmpl->use);
	t->count++;
	memory->used += tmpl->size;
}

static bool
is_same(const struct template *old, bool options, uint16_t scopes,
    uint16_t nfields, const struct cursor *specs)
{
	return (old->options == options && old->scopes == scopes &&
	    old->nfields == nfields && cur_left(specs) >= old->raw_len &&
	    memcmp(old->raw, specs->at, old->raw_len) == 0);
}

enum template_result
template_define(struct templates *t, struct memory *memory, size_t max,
    const struct template_key *key, bool options, uint16_t scopes,
    uint16_t nfields, struct cursor *specs, int *error)
{
	struct template model = {
		.key = *key,
		.options = options,
		.scopes = scopes,
		.nfields = nfields,
	};
	struct template *old = template_find(t, key), *new;
	struct cursor start = *specs;
	struct fieldspec spec;
	struct plan plan;
	uint16_t i;

	*error = 0;
	if (old != NULL && is_same(old, options, scopes, nfields, specs)) {
		(void)cur_skip(specs, old->raw_len);
		return (TEMPLATE_SAME);
	}
	*error = make_plan(&model, start, &plan);
	for (i = 0; i < nfields && *error != FLOWD_ESHORT; i++)
		*error = fieldspec_next(specs, key->version, &spec) != 0 ?
		    FLOWD_ESHORT :
		    *error;
	if (*error != 0) {
		if (old != NULL)
			forget(t, memory, old);
		return (TEMPLATE_BAD);
	}
	model.slots = plan.slots;
	model.variable = plan.variable;
	model.record_len = (uint32_t)plan.record_len;
	model.family = (uint8_t)family_of(plan.slots);
	model.fields = fields_of(plan.slots);
	model.plain_times = key->version == NF_VERSION_9 &&
	    (plan.slots & TIME_SLOTS) == PLAIN_TIME_SLOTS;
	new = build(&model, &plan, start, (size_t)(specs->at - start.at));
	if (old != NULL)
		forget(t, memory, old);
	if (new == NULL || make_room(t, memory, max, new->size) == -1) {
		free(new);
		return (TEMPLATE_NO_ROOM);
	}
	insert(t, memory, new);
	return (old != NULL ? TEMPLATE_CHANGED : TEMPLATE_NEW);
}

/* Big-endian, of any length; longer than 8 octets keeps the low ones. */
static uint64_t
load(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (; len > 0; len--)
		v = v << 8 | *p++;
	return (v);
}

/* As wide as a member of a structure in host order. */
static void
save(uint8_t *dst, uint8_t width, uint64_t v)
{
	const uint16_t v16 = (uint16_t)v;
	const uint32_t v32 = (uint32_t)v;

	switch (width) {
	case 1:
		*dst = (uint8_t)v;
		break;
	case 2:
		memcpy(dst, &v16, 2);
		break;
	case 4:
		memcpy(dst, &v32, 4);
		break;
	default:
		memcpy(dst, &v, 8);
	}
}

/*
 * Rounds to what the element's unit can tell before it rounds down to ms.  The
 * seconds are of the era that gives a time from 1970 to 2106.
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

/* Right-aligned, as a number would be. */
static void
save_bytes(uint8_t *dst, size_t width, const uint8_t *p, size_t len)
{
	size_t n = len < width ? len : width;

	memset(dst, 0, width - n);
	memcpy(dst + width - n, p + len - n, n);
}

/*
 * Cut to width, and always terminated.  It will be shown to people: what could
 * act on their terminal, or end a quotation, becomes a question mark.
 */
static void
save_text(uint8_t *dst, size_t width, const uint8_t *p, size_t len)
{
	size_t i, n = len < width - 1 ? len : width - 1;

	for (i = 0; i < n && p[i] != '\0'; i++)
		dst[i] =
		    p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\' ?
		    '?' :
		    p[i];
	memset(dst + i, 0, width - i);
}

/* What is rare, apart from what every record needs. */
static __attribute__((noinline)) void
apply_rare(const struct op *op, const uint8_t *p, size_t len, uint8_t *dst)
{
	switch ((enum how)op->how) {
	case HOW_ANY_UNSIGNED:
		save(dst, op->width, load(p, len));
		break;
	case HOW_ANY_BYTES:
		save_bytes(dst, op->width, p, len);
		break;
	case HOW_SECONDS:
		save(dst, 8, load(p, len) * 1000);
		break;
	case HOW_NTP_MICRO:
		save(dst, 8, ntp_to_ms(p, 1000000));
		break;
	case HOW_NTP_NANO:
		save(dst, 8, ntp_to_ms(p, 1000000000));
		break;
	case HOW_TEXT:
		save_text(dst, op->width, p, len);
		break;
	default:
		break;
	}
}

/* A field in n records, and where its values go. */
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

/* copy is inlined: that is what makes this fast. */
static inline void
each(struct column c, void (*copy)(uint8_t *dst, const uint8_t *p))
{
	for (; c.n > 0; c.n--, c.p += c.step, c.dst += c.dst_step)
		copy(c.dst, c.p);
}

/* len is op->len, or what the record told; the fields have that many octets. */
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
run_variable(const struct template *t, struct cursor *data, struct flow *flow,
    struct ie_values *values)
{
	struct cursor field;
	const struct op *op;
	struct column c;
	uint16_t len;

	for (op = t->ops; op < t->ops + t->nops; op++) {
		len = op->len;
		if (len == FIELDSPEC_VARIABLE && variable_len(data, &len) != 0)
			return (FLOWD_ESHORT);
		if (cur_sub(data, len, &field) != 0)
			return (FLOWD_ESHORT);
		c = column_of(op, flow, values, 1);
		c.p = field.at;
		apply(op, c, len);
	}
	return (0);
}

/* Field by field and not record by record, so that each is a short loop. */
int
template_run(const struct template *t, struct cursor *data, size_t n,
    struct flow *flows, struct ie_values *values)
{
	struct cursor records;
	const struct op *op;
	struct column c;

	if (t->variable)
		return (n == 1 ? run_variable(t, data, flows, values) :
				 FLOWD_EINVAL);
	if (cur_sub(data, n * t->record_len, &records) != 0)
		return (FLOWD_ESHORT);
	for (op = t->ops; op < t->ops + t->nops; op++) {
		c = column_of(op, flows, values, n);
		c.p = records.at + op->off;
		c.step = t->record_len;
		apply(op, c, op->len);
	}
	return (0);
}
