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
 * A function with few steps is searched linearly.  For more steps there is an
 * index of buckets.  Each bucket covers an equal part of the range of the keys
 * and contains few steps; a bucket with many steps has an index of its own.  A
 * lookup therefore reads one bucket, rarely two, and a bucket is one line of a
 * processor's cache.
 *
 * To be this small, a slot contains the value and, above it, only as many bits
 * of the key, relative to the start of the bucket, as fit.  Often all other
 * bits are zero.  If not, the whole key is compared where these bits are equal.
 *
 * A map contains any number of such functions, called runs.
 */
#ifndef STEP_MAP_H
#define STEP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEP_MAP_VALUE_MAX ((UINT32_C(1) << 28) - 1)

/* Neighbouring steps: their number in 4 bits, and above it the first. */
#define STEP_FEW_SHIFT 4
#define STEP_FEW_MASK  15U
#define STEP_FEW_MAX   14U
#define STEP_FEW_NOT   15U /* instead of their number: above is a node */

#define STEP_SLOTS     16U
#define STEP_SLOT_NODE (UINT32_C(1) << 31) /* in slot 0 */

/*
 * Slot 0 has the value below the first step, or refers to a node.  The other
 * slots have the steps; the last step is repeated up to the end.
 */
struct step_bucket {
	_Alignas(64) uint32_t slots[STEP_SLOTS];
};

/* An index of the steps from key min on. */
struct step_node {
	uint64_t min;     /* the key of the first step */
	uint64_t limit;   /* keys above min + limit are looked up as this */
	uint32_t first;   /* index of the first step */
	uint32_t buckets; /* index of the first bucket */
	uint8_t shift;    /* a bucket covers 1 << shift keys */
	uint8_t drop;     /* number of low bits that are not in slots */
	bool exact;       /* these bits are zero in all keys */
};

struct step_map {
	uint64_t *keys; /* of all steps */
	uint32_t *values;
	uint32_t *runs; /* STEP_FEW_*: few steps, or a node */
	struct step_bucket *buckets;
	uint32_t *bucket_steps; /* STEP_FEW_* of each bucket */
	struct step_node *nodes;
	size_t nsteps, nruns, nbuckets, nnodes;
	size_t keys_size, values_size, runs_size;
	size_t buckets_size, bucket_steps_size, nodes_size;
	unsigned int value_bits;
};

/* A map that is all zero has no runs.  step_map_free sets it to zero. */
void step_map_free(struct step_map *map);
size_t step_map_memory(const struct step_map *map); /* bytes */

/*
 * To make a run, call step_map_begin with the value of the lowest keys, and add
 * the other steps in ascending order.  A step with the key of the previous one
 * replaces it.  Runs are numbered from 0.  After the last run, call
 * step_map_finish.  FLOWD_ENOMEM.
 */
int step_map_begin(struct step_map *map, uint32_t value, uint32_t *run)
    __attribute__((warn_unused_result));
int step_map_add(struct step_map *map, uint64_t key, uint32_t value)
    __attribute__((warn_unused_result));
int step_map_finish(struct step_map *map) __attribute__((warn_unused_result));

/* The value at key, by linear search. */
static inline uint32_t
step_map_find_few(const struct step_map *map, uint32_t few, uint64_t key)
{
	uint32_t i, at = few >> STEP_FEW_SHIFT;
	const uint64_t *keys = &map->keys[at--];

	for (i = 0; i < (few & STEP_FEW_MASK); i++)
		at += keys[i] <= key;
	return (map->values[at]);
}

/* Returns the value at key.  To be called after step_map_finish. */
static inline uint32_t
step_map_find(const struct step_map *map, uint32_t run, uint64_t key)
{
	const uint32_t value_mask = (UINT32_C(1) << map->value_bits) - 1;
	const struct step_bucket *bucket;
	const struct step_node *node;
	uint32_t i, at = map->runs[run], want;
	uint64_t from_min;

	if ((at & STEP_FEW_MASK) != STEP_FEW_NOT)
		return (step_map_find_few(map, at, key));
	at >>= STEP_FEW_SHIFT;
	do {
		node = &map->nodes[at];
		if (key < node->min)
			return (map->values[node->first - 1]);
		from_min = key - node->min;
		if (from_min > node->limit)
			from_min = node->limit;
		bucket =
		    &map->buckets[node->buckets + (from_min >> node->shift)];
		at = bucket->slots[0] & ~STEP_SLOT_NODE;
	} while ((bucket->slots[0] & STEP_SLOT_NODE) != 0);
	from_min &= (UINT64_C(1) << node->shift) - 1;
	want =
	    (uint32_t)(from_min >> node->drop) << map->value_bits | value_mask;
	/* Reads all slots, because a branch would often be mispredicted. */
	for (i = 0, at = 0; i < STEP_SLOTS; i++)
		at += bucket->slots[i] <= want;
	at = bucket->slots[at - 1];
	if (node->exact || (at ^ want) > value_mask)
		return (at & value_mask);
	/* The bits in the slot are equal: compares the whole key. */
	return (step_map_find_few(map, map->bucket_steps[bucket - map->buckets],
	    key));
}

/*
 * Loads the bucket that step_map_find reads first.  Calls for many keys in a
 * row overlap their waits for memory.  The result has no meaning, but the
 * caller must use it, so that the compiler does not remove the loads.
 */
static inline uint32_t
step_map_touch(const struct step_map *map, uint32_t run, uint64_t key)
{
	const uint32_t at = map->runs[run];
	const struct step_node *node;
	uint64_t from_min;

	if ((at & STEP_FEW_MASK) != STEP_FEW_NOT)
		return (0);
	node = &map->nodes[at >> STEP_FEW_SHIFT];
	from_min = key < node->min ? 0 : key - node->min;
	if (from_min > node->limit)
		from_min = node->limit;
	return (
	    map->buckets[node->buckets + (from_min >> node->shift)].slots[0]);
}

#endif
