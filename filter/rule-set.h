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
 * Sets of rules.  Rules are numbered from 0.
 *
 * A set of up to 64 rules is a word.  A larger set is a tree of nodes with 64
 * children each, whose leaves are words.  Empty and full children use no
 * memory.  Equal words and equal nodes exist only once, so that two sets are
 * equal if their references are equal.  A set that differs from another in one
 * rule needs at most one new node at each level and one new word.
 */
#ifndef RULE_SET_H
#define RULE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bits.h"

#define RULE_SET_EMPTY 0U /* references, valid at each level */
#define RULE_SET_FULL  1U

#define RULE_SET_LEVELS 2 /* of nodes, at most */
/* The maximum number of rules: a word for each child of the lowest nodes. */
#define RULE_SET_MAX (64 << 6 * RULE_SET_LEVELS)

struct rule_node {
	uint64_t some;       /* children that are not empty */
	uint64_t full;       /* those of them that are full */
	uint32_t children[]; /* references to the others */
};

struct rule_sets {
	unsigned int levels; /* of nodes above the words */
	uint64_t *words;
	uint64_t *nodes; /* struct rule_node, aligned to 8 bytes */
	size_t nwords, words_size;
	size_t used, nodes_size; /* of nodes, in units of 8 bytes */
	size_t memory_max;       /* bytes */
	/* To find equal words and nodes, until rule_sets_freeze. */
	struct rule_set_hash {
		uint32_t *slots; /* references */
		size_t n, size;
	} word_hash, node_hash;
};

/*
 * Prepares sets of nrules rules, at most RULE_SET_MAX, that use at most
 * memory_max bytes.  FLOWD_ENOMEM; rule_sets_free may be called even then.
 */
int rule_sets_init(struct rule_sets *sets, size_t nrules, size_t memory_max)
    __attribute__((warn_unused_result));
void rule_sets_free(struct rule_sets *sets);

/* Frees memory that is needed only to make sets. */
void rule_sets_freeze(struct rule_sets *sets);
size_t rule_sets_memory(const struct rule_sets *sets); /* bytes */

/*
 * Each of these makes a set: the rules whose bit is set in nwords words; one
 * rule; the rules in a or b; the rules in a but not in b.  FLOWD_ENOMEM;
 * FLOWD_ESPACE if memory_max is reached.
 */
int rule_set_of(struct rule_sets *sets, const uint64_t *bits, size_t nwords,
    uint32_t *set) __attribute__((warn_unused_result));
int rule_set_one(struct rule_sets *sets, uint32_t rule, uint32_t *set)
    __attribute__((warn_unused_result));
int rule_set_union(struct rule_sets *sets, uint32_t a, uint32_t b,
    uint32_t *set) __attribute__((warn_unused_result));
int rule_set_minus(struct rule_sets *sets, uint32_t a, uint32_t b,
    uint32_t *set) __attribute__((warn_unused_result));

/* Whether set contains the rule. */
bool rule_set_has(const struct rule_sets *sets, uint32_t set, uint32_t rule);

/* Whether set contains exactly one rule, and which. */
bool rule_set_is_one(const struct rule_sets *sets, uint32_t set,
    uint32_t *rule);

/* The node that ref, neither empty nor full, refers to. */
static inline const struct rule_node *
rule_node(const struct rule_sets *sets, uint32_t ref)
{
	return ((const void *)&sets->nodes[ref]);
}

/* The child for bit, which is neither empty nor full. */
static inline uint32_t
rule_node_child(const struct rule_node *node, uint64_t bit)
{
	return (
	    node->children[bits_count(node->some & ~node->full & (bit - 1))]);
}

#endif
