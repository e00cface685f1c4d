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
 * A table of options data: an array, a hash table, and a list by last use.  At
 * its limit, a new item evicts the least recently used one.  The array is in
 * blocks, and the hash table grows by one bucket at a time, as in buckets.h, so
 * that no operation has a cost that grows with the table.
 *
 * Items with the same hash are in one chain: the hash is of the key without the
 * source port, so that option_chain finds what several sessions told about one
 * thing.
 */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

#define OPTION_NONE UINT32_MAX /* no item */

/* The first member of each item: indices of items, or OPTION_NONE. */
struct option_link {
	uint32_t self;
	uint32_t newer, older; /* by last use */
	uint32_t next;         /* in the bucket */
	uint32_t head;         /* the first item in the bucket at this index */
};

/* What the items of a table are. */
struct option_kind {
	size_t size; /* bytes of an item */
	size_t max;  /* items, unless the table has another limit */
	/* Of the secret, too, so that exporters cannot choose it. */
	uint64_t (*hash)(const void *item, uint64_t secret);
	bool (*equal)(const void *a, const void *b);
	/* Frees what the item refers to; NULL: nothing. */
	void (*release)(void *item, struct memory *memory);
};

/*
 * All zero: empty.  Most exporters send no options data, so that an empty table
 * is small.
 */
struct option_table {
	struct option_body *body; /* NULL: there is no room */
	const size_t *max;        /* items; NULL: that of the kind */
	uint32_t n;               /* items */
	uint32_t evicted;
};

/* The item at index i, which is below n. */
void *option_at(const struct option_table *t, const struct option_kind *kind,
    size_t i);

/*
 * Returns the item that equals key, or adds a copy of key; both count as a use.
 * A new item may evict another one.  NULL without memory.  Items move only when
 * one is added or removed.
 */
void *option_get(struct option_table *t, const struct option_kind *kind,
    const void *key, struct memory *memory);

/* Counts a use of the item. */
void option_use(struct option_table *t, const struct option_kind *kind,
    void *item);

/*
 * The first item that may have the hash of key, which has the type of an item,
 * and the item that follows in the chain.  NULL after the last.
 */
void *option_chain(const struct option_table *t, const struct option_kind *kind,
    const void *key);
void *option_chain_next(const struct option_table *t,
    const struct option_kind *kind, const void *item);

/* The least recently used item, and those that follow.  NULL after the last. */
const void *option_oldest(const struct option_table *t,
    const struct option_kind *kind);
const void *option_newer(const struct option_table *t,
    const struct option_kind *kind, const void *item);

/* Removes the item at index i.  The last one takes its place. */
void option_remove(struct option_table *t, const struct option_kind *kind,
    size_t i, struct memory *memory);

/*
 * Removes items for which gone returns true.  A call looks at OPTION_SWEEP items
 * at most: begin starts a new sweep, which continues with later calls.  Returns
 * whether it is complete.  Items that were added meanwhile are not looked at.
 */
#define OPTION_SWEEP 34 /* more than there are sessions */

bool option_sweep(struct option_table *t, const struct option_kind *kind,
    struct memory *memory, bool begin,
    bool (*gone)(const void *item, const void *arg), const void *arg);

/* Removes the least recently used item of a table that is not empty. */
void option_evict(struct option_table *t, const struct option_kind *kind,
    struct memory *memory);

/* Bytes of the table, without what its items refer to. */
size_t option_table_size(const struct option_table *t,
    const struct option_kind *kind);

void option_table_free(struct option_table *t, const struct option_kind *kind,
    struct memory *memory);

#endif
