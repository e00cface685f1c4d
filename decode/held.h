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
 * Data sets that arrived before their template.  They wait, within limits, and
 * are decoded when the template arrives, with the time of their reception.
 */
#ifndef HELD_H
#define HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "decode/message-header.h"
#include "decode/template-key.h"
#include "lib/counters.h"
#include "lib/cursor.h"
#include "lib/recent.h"

#define HELD_SECONDS        1800  /* the usual interval of templates */
#define HELD_SETS_MAX       65536 /* of all exporters */
#define HELD_SETS_EXPORTER  1024
#define HELD_BYTES_EXPORTER (1U << 20)
#define HELD_BUCKETS        65536 /* a power of two */

/* A datagram with held sets.  Its decoder and these sets are its users. */
struct held_datagram {
	size_t users;
	bool dropped; /* a set of it will never be decoded */
};

/* Each held set is in these lists, which are sorted by age. */
enum held_list_of { HELD_OF_ALL, HELD_OF_EXPORTER, HELD_OF_BUCKET, HELD_LISTS };

struct held_set {
	struct recent in[HELD_LISTS];
	struct held_owner *owner;
	struct held_datagram *datagram;
	struct message_header message;
	uint16_t id;
	size_t len; /* octets of data */
	uint8_t data[];
};

/* The set of a link in a list of this kind; NULL for NULL. */
static inline struct held_set *
held_set_of(struct recent *link, enum held_list_of which)
{
	return (recent_owner(link,
	    offsetof(struct held_set, in) + which * sizeof(*link)));
}

/* Owners with 2^i sets and more, up to the next power of two. */
#define HELD_SIZES 11
_Static_assert(1 << (HELD_SIZES - 1) >= HELD_SETS_EXPORTER,
    "owners have more sets than the lists by size are for");

/* The sets of all owners. */
struct held_queue {
	struct recent_list all;
	struct recent_list buckets[HELD_BUCKETS]; /* by awaited template */
	uint64_t secret; /* so that exporters cannot choose the bucket */
	size_t count;
	/* The owners of sets, by the rank of their memory. */
	size_t count_by[MEMORY_RANKS];
	struct recent_list owners[MEMORY_RANKS][HELD_SIZES];
};

/* The sets of one exporter, which embeds this. */
struct held_owner {
	struct held_queue *queue;
	struct counters *counters; /* held, decoded and no_template change */
	struct memory *memory;     /* that sets are allocated from */
	struct recent_list sets;
	struct recent by_size; /* in one of the queue's lists, if count > 0 */
	uint32_t count, bytes;
};

/* queue is zeroed.  -1 if the system has no random numbers. */
int held_init(struct held_queue *queue) __attribute__((warn_unused_result));

/* owner is zeroed; the others have to live longer. */
void held_own(struct held_owner *owner, struct held_queue *queue,
    struct counters *counters, struct memory *memory);

/* Changes the rank of the owner's memory. */
void held_set_rank(struct held_owner *owner, enum memory_rank rank);

/*
 * Holds a copy of the set.  All sets of a datagram share *datagram: it is NULL
 * before the first set, which allocates it, and the caller releases it with
 * held_close.  At a limit of the owner, its oldest sets are dropped.  At the
 * limit of all or of the owner's rank, the oldest set of the owner that has most
 * is dropped: of the lowest rank that has any, and within a factor of two.
 * Owners of higher rank lose none.  -1 if the set cannot be held.
 */
int held_add(struct held_owner *owner, const struct message_header *msg,
    uint16_t id, struct cursor data, struct held_datagram **datagram)
    __attribute__((warn_unused_result));

/*
 * Releases the decoder's use of the datagram.  decoded is false if one of its
 * sets could not be held.
 */
void held_close(struct held_owner *owner, struct held_datagram *datagram,
    bool decoded);

/*
 * Removes and returns the owner's oldest set that waits for key; NULL if there
 * is none.  If port is not NULL, the set came from this port.  The caller passes
 * it to held_done after use.
 */
struct held_set *held_take(struct held_owner *owner,
    const struct template_key *key, const uint16_t *port);

/* Frees a set that held_take returned, and counts it. */
void held_done(struct held_set *set, bool decoded);

/* Drops the sets that wait for key: those from the port, or all if NULL. */
void held_drop(struct held_owner *owner, const struct template_key *key,
    const uint16_t *port);

/* Drops the owner's oldest set.  False if there is none. */
bool held_evict(struct held_owner *owner);

/* Drops all sets of the owner. */
void held_drop_all(struct held_owner *owner);

/* Drops the sets that have waited for more than HELD_SECONDS. */
void held_expire(struct held_queue *q, uint32_t now);

#endif
