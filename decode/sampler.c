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

#include <string.h>

#include "decode/option-text.h"
#include "decode/sampler.h"
#include "lib/hash.h"

const char *const sampler_part_names[SAMPLER_PARTS] = {
	[PART_SEQUENCE] = "selection sequence",
	[PART_SELECTOR] = "sampler",
	[PART_INTERFACE] = "interface",
	[PART_OUTPUT] = "output interface",
	[PART_METERING] = "metering process",
	[PART_EXPORTING] = "exporting process",
	[PART_TEMPLATE] = "template",
	[PART_LINE_CARD] = "line card",
};

static uint64_t
hash_sampler(const void *item, uint64_t secret)
{
	const struct sampler *s = item;
	uint64_t hash = hash_mix(secret ^ s->domain) ^
	    ((uint64_t)s->version << 16 | (uint64_t)s->shape << 1 |
		s->all_domains);
	size_t i;

	for (i = 0; i < SAMPLER_PARTS; i++) {
		if (s->part[i] != 0)
			hash = hash_mix(hash ^ s->part[i]);
	}
	return (hash_mix(hash));
}

static bool
is_same(const struct sampler *a, const struct sampler *b)
{
	return (a->version == b->version && a->domain == b->domain &&
	    a->all_domains == b->all_domains && a->shape == b->shape &&
	    memcmp(a->part, b->part, sizeof(a->part)) == 0);
}

static bool
equal_samplers(const void *va, const void *vb)
{
	const struct sampler *a = va, *b = vb;

	return (a->port == b->port && is_same(a, b));
}

static void
release_sampler(void *item, struct memory *memory)
{
	option_text_free(((struct sampler *)item)->name, memory);
}

const struct option_kind sampler_kind = {
	.size = sizeof(struct sampler),
	.max = SAMPLERS_MAX,
	.hash = hash_sampler,
	.equal = equal_samplers,
	.release = release_sampler,
};

/* An entry has at most three. */
static const struct option_kind sum_kind = {
	.size = sizeof(struct sampler),
	.max = 3 * (size_t)SAMPLERS_MAX,
	.hash = hash_sampler,
	.equal = equal_samplers,
};

const struct sampler *
samplers_at(const struct samplers *s, size_t i)
{
	return (option_at(&s->table, &sampler_kind, i));
}

/* The members that identify an entry. */
static struct sampler
key_of(const struct sampler *s)
{
	struct sampler key = {
		.domain = s->domain,
		.version = s->version,
		.port = s->port,
		.shape = s->shape,
	};

	memcpy(key.part, s->part, sizeof(key.part));
	return (key);
}

void
sampler_set_shape(struct sampler *sampler)
{
	size_t i;

	sampler->shape = 0;
	for (i = 0; i < SAMPLER_PARTS; i++) {
		if (sampler->part[i] != 0)
			sampler->shape |= sampler_bit((enum sampler_part)i);
	}
}

/* Adds a combination of parts.  False: it is one too many. */
static bool
add_shape(struct samplers *s, uint8_t shape)
{
	uint8_t i, n = s->nshapes;

	for (i = 0; i < n && s->shapes[i] > shape; i++)
		;
	if (i < n && s->shapes[i] == shape)
		return (true);
	if (n == SAMPLER_SHAPES_MAX)
		return (false);
	memmove(&s->shapes[i + 1], &s->shapes[i], n - i);
	s->shapes[i] = shape;
	s->nshapes++;
	return (true);
}

struct sampler *
samplers_get(struct samplers *s, struct memory *memory,
    const struct sampler *key)
{
	const struct sampler only = key_of(key);

	if (!add_shape(s, key->shape))
		return (NULL);
	return (option_get(&s->table, &sampler_kind, &only, memory));
}

/* Adds what an entry tells to a sum. */
static void
add_to_sum(struct sampler *sum, const struct sampler *entry)
{
	const uint64_t teller = hash_sampler(entry, 0) | 1;
	const bool same = sampling_is_same(sum->rate, entry->rate);

	if (sum->turn == 0 || sum->teller == teller) {
		/* The others may change in the same way, or not. */
		if (!same)
			sum->differs = sum->other;
		sum->teller = teller;
		sum->rate = entry->rate;
		sum->mode = entry->mode;
		sum->algorithm = entry->algorithm;
		sum->sent_in = entry->sent_in;
	} else {
		sum->other = teller;
		if (!same)
			sum->differs = teller;
		else if (sum->differs == teller)
			sum->differs = 0;
	}
	sum->turn = entry->turn;
}

/* Signed, as the clock may wrap. */
static bool
is_later(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b) > 0);
}

/* The item that told most recently about what key is about, or NULL. */
static const struct sampler *
latest(const struct option_table *t, const struct option_kind *kind,
    const struct sampler *key, const struct sampler *except)
{
	const struct sampler *i, *last = NULL;

	for (i = option_chain(t, kind, key); i != NULL;
	     i = option_chain_next(t, kind, i)) {
		if (i != except && is_same(i, key) &&
		    (last == NULL || is_later(i->turn, last->turn)))
			last = i;
	}
	return (last);
}

/* A new sum begins as that of a session that may be the same. */
static void
inherit_sum(const struct samplers *s, const struct sessions *sessions,
    struct sampler *new)
{
	const struct sampler *sum = latest(&s->sums, &sum_kind, new, new);

	if (sum == NULL || sessions_is_steady(sessions, sum->port))
		return;
	new->turn = sum->turn;
	new->rate = sum->rate;
	new->teller = sum->teller;
	new->other = sum->other;
	new->differs = sum->differs;
}

static void
update_sum(struct samplers *s, struct memory *memory,
    const struct sessions *sessions, const struct sampler *entry,
    bool all_domains, bool all_parts)
{
	struct sampler key = key_of(entry), *sum;

	if (all_domains) {
		key.all_domains = true;
		key.domain = 0;
	}
	if (all_parts)
		memset(key.part, 0, sizeof(key.part));
	if ((sum = option_get(&s->sums, &sum_kind, &key, memory)) == NULL)
		return;
	if (sum->turn == 0)
		inherit_sum(s, sessions, sum);
	add_to_sum(sum, entry);
}

/* Whether the parts mean the same in another domain. */
static bool
is_of_all_domains(uint8_t shape)
{
	return ((shape &
		    (sampler_bit(PART_SEQUENCE) |
			sampler_bit(PART_TEMPLATE))) == 0);
}

void
samplers_updated(struct samplers *s, struct memory *memory,
    const struct sessions *sessions, struct sampler *entry)
{
	const bool everywhere = is_of_all_domains(entry->shape);

	entry->turn = ++s->clock;
	if (entry->nselectors != 0)
		return;
	if (entry->shape != 0)
		update_sum(s, memory, sessions, entry, false, true);
	if (everywhere)
		update_sum(s, memory, sessions, entry, true, false);
	if (everywhere && entry->shape != 0)
		update_sum(s, memory, sessions, entry, true, true);
}

const struct sampler *
samplers_other(const struct samplers *s, const struct sampler *entry)
{
	return (latest(&s->table, &sampler_kind, entry, entry));
}

bool
samplers_is_latest(const struct samplers *s, size_t i)
{
	const struct sampler *at = samplers_at(s, i);

	return (latest(&s->table, &sampler_kind, at, NULL) == at);
}

/* The entry for the session of the key, if its rate is known; else NULL. */
static const struct sampler *
find(const struct option_table *t, const struct option_kind *kind,
    const struct sampler *key)
{
	const struct sampler *i, *best = NULL;

	for (i = option_chain(t, kind, key); i != NULL;
	     i = option_chain_next(t, kind, i)) {
		if (!is_same(i, key))
			continue;
		if (best == NULL || i->port == key->port ||
		    (best->port != key->port && is_later(i->turn, best->turn)))
			best = i;
	}
	if (best == NULL || best->differs != 0 ||
	    (best->rate.of == 0 && best->nselectors == 0))
		return (NULL);
	return (best);
}

/* Looks in the domain of the key, in domain 0, and in all. */
static const struct sampler *
find_in_domains(const struct samplers *s, struct sampler *key)
{
	const uint32_t domain = key->domain;
	const struct sampler *found = find(&s->table, &sampler_kind, key);

	if (found != NULL || !is_of_all_domains(key->shape))
		return (found);
	key->domain = 0;
	if (domain != 0)
		found = find(&s->table, &sampler_kind, key);
	if (found == NULL) {
		key->all_domains = true;
		found = find(&s->sums, &sum_kind, key);
		key->all_domains = false;
	}
	key->domain = domain;
	return (found);
}

static struct sampler
key_for(const struct sampler_query *q, uint8_t shape)
{
	return ((struct sampler){
	    .domain = q->domain,
	    .version = q->version,
	    .port = q->port,
	    .shape = shape,
	});
}

/* Finds the entry of this combination of parts, all of which the flow has. */
static const struct sampler *
find_exact(const struct samplers *s, const struct sampler_query *q,
    uint8_t shape)
{
	struct sampler key = key_for(q, shape);
	const struct sampler *found;
	enum sampler_part i;

	for (i = 0; i < SAMPLER_PARTS; i++) {
		if ((shape & sampler_bit(i)) == 0)
			continue;
		if (q->part[i] == 0)
			return (NULL);
		key.part[i] = q->part[i];
	}
	found = find_in_domains(s, &key);
	if (found != NULL || key.part[PART_INTERFACE] == 0 ||
	    q->interface2 == 0)
		return (found);
	key.part[PART_INTERFACE] = q->interface2;
	return (find_in_domains(s, &key));
}

/* Finds on what all entries of this combination of parts agree. */
static const struct sampler *
find_agreed(const struct samplers *s, const struct sampler_query *q,
    uint8_t shape)
{
	struct sampler key = key_for(q, shape);
	const struct sampler *found = find(&s->sums, &sum_kind, &key);

	if (found != NULL || !is_of_all_domains(shape))
		return (found);
	key.all_domains = true;
	key.domain = 0;
	return (find(&s->sums, &sum_kind, &key));
}

const struct sampler *
samplers_find(const struct samplers *s, const struct sampler_query *query)
{
	const struct sampler *found;
	uint8_t i;

	for (i = 0; i < s->nshapes; i++) {
		found = find_exact(s, query, s->shapes[i]);
		if (found != NULL)
			return (found);
	}
	for (i = 0; i < s->nshapes; i++) {
		if ((s->shapes[i] & ~query->named) == 0)
			continue;
		found = find_agreed(s, query, s->shapes[i]);
		if (found != NULL)
			return (found);
	}
	return (NULL);
}

static const struct sampler *
find_selector(const struct samplers *s, const struct sampler *sequence,
    uint64_t selector)
{
	struct sampler key = {
		.domain = sequence->domain,
		.version = sequence->version,
		.port = sequence->port,
		.shape = sampler_bit(PART_SELECTOR),
	};

	key.part[PART_SELECTOR] = selector;
	return (find_in_domains(s, &key));
}

/*
 * The rate of all selectors of a sequence together.  The algorithm is that of
 * the sampler, if there is only one beside filters.
 */
static struct sampling_rate
rate_of_sequence(const struct samplers *s, const struct sampler *sequence,
    uint8_t *algorithm)
{
	struct sampling_rate rate = { 1, 1 };
	const struct sampler *selector;
	size_t i, samplings = 0;

	*algorithm = SAMPLING_UNTOLD;
	for (i = 0; i < sequence->nselectors; i++) {
		selector = find_selector(s, sequence, sequence->selectors[i]);
		if (selector == NULL)
			return ((struct sampling_rate){ 0, 0 });
		rate = sampling_product(rate, selector->rate);
		if (sequence->nselectors > 1 &&
		    selector->algorithm == SAMPLING_PROPERTY)
			continue;
		*algorithm =
		    samplings++ == 0 ? selector->algorithm : SAMPLING_UNTOLD;
	}
	return (rate);
}

struct sampling_rate
samplers_rate(const struct samplers *s, const struct sampler *entry,
    uint8_t *algorithm)
{
	if (entry->nselectors != 0)
		return (rate_of_sequence(s, entry, algorithm));
	*algorithm = entry->algorithm;
	return (entry->rate);
}

struct closing_samplers {
	const struct option_table *t;
	const struct option_kind *kind;
	const struct sessions *sessions;
};

static bool
is_of_closing(const void *item, const void *arg)
{
	const struct closing_samplers *c = arg;
	const struct sampler *at = item;

	return (sessions_had(c->sessions, at->port) &&
	    latest(c->t, c->kind, at, at) != NULL);
}

static bool
sweep(struct option_table *t, const struct option_kind *kind,
    struct memory *memory, const struct sessions *sessions, bool begin)
{
	const struct closing_samplers closing = { t, kind, sessions };

	return (option_sweep(t, kind, memory, begin, is_of_closing, &closing));
}

bool
samplers_forget_sessions(struct samplers *s, struct memory *memory,
    const struct sessions *sessions, bool begin)
{
	const bool done =
	    sweep(&s->table, &sampler_kind, memory, sessions, begin);

	return (sweep(&s->sums, &sum_kind, memory, sessions, begin) && done);
}

size_t
samplers_memory(const struct samplers *s)
{
	size_t i,
	    bytes = option_table_size(&s->table, &sampler_kind) +
	    option_table_size(&s->sums, &sum_kind);

	for (i = 0; i < s->table.n; i++)
		bytes += option_text_size(samplers_at(s, i)->name);
	return (bytes);
}

void
samplers_free(struct samplers *s, struct memory *memory)
{
	option_table_free(&s->table, &sampler_kind, memory);
	option_table_free(&s->sums, &sum_kind, memory);
	*s = (struct samplers){ .nshapes = 0 };
}
