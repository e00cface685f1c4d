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
 * Sets of rules, numbered from 0.
 *
 * A set of up to 64 rules is a word.  A larger one is a tree of nodes with 64
 * children each, and words for leaves, in which children that are empty or
 * full take no room.  Equal parts of any sets are kept once, so that sets are
 * equal when their references are, and making a set from another that differs
 * in one rule takes one node of each level and one word.
 */
#ifndef RULE_SET_H
#define RULE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bits.h"

#define RULE_SET_EMPTY 0U /* references, at each level */
#define RULE_SET_FULL  1U

#define RULE_SET_LEVELS 2 /* of nodes, at most */
/* Rules: a word for each child of the lowest nodes. */
#define RULE_SET_MAX (64 << 6 * RULE_SET_LEVELS)

struct rule_node {
	uint64_t some;       /* children that are not empty */
	uint64_t full;       /* of these, those that are full */
	uint32_t children[]; /* references to the others */
};

struct rule_sets {
	unsigned int levels; /* of nodes above the words */
	uint64_t *words;
	uint64_t *nodes; /* each from a multiple of 8 bytes */
	size_t nwords, words_size;
	size_t used, nodes_size; /* of nodes, in 8 bytes */
	size_t memory_max;       /* bytes */
	/* To find equal ones, until rule_sets_freeze. */
	struct rule_set_hash {
		uint32_t *slots; /* references */
		size_t n, size;
	} word_hash, node_hash;
};

/*
 * Sets of nrules rules, at most RULE_SET_MAX, within so many bytes.  0 or
 * FLOWD_ENOMEM; rule_sets_free may follow either.
 */
int rule_sets_init(struct rule_sets *sets, size_t nrules, size_t memory_max)
    __attribute__((warn_unused_result));
void rule_sets_free(struct rule_sets *sets);

/* Frees what only making sets needs. */
void rule_sets_freeze(struct rule_sets *sets);
size_t rule_sets_memory(const struct rule_sets *sets); /* bytes */

/*
 * All give FLOWD_ENOMEM without memory, and FLOWD_ESPACE where memory_max is
 * reached.  bits has a bit for each rule, in words of 64.
 */
int rule_set_of(struct rule_sets *sets, const uint64_t *bits, size_t nwords,
    uint32_t *set) __attribute__((warn_unused_result));
int rule_set_one(struct rule_sets *sets, uint32_t rule, uint32_t *set)
    __attribute__((warn_unused_result));
int rule_set_union(struct rule_sets *sets, uint32_t a, uint32_t b,
    uint32_t *set) __attribute__((warn_unused_result));
int rule_set_minus(struct rule_sets *sets, uint32_t a, uint32_t b,
    uint32_t *set) __attribute__((warn_unused_result));

/* Whether set has the rule. */
bool rule_set_has(const struct rule_sets *sets, uint32_t set, uint32_t rule);

/* Whether set has one rule alone, and which. */
bool rule_set_is_one(const struct rule_sets *sets, uint32_t set,
    uint32_t *rule);

/* The node that ref, neither empty nor full, refers to. */
static inline const struct rule_node *
rule_node(const struct rule_sets *sets, uint32_t ref)
{
	return ((const void *)&sets->nodes[ref]);
}

/* The child that bit stands for, which is neither empty nor full. */
static inline uint32_t
rule_node_child(const struct rule_node *node, uint64_t bit)
{
	return (
	    node->children[bits_count(node->some & ~node->full & (bit - 1))]);
}

#endif
