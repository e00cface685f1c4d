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

#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "filter/step-map.h"

void
step_map_free(struct step_map *map)
{
	free(map->keys);
	free(map->values);
	free(map->runs);
	free(map->buckets);
	free(map->bucket_steps);
	free(map->nodes);
	memset(map, 0, sizeof(*map));
}

size_t
step_map_memory(const struct step_map *map)
{
	return (map->keys_size * sizeof(*map->keys) +
	    map->values_size * sizeof(*map->values) +
	    map->runs_size * sizeof(*map->runs) +
	    map->buckets_size * sizeof(*map->buckets) +
	    map->bucket_steps_size * sizeof(*map->bucket_steps) +
	    map->nodes_size * sizeof(*map->nodes));
}

/* Makes room for more items after the first n.  NULL: no memory. */
static void *
reserve(void *array, size_t *size, size_t n, size_t more, size_t item)
{
	size_t want = *size == 0 ? 16 : *size;

	if (more > STEP_MAP_VALUE_MAX - n)
		return (NULL);
	while (want < n + more)
		want *= 2;
	if (want == *size)
		return (array);
	if ((array = reallocarray(array, want, item)) != NULL)
		*size = want;
	return (array);
}

static int
add_number(uint32_t **numbers, size_t *size, size_t n, uint32_t number)
{
	uint32_t *grown;

	if ((grown = reserve(*numbers, size, n, 1, sizeof(*grown))) == NULL)
		return (FLOWD_ENOMEM);
	*numbers = grown;
	grown[n] = number;
	return (0);
}

static int
add_step(struct step_map *map, uint64_t key, uint32_t value)
{
	uint64_t *keys;

	if ((keys = reserve(map->keys, &map->keys_size, map->nsteps, 1,
		 sizeof(*keys))) == NULL)
		return (FLOWD_ENOMEM);
	map->keys = keys;
	keys[map->nsteps] = key;
	if (add_number(&map->values, &map->values_size, map->nsteps, value) !=
	    0)
		return (FLOWD_ENOMEM);
	map->nsteps++;
	return (0);
}

/* Until step_map_finish, runs has the index of each run's first step. */
int
step_map_begin(struct step_map *map, uint32_t value, uint32_t *run)
{
	if (add_number(&map->runs, &map->runs_size, map->nruns,
		(uint32_t)map->nsteps) != 0)
		return (FLOWD_ENOMEM);
	*run = (uint32_t)map->nruns++;
	return (add_step(map, 0, value));
}

int
step_map_add(struct step_map *map, uint64_t key, uint32_t value)
{
	const size_t last = map->nsteps - 1;

	if (key == map->keys[last]) {
		map->values[last] = value;
		return (0);
	}
	return (value == map->values[last] ? 0 : add_step(map, key, value));
}

/* Adds room for n buckets, which are aligned to cache lines. */
static int
add_buckets(struct step_map *map, size_t n, uint32_t *at)
{
	size_t size = map->buckets_size == 0 ? 16 : map->buckets_size;
	struct step_bucket *grown;
	uint32_t *steps;

	if ((steps = reserve(map->bucket_steps, &map->bucket_steps_size,
		 map->nbuckets, n, sizeof(*steps))) == NULL)
		return (FLOWD_ENOMEM);
	map->bucket_steps = steps;
	while (size < map->nbuckets + n)
		size += size / 4 + 1;
	/* The first call adds nearly all buckets. */
	if (map->nbuckets == 0)
		size = n + n / 8;
	if (size > map->buckets_size) {
		grown = aligned_alloc(sizeof(*grown), size * sizeof(*grown));
		if (grown == NULL)
			return (FLOWD_ENOMEM);
		if (map->nbuckets != 0)
			memcpy(grown, map->buckets,
			    map->nbuckets * sizeof(*grown));
		free(map->buckets);
		map->buckets = grown;
		map->buckets_size = size;
	}
	*at = (uint32_t)map->nbuckets;
	map->nbuckets += n;
	return (0);
}

/* Chooses the width of buckets for the steps from node->first to end. */
static void
choose_buckets(const struct step_map *map, struct step_node *node, uint32_t end,
    uint64_t *last)
{
	const uint32_t n = end - node->first, room = 31 - map->value_bits;
	uint64_t range, dropped, key;
	uint32_t i;

	node->min = map->keys[node->first];
	range = map->keys[end - 1] - node->min;
	while (range >> node->shift >= n / 4)
		node->shift++;
	*last = range >> node->shift;
	node->limit = ((*last + 1) << node->shift) - 1;
	node->drop = node->shift > room ? (uint8_t)(node->shift - room) : 0;
	dropped = (UINT64_C(1) << node->drop) - 1;
	node->exact = true;
	for (i = node->first; i < end && node->exact; i++) {
		key = map->keys[i] - node->min;
		node->exact = (key & dropped) == 0;
	}
}

/* Fills a bucket of node with the steps from first to end. */
static void
fill_bucket(struct step_map *map, const struct step_node *node, uint32_t at,
    uint32_t first, uint32_t end)
{
	const uint64_t mask = (UINT64_C(1) << node->shift) - 1;
	uint32_t *slots = map->buckets[at].slots, i;
	uint64_t key;

	map->bucket_steps[at] = first << STEP_FEW_SHIFT | (end - first);
	slots[0] = map->values[first - 1];
	for (i = 1; i < STEP_SLOTS; i++, first++) {
		slots[i] = slots[i - 1];
		if (first >= end)
			continue;
		key = (map->keys[first] - node->min) & mask;
		slots[i] = (uint32_t)(key >> node->drop) << map->value_bits |
		    map->values[first];
	}
}

/*
 * Makes an index of the steps from first to end.  A bucket with many steps gets
 * an index of its own, for at most half the range, so that the recursion ends.
 */
static int
make_node(struct step_map *map, uint32_t first, uint32_t end, uint32_t *number)
{
	struct step_node node = { .first = first }, *nodes;
	uint32_t child, next;
	uint64_t i, last;
	int r;

	nodes = reserve(map->nodes, &map->nodes_size, map->nnodes, 1,
	    sizeof(*nodes));
	if (nodes == NULL)
		return (FLOWD_ENOMEM);
	map->nodes = nodes;
	*number = (uint32_t)map->nnodes++;
	choose_buckets(map, &node, end, &last);
	if ((r = add_buckets(map, last + 1, &node.buckets)) != 0)
		return (r);
	map->nodes[*number] = node;
	for (i = 0; i <= last; i++, first = next) {
		for (next = first; next < end &&
		     (map->keys[next] - node.min) >> node.shift == i;
		     next++)
			continue;
		if (next - first <= STEP_FEW_MAX) {
			fill_bucket(map, &node, node.buckets + (uint32_t)i,
			    first, next);
			continue;
		}
		if ((r = make_node(map, first, next, &child)) != 0)
			return (r);
		map->buckets[node.buckets + i].slots[0] =
		    STEP_SLOT_NODE | child;
	}
	return (0);
}

int
step_map_finish(struct step_map *map)
{
	uint32_t end, first, node, value = 0;
	size_t i;
	int r;

	for (i = 0; i < map->nsteps; i++)
		value |= map->values[i];
	while (value >> map->value_bits != 0)
		map->value_bits++;
	for (i = 0; i < map->nruns; i++) {
		first = map->runs[i] + 1;
		end = i + 1 < map->nruns ? map->runs[i + 1] :
					   (uint32_t)map->nsteps;
		if (end - first <= STEP_FEW_MAX) {
			map->runs[i] = first << STEP_FEW_SHIFT | (end - first);
			continue;
		}
		if ((r = make_node(map, first, end, &node)) != 0)
			return (r);
		map->runs[i] = node << STEP_FEW_SHIFT | STEP_FEW_NOT;
	}
	return (0);
}
