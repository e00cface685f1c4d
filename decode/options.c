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

#include "decode/options.h"

static int
compare_u64(uint64_t a, uint64_t b)
{
	return (a < b ? -1 : a > b);
}

static int
compare_samplers(const void *va, const void *vb)
{
	const struct sampler *a = va, *b = vb;
	int r;

	if ((r = compare_u64(a->version, b->version)) != 0 ||
	    (r = compare_u64(a->domain, b->domain)) != 0 ||
	    (r = compare_u64(a->id, b->id)) != 0)
		return (r);
	return (compare_u64(a->port, b->port));
}

static int
compare_interfaces(const void *va, const void *vb)
{
	const struct interface *a = va, *b = vb;

	return (compare_u64(a->index, b->index));
}

static int
compare_domains(const void *va, const void *vb)
{
	const struct domain *a = va, *b = vb;
	int r;

	if ((r = compare_u64(a->version, b->version)) != 0 ||
	    (r = compare_u64(a->id, b->id)) != 0)
		return (r);
	return (compare_u64(a->port, b->port));
}

/* Enlarges the array by one element of size bytes.  NULL without memory. */
static void *
extend(void *array, size_t n, size_t size, struct memory *memory)
{
	void *more;

	if (size > memory_left(memory) ||
	    (more = reallocarray(array, n + 1, size)) == NULL)
		return (NULL);
	memory->used += size;
	return (more);
}

/*
 * Returns the entry of *array that equals key.  A new one is inserted; NULL if
 * there are max entries already, or no memory.
 */
static void *
entry(void **array, size_t *n, size_t max, size_t size, const void *key,
    int (*compare)(const void *, const void *), struct memory *memory)
{
	size_t lo = 0, hi = *n, mid;
	char *base = *array;
	int r;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		r = compare(key, base + mid * size);
		if (r == 0)
			return (base + mid * size);
		if (r < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (*n >= max || (base = extend(*array, *n, size, memory)) == NULL)
		return (NULL);
	*array = base;
	memmove(base + (lo + 1) * size, base + lo * size, (*n - lo) * size);
	memcpy(base + lo * size, key, size);
	(*n)++;
	return (base + lo * size);
}

/*
 * The number of packets of which one is sampled; RFC 5476 section 6.5.2.1
 * describes the pairs of values.
 */
static uint64_t
one_of(const struct slots *slots, const struct ie_values *v)
{
	if (slots_have(slots, SLOT_SAMPLING_SIZE) &&
	    slots_have(slots, SLOT_SAMPLING_POPULATION))
		return (v->sampling_size == 0 ?
			0 :
			v->sampling_population / v->sampling_size);
	if (slots_have(slots, SLOT_SAMPLING_SPACE))
		return (v->sampling_interval == 0 ?
			0 :
			1 + v->sampling_space / v->sampling_interval);
	return (slots_have(slots, SLOT_SAMPLING_INTERVAL) ?
		v->sampling_interval :
		0);
}

static struct sampler *
find_sampler(struct options *o, struct memory *memory,
    const struct sampler *key)
{
	void *array = o->samplers, *found;

	found = entry(&array, &o->nsamplers, SAMPLERS_MAX, sizeof(*key), key,
	    compare_samplers, memory);
	o->samplers = array;
	return (found);
}

static struct interface *
find_interface(struct options *o, struct memory *memory,
    const struct interface *key)
{
	void *array = o->interfaces, *found;

	found = entry(&array, &o->ninterfaces, INTERFACES_MAX, sizeof(*key),
	    key, compare_interfaces, memory);
	o->interfaces = array;
	return (found);
}

static struct domain *
find_domain(struct options *o, struct memory *memory, const struct domain *key)
{
	void *array = o->domains, *found;

	found = entry(&array, &o->ndomains, DOMAINS_MAX, sizeof(*key), key,
	    compare_domains, memory);
	o->domains = array;
	return (found);
}

bool
options_put_sampler(struct options *o, struct memory *memory,
    const struct sampler *sampler)
{
	const struct sampler key = {
		.domain = sampler->domain,
		.version = sampler->version,
		.port = sampler->port,
		.id = sampler->id,
	};
	struct sampler *s = find_sampler(o, memory, &key);

	if (s == NULL)
		return (false);
	s->turn = ++o->clock;
	if (s->mode == sampler->mode && s->one_of == sampler->one_of)
		return (false);
	s->mode = sampler->mode;
	s->one_of = sampler->one_of;
	return (true);
}

bool
options_put_interface(struct options *o, struct memory *memory,
    const struct interface *interface)
{
	const struct interface key = { .index = interface->index };
	struct interface *i = find_interface(o, memory, &key);

	if (i == NULL ||
	    (strcmp(i->name, interface->name) == 0 &&
		strcmp(i->description, interface->description) == 0))
		return (false);
	*i = *interface;
	return (true);
}

bool
options_put_domain(struct options *o, struct memory *memory,
    const struct domain *domain)
{
	const struct domain key = {
		.id = domain->id,
		.version = domain->version,
		.port = domain->port,
	};
	struct domain *d = find_domain(o, memory, &key);
	bool changed;

	if (d == NULL)
		return (false);
	changed = d->init_time != domain->init_time;
	*d = *domain;
	d->turn = ++o->clock;
	return (changed);
}

/* Signed, as the clock may wrap. */
static bool
is_later(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b) > 0);
}

static bool
is_same_sampler(const struct sampler *a, const struct sampler *b)
{
	return (a->version == b->version && a->domain == b->domain &&
	    a->id == b->id);
}

static bool
is_same_domain(const struct domain *a, const struct domain *b)
{
	return (a->version == b->version && a->id == b->id);
}

bool
options_is_latest_sampler(const struct options *o, size_t i)
{
	const struct sampler *s = o->samplers;
	size_t k;

	for (k = i; k-- > 0 && is_same_sampler(&s[k], &s[i]);) {
		if (is_later(s[k].turn, s[i].turn))
			return (false);
	}
	for (k = i + 1; k < o->nsamplers && is_same_sampler(&s[k], &s[i]);
	     k++) {
		if (is_later(s[k].turn, s[i].turn))
			return (false);
	}
	return (true);
}

bool
options_is_latest_domain(const struct options *o, size_t i)
{
	const struct domain *d = o->domains;
	size_t k;

	for (k = i; k-- > 0 && is_same_domain(&d[k], &d[i]);) {
		if (is_later(d[k].turn, d[i].turn))
			return (false);
	}
	for (k = i + 1; k < o->ndomains && is_same_domain(&d[k], &d[i]); k++) {
		if (is_later(d[k].turn, d[i].turn))
			return (false);
	}
	return (true);
}

/* The latest other entry of the same sampler gives a new one its values. */
static void
inherit_sampler(const struct options *o, const struct sessions *sessions,
    struct sampler *new)
{
	const struct sampler *s;
	size_t i;

	for (i = 0; i < o->nsamplers; i++) {
		s = &o->samplers[i];
		if (s == new || !is_same_sampler(s, new) ||
		    !options_is_latest_sampler(o, i) ||
		    sessions_is_steady(sessions, s->port))
			continue;
		new->mode = s->mode;
		new->one_of = s->one_of;
	}
}

static void
inherit_domain(const struct options *o, const struct sessions *sessions,
    struct domain *new)
{
	const uint16_t port = new->port;
	const struct domain *d;
	size_t i;

	for (i = 0; i < o->ndomains; i++) {
		d = &o->domains[i];
		if (d == new || !is_same_domain(d, new) ||
		    !options_is_latest_domain(o, i) ||
		    sessions_is_steady(sessions, d->port))
			continue;
		*new = *d;
		new->port = port;
	}
}

static bool
apply_sampling(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct sampler *key,
    const struct slots *slots, const struct ie_values *v, uint64_t *resampled)
{
	struct sampler *known = find_sampler(o, memory, key), new;

	if (known == NULL)
		return (false);
	if (known->turn == 0)
		inherit_sampler(o, sessions, known);
	new = *known;
	new.one_of = one_of(slots, v);
	if (known->one_of != 0 && new.one_of != known->one_of)
		*resampled = new.one_of;
	if (slots_have(slots, SLOT_SAMPLING_MODE))
		new.mode = (uint16_t)v->sampling_mode;
	return (options_put_sampler(o, memory, &new));
}

static bool
apply_interface(struct options *o, struct memory *memory, uint32_t index,
    const struct slots *slots, const struct ie_values *v)
{
	const struct interface key = { .index = index };
	struct interface *known = find_interface(o, memory, &key), new;

	if (known == NULL)
		return (false);
	new = *known;
	if (slots_have(slots, SLOT_IF_NAME))
		memcpy(new.name, v->if_name, sizeof(new.name));
	if (slots_have(slots, SLOT_IF_DESCRIPTION))
		memcpy(new.description, v->if_description,
		    sizeof(new.description));
	return (options_put_interface(o, memory, &new));
}

static void
update(uint64_t *member, const struct slots *slots, enum ie_slot slot,
    uint64_t value)
{
	if (slots_have(slots, slot))
		*member = value;
}

static bool
apply_domain(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct domain *key,
    const struct slots *slots, const struct ie_values *v)
{
	struct domain *known = find_domain(o, memory, key), new;

	if (known == NULL)
		return (false);
	if (known->turn == 0)
		inherit_domain(o, sessions, known);
	new = *known;
	update(&new.init_time, slots, SLOT_INIT_TIME, v->init_time);
	update(&new.exported_octets, slots, SLOT_EXPORTED_OCTETS,
	    v->exported_octets);
	update(&new.exported_messages, slots, SLOT_EXPORTED_MESSAGES,
	    v->exported_messages);
	update(&new.exported_flows, slots, SLOT_EXPORTED_FLOWS,
	    v->exported_flows);
	update(&new.ignored_packets, slots, SLOT_IGNORED_PACKETS,
	    v->ignored_packets);
	update(&new.ignored_octets, slots, SLOT_IGNORED_OCTETS,
	    v->ignored_octets);
	update(&new.unsent_flows, slots, SLOT_UNSENT_FLOWS, v->unsent_flows);
	update(&new.unsent_packets, slots, SLOT_UNSENT_PACKETS,
	    v->unsent_packets);
	return (options_put_domain(o, memory, &new));
}

static bool
has_interface_name(const struct slots *slots)
{
	return (slots_have(slots, SLOT_IF_NAME) ||
	    slots_have(slots, SLOT_IF_DESCRIPTION));
}

static bool
is_about_domain(const struct slots *slots)
{
	return (slots_have(slots, SLOT_INIT_TIME) ||
	    slots_have_any(slots, SLOT_EXPORTED_OCTETS,
		SLOT_UNSENT_PACKETS - SLOT_EXPORTED_OCTETS + 1));
}

bool
options_apply(struct options *o, struct memory *memory,
    const struct sessions *sessions, uint16_t version, uint32_t domain,
    uint16_t port, const struct slots *slots, const struct flow *flow,
    const struct ie_values *v, uint64_t *resampled)
{
	struct sampler sampler = {
		.domain = domain,
		.version = version,
		.port = port,
	};
	const struct domain d = {
		.id = domain,
		.version = version,
		.port = port,
	};
	bool changed = false;

	*resampled = 0;
	if (slots_have(slots, SLOT_SAMPLER_ID))
		sampler.id = v->sampler_id;
	if (slots_have(slots, SLOT_SAMPLING_INTERVAL) ||
	    slots_have(slots, SLOT_SAMPLING_SIZE))
		changed |= apply_sampling(o, memory, sessions, &sampler, slots,
		    v, resampled);
	if (has_interface_name(slots) &&
	    slots_have(slots,
		ie_slot_of_member(offsetof(struct flow, if_index_in))))
		changed |=
		    apply_interface(o, memory, flow->if_index_in, slots, v);
	else if (has_interface_name(slots) &&
	    slots_have(slots,
		ie_slot_of_member(offsetof(struct flow, if_index_out))))
		changed |=
		    apply_interface(o, memory, flow->if_index_out, slots, v);
	if (is_about_domain(slots))
		changed |= apply_domain(o, memory, sessions, &d, slots, v);
	return (changed);
}

/* The index of the first domain that is not before key. */
static size_t
first_domain(const struct options *o, const struct domain *key)
{
	size_t lo = 0, hi = o->ndomains, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (compare_domains(&o->domains[mid], key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

uint64_t
options_init_time(const struct options *o, uint16_t version, uint32_t domain,
    uint16_t port)
{
	const struct domain key = { .id = domain, .version = version };
	const struct domain *d, *latest = NULL;
	size_t i;

	if (o->ndomains == 0)
		return (0);
	for (i = first_domain(o, &key); i < o->ndomains; i++) {
		d = &o->domains[i];
		if (d->version != version || d->id != domain)
			break;
		if (d->init_time == 0)
			continue;
		if (d->port == port)
			return (d->init_time);
		if (latest == NULL || is_later(d->turn, latest->turn))
			latest = d;
	}
	return (latest == NULL ? 0 : latest->init_time);
}

static void
remove_entry(void *array, size_t *n, size_t i, size_t size)
{
	char *at = (char *)array + i * size;

	memmove(at, at + size, (--*n - i) * size);
}

void
options_forget_port(struct options *o, struct memory *memory, uint16_t port)
{
	const struct sampler *s = o->samplers;
	const struct domain *d = o->domains;
	size_t i;

	for (i = o->nsamplers; i-- > 0;) {
		if (s[i].port != port ||
		    !((i > 0 && is_same_sampler(&s[i], &s[i - 1])) ||
			(i + 1 < o->nsamplers &&
			    is_same_sampler(&s[i], &s[i + 1]))))
			continue;
		remove_entry(o->samplers, &o->nsamplers, i, sizeof(*s));
		memory->used -= sizeof(*s);
	}
	for (i = o->ndomains; i-- > 0;) {
		if (d[i].port != port ||
		    !((i > 0 && is_same_domain(&d[i], &d[i - 1])) ||
			(i + 1 < o->ndomains &&
			    is_same_domain(&d[i], &d[i + 1]))))
			continue;
		remove_entry(o->domains, &o->ndomains, i, sizeof(*d));
		memory->used -= sizeof(*d);
	}
}

void
options_free(struct options *o, struct memory *memory)
{
	memory->used -= o->nsamplers * sizeof(*o->samplers) +
	    o->ninterfaces * sizeof(*o->interfaces) +
	    o->ndomains * sizeof(*o->domains);
	free(o->samplers);
	free(o->interfaces);
	free(o->domains);
	*o = (struct options){ 0 };
}
