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
 * The templates of an exporter in a hash table, and in a list by last use.
 */
#include "compat/compat.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/template-compile.h"
#include "decode/template.h"
#include "errors.h"
#include "lib/hash.h"

#define BUCKETS_MIN 16 /* a power of two */

/* No two keys have the same hash. */
static uint64_t
hash_of(const struct templates *t, const struct template_key *key)
{
	return (hash_mix(t->secret ^ template_key_number(key)));
}

static struct tmpl **
bucket_of(const struct templates *t, const struct template_key *key)
{
	return (&t->buckets[hash_of(t, key) & (t->nbuckets - 1)]);
}

/* The first of the key from tmpl on, in its bucket. */
static struct tmpl *
of_key(struct tmpl *tmpl, const struct template_key *key)
{
	while (tmpl != NULL && !template_key_equal(&tmpl->key, key))
		tmpl = tmpl->hash_next;
	return (tmpl);
}

static struct tmpl *
first_of(const struct templates *t, const struct template_key *key)
{
	return (t->count == 0 ? NULL : of_key(*bucket_of(t, key), key));
}

static struct tmpl *
next_of(const struct tmpl *tmpl)
{
	return (of_key(tmpl->hash_next, &tmpl->key));
}

/* The template that the session announced itself. */
static struct tmpl *
own_of(const struct templates *t, const struct template_key *key,
    uint32_t session)
{
	struct tmpl *tmpl;

	for (tmpl = first_of(t, key); tmpl != NULL; tmpl = next_of(tmpl)) {
		if ((tmpl->owners & session) != 0)
			return (tmpl);
	}
	return (NULL);
}

static struct tmpl *
latest_of(const struct templates *t, const struct template_key *key)
{
	struct tmpl *tmpl = first_of(t, key), *latest = tmpl;

	while (tmpl != NULL && (tmpl = next_of(tmpl)) != NULL) {
		if (tmpl->turn > latest->turn)
			latest = tmpl;
	}
	return (latest);
}

static void
touch(struct templates *t, struct tmpl *tmpl)
{
	recent_remove(&t->by_use, &tmpl->use);
	recent_add(&t->by_use, &tmpl->use);
}

struct tmpl *
template_find(struct templates *t, const struct template_key *key,
    uint32_t session)
{
	struct tmpl *tmpl = template_of(t->by_use.newest);

	if (tmpl == NULL ||
	    (template_key_equal(&tmpl->key, key) &&
		(!tmpl->rival || (tmpl->owners & session) != 0)))
		return (tmpl);
	if ((tmpl = own_of(t, key, session)) == NULL)
		tmpl = latest_of(t, key);
	if (tmpl != NULL)
		touch(t, tmpl);
	return (tmpl);
}

/* Whether a template's place in a walk is after the position. */
static bool
is_after(const struct tmpl *tmpl, uint64_t order,
    const struct template_position *after, uint64_t after_order)
{
	if (after->key.id == 0)
		return (true);
	return (order != after_order ? order > after_order :
				       tmpl->born > after->born);
}

/* The first in a bucket whose place in a walk is after the position. */
static const struct tmpl *
first_after(const struct templates *t, const struct tmpl *tmpl,
    const struct template_position *after, uint64_t after_order)
{
	const struct tmpl *first = NULL;
	uint64_t order, least = 0;

	for (; tmpl != NULL; tmpl = tmpl->hash_next) {
		order = hash_order(hash_of(t, &tmpl->key));
		if (!is_after(tmpl, order, after, after_order) ||
		    (first != NULL &&
			(order > least ||
			    (order == least && tmpl->born > first->born))))
			continue;
		first = tmpl;
		least = order;
	}
	return (first);
}

const struct tmpl *
templates_next(const struct templates *t, const struct template_position *after)
{
	struct template_position from = *after;
	const struct tmpl *tmpl;
	uint64_t order = 0;
	size_t bucket = 0;

	if (t->count == 0)
		return (NULL);
	if (after->key.id != 0) {
		bucket = hash_of(t, &after->key) & (t->nbuckets - 1);
		order = hash_order(hash_of(t, &after->key));
	}
	do {
		tmpl = first_after(t, t->buckets[bucket], &from, order);
		if (tmpl != NULL)
			return (tmpl);
		bucket = hash_next_bucket(bucket, t->nbuckets);
	} while (bucket != 0);
	return (NULL);
}

static void
set_superseded(struct templates *t, struct tmpl *tmpl, bool superseded)
{
	if (tmpl->superseded == superseded)
		return;
	tmpl->superseded = superseded;
	t->superseded += superseded ? 1 : (size_t)-1;
}

static void
forget(struct templates *t, struct memory *memory, struct tmpl *tmpl)
{
	struct tmpl **at = bucket_of(t, &tmpl->key);

	set_superseded(t, tmpl, false);

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

/* Doubles the buckets.  Without memory, -1 only where there are none yet. */
static int
grow(struct templates *t, struct memory *memory)
{
	size_t n = t->nbuckets == 0 ? BUCKETS_MIN : t->nbuckets * 2;
	struct tmpl **old = t->buckets, **b, *tmpl;
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
insert(struct templates *t, struct memory *memory, struct tmpl *tmpl)
{
	struct tmpl **b = bucket_of(t, &tmpl->key);

	tmpl->hash_next = *b;
	*b = tmpl;
	recent_add(&t->by_use, &tmpl->use);
	t->count++;
	tmpl->born = t->clock;
	memory->used += tmpl->size;
}

static bool
is_same(const struct tmpl *old, bool options, uint16_t scopes, uint16_t nfields,
    const struct cursor *specs)
{
	return (old->options == options && old->scopes == scopes &&
	    old->nfields == nfields && cur_left(specs) >= old->raw_len &&
	    memcmp(old->raw, cur_peek(specs), old->raw_len) == 0);
}

/* The template of the key that has this definition, or NULL. */
static struct tmpl *
same_of(const struct templates *t, const struct tmpl *model,
    const struct cursor *specs)
{
	struct tmpl *tmpl;

	for (tmpl = first_of(t, &model->key); tmpl != NULL;
	     tmpl = next_of(tmpl)) {
		if (is_same(tmpl, model->options, model->scopes, model->nfields,
			specs))
			return (tmpl);
	}
	return (NULL);
}

/* Repetitions within one second are copies, and no interval. */
static void
announce(struct tmpl *tmpl, const struct template_session *session)
{
	tmpl->port = session->port;
	if (session->now == 0)
		return;
	if (tmpl->announced != 0 && session->now > tmpl->announced)
		tmpl->interval = session->now - tmpl->announced;
	tmpl->announced = session->now;
}

/*
 * Makes the template the session's own.  Templates that no session owns are
 * superseded: data of other sessions use the latest one.  Returns how many were
 * dropped.
 */
static size_t
adopt(struct templates *t, struct memory *memory, struct tmpl *tmpl,
    const struct template_session *session)
{
	struct tmpl *other, *next;
	size_t dropped = 0;

	for (other = first_of(t, &tmpl->key); other != NULL; other = next) {
		next = next_of(other);
		other->owners &= ~session->bit;
		if (other == tmpl || other->owners != 0)
			continue;
		forget(t, memory, other);
		dropped++;
	}
	tmpl->owners |= session->bit;
	set_superseded(t, tmpl, false);
	tmpl->turn = t->clock;
	announce(tmpl, session);
	return (dropped);
}

static void
mark_rivals(struct templates *t, const struct template_key *key)
{
	struct tmpl *first = first_of(t, key), *tmpl;
	const bool rival = first != NULL && next_of(first) != NULL;

	for (tmpl = first; tmpl != NULL; tmpl = next_of(tmpl))
		tmpl->rival = rival;
}

/*
 * Supersedes the rivals of a new template until they are used again.  Returns
 * whether a steady session owns one.
 */
static bool
supersede(struct templates *t, const struct tmpl *new, uint32_t steady)
{
	struct tmpl *tmpl;
	bool owned = false;

	for (tmpl = first_of(t, &new->key); tmpl != NULL;
	     tmpl = next_of(tmpl)) {
		if (tmpl == new)
			continue;
		tmpl->in_use = false;
		set_superseded(t, tmpl, true);
		owned = owned || (tmpl->owners & steady) != 0;
	}
	return (owned);
}

/* Drops the session's own template, unless other sessions own it, too. */
static void
disown(struct templates *t, struct memory *memory, struct tmpl *tmpl,
    uint32_t session)
{
	tmpl->owners &= ~session;
	if (tmpl->owners == 0)
		forget(t, memory, tmpl);
}

/*
 * How often the definition changed after data of it, if the session replaces
 * its own template, or else the latest one, by another.
 */
static uint32_t
changes_by(const struct templates *t, const struct template_key *key,
    uint32_t session)
{
	const struct tmpl *before = own_of(t, key, session);

	if (before == NULL)
		before = latest_of(t, key);
	return (before == NULL ? 0 : before->changes + before->used);
}

/* Whether another steady session owns another template of the key. */
static bool
has_steady_rival(const struct templates *t, const struct tmpl *tmpl,
    const struct template_session *session)
{
	const struct tmpl *other;

	for (other = first_of(t, &tmpl->key); other != NULL;
	     other = next_of(other)) {
		if (other != tmpl &&
		    (other->owners & session->steady & ~session->bit) != 0)
			return (true);
	}
	return (false);
}

static enum template_result
repeat(struct templates *t, struct memory *memory, struct tmpl *same,
    const struct template_session *session)
{
	const bool owned = (same->owners & session->bit) != 0;
	const bool had = owned || own_of(t, &same->key, session->bit) == NULL;
	const bool adopted = same->rival && !owned;
	const bool again =
	    same->superseded && (!owned || !has_steady_rival(t, same, session));
	const uint32_t changes = changes_by(t, &same->key, session->bit);

	touch(t, same);
	(void)adopt(t, memory, same, session);
	if (same->rival)
		mark_rivals(t, &same->key);
	if (again || !had) {
		same->changes = changes;
		return (supersede(t, same, session->steady) ?
			TEMPLATE_CHANGED_RIVAL :
			TEMPLATE_CHANGED);
	}
	return (adopted ? TEMPLATE_ADOPTED : TEMPLATE_SAME);
}

enum template_result
template_define(struct templates *t, struct memory *memory, size_t max,
    const struct template_key *key, const struct template_session *session,
    bool options, uint16_t scopes, uint16_t nfields, struct cursor *specs,
    int *error)
{
	const struct tmpl model = {
		.key = *key,
		.options = options,
		.scopes = scopes,
		.nfields = nfields,
	};
	const uint32_t changes = changes_by(t, key, session->bit);
	struct tmpl *same = same_of(t, &model, specs), *old, *new;
	bool changed, owned;

	*error = 0;
	t->clock++;
	if (same != NULL) {
		(void)cur_skip(specs, same->raw_len);
		return (repeat(t, memory, same, session));
	}
	*error = template_compile(&model, specs, &new);
	if (*error == FLOWD_ESHORT || *error == FLOWD_EINVAL)
		return (TEMPLATE_BAD);
	*error = 0;
	old = own_of(t, key, session->bit);
	changed = old != NULL;
	if (changed)
		disown(t, memory, old, session->bit);
	if (new == NULL || make_room(t, memory, max, new->size) == -1) {
		free(new);
		return (TEMPLATE_NO_ROOM);
	}
	insert(t, memory, new);
	changed = adopt(t, memory, new, session) > 0 || changed;
	mark_rivals(t, key);
	owned = supersede(t, new, session->steady);
	if (changed || !owned)
		new->changes = changes;
	if (owned)
		return (changed ? TEMPLATE_CHANGED_RIVAL : TEMPLATE_NEW_RIVAL);
	return (changed || new->rival ? TEMPLATE_CHANGED : TEMPLATE_NEW);
}

void
templates_forget_sessions(struct templates *t, uint32_t sessions)
{
	struct recent *use;
	struct tmpl *tmpl;

	for (use = t->by_use.newest; use != NULL; use = use->older) {
		tmpl = template_of(use);
		tmpl->owners &= ~sessions;
	}
}
