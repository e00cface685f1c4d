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
 * Ranks, and lists of exporters by rank, size and last use.
 */
#include <stddef.h>

#include "decode/exporter-ranks.h"
#include "lib/bits.h"

/*
 * Each rank has lists of exporters by the memory that they use: up to SMALL
 * bytes, up to twice as much, and so on.  Those up to SMALL have several lists:
 * bare ones have no state but their sessions, and single ones have sent a single
 * datagram.
 */
#define SMALL        ((size_t)16 << 10)
#define SIZE_SMALL   0
#define SIZE_BARE    1 /* a bit */
#define SIZE_SINGLE  2 /* a bit */
#define SIZE_LARGE   4 /* and above */
#define SEARCHED_MAX 8 /* exporters that are looked at to evict one */

/* Signed: setting the clock back must not make exporters silent. */
bool
exporter_is_silent(const struct exporter *e, uint32_t now, uint32_t seconds)
{
	return (e != NULL && (int32_t)(now - e->last_seen) >= (int32_t)seconds);
}

/* The size of its list, which memory of bytes in all gives it. */
static int
size_of(const struct exporter *e, size_t bytes)
{
	const bool bare = bytes <= e->sessions.room * sizeof(*e->sessions.at);
	int size;

	if (e->memory.rank == MEMORY_NAMED)
		return (SIZE_SMALL);
	if (bytes < SMALL)
		return ((bare ? SIZE_BARE : 0) |
		    (e->counters.datagrams < 2 ? SIZE_SINGLE : 0));
	size = SIZE_LARGE + (int)bits_log2(bytes / SMALL);
	return (size < EXPORTER_SIZES ? size : EXPORTER_SIZES - 1);
}

static enum memory_rank
rank_of(const struct exporter *e)
{
	return (e->named                     ? MEMORY_NAMED :
		e->active == EXPORTER_ACTIVE ? MEMORY_ESTABLISHED :
					       MEMORY_NEWCOMER);
}

void
exporter_enlist(struct exporter *e)
{
	struct exporter_ranks *r = &e->shared->ranks;

	e->list = (uint8_t)((int)e->memory.rank * EXPORTER_SIZES +
	    size_of(e, e->memory.used));
	recent_add(&r->by_use[e->list], &e->use);
	r->count_by[e->memory.rank]++;
}

void
exporter_delist(struct exporter *e)
{
	struct exporter_ranks *r = &e->shared->ranks;

	recent_remove(&r->by_use[e->list], &e->use);
	r->count_by[e->memory.rank]--;
}

void
exporter_enlist_again(struct exporter *e)
{
	exporter_delist(e);
	if (e->memory.rank != rank_of(e))
		held_set_rank(&e->held, rank_of(e));
	exporter_enlist(e);
}

/* The least recently used exporter of the rank that uses little, or NULL. */
static struct exporter *
oldest_of(const struct exporter_ranks *r, enum memory_rank rank)
{
	const struct recent_list *lists =
	    &r->by_use[(int)rank * EXPORTER_SIZES];
	size_t i;

	for (i = 0; i < EXPORTER_SIZES; i++) {
		if (lists[i].oldest != NULL)
			return (exporter_of(lists[i].oldest));
	}
	return (NULL);
}

/* Established exporters are at most a part of all. */
void
exporter_establish(struct exporter *e)
{
	struct exporter_ranks *r = &e->shared->ranks;
	struct exporter *other;

	e->active = EXPORTER_ACTIVE;
	if (e->list == EXPORTER_LISTS)
		return; /* the stand-in */
	exporter_enlist_again(e);
	if (r->count_by[MEMORY_ESTABLISHED] <=
	    MEMORY_PART(MEMORY_ESTABLISHED, r->limit))
		return;
	other = oldest_of(r, MEMORY_ESTABLISHED);
	other->active = 0;
	exporter_enlist_again(other);
}

void
exporter_count_step(struct exporter *e)
{
	const struct history *h = e->history;
	const uint32_t flows = (uint32_t)(e->counters.flows - e->counters.lost);

	if (e->active == EXPORTER_ACTIVE ||
	    flows ==
		(h == NULL ?
			0 :
			h->hour[h->at / HISTORY_HOUR_STEP % HISTORY_HOUR_POINTS]
			    .flows))
		return;
	e->active++;
	if (e->active == EXPORTER_ACTIVE)
		exporter_establish(e);
}

/* Whether it has paused for so long that another may replace it. */
static bool
is_idle(const struct exporter *e, uint32_t now)
{
	const uint64_t pauses =
	    e->counters.datagrams < 2 ? 1 : e->counters.datagrams - 1;
	const uint64_t usual =
	    4 * (uint64_t)(e->last_seen - e->first_seen) / pauses;

	return (exporter_is_silent(e, now,
	    usual < EXPORTER_IDLE ? (uint32_t)usual : EXPORTER_IDLE));
}

/* A newcomer that others may evict, or NULL. */
static struct exporter *
idle_newcomer(const struct exporter_ranks *r, int size, uint32_t now)
{
	struct recent *use = r->by_use[size].oldest;
	int n;

	for (n = 0; use != NULL && n < SEARCHED_MAX; n++, use = use->newer) {
		if (is_idle(exporter_of(use), now))
			return (exporter_of(use));
	}
	return (NULL);
}

static struct exporter *
dispensable_newcomer(const struct exporter_ranks *r, uint32_t now)
{
	struct exporter *e = NULL;
	int size;

	for (size = SIZE_LARGE; e == NULL && size-- > 0;)
		e = idle_newcomer(r, size, now);
	for (size = SIZE_LARGE; e == NULL && size < EXPORTER_SIZES; size++)
		e = idle_newcomer(r, size, now);
	return (e);
}

struct exporter *
exporter_dispensable(const struct exporter_ranks *r, uint32_t now, bool named)
{
	struct exporter *e = dispensable_newcomer(r, now);

	if (e != NULL)
		return (e);
	if (!named) {
		if (r->count_by[MEMORY_NEWCOMER] != 0)
			return (NULL);
		e = oldest_of(r, MEMORY_ESTABLISHED);
		return (exporter_is_silent(e, now, EXPORTER_IDLE) ? e : NULL);
	}
	if ((e = oldest_of(r, MEMORY_NEWCOMER)) == NULL)
		e = oldest_of(r, MEMORY_ESTABLISHED);
	if (e != NULL)
		return (e);
	e = oldest_of(r, MEMORY_NAMED);
	return (exporter_is_silent(e, now, EXPORTER_IDLE) ? e : NULL);
}

/*
 * An exporter of the rank and size that loses memory to e, or NULL.  Sizes of
 * lists are as old as the exporter's latest use.
 */
static struct exporter *
loser_of(struct exporter_ranks *r, const struct exporter *e, int rank, int size,
    bool any)
{
	struct recent *use = r->by_use[rank * EXPORTER_SIZES + size].oldest,
		      *newer;
	struct exporter *other;
	int n;

	for (n = 0; use != NULL && n < SEARCHED_MAX; n++, use = newer) {
		newer = use->newer;
		other = exporter_of(use);
		if (other == e)
			continue;
		if (size_of(other, other->memory.used) != size)
			exporter_enlist_again(other);
		else if (any || is_idle(other, e->last_seen))
			return (other);
	}
	return (NULL);
}

struct exporter *
exporter_loser(struct exporter_ranks *r, const struct exporter *e, size_t bytes)
{
	static const int smaller[] = { SIZE_SINGLE, SIZE_SMALL,
		SIZE_BARE | SIZE_SINGLE, SIZE_BARE };
	const int own = bytes < SMALL ? SIZE_LARGE - 1 : size_of(e, bytes);
	struct exporter *other = NULL;
	int rank, size;
	bool lower;
	size_t i;

	for (rank = 0; rank <= (int)e->memory.rank && rank < MEMORY_NAMED;
	     rank++) {
		lower = rank < (int)e->memory.rank;
		for (size = EXPORTER_SIZES;
		     other == NULL && size-- > SIZE_LARGE;)
			other = loser_of(r, e, rank, size, lower || size > own);
		for (i = 0; other == NULL && i < SIZE_LARGE; i++)
			other = loser_of(r, e, rank, smaller[i], lower);
	}
	return (other);
}
