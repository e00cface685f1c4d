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
 * The templates of an exporter in a hash table, and in lists by last use.
 */
#include "compat/compat.h"

#include <string.h>
#include <unistd.h>

#include "decode/template-compile.h"
#include "decode/template.h"
#include "errors.h"
#include "lib/hash.h"

/* No two keys have the same hash. */
static uint64_t
hash_of(const struct templates *t, const struct template_key *key)
{
	return (hash_mix(t->secret ^ template_key_number(key)));
}

static struct tmpl **
bucket_of(const struct templates *t, const struct template_key *key)
{
	return ((struct tmpl **)buckets_of(&t->buckets, hash_of(t, key)));
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

static bool
is_before(const struct tmpl *a, const struct tmpl *b)
{
	return (a->waiting != b->waiting ? a->waiting : a->turn < b->turn);
}

/* The template for sessions without one of their own. */
static struct tmpl *
common_of(const struct templates *t, const struct template_key *key)
{
	struct tmpl *tmpl = first_of(t, key), *common = tmpl;

	while (tmpl != NULL && (tmpl = next_of(tmpl)) != NULL) {
		if (is_before(common, tmpl))
			common = tmpl;
	}
	return (common);
}

static void
touch(struct templates *t, struct tmpl *tmpl)
{
	template_unlink(t, tmpl);
	recent_add(&t->by_use[tmpl->used], &tmpl->use);
}

struct tmpl *
template_find(struct templates *t, const struct template_key *key,
    uint32_t session)
{
	struct tmpl *tmpl = template_of(t->by_use[true].newest);

	if (tmpl != NULL && template_key_equal(&tmpl->key, key) &&
	    (!tmpl->rival || (tmpl->owners & session) != 0))
		return (tmpl);
	if ((tmpl = own_of(t, key, session)) == NULL)
		tmpl = common_of(t, key);
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

/*
 * The first in a chain with these low bits of the hash, whose place in a walk is
 * after the position.
 */
static const struct tmpl *
first_after(const struct templates *t, size_t low,
    const struct template_position *after, uint64_t after_order)
{
	const struct tmpl *tmpl = *buckets_of(&t->buckets, low), *first = NULL;
	uint64_t hash, order, least = 0;

	for (; tmpl != NULL; tmpl = tmpl->hash_next) {
		hash = hash_of(t, &tmpl->key);
		order = hash_order(hash);
		if ((hash & (t->buckets.size - 1)) != low ||
		    !is_after(tmpl, order, after, after_order) ||
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
	const struct tmpl *tmpl;
	uint64_t order = 0;
	size_t low = 0;

	if (t->count == 0)
		return (NULL);
	if (after->key.id != 0) {
		low = hash_of(t, &after->key) & (t->buckets.size - 1);
		order = hash_order(hash_of(t, &after->key));
	}
	do {
		tmpl = first_after(t, low, after, order);
		if (tmpl != NULL)
			return (tmpl);
		low = hash_next_bucket(low, t->buckets.size);
	} while (low != 0);
	return (NULL);
}

static struct tmpl *
oldest(const struct templates *t)
{
	struct tmpl *tmpl = template_of(t->by_use[false].oldest);

	return (tmpl != NULL ? tmpl : template_of(t->by_use[true].oldest));
}

static struct tmpl *
newer(const struct templates *t, const struct tmpl *tmpl)
{
	return (template_of(template_after(t, tmpl)));
}

const struct tmpl *
templates_oldest(const struct templates *t)
{
	return (oldest(t));
}

const struct tmpl *
templates_newer(const struct templates *t, const struct tmpl *tmpl)
{
	return (newer(t, tmpl));
}

static void
set_superseded(struct templates *t, struct tmpl *tmpl, bool superseded)
{
	if (tmpl->superseded == superseded)
		return;
	tmpl->superseded = superseded;
	t->superseded += superseded ? 1 : UINT32_MAX;
}

static void
forget(struct templates *t, struct memory *memory, struct tmpl *tmpl)
{
	struct tmpl **at = bucket_of(t, &tmpl->key);

	set_superseded(t, tmpl, false);

	while (*at != tmpl)
		at = &(*at)->hash_next;
	*at = tmpl->hash_next;
	template_unlink(t, tmpl);
	t->count--;
	memory_put(memory, tmpl, tmpl->size);
}

void
templates_free(struct templates *t, struct memory *memory)
{
	struct tmpl *tmpl;

	while ((tmpl = oldest(t)) != NULL)
		forget(t, memory, tmpl);
	buckets_free(&t->buckets, memory);
	*t = (struct templates){ 0 };
}

/* Adds a bucket.  Without memory, -1 only where there are none yet. */
static int
grow(struct templates *t, struct memory *memory)
{
	struct tmpl *tmpl, *next, **b;

	if (t->buckets.n == 0)
		return (getentropy(&t->secret, sizeof(t->secret)) == -1 ?
			-1 :
			buckets_add(&t->buckets, memory));
	if (buckets_add(&t->buckets, memory) == -1)
		return (0);
	b = (struct tmpl **)buckets_split(&t->buckets);
	tmpl = *b;
	*b = NULL;
	for (; tmpl != NULL; tmpl = next) {
		next = tmpl->hash_next;
		b = bucket_of(t, &tmpl->key);
		tmpl->hash_next = *b;
		*b = tmpl;
	}
	return (0);
}

/* The template that a new one may evict, or NULL.  Signed: clocks go back. */
static struct tmpl *
dispensable(const struct templates *t, uint32_t now)
{
	struct tmpl *tmpl = oldest(t);

	if (tmpl == NULL || !tmpl->used ||
	    (int32_t)(now - tmpl->last_data) >= TEMPLATE_UNUSED)
		return (tmpl);
	return (NULL);
}

bool
template_evict(struct templates *t, struct memory *memory)
{
	struct tmpl *tmpl = oldest(t);

	if (tmpl == NULL)
		return (false);
	forget(t, memory, tmpl);
	t->evicted++;
	return (true);
}

/* Evicts a dispensable template.  False if there is none. */
static bool
evict(struct templates *t, struct memory *memory, uint32_t now)
{
	return (dispensable(t, now) != NULL && template_evict(t, memory));
}

/*
 * Allocates the block of a new template; TEMPLATE_NEW if there is room.  Memory
 * of other exporters is freed first.  now is in epoch seconds.
 */
static enum template_result
make_room(struct templates *t, struct memory *memory, size_t max, size_t size,
    uint32_t now, void **block)
{
	if (t->count >= t->buckets.n && grow(t, memory) == -1)
		return (TEMPLATE_NO_ROOM);
	while (t->count >= max) {
		if (!evict(t, memory, now))
			return (TEMPLATE_LIMIT);
	}
	*block = memory_get(memory, size);
	while (*block == NULL && evict(t, memory, now))
		*block = memory_try(memory, size);
	return (*block == NULL ? TEMPLATE_NO_ROOM : TEMPLATE_NEW);
}

static void
insert(struct templates *t, struct tmpl *tmpl)
{
	struct tmpl **b = bucket_of(t, &tmpl->key);

	tmpl->hash_next = *b;
	*b = tmpl;
	recent_add(&t->by_use[tmpl->used], &tmpl->use);
	t->count++;
	tmpl->born = t->clock;
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
note_time(struct tmpl *tmpl, const struct template_session *session)
{
	tmpl->port = session->port;
	if (session->now == 0)
		return;
	if (tmpl->announced != 0 && session->now > tmpl->announced)
		tmpl->interval = session->now - tmpl->announced;
	tmpl->announced = session->now;
}

/* The latest template of the key that waits, or NULL. */
static const struct tmpl *
waiting_of(const struct templates *t, const struct template_key *key)
{
	const struct tmpl *tmpl, *latest = NULL;

	for (tmpl = first_of(t, key); tmpl != NULL; tmpl = next_of(tmpl)) {
		if (tmpl->waiting &&
		    (latest == NULL || tmpl->turn > latest->turn))
			latest = tmpl;
	}
	return (latest);
}

/*
 * Drops the templates of the key that nobody owns, but the common one and the
 * latest that waits.
 */
static void
drop_orphans(struct templates *t, struct memory *memory,
    const struct template_key *key)
{
	const struct tmpl *common = common_of(t, key);
	const struct tmpl *waiting = waiting_of(t, key);
	struct tmpl *tmpl, *next, *first;
	bool rival;

	for (tmpl = first_of(t, key); tmpl != NULL; tmpl = next) {
		next = next_of(tmpl);
		if (tmpl->owners == 0 && tmpl != common && tmpl != waiting)
			forget(t, memory, tmpl);
	}
	first = first_of(t, key);
	rival = first != NULL && next_of(first) != NULL;
	for (tmpl = first; tmpl != NULL; tmpl = next_of(tmpl))
		tmpl->rival = rival;
}

/* Makes the template the session's own. */
static void
own(const struct templates *t, struct tmpl *tmpl, uint32_t session)
{
	struct tmpl *other;

	for (other = first_of(t, &tmpl->key); other != NULL;
	     other = next_of(other))
		other->owners &= ~session;
	tmpl->owners |= session;
}

/* Ends the challenge of the common template; others no longer wait. */
static void
settle(struct templates *t, const struct tmpl *common)
{
	struct tmpl *tmpl;

	for (tmpl = first_of(t, &common->key); tmpl != NULL;
	     tmpl = next_of(tmpl)) {
		if (tmpl->waiting && tmpl != common)
			set_superseded(t, tmpl, true);
		tmpl->waiting = tmpl->challenged = false;
	}
}

/* Makes the template the common one; others are superseded until used. */
static void
succeed(struct templates *t, struct tmpl *tmpl)
{
	struct tmpl *other;

	tmpl->turn = t->clock;
	settle(t, tmpl);
	for (other = first_of(t, &tmpl->key); other != NULL;
	     other = next_of(other)) {
		if (other == tmpl)
			continue;
		other->in_use = false;
		set_superseded(t, other, true);
	}
}

static void
challenge(struct templates *t, struct tmpl *common, struct tmpl *tmpl)
{
	t->challenged++;
	common->challenged = true;
	tmpl->waiting = true;
	tmpl->turn = t->clock;
}

/* The session announced the common template. */
static enum template_result
confirm(struct templates *t, struct tmpl *common, bool owned)
{
	const bool is_new = common->turn == 0, was = common->challenged;

	common->turn = t->clock;
	settle(t, common);
	if (is_new)
		return (TEMPLATE_NEW);
	if (was)
		return (TEMPLATE_SETTLED);
	return (common->rival && !owned ? TEMPLATE_ADOPTED : TEMPLATE_SAME);
}

/* The session announced another template than the common one. */
static enum template_result
contest(struct templates *t, struct tmpl *common, struct tmpl *tmpl,
    const struct template_session *session)
{
	const bool second = tmpl->waiting, in_use = common->used;
	struct tmpl *other;

	if (second || !in_use || (common->data_from & session->bit) != 0) {
		succeed(t, tmpl);
		return (second ? TEMPLATE_SETTLED :
			in_use ? TEMPLATE_CHANGED :
				 TEMPLATE_NEW);
	}
	if ((tmpl->owners & tmpl->data_from & session->bit) != 0)
		return (TEMPLATE_SAME);
	if (tmpl->turn == 0) {
		for (other = first_of(t, &tmpl->key); other != NULL;
		     other = next_of(other))
			other->in_use = false;
	}
	challenge(t, common, tmpl);
	return (TEMPLATE_WAITING);
}

/* Notes in the template which one it replaces, for all or for the session. */
static void
count_change(struct templates *t, struct tmpl *tmpl, const struct tmpl *before)
{
	tmpl->changes = before->changes + before->used;
	t->changed += before->used;
}

/* The session announced the template, which is in the table. */
static enum template_result
announce(struct templates *t, struct memory *memory, struct tmpl *tmpl,
    const struct template_session *session)
{
	struct tmpl *common = common_of(t, &tmpl->key);
	struct tmpl *previous = own_of(t, &tmpl->key, session->bit);
	enum template_result r;

	r = tmpl == common ? confirm(t, common, previous == tmpl) :
			     contest(t, common, tmpl, session);
	if (tmpl != common && tmpl == common_of(t, &tmpl->key))
		count_change(t, tmpl, common);
	else if (previous != NULL && previous != tmpl &&
	    (previous->data_from & session->bit) != 0)
		count_change(t, tmpl, previous);
	touch(t, tmpl);
	own(t, tmpl, session->bit);
	note_time(tmpl, session);
	set_superseded(t, tmpl, false);
	drop_orphans(t, memory, &tmpl->key);
	return (r);
}

/*
 * There is no room for a definition: data of the session that used its own
 * template no longer do, and the common template is challenged.  True if this
 * dropped a template.
 */
static bool
distrust(struct templates *t, struct memory *memory,
    const struct template_key *key, uint32_t session)
{
	struct tmpl *tmpl = own_of(t, key, session), *common;
	const size_t count = t->count;

	if (tmpl != NULL && (tmpl->data_from & session) != 0) {
		t->changed++;
		tmpl->owners &= ~session;
		if (tmpl->owners == 0)
			forget(t, memory, tmpl);
	}
	if ((common = common_of(t, key)) != NULL && common->used)
		common->challenged = true;
	drop_orphans(t, memory, key);
	return (t->count < count);
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
	struct tmpl *tmpl = same_of(t, &model, specs);
	struct template_plan plan;
	enum template_result r;
	void *block;

	*error = 0;
	t->clock++;
	if (tmpl != NULL) {
		(void)cur_skip(specs, tmpl->raw_len);
		return (announce(t, memory, tmpl, session));
	}
	*error = template_plan(&model, specs, &plan);
	if (*error != 0)
		return (TEMPLATE_BAD);
	r = make_room(t, memory, max, plan.size, session->now, &block);
	if (r != TEMPLATE_NEW && distrust(t, memory, key, session->bit))
		r = make_room(t, memory, max, plan.size, session->now, &block);
	if (r != TEMPLATE_NEW)
		return (r);
	tmpl = template_build(&plan, block);
	insert(t, tmpl);
	return (announce(t, memory, tmpl, session));
}

enum template_result
template_restore(struct templates *t, struct memory *memory, size_t max,
    const struct tmpl *saved, struct cursor *specs)
{
	const struct tmpl model = {
		.key = saved->key,
		.options = saved->options,
		.scopes = saved->scopes,
		.nfields = saved->nfields,
	};
	enum template_result result;
	struct template_plan plan;
	struct tmpl *tmpl;
	void *block;

	/* A later state of the same template replaces an earlier one. */
	if ((tmpl = same_of(t, &model, specs)) != NULL)
		forget(t, memory, tmpl);
	if (template_plan(&model, specs, &plan) != 0)
		return (TEMPLATE_BAD);
	result = make_room(t, memory, max, plan.size, saved->last_data, &block);
	if (result != TEMPLATE_NEW)
		return (result);
	tmpl = template_build(&plan, block);
	t->clock = saved->turn > t->clock ? saved->turn : t->clock + 1;
	insert(t, tmpl);
	tmpl->turn = saved->turn == 0 ? t->clock : saved->turn;
	tmpl->port = saved->port;
	tmpl->owners = saved->owners;
	tmpl->waiting = saved->waiting;
	tmpl->challenged = saved->challenged;
	if (saved->used)
		template_used(t, tmpl, saved->data_from, saved->last_data);
	/* This may drop tmpl itself. */
	drop_orphans(t, memory, &saved->key);
	return (TEMPLATE_NEW);
}

bool
templates_forget_sessions(struct templates *t, uint32_t sessions, bool begin)
{
	struct tmpl *tmpl;
	size_t n;

	if (begin) {
		tmpl = oldest(t);
		t->unswept = tmpl == NULL ? NULL : &tmpl->use;
		t->forgetting = sessions;
	}
	for (n = 0; n < TEMPLATE_SWEEP && t->unswept != NULL; n++) {
		tmpl = template_of(t->unswept);
		template_forget(t, tmpl);
		t->unswept = template_after(t, tmpl);
	}
	if (t->unswept == NULL)
		t->forgetting = 0;
	return (t->unswept == NULL);
}
