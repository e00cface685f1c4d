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

#include <string.h>
#include <unistd.h>

#include "decode/held.h"
#include "lib/bits.h"
#include "lib/hash.h"

static size_t
size_of(const struct held_set *set)
{
	return (sizeof(*set) + set->len);
}

/* The bucket of the owner's sets that wait for key, and perhaps of others. */
static struct recent_list *
bucket_of(const struct held_owner *o, const struct template_key *key)
{
	struct held_queue *q = o->queue;
	uint64_t h;

	h = hash_mix(q->secret ^ template_key_number(key));
	h = hash_mix(h ^ (uintptr_t)o);
	return (&q->buckets[h & (HELD_BUCKETS - 1)]);
}

static struct template_key
key_of(const struct held_set *set)
{
	return ((struct template_key){ .domain = set->message.domain,
	    .version = set->message.version,
	    .id = set->id });
}

int
held_init(struct held_queue *q)
{
	return (getentropy(&q->secret, sizeof(q->secret)));
}

void
held_own(struct held_owner *o, struct held_queue *queue,
    struct counters *counters, struct memory *memory)
{
	o->queue = queue;
	o->counters = counters;
	o->memory = memory;
}

/* The list of owners that have as many sets. */
static struct recent_list *
list_of(const struct held_owner *o)
{
	return (&o->queue->owners[o->memory->rank][bits_log2(o->count)]);
}

static struct held_owner *
owner_of(struct recent *link)
{
	return (recent_owner(link, offsetof(struct held_owner, by_size)));
}

/* Changes the owner's count by one, and its list where that differs. */
static void
count_set(struct held_owner *o, bool more)
{
	const uint32_t after = more ? o->count + 1 : o->count - 1;
	const uint32_t larger = more ? after : o->count;
	const bool moves = (larger & (larger - 1)) == 0;

	if (moves && o->count != 0)
		recent_remove(list_of(o), &o->by_size);
	o->queue->count += more ? 1 : (size_t)-1;
	o->queue->count_by[o->memory->rank] += more ? 1 : (size_t)-1;
	o->count = after;
	if (moves && after != 0)
		recent_add(list_of(o), &o->by_size);
}

void
held_set_rank(struct held_owner *o, enum memory_rank rank)
{
	o->queue->count_by[o->memory->rank] -= o->count;
	if (o->count != 0)
		recent_remove(list_of(o), &o->by_size);
	memory_set_rank(o->memory, rank);
	o->queue->count_by[rank] += o->count;
	if (o->count != 0)
		recent_add(list_of(o), &o->by_size);
}

static void
unlink_set(struct held_set *set)
{
	const struct template_key key = key_of(set);
	struct held_owner *o = set->owner;

	recent_remove(&o->queue->all, &set->in[HELD_OF_ALL]);
	recent_remove(&o->sets, &set->in[HELD_OF_EXPORTER]);
	recent_remove(bucket_of(o, &key), &set->in[HELD_OF_BUCKET]);
	count_set(o, false);
	o->bytes -= (uint32_t)size_of(set);
}

static void
link_set(struct held_set *set)
{
	const struct template_key key = key_of(set);
	struct held_owner *o = set->owner;

	recent_add(&o->queue->all, &set->in[HELD_OF_ALL]);
	recent_add(&o->sets, &set->in[HELD_OF_EXPORTER]);
	recent_add(bucket_of(o, &key), &set->in[HELD_OF_BUCKET]);
	count_set(o, true);
	o->bytes += (uint32_t)size_of(set);
}

void
held_close(struct held_owner *o, struct held_datagram *datagram, bool decoded)
{
	if (!decoded)
		datagram->dropped = true;
	if (--datagram->users > 0)
		return;
	o->counters->held--;
	if (datagram->dropped)
		o->counters->no_template++;
	else
		o->counters->decoded++;
	memory_put(o->memory, datagram, sizeof(*datagram));
}

void
held_done(struct held_set *set, bool decoded)
{
	held_close(set->owner, set->datagram, decoded);
	memory_put(set->owner->memory, set, size_of(set));
}

static void
drop(struct held_set *set)
{
	unlink_set(set);
	held_done(set, false);
}

bool
held_evict(struct held_owner *o)
{
	if (o->sets.oldest == NULL)
		return (false);
	drop(held_set_of(o->sets.oldest, HELD_OF_EXPORTER));
	return (true);
}

/* Whether another set of size bytes is within the owner's own limits. */
static bool
is_allowed(const struct held_owner *o, size_t size)
{
	return (o->count < HELD_SETS_EXPORTER && size <= HELD_BYTES_EXPORTER &&
	    o->bytes <= HELD_BYTES_EXPORTER - size);
}

/* Whether another set is within the shares of the owner's rank and above. */
static bool
is_in_share(const struct held_owner *o)
{
	const struct held_queue *q = o->queue;
	size_t count = 0;
	int rank;

	for (rank = 0; rank < MEMORY_RANKS; rank++) {
		count += q->count_by[rank];
		if (rank >= (int)o->memory->rank &&
		    count >= MEMORY_PART(rank, HELD_SETS_MAX))
			return (false);
	}
	return (true);
}

/*
 * The owner that loses a set to o: of the lowest rank that has any, one of those
 * with most; o itself if its rank has none with more.  NULL if there is none.
 */
static struct held_owner *
loser(struct held_owner *o)
{
	const int more = o->count == 0 ? 0 : (int)bits_log2(o->count) + 1;
	const struct recent_list *lists;
	int rank, size, least;

	for (rank = 0; rank <= (int)o->memory->rank; rank++) {
		lists = o->queue->owners[rank];
		least = rank < (int)o->memory->rank ? 0 : more;
		for (size = HELD_SIZES; size-- > least;) {
			if (lists[size].oldest != NULL)
				return (owner_of(lists[size].oldest));
		}
	}
	return (o->count == 0 ? NULL : o);
}

/* Frees a place for another set.  False if there is none. */
static bool
make_place(struct held_owner *o)
{
	struct held_owner *other;

	if (is_in_share(o))
		return (true);
	if ((other = loser(o)) == NULL)
		return (false);
	(void)held_evict(other);
	return (is_in_share(o));
}

/* Memory of other owners is freed first, then the owner's oldest sets. */
static void *
allocate(struct held_owner *o, size_t size)
{
	void *p = memory_get(o->memory, size);

	while (p == NULL && held_evict(o))
		p = memory_try(o->memory, size);
	return (p);
}

/* The caller is the first user. */
static struct held_datagram *
new_datagram(struct held_owner *o)
{
	struct held_datagram *d;

	if ((d = allocate(o, sizeof(*d))) == NULL)
		return (NULL);
	*d = (struct held_datagram){ .users = 1 };
	o->counters->held++;
	return (d);
}

int
held_add(struct held_owner *o, const struct message_header *msg, uint16_t id,
    struct cursor data, struct held_datagram **datagram)
{
	const size_t len = cur_left(&data),
		     size = sizeof(struct held_set) + len;
	struct held_set *set;

	while (!is_allowed(o, size) && held_evict(o))
		;
	if (!is_allowed(o, size) || !make_place(o) ||
	    (set = allocate(o, size)) == NULL)
		return (-1);
	if (*datagram == NULL && (*datagram = new_datagram(o)) == NULL) {
		memory_put(o->memory, set, size);
		return (-1);
	}
	*set = (struct held_set){
		.owner = o,
		.datagram = *datagram,
		.message = *msg,
		.id = id,
		.len = len,
	};
	(void)cur_bytes(&data, set->data, len);
	(*datagram)->users++;
	link_set(set);
	return (0);
}

static bool
waits_for(const struct held_set *set, const struct held_owner *o,
    const struct template_key *key, const uint16_t *port)
{
	const struct template_key own = key_of(set);

	return (set->owner == o && template_key_equal(&own, key) &&
	    (port == NULL || set->message.port == *port));
}

struct held_set *
held_take(struct held_owner *o, const struct template_key *key,
    const uint16_t *port)
{
	struct recent *link = bucket_of(o, key)->oldest;
	struct held_set *set = held_set_of(link, HELD_OF_BUCKET);

	while (set != NULL && !waits_for(set, o, key, port)) {
		link = link->newer;
		set = held_set_of(link, HELD_OF_BUCKET);
	}
	if (set != NULL)
		unlink_set(set);
	return (set);
}

void
held_drop(struct held_owner *o, const struct template_key *key,
    const uint16_t *port)
{
	struct held_set *set;

	while ((set = held_take(o, key, port)) != NULL)
		held_done(set, false);
}

void
held_drop_all(struct held_owner *o)
{
	while (held_evict(o))
		;
}

void
held_expire(struct held_queue *q, uint32_t now)
{
	struct held_set *set;

	while ((set = held_set_of(q->all.oldest, HELD_OF_ALL)) != NULL) {
		/* Signed: setting the clock back must not expire all sets. */
		if ((int32_t)(now - set->message.recv_sec) <= HELD_SECONDS)
			return;
		drop(set);
	}
}
