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

#include "decode/options.h"
#include "lib/cursor.h"
#include "lib/hash.h"

static uint64_t
hash_sampler(const void *item)
{
	const struct sampler *s = item;

	const uint64_t scope = (uint64_t)s->line_card << 32 | s->interface;

	return (hash_mix(hash_mix(s->id) ^ scope) ^
	    ((uint64_t)s->version << 32 | s->domain));
}

static bool
is_same_sampler(const struct sampler *a, const struct sampler *b)
{
	return (a->version == b->version && a->domain == b->domain &&
	    a->id == b->id && a->interface == b->interface &&
	    a->line_card == b->line_card);
}

static bool
equal_samplers(const void *va, const void *vb)
{
	const struct sampler *a = va, *b = vb;

	return (a->port == b->port && is_same_sampler(a, b));
}

static uint64_t
hash_interface(const void *item)
{
	return (((const struct interface *)item)->index);
}

static bool
equal_interfaces(const void *a, const void *b)
{
	return (hash_interface(a) == hash_interface(b));
}

static uint64_t
hash_domain(const void *item)
{
	const struct domain *d = item;

	return ((uint64_t)d->version << 32 | d->id);
}

static bool
is_same_domain(const struct domain *a, const struct domain *b)
{
	return (hash_domain(a) == hash_domain(b));
}

static bool
equal_domains(const void *va, const void *vb)
{
	const struct domain *a = va, *b = vb;

	return (a->port == b->port && is_same_domain(a, b));
}

/* Bytes of memory. */
static size_t
text_size(const char *text)
{
	return (text == NULL ? 0 : strlen(text) + 1);
}

static void
free_text(char *text, struct memory *memory)
{
	memory_put(memory, text, text_size(text));
}

static void
release_interface(void *item, struct memory *memory)
{
	struct interface *i = item;

	free_text(i->name, memory);
	free_text(i->description, memory);
}

const struct option_kind sampler_kind = {
	.size = sizeof(struct sampler),
	.max = SAMPLERS_MAX,
	.hash = hash_sampler,
	.equal = equal_samplers,
};

const struct option_kind interface_kind = {
	.size = sizeof(struct interface),
	.max = INTERFACES_MAX,
	.hash = hash_interface,
	.equal = equal_interfaces,
	.release = release_interface,
};

const struct option_kind domain_kind = {
	.size = sizeof(struct domain),
	.max = DOMAINS_MAX,
	.hash = hash_domain,
	.equal = equal_domains,
};

const struct sampler *
options_sampler(const struct options *o, size_t i)
{
	return (option_at(&o->samplers, &sampler_kind, i));
}

const struct interface *
options_interface(const struct options *o, size_t i)
{
	return (option_at(&o->interfaces, &interface_kind, i));
}

const struct domain *
options_domain(const struct options *o, size_t i)
{
	return (option_at(&o->domains, &domain_kind, i));
}

/* Finds or adds an entry; counts what is lost for want of memory. */
static void *
entry(struct options *o, struct option_table *t, const struct option_kind *kind,
    const void *key, struct memory *memory)
{
	void *item = option_get(t, kind, key, memory);

	if (item == NULL)
		o->refused++;
	return (item);
}

static struct sampler *
find_sampler(struct options *o, struct memory *memory,
    const struct sampler *key)
{
	return (entry(o, &o->samplers, &sampler_kind, key, memory));
}

static struct interface *
find_interface(struct options *o, struct memory *memory, uint32_t index)
{
	const struct interface key = { .index = index };

	return (entry(o, &o->interfaces, &interface_kind, &key, memory));
}

static struct domain *
find_domain(struct options *o, struct memory *memory, const struct domain *key)
{
	return (entry(o, &o->domains, &domain_kind, key, memory));
}

static bool
is_same_rate(struct sampling_rate a, struct sampling_rate b)
{
	return (a.sampled == b.sampled && a.of == b.of);
}

/* Impossible values make an unknown rate. */
static struct sampling_rate
ratio(uint64_t sampled, uint64_t of)
{
	uint64_t a = of, b = sampled, rest;

	if (sampled == 0 || sampled > of)
		return ((struct sampling_rate){ .of = 0 });
	for (; b != 0; b = rest) {
		rest = a % b;
		a = b;
	}
	return ((struct sampling_rate){ sampled / a, of / a });
}

/* Of what is taken, and what is not; a sum of more than 64 bits is unknown. */
static struct sampling_rate
ratio_to_rest(uint64_t taken, uint64_t rest)
{
	return (ratio(taken, rest > UINT64_MAX - taken ? 0 : taken + rest));
}

/*
 * A float64, or a float32 (RFC 7011 section 6.2).  1 of N is not exact in
 * binary: the nearest N is taken where the difference is below the precision.
 */
static struct sampling_rate
ratio_of_probability(struct ie_octets octets)
{
	const double scale = 1e9;
	double p, n;
	uint64_t bits64;
	uint32_t bits32;
	float f;

	if (octets.len == sizeof(bits64)) {
		bits64 = be64(octets.data);
		memcpy(&p, &bits64, sizeof(p));
	} else if (octets.len == sizeof(bits32)) {
		bits32 = be32(octets.data);
		memcpy(&f, &bits32, sizeof(f));
		p = (double)f;
	} else
		return (ratio(0, 0));
	if (!(p >= 1 / scale && p <= 1))
		return (ratio(0, 0));
	n = (double)(uint64_t)(1 / p + 0.5);
	if (1 / p - n < n * 1e-6 && n - 1 / p < n * 1e-6)
		return (ratio(1, (uint64_t)n));
	return (ratio((uint64_t)(p * scale + 0.5), (uint64_t)scale));
}

/* The part of the hash function's range that is selected, with both ends. */
static struct sampling_rate
ratio_of_ranges(const struct ie_values *v)
{
	const uint64_t all = v->hash_max - v->hash_min;
	const uint64_t selected = v->hash_selected_max - v->hash_selected_min;

	if (v->hash_max < v->hash_min ||
	    v->hash_selected_max < v->hash_selected_min)
		return (ratio(0, 0));
	if (all == UINT64_MAX) /* its number does not fit: halve both */
		return (ratio(selected / 2 + 1, all / 2 + 1));
	return (ratio(selected + 1, all + 1));
}

static bool
has_hash_ranges(const struct slots *slots)
{
	return (slots_have(slots, SLOT_HASH_MIN) &&
	    slots_have(slots, SLOT_HASH_MAX) &&
	    slots_have(slots, SLOT_HASH_SELECTED_MIN) &&
	    slots_have(slots, SLOT_HASH_SELECTED_MAX));
}

/* RFC 5476 section 6.5.2 describes the values of each method. */
static struct sampling_rate
rate_of(const struct slots *slots, const struct ie_values *v)
{
	if (slots_have(slots, SLOT_SAMPLING_SIZE) &&
	    slots_have(slots, SLOT_SAMPLING_POPULATION))
		return (ratio(v->sampling_size, v->sampling_population));
	if (slots_have(slots, SLOT_SAMPLING_INTERVAL) &&
	    slots_have(slots, SLOT_SAMPLING_SPACE))
		return (ratio_to_rest(v->sampling_interval, v->sampling_space));
	if (slots_have(slots, SLOT_SAMPLING_TIME) &&
	    slots_have(slots, SLOT_SAMPLING_TIME_SPACE))
		return (
		    ratio_to_rest(v->sampling_time, v->sampling_time_space));
	if (slots_have(slots, SLOT_SAMPLING_PROBABILITY))
		return (ratio_of_probability(v->sampling_probability));
	if (has_hash_ranges(slots))
		return (ratio_of_ranges(v));
	return (slots_have(slots, SLOT_SAMPLING_INTERVAL) ?
		ratio(1, v->sampling_interval) :
		ratio(0, 0));
}

static bool
is_about_sampling(const struct slots *slots)
{
	return (slots_have(slots, SLOT_SAMPLING_INTERVAL) ||
	    slots_have(slots, SLOT_SAMPLING_SIZE) ||
	    slots_have(slots, SLOT_SAMPLING_TIME) ||
	    slots_have(slots, SLOT_SAMPLING_PROBABILITY) ||
	    has_hash_ranges(slots));
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
		.interface = sampler->interface,
		.line_card = sampler->line_card,
	};
	struct sampler *s = find_sampler(o, memory, &key);

	if (s == NULL)
		return (false);
	s->turn = ++o->clock;
	if (s->mode == sampler->mode && is_same_rate(s->rate, sampler->rate))
		return (false);
	s->mode = sampler->mode;
	s->rate = sampler->rate;
	return (true);
}

/* True if the text has changed. */
static bool
set_text(struct options *o, char **text, struct ie_octets octets,
    struct memory *memory)
{
	const char *sent = (const char *)octets.data;
	const size_t len = octets.len == 0 ?
	    0 :
	    strnlen(sent,
		octets.len < OPTIONS_TEXT_MAX ? octets.len : OPTIONS_TEXT_MAX);
	char *copy = NULL;

	if (*text == NULL ?
		len == 0 :
		strlen(*text) == len && memcmp(*text, sent, len) == 0)
		return (false);
	if (len != 0) {
		if ((copy = memory_get(memory, len + 1)) == NULL) {
			o->refused++;
			return (false);
		}
		memcpy(copy, sent, len);
		copy[len] = '\0';
	}
	free_text(*text, memory);
	*text = copy;
	return (true);
}

static struct ie_octets
octets_of(const char *text)
{
	struct ie_octets octets = { .len = 0 };

	if (text == NULL)
		return (octets);
	octets.data = (const uint8_t *)text;
	octets.len = strlen(text);
	return (octets);
}

bool
options_put_interface(struct options *o, struct memory *memory,
    const struct interface *interface)
{
	struct interface *i = find_interface(o, memory, interface->index);
	bool changed;

	if (i == NULL)
		return (false);
	changed = set_text(o, &i->name, octets_of(interface->name), memory);
	return (set_text(o, &i->description, octets_of(interface->description),
		    memory) ||
	    changed);
}

/* Copies all but the link and the port. */
static void
domain_set(struct domain *to, const struct domain *from)
{
	const struct option_link link = to->link;
	const uint16_t port = to->port;

	*to = *from;
	to->link = link;
	to->port = port;
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
	changed = d->base.init_time != domain->base.init_time;
	domain_set(d, domain);
	d->turn = ++o->clock;
	return (changed);
}

/* Signed, as the clock may wrap. */
static bool
is_later(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b) > 0);
}

/* The entry that told most recently about what key is about, or NULL. */
static const struct sampler *
latest_sampler(const struct options *o, const struct sampler *key,
    const struct sampler *except)
{
	const struct sampler *s, *latest = NULL;

	for (s = option_chain(&o->samplers, &sampler_kind, key); s != NULL;
	     s = option_chain_next(&o->samplers, &sampler_kind, s)) {
		if (s != except && is_same_sampler(s, key) &&
		    (latest == NULL || is_later(s->turn, latest->turn)))
			latest = s;
	}
	return (latest);
}

static const struct domain *
latest_domain(const struct options *o, const struct domain *key,
    const struct domain *except)
{
	const struct domain *d, *latest = NULL;

	for (d = option_chain(&o->domains, &domain_kind, key); d != NULL;
	     d = option_chain_next(&o->domains, &domain_kind, d)) {
		if (d != except && is_same_domain(d, key) &&
		    (latest == NULL || is_later(d->turn, latest->turn)))
			latest = d;
	}
	return (latest);
}

bool
options_is_latest_sampler(const struct options *o, size_t i)
{
	const struct sampler *s = options_sampler(o, i);

	return (latest_sampler(o, s, NULL) == s);
}

bool
options_is_latest_domain(const struct options *o, size_t i)
{
	const struct domain *d = options_domain(o, i);

	return (latest_domain(o, d, NULL) == d);
}

/* The latest other entry of the same sampler gives a new one its values. */
static void
inherit_sampler(const struct options *o, const struct sessions *sessions,
    struct sampler *new)
{
	const struct sampler *s = latest_sampler(o, new, new);

	if (s == NULL || sessions_is_steady(sessions, s->port))
		return;
	new->mode = s->mode;
	new->rate = s->rate;
}

static void
inherit_domain(const struct options *o, const struct sessions *sessions,
    struct domain *new)
{
	const struct domain *d = latest_domain(o, new, new);

	if (d != NULL && !sessions_is_steady(sessions, d->port))
		domain_set(new, d);
}

static bool
apply_sampling(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct sampler *key,
    const struct slots *slots, const struct ie_values *v,
    struct sampling_rate *resampled)
{
	struct sampler *known = find_sampler(o, memory, key), new;

	if (known == NULL)
		return (false);
	if (known->turn == 0)
		inherit_sampler(o, sessions, known);
	new = *known;
	new.rate = rate_of(slots, v);
	if (known->rate.of != 0 && !is_same_rate(known->rate, new.rate))
		*resampled = new.rate;
	if (slots_have(slots, SLOT_SAMPLING_MODE))
		new.mode = (uint16_t)v->sampling_mode;
	return (options_put_sampler(o, memory, &new));
}

static bool
apply_interface(struct options *o, struct memory *memory, uint32_t index,
    const struct slots *slots, const struct ie_values *v)
{
	struct interface *i = find_interface(o, memory, index);
	bool changed = false;

	if (i == NULL)
		return (false);
	if (slots_have(slots, SLOT_IF_NAME))
		changed |= set_text(o, &i->name, v->if_name, memory);
	if (slots_have(slots, SLOT_IF_DESCRIPTION))
		changed |=
		    set_text(o, &i->description, v->if_description, memory);
	return (changed);
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
	update(&new.base.init_time, slots, SLOT_INIT_TIME, v->init_time);
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

/* Sets *index to the interface that the record is about.  False: to none. */
static bool
interface_of(const struct slots *slots, const struct flow *flow,
    uint32_t *index)
{
	if (slots_have(slots,
		ie_slot_of_member(offsetof(struct flow, if_index_in))))
		*index = flow->if_index_in;
	else if (slots_have(slots,
		     ie_slot_of_member(offsetof(struct flow, if_index_out))))
		*index = flow->if_index_out;
	else
		return (false);
	return (true);
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
    const struct ie_values *v, struct sampling_rate *resampled)
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
	const bool has_interface =
	    interface_of(slots, flow, &sampler.interface);
	bool changed = false;

	*resampled = (struct sampling_rate){ .of = 0 };
	if (slots_have(slots, SLOT_SAMPLER_ID))
		sampler.id = v->sampler_id;
	if (slots_have(slots,
		ie_slot_of_member(offsetof(struct flow, engine_id))))
		sampler.line_card = flow->engine_id;
	if (is_about_sampling(slots))
		changed |= apply_sampling(o, memory, sessions, &sampler, slots,
		    v, resampled);
	if (has_interface && has_interface_name(slots))
		changed |=
		    apply_interface(o, memory, sampler.interface, slots, v);
	if (is_about_domain(slots))
		changed |= apply_domain(o, memory, sessions, &d, slots, v);
	return (changed);
}

struct time_base *
options_time_base(struct options *o, uint16_t version, uint32_t domain,
    uint16_t port)
{
	const struct domain key = { .id = domain, .version = version };
	struct domain *d, *best = NULL;

	for (d = option_chain(&o->domains, &domain_kind, &key); d != NULL;
	     d = option_chain_next(&o->domains, &domain_kind, d)) {
		if (!is_same_domain(d, &key) || d->base.init_time == 0)
			continue;
		if (best == NULL || d->port == port ||
		    (best->port != port && is_later(d->turn, best->turn)))
			best = d;
	}
	if (best == NULL)
		return (NULL);
	option_use(&o->domains, &domain_kind, best);
	return (&best->base);
}

void
options_forget_port(struct options *o, struct memory *memory, uint16_t port)
{
	const struct sampler *s;
	const struct domain *d;
	size_t i;

	for (i = o->samplers.n; i-- > 0;) {
		s = options_sampler(o, i);
		if (s->port == port && latest_sampler(o, s, s) != NULL)
			option_remove(&o->samplers, &sampler_kind, i, memory);
	}
	for (i = o->domains.n; i-- > 0;) {
		d = options_domain(o, i);
		if (d->port == port && latest_domain(o, d, d) != NULL)
			option_remove(&o->domains, &domain_kind, i, memory);
	}
}

size_t
options_memory(const struct options *o)
{
	const struct interface *in;
	size_t i, bytes;

	bytes = option_table_size(&o->samplers, &sampler_kind) +
	    option_table_size(&o->interfaces, &interface_kind) +
	    option_table_size(&o->domains, &domain_kind);
	for (i = 0; i < o->interfaces.n; i++) {
		in = options_interface(o, i);
		bytes += text_size(in->name) + text_size(in->description);
	}
	return (bytes);
}

bool
options_evict_name(struct options *o, struct memory *memory)
{
	if (o->interfaces.body == NULL)
		return (false);
	if (o->interfaces.n == 0)
		option_table_free(&o->interfaces, &interface_kind, memory);
	else
		option_evict(&o->interfaces, &interface_kind, memory);
	return (true);
}

void
options_free(struct options *o, struct memory *memory)
{
	option_table_free(&o->samplers, &sampler_kind, memory);
	option_table_free(&o->interfaces, &interface_kind, memory);
	option_table_free(&o->domains, &domain_kind, memory);
	o->clock = 0;
	o->refused = 0;
}
