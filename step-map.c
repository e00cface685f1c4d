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

#include "compat.h"

#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "step-map.h"

#define UNINDEXED_MAX	8	/* steps of a bucket without an index */

void
step_map_free(struct step_map *map)
{
	free(map->steps);
	free(map->buckets);
	free(map->nodes);
	memset(map, 0, sizeof(*map));
}

size_t
step_map_memory(const struct step_map *map)
{
	return (map->steps_size * sizeof(*map->steps) +
	    map->buckets_size * sizeof(*map->buckets) +
	    map->nodes_size * sizeof(*map->nodes));
}

/* Makes room for more items; array is then the new or, on failure, the old. */
static int
reserve(void *array, size_t *size, size_t n, size_t more, size_t item)
{
	void *grown, *old;
	size_t want = *size == 0 ? 16 : *size;

	if (more > UINT32_MAX - n)
		return (FLOWD_ENOMEM);
	while (want < n + more)
		want *= 2;
	if (want == *size)
		return (0);
	memcpy(&old, array, sizeof(old));
	if ((grown = reallocarray(old, want, item)) == NULL)
		return (FLOWD_ENOMEM);
	memcpy(array, &grown, sizeof(grown));
	*size = want;
	return (0);
}

static int
push_step(struct step_map *map, uint64_t key, uint32_t value)
{
	if (reserve(&map->steps, &map->steps_size, map->nsteps, 1,
	    sizeof(*map->steps)) != 0)
		return (FLOWD_ENOMEM);
	map->steps[map->nsteps].key = key;
	map->steps[map->nsteps++].value = value;
	return (0);
}

int
step_map_begin(struct step_map *map, uint32_t value)
{
	map->start = map->nsteps;
	return (push_step(map, 0, value));
}

int
step_map_add(struct step_map *map, uint64_t key, uint32_t value)
{
	struct step *last = &map->steps[map->nsteps - 1];

	if (key == last->key) {
		last->value = value;
		return (0);
	}
	return (value == last->value ? 0 : push_step(map, key, value));
}

/* n buckets and the end of the last, zeroed. */
static int
new_buckets(struct step_map *map, size_t n, uint32_t *at)
{
	if (reserve(&map->buckets, &map->buckets_size, map->nbuckets, n + 1,
	    sizeof(*map->buckets)) != 0)
		return (FLOWD_ENOMEM);
	*at = (uint32_t)map->nbuckets;
	memset(&map->buckets[*at], 0, (n + 1) * sizeof(*map->buckets));
	map->nbuckets += n + 1;
	return (0);
}

static int
new_node(struct step_map *map, const struct step_node *node, uint32_t *at)
{
	/* The first one is never used, since 0 says that there is none. */
	const size_t unused = map->nnodes == 0 ? 1 : 0;

	if (reserve(&map->nodes, &map->nodes_size, map->nnodes, 1 + unused,
	    sizeof(*map->nodes)) != 0)
		return (FLOWD_ENOMEM);
	*at = (uint32_t)(map->nnodes + unused);
	map->nodes[*at] = *node;
	map->nnodes = *at + (size_t)1;
	return (0);
}

/* Spreads the steps from first to before end over the buckets of node. */
static void
fill_buckets(struct step_map *map, const struct step_node *node,
    uint32_t first, uint32_t end)
{
	struct step_bucket *bucket = &map->buckets[node->buckets];
	uint32_t i;

	for (i = 0; i <= node->last; i++) {
		bucket[i].first = first;
		while (first < end && (map->steps[first].key - node->min) >>
		    node->shift == i)
			first++;
	}
	bucket[i].first = end;
}

/*
 * Gives the bucket an index, and its buckets theirs.  This ends, since the
 * parts of the range halve each time at the least.
 */
static int
index_bucket(struct step_map *map, uint32_t at)
{
	const uint32_t first = map->buckets[at].first;
	const uint32_t end = map->buckets[at + 1].first;
	struct step_node node = { .shift = 0 };
	uint64_t range;
	uint32_t i, number;

	if (end - first <= UNINDEXED_MAX)
		return (0);
	node.min = map->steps[first].key;
	range = map->steps[end - 1].key - node.min;
	while (range >> node.shift >= (end - first) / 2)
		node.shift++;
	node.last = (uint32_t)(range >> node.shift);
	if (new_buckets(map, (size_t)node.last + 1, &node.buckets) != 0 ||
	    new_node(map, &node, &number) != 0)
		return (FLOWD_ENOMEM);
	map->buckets[at].node = number;
	fill_buckets(map, &node, first, end);
	for (i = 0; i <= node.last; i++) {
		if (index_bucket(map, node.buckets + i) != 0)
			return (FLOWD_ENOMEM);
	}
	return (0);
}

int
step_map_end(struct step_map *map, uint32_t *run)
{
	if (new_buckets(map, 1, run) != 0)
		return (FLOWD_ENOMEM);
	map->buckets[*run].first = (uint32_t)map->start + 1;
	map->buckets[*run + 1].first = (uint32_t)map->nsteps;
	return (index_bucket(map, *run));
}
