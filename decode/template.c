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

struct tmpl *
template_find(struct templates *t, const struct template_key *key)
{
	struct tmpl *tmpl = template_of(t->by_use.newest);

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
static const struct tmpl *
first_from(const struct templates *t, const struct tmpl *tmpl, uint64_t order)
{
	const struct tmpl *first = NULL;
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

const struct tmpl *
templates_next(const struct templates *t, const struct template_key *after)
{
	const struct tmpl *tmpl;
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
forget(struct templates *t, struct memory *memory, struct tmpl *tmpl)
{
	struct tmpl **at = bucket_of(t, &tmpl->key);

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

enum template_result
template_define(struct templates *t, struct memory *memory, size_t max,
    const struct template_key *key, bool options, uint16_t scopes,
    uint16_t nfields, struct cursor *specs, int *error)
{
	const struct tmpl model = {
		.key = *key,
		.options = options,
		.scopes = scopes,
		.nfields = nfields,
	};
	struct tmpl *old = template_find(t, key), *new;

	*error = 0;
	if (old != NULL && is_same(old, options, scopes, nfields, specs)) {
		(void)cur_skip(specs, old->raw_len);
		return (TEMPLATE_SAME);
	}
	*error = template_compile(&model, specs, &new);
	if (old != NULL)
		forget(t, memory, old);
	if (*error == FLOWD_ESHORT || *error == FLOWD_EINVAL)
		return (TEMPLATE_BAD);
	*error = 0;
	if (new == NULL || make_room(t, memory, max, new->size) == -1) {
		free(new);
		return (TEMPLATE_NO_ROOM);
	}
	insert(t, memory, new);
	return (old != NULL ? TEMPLATE_CHANGED : TEMPLATE_NEW);
}
