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

/*
 * The table of exporters: a hash table that grows, and lists by last use.
 * exporter_get states which exporter is evicted at the limit.
 */
#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "decode/buckets.h"
#include "decode/completeness.h"
#include "decode/exporters.h"
#include "decode/held.h"
#include "lib/hash.h"

struct exporter_table {
	struct buckets buckets;
	size_t count;
	struct exporters_shared shared;
	struct counters forgotten; /* of evicted exporters */
	uint64_t evicted;          /* exporters */
	struct exporter *latest;   /* of exporter_get, or NULL */
	struct exporter stand_in;  /* for addresses above the limit */
	struct log_state full;
	uint64_t secret[2]; /* so that senders cannot choose the bucket */
};

#define FORGET_MAX 256 /* exporters, in one call */

/* Gives a new exporter its part of the shared resources. */
static void
share(struct exporter_table *t, struct exporter *e)
{
	e->shared = &t->shared;
	e->options.interfaces.max = &t->shared.interfaces_max;
	e->memory = (struct memory){
		.pool = &t->shared.memory,
		.rank = e->named ? MEMORY_NAMED : MEMORY_NEWCOMER,
	};
	held_own(&e->held, &t->shared.held, &e->counters, &e->memory);
}

void
exporters_set_limits(struct exporter_table *t,
    const struct exporter_limits *limits)
{
	t->shared.ranks.limit = limits->exporters == 0 ? 1 : limits->exporters;
	t->shared.templates_max = limits->templates;
	t->shared.interfaces_max =
	    limits->interfaces == 0 ? INTERFACES_MAX : limits->interfaces;
	t->shared.memory.limit = limits->memory;
}

/* Frees the exporter's state, except the counters. */
static void
clear(struct exporter *e)
{
	held_drop_all(&e->held);
	templates_free(&e->templates, &e->memory);
	options_free(&e->options, &e->memory);
	sessions_free(&e->sessions, &e->memory);
}

/* Frees an exporter that is in no list and has no flows in a buffer. */
static void
destroy(struct exporter *e)
{
	memory_put_fixed(e->history, sizeof(*e->history));
	memory_put_fixed(e->log_limits,
	    EXPORTER_CAUSES * sizeof(*e->log_limits));
	memory_put_fixed(e, sizeof(*e));
}

void
exporters_free(struct exporter_table *t)
{
	struct recent *use, *next;
	struct exporter *e;
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < EXPORTER_LISTS; i++) {
		for (use = t->shared.ranks.by_use[i].newest; use != NULL;
		     use = next) {
			next = use->older;
			e = exporter_of(use);
			clear(e);
			destroy(e);
		}
	}
	clear(&t->stand_in);
	memory_put_fixed(t->stand_in.history, sizeof(struct history));
	memory_put_fixed(t->stand_in.log_limits,
	    EXPORTER_CAUSES * sizeof(*t->stand_in.log_limits));
	memory_pool_free(&t->shared.memory);
	buckets_free(&t->buckets, NULL);
	free(t);
}

size_t
exporters_count(const struct exporter_table *t)
{
	return (t->count);
}

static uint64_t
hash_of(const struct exporter_table *t, const struct addr *addr)
{
	uint64_t half[2], hash;

	memcpy(half, addr->bytes, sizeof(half));
	hash = hash_mix(half[0] ^ t->secret[0]);
	return (hash_mix(hash ^ half[1] ^ t->secret[1]));
}

static struct exporter **
bucket_of(const struct exporter_table *t, const struct addr *addr)
{
	return ((struct exporter **)buckets_of(&t->buckets, hash_of(t, addr)));
}

/* Adds a bucket, if there is memory. */
static void
grow(struct exporter_table *t)
{
	struct exporter *e, *next, **b;

	if (buckets_add(&t->buckets, NULL) == -1)
		return;
	b = (struct exporter **)buckets_split(&t->buckets);
	e = *b;
	*b = NULL;
	for (; e != NULL; e = next) {
		next = e->hash_next;
		b = bucket_of(t, &e->addr);
		e->hash_next = *b;
		*b = e;
	}
}

static void
forget(struct exporter_table *t, struct exporter *e)
{
	struct exporter **at;

	for (at = bucket_of(t, &e->addr); *at != e; at = &(*at)->hash_next)
		;
	*at = e->hash_next;
	exporter_delist(e);
	t->count--;
	clear(e);
	counters_add(&t->forgotten, &e->counters);
	t->evicted++;
	e->gone = true;
	if (e->counters.buffered == 0)
		destroy(e);
}

void
exporter_forget(struct exporter *e)
{
	struct exporter_table *t = e->shared->table;

	if (t->latest == e)
		t->latest = NULL;
	forget(t, e);
}

size_t
exporters_forget(struct exporter_table *t,
    bool (*wanted)(const void *arg, const struct exporter *exporter),
    const void *arg)
{
	struct recent *use, *next;
	const size_t before = t->count;
	size_t i;

	for (i = 0; i < EXPORTER_LISTS; i++) {
		for (use = t->shared.ranks.by_use[i].newest; use != NULL;
		     use = next) {
			next = use->older;
			if (wanted(arg, exporter_of(use)))
				exporter_forget(exporter_of(use));
		}
	}
	if (t->count != before)
		t->shared.changed = true;
	return (before - t->count);
}

/* Returns an exporter that is the oldest of its list and silent, or NULL. */
static struct exporter *
oldest_silent(const struct exporter_table *t, uint32_t now, uint32_t seconds)
{
	struct exporter *e;
	size_t i;

	for (i = 0; i < EXPORTER_LISTS; i++) {
		e = exporter_of(t->shared.ranks.by_use[i].oldest);
		if (exporter_is_silent(e, now, seconds))
			return (e);
	}
	return (NULL);
}

/* The number in one call is bounded, so that datagrams do not wait for it. */
void
exporters_forget_silent(struct exporter_table *t, uint32_t now,
    uint32_t seconds)
{
	char addr[ADDR_STRLEN];
	struct exporter *e;
	size_t n;

	for (n = 0; n < FORGET_MAX; n++) {
		if ((e = oldest_silent(t, now, seconds)) == NULL)
			break;
		addr_ntop(&e->addr, addr);
		exporter_forget(e);
	}
	if (n == 0)
		return;
	t->shared.changed = true;
	if (n == 1)
		log_info("%s: silent for too long, forgotten", addr);
	else
		log_info("%zu exporters were silent for too long, forgotten",
		    n);
}

void
exporter_count_outcome(struct exporter *e, uint64_t stored, uint64_t lost)
{
	struct counters *n =
	    e->gone ? &e->shared->table->forgotten : &e->counters;

	n->stored += stored;
	n->lost += lost;
	n->buffered -= stored + lost;
	if (!e->gone)
		return;
	e->counters.buffered -= stored + lost;
	if (e->counters.buffered == 0)
		destroy(e);
}

uint64_t
exporters_evicted(const struct exporter_table *t)
{
	return (t->evicted);
}

/* Records the totals, in another HISTORY_MINUTE_STEP than the latest ones. */
static void
roll(struct exporter *e, uint32_t now)
{
	const uint32_t at = e->history == NULL ? e->first_seen : e->history->at;

	if (now / HISTORY_MINUTE_STEP == at / HISTORY_MINUTE_STEP)
		return;
	if (now / HISTORY_HOUR_STEP != at / HISTORY_HOUR_STEP)
		exporter_count_step(e);
	exporter_roll(e, now);
}

/*
 * Frees a part of its state, so that an exporter that holds much does not make
 * one datagram of another exporter expensive.
 */
static void
strip(struct exporter *e)
{
	struct counters *n = &e->counters;

	if (held_evict(&e->held) || options_evict_name(&e->options, &e->memory))
		n->state_evicted++;
	else if (template_evict(&e->templates, &e->memory)) {
		n->templates_evicted++;
		n->state_evicted++;
	} else
		exporter_forget(e);
}

/* See struct memory_pool. */
static bool
reclaim(struct memory *m, size_t size)
{
	struct exporter *e = (struct exporter *)((uint8_t *)m -
			    offsetof(struct exporter, memory)),
			*other;
	size_t n;

	for (n = 0; n < EXPORTER_RECLAIM_MAX(size); n++) {
		if (memory_fits(m, size))
			return (true);
		if (!memory_is_allowed(m, size) ||
		    (other = exporter_loser(&e->shared->ranks, e,
			 m->used + size)) == NULL)
			break;
		strip(other);
	}
	e->counters.memory_refused++;
	return (false);
}

struct exporter_table *
exporters_new(const struct exporter_limits *limits)
{
	struct exporter_table *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	t->shared.table = t;
	exporters_set_limits(t, limits);
	t->shared.memory.reclaim = reclaim;
	share(t, &t->stand_in);
	t->stand_in.known = true;
	t->stand_in.list = EXPORTER_LISTS;
	if (buckets_add(&t->buckets, NULL) == -1 ||
	    getentropy(t->secret, sizeof(t->secret)) == -1 ||
	    held_init(&t->shared.held) == -1) {
		exporters_free(t);
		return (NULL);
	}
	return (t);
}

static void
report_full(struct exporter_table *t, uint32_t now)
{
	uint32_t held_back;

	if (log_state_begin(&t->full, now, &held_back))
		log_warnx(
		    "limit of %zu exporters reached, templates of other "
		    "exporters are not kept; see \"limit exporters\"",
		    t->shared.ranks.limit);
}

static struct exporter *
use_stand_in(struct exporter_table *t, const struct addr *addr, uint32_t now)
{
	struct exporter *e = &t->stand_in;

	report_full(t, now);
	clear(e);
	memset(&e->sequences, 0, sizeof(e->sequences));
	e->sampling_interval = 0;
	e->sampling_mode = 0;
	e->addr = *addr;
	e->last_seen = now;
	return (e);
}

/* Without space, another exporter is evicted for the new one. */
static void *
allocate(struct exporter_table *t, uint32_t now, bool named)
{
	struct memory m = {
		.pool = &t->shared.memory,
		.rank = named ? MEMORY_NAMED : MEMORY_NEWCOMER,
	};
	void *e = memory_get_fixed(&m, sizeof(struct exporter));
	struct exporter *other;

	if (e != NULL)
		return (e);
	other = exporter_dispensable(&t->shared.ranks, now, named);
	if (other == NULL)
		return (NULL);
	forget(t, other);
	return (memory_get_fixed(&m, sizeof(struct exporter)));
}

static struct exporter *
make(struct exporter_table *t, const struct addr *addr, uint32_t now,
    bool named)
{
	struct exporter *e, **b;

	if (t->count >= t->shared.ranks.limit) {
		if ((e = exporter_dispensable(&t->shared.ranks, now, named)) ==
		    NULL)
			return (use_stand_in(t, addr, now));
		forget(t, e);
	}
	if ((e = allocate(t, now, named)) == NULL)
		return (use_stand_in(t, addr, now));
	memset(e, 0, sizeof(*e));
	if (log_state_end(&t->full))
		log_info("limit of exporters no longer reached");
	if (t->count >= t->buckets.n)
		grow(t);
	e->addr = *addr;
	e->first_seen = now;
	e->named = named;
	share(t, e);
	b = bucket_of(t, addr);
	e->hash_next = *b;
	*b = e;
	exporter_enlist(e);
	t->count++;
	return (e);
}

static struct exporter *
find(const struct exporter_table *t, const struct addr *addr)
{
	struct exporter *e;

	for (e = *bucket_of(t, addr); e != NULL; e = e->hash_next) {
		if (addr_equal(&e->addr, addr))
			return (e);
	}
	return (NULL);
}

struct exporter *
exporter_get(struct exporter_table *t, const struct addr *addr, uint32_t now,
    bool named)
{
	struct exporter *e = t->latest;

	if (e == NULL || e->named != named || !addr_equal(&e->addr, addr)) {
		if (e != NULL)
			exporter_enlist_again(e);
		t->latest = NULL;
		if ((e = find(t, addr)) == NULL)
			e = make(t, addr, now, named);
		else {
			e->named = named;
			exporter_enlist_again(e);
		}
		if (e == NULL)
			return (NULL);
		if (e != &t->stand_in)
			t->latest = e;
	}
	if (now / HISTORY_MINUTE_STEP != e->last_seen / HISTORY_MINUTE_STEP)
		roll(e, now);
	e->last_seen = now;
	return (e);
}

const struct exporter *
exporter_find(const struct exporter_table *t, const struct addr *addr)
{
	return (find(t, addr));
}

/* Whether a comes before b in the order of a walk. */
static bool
is_before(const struct exporter_table *t, const struct addr *a,
    const struct addr *b)
{
	const uint64_t x = hash_order(hash_of(t, a));
	const uint64_t y = hash_order(hash_of(t, b));

	return (x != y ? x < y : memcmp(a, b, sizeof(*a)) < 0);
}

/*
 * The first with these low bits of the hash; if after is not NULL, the first
 * that follows it.
 */
static const struct exporter *
first_behind(const struct exporter_table *t, size_t low,
    const struct addr *after)
{
	const struct exporter *e = *buckets_of(&t->buckets, low), *first = NULL;

	for (; e != NULL; e = e->hash_next) {
		if ((hash_of(t, &e->addr) & (t->buckets.size - 1)) == low &&
		    (after == NULL || is_before(t, after, &e->addr)) &&
		    (first == NULL || is_before(t, &e->addr, &first->addr)))
			first = e;
	}
	return (first);
}

const struct exporter *
exporters_next(const struct exporter_table *t, const struct addr *after)
{
	const struct exporter *e;
	size_t low = 0;

	if (after->family == ADDR_NONE)
		after = NULL;
	else
		low = hash_of(t, after) & (t->buckets.size - 1);
	do {
		if ((e = first_behind(t, low, after)) != NULL)
			return (e);
		after = NULL;
		low = hash_next_bucket(low, t->buckets.size);
	} while (low != 0);
	return (NULL);
}

const struct exporters_shared *
exporters_shared(const struct exporter_table *t)
{
	return (&t->shared);
}

size_t
exporters_limit(const struct exporter_table *t)
{
	return (t->shared.ranks.limit);
}

void
exporters_each(const struct exporter_table *t,
    void (*visit)(void *arg, const struct exporter *exporter), void *arg)
{
	struct recent *use;
	size_t i;

	for (i = 0; i < EXPORTER_LISTS; i++) {
		for (use = t->shared.ranks.by_use[i].oldest; use != NULL;
		     use = use->newer)
			visit(arg, exporter_of(use));
	}
}

static void
add_exporter(void *arg, const struct exporter *e)
{
	counters_add(arg, &e->counters);
}

void
exporters_sum(const struct exporter_table *t, struct counters *sum)
{
	*sum = t->forgotten;
	counters_add(sum, &t->stand_in.counters);
	exporters_each(t, add_exporter, sum);
}

bool
exporters_changed(const struct exporter_table *t)
{
	return (t->shared.changed);
}

void
exporters_saved(struct exporter_table *t)
{
	t->shared.changed = false;
}

void
exporters_doubt_sequences(struct exporter_table *t)
{
	struct recent *use;
	size_t i;

	for (i = 0; i < EXPORTER_LISTS; i++) {
		for (use = t->shared.ranks.by_use[i].oldest; use != NULL;
		     use = use->newer)
			sequences_doubt(&exporter_of(use)->sequences);
	}
}

void
exporters_expire(struct exporter_table *t, uint32_t now)
{
	held_expire(&t->shared.held, now);
}

struct period_sum {
	uint32_t now;
	enum exporter_span span;
	struct exporter_period *sum;
};

static void
add_period(void *arg, const struct exporter *e)
{
	const struct period_sum *s = arg;
	struct exporter_period period;

	exporter_period(e, s->now, s->span, &period);
	exporter_period_add(s->sum, &period);
}

void
exporters_period(const struct exporter_table *t, uint32_t now,
    enum exporter_span span, struct exporter_period *sum)
{
	struct period_sum s = { .now = now, .span = span, .sum = sum };

	*sum = (struct exporter_period){ .seconds = 1 };
	exporters_each(t, add_period, &s);
}
