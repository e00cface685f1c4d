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
#include "decode/template-run.h"
#include "lib/hash.h"
#include "netflow.h"

/* Exporters that compute it from their clock tell it with some jitter. */
#define INIT_TIME_SLACK_MS 1000

static uint64_t
hash_interface(const void *item, uint64_t secret)
{
	return (hash_mix(secret ^ ((const struct interface *)item)->index));
}

static bool
equal_interfaces(const void *a, const void *b)
{
	return (((const struct interface *)a)->index ==
	    ((const struct interface *)b)->index);
}

static uint64_t
hash_domain(const void *item, uint64_t secret)
{
	const struct domain *d = item;

	return (hash_mix(secret ^ ((uint64_t)d->version << 32 | d->id)));
}

static bool
is_same_domain(const struct domain *a, const struct domain *b)
{
	return (a->version == b->version && a->id == b->id);
}

static bool
equal_domains(const void *va, const void *vb)
{
	const struct domain *a = va, *b = vb;

	return (a->port == b->port && is_same_domain(a, b));
}

static void
release_interface(void *item, struct memory *memory)
{
	struct interface *i = item;

	option_text_free(i->name, memory);
	option_text_free(i->description, memory);
}

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

const struct samplers *
options_samplers(const struct options *o)
{
	static const struct samplers none = { .nshapes = 0 };

	return (o->samplers == NULL ? &none : o->samplers);
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

/* True if the text has changed. */
static bool
set_text(struct options *o, char **text, struct ie_octets octets,
    struct memory *memory)
{
	bool changed = false;

	if (option_text_set(text, octets, memory, &changed) != 0)
		o->refused++;
	return (changed);
}

bool
options_put_interface(struct options *o, struct memory *memory,
    const struct interface *interface)
{
	struct interface *i = find_interface(o, memory, interface->index);
	bool changed;

	if (i == NULL)
		return (false);
	i->port = interface->port;
	changed =
	    set_text(o, &i->name, option_text_octets(interface->name), memory);
	changed |= set_text(o, &i->description,
	    option_text_octets(interface->description), memory);
	return (changed);
}

/*
 * Most exporters have no samplers, so that these are allocated with the first
 * one.  False without memory.
 */
static bool
has_samplers(struct options *o, struct memory *memory)
{
	if (o->samplers == NULL &&
	    (o->samplers = memory_get(memory, sizeof(*o->samplers))) != NULL)
		*o->samplers = (struct samplers){ .nshapes = 0 };
	return (o->samplers != NULL);
}

static struct sampler *
find_sampler(struct options *o, struct memory *memory,
    const struct sampler *key)
{
	struct sampler *s = NULL;

	if (has_samplers(o, memory))
		s = samplers_get(o->samplers, memory, key);
	if (s == NULL)
		o->refused++;
	return (s);
}

/* Copies what a sampler tells, but not its name.  True if it has changed. */
static bool
sampler_set(struct sampler *to, const struct sampler *from)
{
	const bool same = to->mode == from->mode &&
	    to->algorithm == from->algorithm && to->sent_in == from->sent_in &&
	    sampling_is_same(to->rate, from->rate) &&
	    to->nselectors == from->nselectors &&
	    memcmp(to->selectors, from->selectors, sizeof(to->selectors)) == 0;

	to->mode = from->mode;
	to->algorithm = from->algorithm;
	to->sent_in = from->sent_in;
	to->rate = from->rate;
	to->nselectors = from->nselectors;
	memcpy(to->selectors, from->selectors, sizeof(to->selectors));
	return (!same);
}

bool
options_put_sampler(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct sampler *sampler)
{
	struct sampler key = *sampler, *s;
	bool changed;

	sampler_set_shape(&key);
	if ((s = find_sampler(o, memory, &key)) == NULL)
		return (false);
	changed = sampler_set(s, sampler);
	changed |=
	    set_text(o, &s->name, option_text_octets(sampler->name), memory);
	samplers_updated(o->samplers, memory, sessions, s);
	return (changed);
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
options_is_latest_domain(const struct options *o, size_t i)
{
	const struct domain *d = options_domain(o, i);

	return (latest_domain(o, d, NULL) == d);
}

static void
inherit_domain(const struct options *o, const struct sessions *sessions,
    struct domain *new)
{
	const struct domain *d = latest_domain(o, new, new);

	if (d == NULL || sessions_is_steady(sessions, d->port))
		return;
	domain_set(new, d);
	new->own_data = false;
}

static void
update(uint64_t *member, const struct slots *slots, enum ie_slot slot,
    uint64_t value)
{
	if (slots_have(slots, slot))
		*member = value;
}

/* Whether both are the same start of a system, by clocks that are set. */
static bool
is_near(uint64_t a, uint64_t b)
{
	return ((a > b ? a - b : b - a) <= INIT_TIME_SLACK_MS);
}

/* Whether flows have times by another init time than that of d. */
static bool
has_rival(const struct options *o, const struct domain *d)
{
	const struct domain *other;

	for (other = option_chain(&o->domains, &domain_kind, d); other != NULL;
	     other = option_chain_next(&o->domains, &domain_kind, other)) {
		if (is_same_domain(other, d) && other->port != d->port &&
		    other->used && !other->waiting &&
		    !is_near(other->base.init_time, d->base.init_time))
			return (true);
	}
	return (false);
}

/*
 * The port of d told an init time, which anyone can forge.  One that changes the
 * times of flows counts when it is told a second time, or by the port of the
 * flows, or after a restart that flows have shown.  False if it does not count
 * yet.
 */
static bool
tell_init_time(const struct options *o, struct domain *d, uint64_t init_time)
{
	const bool again = d->told != 0 && is_near(d->told, init_time);
	const bool is_new = d->base.init_time == 0;

	d->told = init_time;
	if (is_new || again || d->own_data || !d->used || d->base.lost ||
	    is_near(d->base.init_time, init_time))
		d->base.init_time = init_time;
	if (again)
		d->waiting = false;
	else if (is_new)
		d->waiting = has_rival(o, d);
	return (!d->waiting && d->base.init_time == init_time);
}

static bool
apply_domain(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct options_record *r,
    bool *doubtful)
{
	const struct domain key = {
		.id = r->domain,
		.version = r->version,
		.port = r->port,
	};
	const struct slots *slots = &r->tmpl->slots;
	const struct ie_values *v = r->values;
	struct domain *known = find_domain(o, memory, &key), new;

	if (known == NULL)
		return (false);
	if (known->turn == 0)
		inherit_domain(o, sessions, known);
	new = *known;
	if (slots_have(slots, SLOT_INIT_TIME))
		*doubtful = !tell_init_time(o, &new, v->init_time);
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
is_about_domain(const struct slots *slots)
{
	return (slots_have(slots, SLOT_INIT_TIME) ||
	    slots_have_any(slots, SLOT_EXPORTED_OCTETS,
		SLOT_UNSENT_PACKETS - SLOT_EXPORTED_OCTETS + 1));
}

static bool
has_member(const struct slots *slots, size_t offset)
{
	return (slots_have(slots, ie_slot_of_member(offset)));
}

static bool
has_input(const struct slots *slots)
{
	return (has_member(slots, offsetof(struct flow, if_index_in)));
}

static bool
has_output(const struct slots *slots)
{
	return (has_member(slots, offsetof(struct flow, if_index_out)));
}

static bool
is_about_interface(const struct slots *slots)
{
	return ((has_input(slots) || has_output(slots)) &&
	    (slots_have(slots, SLOT_IF_NAME) ||
		slots_have(slots, SLOT_IF_DESCRIPTION)));
}

static bool
apply_interface(struct options *o, struct memory *memory,
    const struct options_record *r)
{
	const struct slots *slots = &r->tmpl->slots;
	struct interface *i = find_interface(o, memory,
	    has_input(slots) ? r->flow->if_index_in : r->flow->if_index_out);
	bool changed = false;

	if (i == NULL)
		return (false);
	i->port = r->port;
	if (slots_have(slots, SLOT_IF_NAME))
		changed |= set_text(o, &i->name, r->values->if_name, memory);
	if (slots_have(slots, SLOT_IF_DESCRIPTION))
		changed |= set_text(o, &i->description,
		    r->values->if_description, memory);
	return (changed);
}

/* The parts that the record is about, in its scope or beside it. */
static void
set_parts(struct sampler *s, const struct options_record *r)
{
	const struct slots *slots = &r->tmpl->slots;
	const struct ie_values *v = r->values;
	const struct {
		bool has;
		uint64_t value;
	} parts[SAMPLER_PARTS] = {
		[PART_SEQUENCE] = { slots_have(slots, SLOT_SEQUENCE_ID),
		    v->sequence_id },
		[PART_SELECTOR] = { slots_have(slots, SLOT_SAMPLER_ID),
		    v->sampler_id },
		[PART_INTERFACE] = { has_input(slots), r->flow->if_index_in },
		[PART_OUTPUT] = { has_output(slots), r->flow->if_index_out },
		[PART_METERING] = { slots_have(slots, SLOT_METERING_PROCESS),
		    v->metering_process },
		[PART_EXPORTING] = { slots_have(slots, SLOT_EXPORTING_PROCESS),
		    v->exporting_process },
		[PART_TEMPLATE] = { slots_have(slots, SLOT_TEMPLATE_ID),
		    v->template_id },
		[PART_LINE_CARD] = { has_member(slots,
					 offsetof(struct flow, engine_id)),
		    r->flow->engine_id },
	};
	size_t i;

	for (i = 0; i < SAMPLER_PARTS; i++)
		s->part[i] = parts[i].has ? parts[i].value : 0;
	sampler_set_shape(s);
}

/* A report of RFC 5476 section 6.5.1: the selectors of a sequence. */
static bool
is_sequence(const struct slots *slots)
{
	return (slots_have(slots, SLOT_SEQUENCE_ID) &&
	    slots_have(slots, SLOT_SAMPLER_ID) && !sampling_is_told(slots));
}

static bool
is_about_sampling(const struct slots *slots)
{
	return (sampling_is_told(slots) || is_sequence(slots) ||
	    (slots_have(slots, SLOT_SAMPLER_ID) &&
		(slots_have(slots, SLOT_SAMPLER_NAME) ||
		    slots_have(slots, SLOT_SELECTOR_ALGORITHM))));
}

/* What the record is about.  The scope may name another domain. */
static struct sampler
key_of_sampling(const struct options_record *r)
{
	struct sampler key = {
		.domain = r->domain,
		.version = r->version,
		.port = r->port,
	};

	if (slots_have(&r->tmpl->slots, SLOT_DOMAIN_ID) &&
	    r->values->domain_id != 0)
		key.domain = (uint32_t)r->values->domain_id;
	set_parts(&key, r);
	if (is_sequence(&r->tmpl->slots)) {
		/* Where packets are observed, and what selects them. */
		memset(key.part, 0, sizeof(key.part));
		key.part[PART_SEQUENCE] = r->values->sequence_id;
		sampler_set_shape(&key);
	}
	return (key);
}

/* The rate of a sequence with too many selectors is unknown. */
static void
read_selectors(struct sampler *s, const struct options_record *r)
{
	uint64_t numbers[SELECTORS_MAX + 1];
	const size_t n = template_numbers(r->tmpl, r->octets, IE_SELECTOR_ID,
	    numbers, SELECTORS_MAX + 1);

	s->nselectors = 0;
	memset(s->selectors, 0, sizeof(s->selectors));
	if (n > SELECTORS_MAX)
		return;
	s->nselectors = (uint8_t)n;
	memcpy(s->selectors, numbers, n * sizeof(numbers[0]));
}

/* Sets the members that the record has. */
static void
read_sampling(struct sampler *s, const struct options_record *r)
{
	const struct slots *slots = &r->tmpl->slots;
	const struct ie_values *v = r->values;

	s->sent_in = r->domain;
	if (is_sequence(slots)) {
		read_selectors(s, r);
		return;
	}
	if (sampling_is_told(slots))
		s->rate = sampling_rate_of(slots, v);
	if (slots_have(slots, SLOT_SELECTOR_ALGORITHM))
		s->mode = (uint16_t)v->selector_algorithm;
	else if (slots_have(slots, SLOT_SAMPLING_MODE))
		s->mode = (uint16_t)v->sampling_mode;
	else
		return;
	s->algorithm = sampling_algorithm_of(slots, v);
	/* A filter says which packets the flows count, and counts all. */
	if (s->algorithm == SAMPLING_PROPERTY && !sampling_is_told(slots))
		s->rate = (struct sampling_rate){ 1, 1 };
}

/* The latest other entry of the same sampler gives a new one its values. */
static void
inherit_sampler(const struct samplers *samplers,
    const struct sessions *sessions, struct sampler *new)
{
	const struct sampler *s = samplers_other(samplers, new);

	if (s != NULL && !sessions_is_steady(sessions, s->port))
		(void)sampler_set(new, s);
}

static bool
apply_sampling(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct options_record *r,
    struct sampling_rate *resampled)
{
	const struct sampler key = key_of_sampling(r);
	struct sampler *known = find_sampler(o, memory, &key), new;
	bool changed;

	if (known == NULL)
		return (false);
	if (known->turn == 0)
		inherit_sampler(o->samplers, sessions, known);
	new = *known;
	read_sampling(&new, r);
	if (known->rate.of != 0 && !sampling_is_same(known->rate, new.rate))
		*resampled = sampling_reduced(new.rate);
	changed = sampler_set(known, &new);
	if (slots_have(&r->tmpl->slots, SLOT_SAMPLER_NAME))
		changed |=
		    set_text(o, &known->name, r->values->sampler_name, memory);
	samplers_updated(o->samplers, memory, sessions, known);
	return (changed);
}

struct options_result
options_apply(struct options *o, struct memory *memory,
    const struct sessions *sessions, const struct options_record *r)
{
	const struct slots *slots = &r->tmpl->slots;
	const uint64_t refused = o->refused;
	struct options_result result = { .applied = false };

	if (is_about_sampling(slots)) {
		result.applied = true;
		result.changed |=
		    apply_sampling(o, memory, sessions, r, &result.resampled);
	}
	if (is_about_interface(slots)) {
		result.applied = true;
		result.changed |= apply_interface(o, memory, r);
	}
	if (is_about_domain(slots)) {
		result.applied = true;
		result.changed |=
		    apply_domain(o, memory, sessions, r, &result.doubtful);
	}
	result.dropped = o->refused != refused;
	return (result);
}

struct time_base *
options_time_base(struct options *o, uint16_t version, uint32_t domain,
    uint16_t port, bool for_data)
{
	const struct domain key = { .id = domain, .version = version };
	struct domain *d, *best = NULL;

	for (d = option_chain(&o->domains, &domain_kind, &key); d != NULL;
	     d = option_chain_next(&o->domains, &domain_kind, d)) {
		if (!is_same_domain(d, &key) || d->base.init_time == 0)
			continue;
		if (best == NULL || d->port == port ||
		    (best->port != port &&
			(d->waiting != best->waiting ?
				best->waiting :
				is_later(d->turn, best->turn))))
			best = d;
	}
	if (best == NULL)
		return (NULL);
	option_use(&o->domains, &domain_kind, best);
	if (for_data) {
		best->used = true;
		best->own_data = best->own_data || best->port == port;
	}
	return (&best->base);
}

struct closing_domains {
	const struct options *o;
	const struct sessions *sessions;
};

static bool
is_of_closing(const void *item, const void *arg)
{
	const struct closing_domains *c = arg;
	const struct domain *d = item;

	return (sessions_had(c->sessions, d->port) &&
	    latest_domain(c->o, d, d) != NULL);
}

bool
options_forget_sessions(struct options *o, struct memory *memory,
    const struct sessions *sessions, bool begin)
{
	const struct closing_domains closing = { o, sessions };
	bool done;

	done = option_sweep(&o->domains, &domain_kind, memory, begin,
	    is_of_closing, &closing);
	if (o->samplers == NULL)
		return (done);
	return (
	    samplers_forget_sessions(o->samplers, memory, sessions, begin) &&
	    done);
}

size_t
options_memory(const struct options *o)
{
	const struct interface *in;
	size_t i, bytes;

	bytes = samplers_memory(options_samplers(o)) +
	    (o->samplers == NULL ? 0 : sizeof(*o->samplers)) +
	    option_table_size(&o->interfaces, &interface_kind) +
	    option_table_size(&o->domains, &domain_kind);
	for (i = 0; i < o->interfaces.n; i++) {
		in = options_interface(o, i);
		bytes += option_text_size(in->name) +
		    option_text_size(in->description);
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
	if (o->samplers != NULL) {
		samplers_free(o->samplers, memory);
		memory_put(memory, o->samplers, sizeof(*o->samplers));
		o->samplers = NULL;
	}
	option_table_free(&o->interfaces, &interface_kind, memory);
	option_table_free(&o->domains, &domain_kind, memory);
	o->clock = 0;
	o->refused = 0;
}
