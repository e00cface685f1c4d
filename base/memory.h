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
 * Memory for the state of exporters, in shares.  All of it has one limit.  Each
 * exporter has an account with a rank and a cap.  Accounts of low rank can use
 * only a part of the limit, so that a share is reserved for those above.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slab.h"

enum memory_rank {
	MEMORY_NEWCOMER,
	MEMORY_ESTABLISHED,
	MEMORY_NAMED,
	MEMORY_RANKS
};

/* Each rank and those below it use at most this part of a limit. */
#define MEMORY_PART(rank, limit)                                       \
	((rank) == MEMORY_NEWCOMER           ? (limit) / 2 :           \
		(rank) == MEMORY_ESTABLISHED ? (limit) - (limit) / 4 : \
					       (limit))

/* The cap of an account: this part of the limit, or else MEMORY_CAP_MIN. */
#define MEMORY_CAP_PART       16
#define MEMORY_CAP_PART_NAMED 4
#define MEMORY_CAP_MIN        ((size_t)1 << 20)

/*
 * Memory that freed objects leave unused, and exporters themselves, count
 * against the limit and the parts of ranks, which are larger for this sum: by an
 * eighth and by as many bytes for each rank.
 */
#define MEMORY_SLACK(rank, part) \
	((part) / 8 + ((size_t)2 << 20) * ((size_t)(rank) + 1))

struct memory;

struct memory_pool {
	size_t used, limit;           /* bytes */
	size_t used_by[MEMORY_RANKS]; /* bytes of used */
	/*
	 * Is called if size bytes do not fit into the cap or the share of m.
	 * Frees memory of other accounts.  False if they still do not fit.
	 * NULL: nothing can be freed.
	 */
	bool (*reclaim)(struct memory *m, size_t size);
	struct slabs slabs[MEMORY_RANKS]; /* of objects, by rank at that time */
};

/* One exporter's part of the pool. */
struct memory {
	struct memory_pool *pool;
	uint64_t used : 56; /* bytes */
	uint64_t rank : 8;  /* enum memory_rank */
};
_Static_assert(sizeof(struct memory) <= 16, "an exporter has one of these");

/*
 * Allocates size bytes, which is not 0, of unknown content.  NULL if they do
 * not fit into the account's cap, or into its share although memory of others
 * was freed.  The others never free memory of m itself.
 */
void *memory_get(struct memory *m, size_t size)
    __attribute__((malloc, warn_unused_result));

/* The same without freeing memory of others. */
void *memory_try(struct memory *m, size_t size)
    __attribute__((malloc, warn_unused_result));

/*
 * As memory_get for an object at p of old bytes that changes its size and keeps
 * its content; p may be NULL.  With NULL as the result p is still valid.
 */
void *memory_resize(struct memory *m, void *p, size_t old, size_t size)
    __attribute__((warn_unused_result));

/* Frees an object of size bytes; p may be NULL if size is 0. */
void memory_put(struct memory *m, void *p, size_t size);

/*
 * Allocates and frees the structure of an exporter itself, which does not count
 * as used; NULL if there is no space in the part of the rank.
 */
void *memory_get_fixed(struct memory *m, size_t size)
    __attribute__((malloc, warn_unused_result));
void memory_put_fixed(void *p, size_t size);

/* Whether size bytes more are within the account's cap and its share. */
bool memory_fits(const struct memory *m, size_t size);

/* Whether they are within the cap alone. */
bool memory_is_allowed(const struct memory *m, size_t size);

/* Changes the rank; the memory in use counts in the new share from now on. */
void memory_set_rank(struct memory *m, enum memory_rank rank);

/* Frees what a pool keeps when all objects were freed. */
void memory_pool_free(struct memory_pool *pool);

/* The bytes that the account can use at most. */
size_t memory_cap(const struct memory *m);

/* Bytes of the limit that are not in use; a limit that was lowered may be less. */
static inline size_t
memory_left(const struct memory_pool *p)
{
	return (p->used < p->limit ? p->limit - p->used : 0);
}

#endif
