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
 * Functions from 64-bit keys to numbers that are constant between steps.
 *
 * The steps lie sorted in one array.  Above it is an index of buckets, each
 * for an equal part of the range of the keys, and so narrow that few steps
 * fall into one; where many do, the bucket has an index of its own.  However
 * many steps there are, finding a key thus takes two or three loads from the
 * index, and then a search among neighbours.
 *
 * A map holds any number of such functions, called runs.
 */
#ifndef STEP_MAP_H
#define STEP_MAP_H

#include <stddef.h>
#include <stdint.h>

struct step {
	uint64_t	key;		/* the first that has this value */
	uint32_t	value;
};

/*
 * The steps from first to before the first of the next bucket.  The step
 * ahead of them is there always, and is the one for lower keys.
 */
struct step_bucket {
	uint32_t	first;
	uint32_t	node;		/* 0: few steps, no index */
};

/* An index of keys from min on, each bucket for 1 << shift of them. */
struct step_node {
	uint64_t	min;
	uint32_t	buckets;	/* the first of it */
	uint32_t	last;		/* bucket, also for all higher keys */
	uint32_t	shift;
};

struct step_map {
	struct step		*steps;
	struct step_bucket	*buckets;
	struct step_node	*nodes;
	size_t			 nsteps, nbuckets, nnodes;
	size_t			 steps_size, buckets_size, nodes_size;
	size_t			 start;		/* of the run being made */
};

/* A map that is all zero has no runs; freeing it makes it so. */
void step_map_free(struct step_map *map);
size_t step_map_memory(const struct step_map *map);	/* bytes */

/*
 * Making a run: begin with the value of the lowest keys, add the other steps
 * in ascending order, and end.  A step at the key of the one before replaces
 * it.  FLOWD_ENOMEM.
 */
int step_map_begin(struct step_map *map, uint32_t value)
    __attribute__((warn_unused_result));
int step_map_add(struct step_map *map, uint64_t key, uint32_t value)
    __attribute__((warn_unused_result));
int step_map_end(struct step_map *map, uint32_t *run)
    __attribute__((warn_unused_result));

/* The value at key.  The first run of a map is 0. */
static inline uint32_t
step_map_find(const struct step_map *map, uint32_t run, uint64_t key)
{
	const struct step_bucket *bucket = &map->buckets[run];
	const struct step_node *node;
	const struct step *step;
	uint64_t at;
	uint32_t half, n;

	while (bucket->node != 0) {
		node = &map->nodes[bucket->node];
		if (key < node->min)
			return (map->steps[bucket->first - 1].value);
		at = (key - node->min) >> node->shift;
		if (at > node->last)
			at = node->last;
		bucket = &map->buckets[node->buckets + at];
	}
	step = &map->steps[bucket->first - 1];
	for (n = bucket[1].first - bucket->first + 1; n > 1; n -= half) {
		half = n / 2;
		step += step[half].key <= key ? half : 0;
	}
	return (step->value);
}

#endif
