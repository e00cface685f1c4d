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

#include "decode/template-headers.h"
#include "errors.h"
#include "netflow.h"

/* A set of IANA's elements; those of headers have lower numbers. */
#define ELEMENTS_MAX 512
struct element_set {
	uint64_t bits[ELEMENTS_MAX / 64];
};

/* Some fields of a header. */
struct part {
	struct element_set elements;
	bool src, dst; /* it has these addresses */
};

/* The header that the search has reached. */
struct search {
	struct headers *headers;
	struct part seen; /* before the run */
	struct part run;  /* the latest fields, which are all of addresses */
	uint16_t run_from;
	/* The fields of the run after its first source and destination. */
	struct part late;
	uint16_t late_from;   /* UINT16_MAX: there are none */
	bool complete_before; /* the previous header has both addresses */
};

/*
 * The scope fields of v9 have numbers of their own (RFC 3954 section 6.1), of
 * which flowd reads the interface, the line card and the template.
 */
static bool
find_scope(uint16_t number, struct ie *ie)
{
	switch (number) {
	case NF9_SCOPE_INTERFACE:
		return (ie_find(IE_PEN_IANA, IE_INGRESS_INTERFACE, ie));
	case NF9_SCOPE_LINE_CARD:
		return (ie_find(IE_PEN_IANA, IE_LINE_CARD, ie));
	case NF9_SCOPE_TEMPLATE:
		return (ie_find(IE_PEN_IANA, IE_TEMPLATE_ID, ie));
	}
	return (false);
}

bool
template_element(const struct tmpl *t, const struct fieldspec *spec, uint16_t i,
    struct ie *ie)
{
	bool found;

	if (spec->len == 0)
		return (false);
	if (t->key.version == NF_VERSION_9 && i < t->scopes)
		return (find_scope(spec->id, ie));
	found = t->key.version == NF_VERSION_9 ?
	    ie_find_v9(spec->id, ie) :
	    ie_find(spec->pen, spec->id, ie);
	if (!found)
		return (false);
	return ((ie->type != IE_NTP_MICRO && ie->type != IE_NTP_NANO) ||
	    spec->len == 8);
}

static bool
is_source(uint8_t slot)
{
	return (slot == SLOT_SRC4 || slot == SLOT_SRC6);
}

static bool
is_destination(uint8_t slot)
{
	return (slot == SLOT_DST4 || slot == SLOT_DST6);
}

/* Whether the slot is of the addresses of a header. */
static bool
is_of_addresses(uint8_t slot)
{
	return (slot <= SLOT_IP_VERSION);
}

static bool
set_has(const struct element_set *set, uint16_t id)
{
	return ((set->bits[id / 64] >> id % 64 & 1) != 0);
}

static void
set_add(struct element_set *set, uint16_t id)
{
	set->bits[id / 64] |= UINT64_C(1) << id % 64;
}

static bool
has_address(const struct part *p)
{
	return (p->src || p->dst);
}

/* The run is no longer the end of the header. */
static void
end_run(struct search *s)
{
	const size_t n =
	    sizeof(s->seen.elements.bits) / sizeof(s->seen.elements.bits[0]);
	size_t i;

	for (i = 0; i < n; i++)
		s->seen.elements.bits[i] |= s->run.elements.bits[i];
	s->seen.src |= s->run.src;
	s->seen.dst |= s->run.dst;
	s->run = s->late = (struct part){ .src = false };
	s->run_from = s->late_from = UINT16_MAX;
}

/*
 * Ends the latest header.  It is part of the previous one if one of the two
 * lacks an address.
 */
static void
end_header(struct search *s)
{
	const bool complete =
	    (s->seen.src || s->run.src) && (s->seen.dst || s->run.dst);

	if (s->headers->n > 1 && !(complete && s->complete_before))
		s->headers->n--;
	s->complete_before |= complete;
}

/* Begins a header with these fields, from the given one on. */
static void
begin_header(struct search *s, struct part fields, uint16_t from)
{
	const struct part none = { .src = false };

	end_header(s);
	s->seen = s->late = none;
	s->run = fields;
	s->run_from = has_address(&fields) ? from : UINT16_MAX;
	s->late_from = UINT16_MAX;
	s->headers->from[s->headers->n++] = from;
}

static bool
is_protocol(const struct ie *ie)
{
	const struct member *m = ie_member(ie->slot);

	return (m != NULL && m->offset == offsetof(struct flow, protocol));
}

/*
 * Begins a header at field i, or at addresses that directly precede it: those of
 * the run, or before another protocol, the later ones in the run.
 */
static void
begin_header_at(struct search *s, const struct ie *ie, uint16_t i, bool in_run)
{
	const struct part none = { .src = false }, run = s->run;

	if (!in_run && has_address(&run) && has_address(&s->seen)) {
		s->run = none;
		begin_header(s, run, s->run_from);
	} else if (is_protocol(ie) && s->late.src && s->late.dst)
		begin_header(s, s->late, s->late_from);
	else
		begin_header(s, none, i);
}

static void
part_add(struct part *p, const struct ie *ie)
{
	set_add(&p->elements, ie->id);
	p->src |= is_source(ie->slot);
	p->dst |= is_destination(ie->slot);
}

static void
add_element(struct search *s, const struct ie *ie, uint16_t i)
{
	if (!is_of_addresses(ie->slot)) {
		end_run(s);
		set_add(&s->seen.elements, ie->id);
		return;
	}
	if (s->run_from == UINT16_MAX)
		s->run_from = i;
	if (s->run.src && s->run.dst && !has_address(&s->late) &&
	    (is_source(ie->slot) || is_destination(ie->slot)))
		s->late_from = i;
	if (s->late_from != UINT16_MAX)
		part_add(&s->late, ie);
	part_add(&s->run, ie);
}

/* Looks at field i, which belongs to a header. */
static void
search_element(struct search *s, const struct ie *ie, uint16_t i)
{
	const bool in_run = set_has(&s->run.elements, ie->id);

	if ((in_run || set_has(&s->seen.elements, ie->id)) &&
	    s->headers->n < HEADERS_MAX)
		begin_header_at(s, ie, i, in_run);
	add_element(s, ie, i);
}

int
headers_find(const struct tmpl *t, struct cursor specs, struct headers *headers)
{
	struct search s = {
		.headers = headers,
		.run_from = UINT16_MAX,
		.late_from = UINT16_MAX,
	};
	bool src = false, dst = false;
	struct fieldspec spec;
	struct ie ie;
	uint16_t i;

	*headers = (struct headers){ .n = 1 };
	for (i = 0; i < t->nfields; i++) {
		if (fieldspec_next(&specs, t->key.version, &spec) != 0)
			return (FLOWD_ESHORT);
		if (t->options || !template_element(t, &spec, i, &ie))
			continue;
		if (ie.inner) {
			src |= is_source(ie.slot);
			dst |= is_destination(ie.slot);
		} else if (ie.pen == IE_PEN_IANA && ie.id < ELEMENTS_MAX &&
		    ie.header)
			search_element(&s, &ie, i);
	}
	end_header(&s);
	if (src && dst && headers->n < HEADERS_MAX) {
		headers->vendor = true;
		headers->from[headers->n++] = t->nfields;
	}
	return (0);
}

bool
headers_have(const struct headers *headers, size_t header, uint16_t i,
    const struct ie *ie)
{
	const bool last = header + 1 == headers->n;

	if (!ie->header)
		return (true);
	if (ie->inner)
		return (headers->vendor && last);
	return (i >= headers->from[header] &&
	    (last || i < headers->from[header + 1]));
}
