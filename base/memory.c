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

#include "base/memory.h"

size_t
memory_cap(const struct memory *m)
{
	const size_t part = m->pool->limit /
	    (m->rank == MEMORY_NAMED ? MEMORY_CAP_PART_NAMED : MEMORY_CAP_PART);

	return (part < MEMORY_CAP_MIN ? MEMORY_CAP_MIN : part);
}

bool
memory_is_allowed(const struct memory *m, size_t size)
{
	const size_t cap = memory_cap(m);

	return (m->used <= cap && size <= cap - m->used);
}

/* Whether another object of size bytes has space, unused space counted. */
static bool
has_space(const struct memory *m, size_t size)
{
	const struct memory_pool *p = m->pool;
	const size_t growth = slabs_growth(&p->slabs[m->rank], size);
	size_t taken = growth, part;
	int rank;

	for (rank = 0; growth != 0 && rank < MEMORY_RANKS; rank++) {
		taken += p->used_by[rank] + p->slabs[rank].taken -
		    p->slabs[rank].live;
		part = MEMORY_PART(rank, p->limit);
		if (rank >= (int)m->rank &&
		    taken > part + MEMORY_SLACK(rank, part))
			return (false);
	}
	return (true);
}

bool
memory_fits(const struct memory *m, size_t size)
{
	const struct memory_pool *p = m->pool;
	size_t used = 0, part;
	int rank;

	if (!memory_is_allowed(m, size))
		return (false);
	for (rank = 0; rank < MEMORY_RANKS; rank++) {
		used += p->used_by[rank];
		part = MEMORY_PART(rank, p->limit);
		if (rank >= (int)m->rank && (used > part || size > part - used))
			return (false);
	}
	return (has_space(m, size));
}

static void
count(struct memory *m, size_t add, size_t sub)
{
	m->used =
	    m->used + add - sub; /* in 64 bits, also where size_t has 32 */
	m->pool->used += add - sub;
	m->pool->used_by[m->rank] += add - sub;
}

void *
memory_try(struct memory *m, size_t size)
{
	struct slabs *slabs = &m->pool->slabs[m->rank];
	void *p;

	if (!memory_fits(m, size) || (p = slabs_get(slabs, size)) == NULL)
		return (NULL);
	count(m, size, 0);
	slabs->live += size;
	return (p);
}

void *
memory_get(struct memory *m, size_t size)
{
	struct memory_pool *pool = m->pool;

	if (!memory_fits(m, size) &&
	    (pool->reclaim == NULL || !pool->reclaim(m, size)))
		return (NULL);
	return (memory_try(m, size));
}

void *
memory_resize(struct memory *m, void *p, size_t old, size_t size)
{
	void *new = memory_get(m, size);

	if (new == NULL)
		return (NULL);
	if (old != 0)
		memcpy(new, p, old < size ? old : size);
	memory_put(m, p, old);
	return (new);
}

void
memory_put(struct memory *m, void *p, size_t size)
{
	struct slabs *slabs;

	if (p == NULL)
		return;
	count(m, 0, size);
	if ((slabs = slabs_of(p, size)) == NULL)
		slabs = &m->pool->slabs[m->rank];
	slabs->live -= size;
	slabs_put(p, size);
}

void *
memory_get_fixed(struct memory *m, size_t size)
{
	return (has_space(m, size) ? slabs_get(&m->pool->slabs[m->rank], size) :
				     NULL);
}

void
memory_put_fixed(void *p, size_t size)
{
	slabs_put(p, size);
}

void
memory_pool_free(struct memory_pool *p)
{
	int rank;

	for (rank = 0; rank < MEMORY_RANKS; rank++)
		slabs_free(&p->slabs[rank]);
}

void
memory_set_rank(struct memory *m, enum memory_rank rank)
{
	m->pool->used_by[m->rank] -= m->used;
	m->rank = rank;
	m->pool->used_by[m->rank] += m->used;
}
