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
 * Exporters in a hash table that grows with them, and in lists by last use:
 * see exporter_get for who goes when the limit is reached.
 */
#include "compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exporter.h"
#include "hash.h"
#include "log.h"
#include "netflow.h"

#define BUCKETS_MIN     256   /* a power of two */
#define SEQUENCE_WINDOW 65536 /* flows that may come late */
#define UPTIME_SLACK_MS 10000 /* by which reordering may set it back */

/* By last use. */
struct exporter_list {
	struct exporter *newest, *oldest;
};

struct exporter_table {
	struct exporter **buckets;
	size_t nbuckets; /* a power of two */
	size_t count, limit;
	struct exporters_shared shared;
	struct counters forgotten;     /* of exporters that went */
	struct exporter *latest;       /* got last, or NULL */
	struct exporter_list lists[2]; /* of unnamed and of named ones */
	struct exporter stand_in;      /* for who finds no room */
	struct log_state full;
	uint64_t secret[2]; /* so that nobody can aim at a bucket */
};

void
exporters_set_limits(struct exporter_table *t,
    const struct exporter_limits *limits)
{
	t->limit = limits->exporters == 0 ? 1 : limits->exporters;
	t->shared.templates_max = limits->templates;
	t->shared.memory.limit = limits->memory;
}

struct exporter_table *
exporters_new(const struct exporter_limits *limits)
{
	struct exporter_table *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	t->shared.table = t;
	exporters_set_limits(t, limits);
	t->stand_in.shared = &t->shared;
	t->stand_in.known = true;
	t->nbuckets = BUCKETS_MIN;
	t->buckets = calloc(t->nbuckets, sizeof(*t->buckets));
	if (t->buckets == NULL ||
	    getentropy(t->secret, sizeof(t->secret)) == -1 ||
	    getentropy(&t->shared.held.secret, sizeof(t->shared.held.secret)) ==
		-1) {
		exporters_free(t);
		return (NULL);
	}
	return (t);
}

/* Everything but its counters. */
static void
clear(struct exporter *e)
{
	held_forget(e);
	templates_free(&e->templates, &e->shared->memory);
	options_free(&e->options, &e->shared->memory);
}

void
exporters_free(struct exporter_table *t)
{
	struct exporter *e, *next;
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < 2; i++) {
		for (e = t->lists[i].newest; e != NULL; e = next) {
			next = e->older;
			clear(e);
			free(e);
		}
	}
	clear(&t->stand_in);
	free(t->buckets);
	free(t);
}

size_t
exporters_count(const struct exporter_table *t)
{
	return (t->count);
}

static struct exporter **
bucket_of(struct exporter_table *t, const struct addr *addr)
{
	uint64_t half[2], hash;

	memcpy(half, addr->bytes, sizeof(half));
	hash = hash_mix(half[0] ^ t->secret[0]);
	hash = hash_mix(hash ^ half[1] ^ t->secret[1]);
	return (&t->buckets[hash & (t->nbuckets - 1)]);
}

/* Without memory the table stays as it is, and only becomes slower. */
static void
grow(struct exporter_table *t)
{
	struct exporter **buckets, **old = t->buckets, **b, *e;
	size_t i;

	buckets = calloc(t->nbuckets * 2, sizeof(*buckets));
	if (buckets == NULL)
		return;
	t->buckets = buckets;
	t->nbuckets *= 2;
	for (i = 0; i < 2; i++) {
		for (e = t->lists[i].newest; e != NULL; e = e->older) {
			b = bucket_of(t, &e->addr);
			e->hash_next = *b;
			*b = e;
		}
	}
	free(old);
}

static void
list_remove(struct exporter_table *t, struct exporter *e)
{
	struct exporter_list *l = &t->lists[e->named];

	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		l->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		l->oldest = e->newer;
}

static void
list_add_newest(struct exporter_table *t, struct exporter *e)
{
	struct exporter_list *l = &t->lists[e->named];

	e->newer = NULL;
	e->older = l->newest;
	if (l->newest != NULL)
		l->newest->newer = e;
	else
		l->oldest = e;
	l->newest = e;
}

static void
add_counters(struct counters *sum, const struct counters *more)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)more;
	size_t i;

	for (i = 0; i < COUNTERS; i++)
		to[i] += from[i];
}

static void
forget(struct exporter_table *t, struct exporter *e)
{
	struct exporter **at;

	for (at = bucket_of(t, &e->addr); *at != e; at = &(*at)->hash_next)
		;
	*at = e->hash_next;
	list_remove(t, e);
	t->count--;
	clear(e);
	add_counters(&t->forgotten, &e->counters);
	free(e);
}

/* Signed, since a clock set back must not make everybody idle. */
static bool
is_idle(const struct exporter *e, uint32_t now)
{
	return ((int32_t)(now - e->last_seen) >= EXPORTER_IDLE);
}

/* Who goes for a new exporter, or NULL. */
static struct exporter *
dispensable(const struct exporter_table *t, uint32_t now, bool named)
{
	struct exporter *e = t->lists[0].oldest;

	if (e != NULL && (named || is_idle(e, now)))
		return (e);
	e = named ? t->lists[1].oldest : NULL;
	return (e != NULL && is_idle(e, now) ? e : NULL);
}

bool
exporter_make_room(const struct exporter *e, uint32_t now)
{
	struct exporter_table *t = e->shared->table;
	struct exporter *other = dispensable(t, now, e->named);

	if (other == NULL || other == e)
		return (false);
	forget(t, other);
	return (true);
}

static void
say_full(struct exporter_table *t, uint32_t now)
{
	uint32_t held_back;

	if (log_state_begin(&t->full, now, &held_back))
		log_warnx(
		    "the limit of %zu exporters is reached; what "
		    "others send is stored, but no template of theirs is kept",
		    t->limit);
}

static struct exporter *
use_stand_in(struct exporter_table *t, const struct addr *addr, uint32_t now)
{
	struct exporter *e = &t->stand_in;

	say_full(t, now);
	clear(e);
	memset(e->sequences, 0, sizeof(e->sequences));
	e->sampling_interval = 0;
	e->sampling_mode = 0;
	e->addr = *addr;
	e->last_seen = now;
	return (e);
}

static struct exporter *
make(struct exporter_table *t, const struct addr *addr, uint32_t now,
    bool named)
{
	struct exporter *e, **b;

	if (t->count >= t->limit) {
		if ((e = dispensable(t, now, named)) == NULL)
			return (use_stand_in(t, addr, now));
		forget(t, e);
	}
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return (NULL);
	if (log_state_end(&t->full))
		log_info("there is room for more exporters again");
	if (t->count >= t->nbuckets)
		grow(t);
	e->addr = *addr;
	e->first_seen = now;
	e->named = named;
	e->shared = &t->shared;
	b = bucket_of(t, addr);
	e->hash_next = *b;
	*b = e;
	list_add_newest(t, e);
	t->count++;
	return (e);
}

static struct exporter *
find(struct exporter_table *t, const struct addr *addr)
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
		t->latest = NULL;
		if ((e = find(t, addr)) == NULL)
			e = make(t, addr, now, named);
		else {
			list_remove(t, e);
			e->named = named;
			list_add_newest(t, e);
		}
		if (e == NULL)
			return (NULL);
		if (e != &t->stand_in)
			t->latest = e;
	}
	e->last_seen = now;
	return (e);
}

void
exporters_each(const struct exporter_table *t,
    void (*visit)(void *arg, const struct exporter *exporter), void *arg)
{
	const struct exporter *e;
	size_t i;

	for (i = 0; i < 2; i++) {
		for (e = t->lists[i].oldest; e != NULL; e = e->newer)
			visit(arg, e);
	}
}

static void
add_exporter(void *arg, const struct exporter *e)
{
	add_counters(arg, &e->counters);
}

void
exporters_sum(const struct exporter_table *t, struct counters *sum)
{
	*sum = t->forgotten;
	add_counters(sum, &t->stand_in.counters);
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
exporters_expire(struct exporter_table *t, uint32_t now)
{
	held_expire(&t->shared.held, now);
}

/*
 * The sequence's entry, moved to the front; a new one, with version 0, takes
 * the place of the one unused for longest.
 */
static struct sequence *
find_sequence(struct exporter *e, uint16_t version, uint32_t domain)
{
	struct sequence found = { .domain = domain };
	size_t i;

	for (i = 0; i < EXPORTER_SEQUENCES - 1; i++) {
		if (e->sequences[i].version == 0)
			break;
		if (e->sequences[i].version == version &&
		    e->sequences[i].domain == domain)
			break;
	}
	if (e->sequences[i].version == version &&
	    e->sequences[i].domain == domain)
		found = e->sequences[i];
	memmove(&e->sequences[1], &e->sequences[0],
	    i * sizeof(e->sequences[0]));
	e->sequences[0] = found;
	return (&e->sequences[0]);
}

static bool
restarted(const struct sequence *s, uint32_t seq, uint32_t uptime_ms)
{
	int32_t ahead = (int32_t)(seq - s->next);

	if (ahead == 0)
		return (false);
	if (uptime_ms < s->uptime_ms &&
	    s->uptime_ms - uptime_ms > UPTIME_SLACK_MS)
		return (true);
	return (ahead < -SEQUENCE_WINDOW);
}

void
exporter_sequence(struct exporter *e, uint16_t version, uint32_t domain,
    uint32_t seq, uint32_t count, uint32_t uptime_ms)
{
	struct sequence *s = find_sequence(e, version, domain);
	int32_t ahead = (int32_t)(seq - s->next);

	if (!s->known)
		s->version = version;
	else if (restarted(s, seq, uptime_ms))
		e->counters.restarts++;
	else if (ahead < 0) {
		e->counters.sequence_late +=
		    count == SEQUENCE_UNKNOWN ? 1 : count;
		return;
	} else if (version == NF_VERSION_9)
		e->counters.sequence_lost_datagrams += (uint32_t)ahead;
	else
		e->counters.sequence_lost += (uint32_t)ahead;
	s->known = count != SEQUENCE_UNKNOWN;
	s->next = seq + count;
	s->uptime_ms = uptime_ms;
}
