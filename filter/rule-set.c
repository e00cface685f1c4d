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
#include "filter/rule-set.h"
#include "lib/bits.h"
#include "lib/hash.h"

/* The size of a node with n children, in units of 8 bytes. */
#define NODE_UNITS(n) (2 + ((size_t)(n) + 1) / 2)

enum operation { UNION, MINUS };

/* A node in the making, with room for all children. */
struct draft {
	uint64_t some, full;
	uint32_t children[64];
	unsigned int n;
};

static int
reserve(struct rule_sets *sets, uint64_t **array, size_t *size, size_t want)
{
	size_t grown_size = *size == 0 ? 64 : *size;
	uint64_t *grown;

	if (want <= *size)
		return (0);
	while (grown_size < want)
		grown_size *= 2;
	if (want > UINT32_MAX ||
	    rule_sets_memory(sets) + (grown_size - *size) * sizeof(*grown) >
		sets->memory_max)
		return (FLOWD_ESPACE);
	if ((grown = reallocarray(*array, grown_size, sizeof(*grown))) == NULL)
		return (FLOWD_ENOMEM);
	*array = grown;
	*size = grown_size;
	return (0);
}

int
rule_sets_init(struct rule_sets *sets, size_t nrules, size_t memory_max)
{
	size_t reach;

	memset(sets, 0, sizeof(*sets));
	sets->memory_max = memory_max;
	for (reach = 64; reach < nrules; reach *= 64)
		sets->levels++;
	if (reserve(sets, &sets->words, &sets->words_size, 2) != 0 ||
	    reserve(sets, &sets->nodes, &sets->nodes_size, 2) != 0)
		return (FLOWD_ENOMEM);
	sets->words[RULE_SET_EMPTY] = 0;
	sets->words[RULE_SET_FULL] = UINT64_MAX;
	sets->nwords = sets->used = 2;
	return (0);
}

void
rule_sets_free(struct rule_sets *sets)
{
	rule_sets_freeze(sets);
	free(sets->words);
	free(sets->nodes);
	memset(sets, 0, sizeof(*sets));
}

void
rule_sets_freeze(struct rule_sets *sets)
{
	free(sets->word_hash.slots);
	free(sets->node_hash.slots);
	memset(&sets->word_hash, 0, sizeof(sets->word_hash));
	memset(&sets->node_hash, 0, sizeof(sets->node_hash));
}

size_t
rule_sets_memory(const struct rule_sets *sets)
{
	return ((sets->words_size + sets->nodes_size) * sizeof(uint64_t) +
	    (sets->word_hash.size + sets->node_hash.size) * sizeof(uint32_t));
}

static unsigned int
nchildren(const struct rule_node *node)
{
	return (bits_count(node->some & ~node->full));
}

static uint64_t
hash_of(const struct rule_sets *sets, bool is_word, uint32_t ref)
{
	const struct rule_node *node;
	uint64_t h;
	unsigned int i;

	if (is_word)
		return (hash_mix(sets->words[ref]));
	node = rule_node(sets, ref);
	h = hash_mix(node->some) + node->full;
	for (i = 0; i < nchildren(node); i++)
		h = hash_mix(h + node->children[i]);
	return (hash_mix(h));
}

static bool
is_same(const struct rule_sets *sets, bool is_word, uint32_t a, uint32_t b)
{
	const struct rule_node *node, *other;

	if (is_word)
		return (sets->words[a] == sets->words[b]);
	node = rule_node(sets, a);
	other = rule_node(sets, b);
	return (node->some == other->some && node->full == other->full &&
	    memcmp(node->children, other->children,
		nchildren(node) * sizeof(node->children[0])) == 0);
}

/* The slot of an equal word or node, or the empty slot for ref. */
static uint32_t *
slot_of(struct rule_sets *sets, struct rule_set_hash *hash, bool is_word,
    uint32_t ref)
{
	size_t i = (size_t)hash_of(sets, is_word, ref) & (hash->size - 1);

	while (hash->slots[i] != RULE_SET_EMPTY &&
	    !is_same(sets, is_word, hash->slots[i], ref))
		i = (i + 1) & (hash->size - 1);
	return (&hash->slots[i]);
}

static int
grow_hash(struct rule_sets *sets, struct rule_set_hash *hash, bool is_word)
{
	struct rule_set_hash old = *hash;
	size_t i;

	hash->size = old.size == 0 ? 64 : old.size * 2;
	if (rule_sets_memory(sets) > sets->memory_max) {
		*hash = old;
		return (FLOWD_ESPACE);
	}
	if ((hash->slots = calloc(hash->size, sizeof(*hash->slots))) == NULL) {
		*hash = old;
		return (FLOWD_ENOMEM);
	}
	for (i = 0; i < old.size; i++) {
		if (old.slots[i] != RULE_SET_EMPTY)
			*slot_of(sets, hash, is_word, old.slots[i]) =
			    old.slots[i];
	}
	free(old.slots);
	return (0);
}

/* Changes *ref to an equal older word or node.  *is_new: there is none. */
static int
intern(struct rule_sets *sets, bool is_word, uint32_t *ref, bool *is_new)
{
	struct rule_set_hash *hash =
	    is_word ? &sets->word_hash : &sets->node_hash;
	uint32_t *slot;
	int r;

	if (hash->n >= hash->size / 2 &&
	    (r = grow_hash(sets, hash, is_word)) != 0)
		return (r);
	slot = slot_of(sets, hash, is_word, *ref);
	if ((*is_new = *slot == RULE_SET_EMPTY)) {
		*slot = *ref;
		hash->n++;
	}
	*ref = *slot;
	return (0);
}

static int
make_word(struct rule_sets *sets, uint64_t word, uint32_t *set)
{
	bool is_new;
	int r;

	*set = word == 0 ? RULE_SET_EMPTY : RULE_SET_FULL;
	if (word == 0 || word == UINT64_MAX)
		return (0);
	if ((r = reserve(sets, &sets->words, &sets->words_size,
		 sets->nwords + 1)) != 0)
		return (r);
	*set = (uint32_t)sets->nwords;
	sets->words[*set] = word;
	if ((r = intern(sets, true, set, &is_new)) != 0)
		return (r);
	sets->nwords += is_new;
	return (0);
}

static void
draft_add(struct draft *draft, uint64_t bit, uint32_t child)
{
	if (child == RULE_SET_EMPTY)
		return;
	draft->some |= bit;
	if (child == RULE_SET_FULL)
		draft->full |= bit;
	else
		draft->children[draft->n++] = child;
}

static int
make_node(struct rule_sets *sets, const struct draft *draft, uint32_t *set)
{
	struct rule_node *node;
	bool is_new;
	int r;

	*set = draft->some == 0 ? RULE_SET_EMPTY : RULE_SET_FULL;
	if (draft->some == 0 || draft->full == UINT64_MAX)
		return (0);
	if ((r = reserve(sets, &sets->nodes, &sets->nodes_size,
		 sets->used + NODE_UNITS(draft->n))) != 0)
		return (r);
	*set = (uint32_t)sets->used;
	node = (void *)&sets->nodes[*set];
	node->some = draft->some;
	node->full = draft->full;
	memcpy(node->children, draft->children,
	    draft->n * sizeof(draft->children[0]));
	if ((r = intern(sets, false, set, &is_new)) != 0)
		return (r);
	if (is_new)
		sets->used += NODE_UNITS(draft->n);
	return (0);
}

/* Makes a set at level from nwords words of bits; further words are zero. */
static int
set_of(struct rule_sets *sets, unsigned int level, const uint64_t *bits,
    size_t nwords, uint32_t *set)
{
	struct draft draft = { .n = 0 };
	uint32_t child;
	size_t at, part;
	int r;

	if (level == 0)
		return (make_word(sets, nwords == 0 ? 0 : bits[0], set));
	part = (size_t)1 << 6 * (level - 1); /* words of a child */
	for (at = 0; at < nwords; at += part) {
		r = set_of(sets, level - 1, bits + at,
		    nwords - at < part ? nwords - at : part, &child);
		if (r != 0)
			return (r);
		draft_add(&draft, UINT64_C(1) << at / part, child);
	}
	return (make_node(sets, &draft, set));
}

int
rule_set_of(struct rule_sets *sets, const uint64_t *bits, size_t nwords,
    uint32_t *set)
{
	return (set_of(sets, sets->levels, bits, nwords, set));
}

int
rule_set_one(struct rule_sets *sets, uint32_t rule, uint32_t *set)
{
	struct draft draft;
	unsigned int level;
	int r;

	r = make_word(sets, UINT64_C(1) << rule % 64, set);
	for (level = 1; r == 0 && level <= sets->levels; level++) {
		draft.some = draft.full = 0;
		draft.n = 0;
		draft_add(&draft, UINT64_C(1) << (rule >> 6 * level) % 64,
		    *set);
		r = make_node(sets, &draft, set);
	}
	return (r);
}

/* The child of ref at bit, which may be empty or full. */
static uint32_t
child_of(const struct rule_sets *sets, uint32_t ref, uint64_t bit)
{
	const struct rule_node *node;

	if (ref == RULE_SET_EMPTY || ref == RULE_SET_FULL)
		return (ref);
	node = rule_node(sets, ref);
	if ((node->some & bit) == 0)
		return (RULE_SET_EMPTY);
	if ((node->full & bit) != 0)
		return (RULE_SET_FULL);
	return (rule_node_child(node, bit));
}

bool
rule_set_has(const struct rule_sets *sets, uint32_t set, uint32_t rule)
{
	unsigned int level;

	for (level = sets->levels; level > 0; level--)
		set = child_of(sets, set,
		    UINT64_C(1) << (rule >> 6 * level) % 64);
	return ((sets->words[set] >> rule % 64 & 1) != 0);
}

bool
rule_set_is_one(const struct rule_sets *sets, uint32_t set, uint32_t *rule)
{
	const struct rule_node *node;
	unsigned int level;
	uint64_t word;

	*rule = 0;
	for (level = sets->levels; level > 0; level--) {
		if (set == RULE_SET_EMPTY || set == RULE_SET_FULL)
			return (false);
		node = rule_node(sets, set);
		if ((node->some & (node->some - 1)) != 0 || node->full != 0)
			return (false);
		*rule |= (uint32_t)__builtin_ctzll(node->some) << 6 * level;
		set = node->children[0];
	}
	word = sets->words[set];
	if (word == 0 || (word & (word - 1)) != 0)
		return (false);
	*rule |= (uint32_t)__builtin_ctzll(word);
	return (true);
}

static int
combine(struct rule_sets *sets, enum operation operation, unsigned int level,
    uint32_t a, uint32_t b, uint32_t *set)
{
	struct draft draft = { .n = 0 };
	uint32_t child;
	uint64_t bit;
	int r;

	*set = operation == UNION && a == RULE_SET_EMPTY ? b : a;
	if (a == RULE_SET_EMPTY || b == RULE_SET_EMPTY)
		return (0);
	*set = operation == UNION ? RULE_SET_FULL : RULE_SET_EMPTY;
	if (b == RULE_SET_FULL || (operation == UNION && a == RULE_SET_FULL))
		return (0);
	if (level == 0)
		return (make_word(sets,
		    operation == UNION ? sets->words[a] | sets->words[b] :
					 sets->words[a] & ~sets->words[b],
		    set));
	for (bit = 1; bit != 0; bit <<= 1) {
		r = combine(sets, operation, level - 1, child_of(sets, a, bit),
		    child_of(sets, b, bit), &child);
		if (r != 0)
			return (r);
		draft_add(&draft, bit, child);
	}
	return (make_node(sets, &draft, set));
}

int
rule_set_union(struct rule_sets *sets, uint32_t a, uint32_t b, uint32_t *set)
{
	return (combine(sets, UNION, sets->levels, a, b, set));
}

int
rule_set_minus(struct rule_sets *sets, uint32_t a, uint32_t b, uint32_t *set)
{
	return (combine(sets, MINUS, sets->levels, a, b, set));
}
