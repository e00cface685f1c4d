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
#include <unistd.h>

#include "decode/held.h"
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
held_init(struct held_queue *q, struct memory *memory)
{
	q->memory = memory;
	return (getentropy(&q->secret, sizeof(q->secret)));
}

void
held_own(struct held_owner *o, struct held_queue *queue,
    struct counters *counters)
{
	o->queue = queue;
	o->counters = counters;
}

static void
unlink_set(struct held_set *set)
{
	const struct template_key key = key_of(set);
	struct held_owner *o = set->owner;

	recent_remove(&o->queue->all, &set->in[HELD_OF_ALL]);
	recent_remove(&o->sets, &set->in[HELD_OF_EXPORTER]);
	recent_remove(bucket_of(o, &key), &set->in[HELD_OF_BUCKET]);
	o->queue->count--;
	o->count--;
	o->bytes -= size_of(set);
}

static void
link_set(struct held_set *set)
{
	const struct template_key key = key_of(set);
	struct held_owner *o = set->owner;

	recent_add(&o->queue->all, &set->in[HELD_OF_ALL]);
	recent_add(&o->sets, &set->in[HELD_OF_EXPORTER]);
	recent_add(bucket_of(o, &key), &set->in[HELD_OF_BUCKET]);
	o->queue->count++;
	o->count++;
	o->bytes += size_of(set);
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
	o->queue->memory->used -= sizeof(*datagram);
	free(datagram);
}

void
held_done(struct held_set *set, bool decoded)
{
	held_close(set->owner, set->datagram, decoded);
	set->owner->queue->memory->used -= size_of(set);
	free(set);
}

static void
drop(struct held_set *set)
{
	unlink_set(set);
	held_done(set, false);
}

/* Whether another set of size bytes is within every limit. */
static bool
fits(const struct held_owner *o, size_t size)
{
	const struct memory *m = o->queue->memory;

	return (o->count < HELD_SETS_EXPORTER &&
	    o->bytes + size <= HELD_BYTES_EXPORTER &&
	    o->queue->count < HELD_SETS_MAX && size <= memory_left(m));
}

/* The caller has checked the limits, and is the first user. */
static struct held_datagram *
new_datagram(struct held_owner *o)
{
	struct held_datagram *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return (NULL);
	d->users = 1;
	o->queue->memory->used += sizeof(*d);
	o->counters->held++;
	return (d);
}

int
held_add(struct held_owner *o, const struct message_header *msg, uint16_t id,
    struct cursor data, struct held_datagram **datagram)
{
	size_t len = cur_left(&data), size;
	struct held_set *set;

	size =
	    sizeof(*set) + len + (*datagram == NULL ? sizeof(**datagram) : 0);
	while (o->sets.oldest != NULL && !fits(o, size))
		drop(held_set_of(o->sets.oldest, HELD_OF_EXPORTER));
	if (!fits(o, size) || (set = malloc(sizeof(*set) + len)) == NULL)
		return (-1);
	if (*datagram == NULL && (*datagram = new_datagram(o)) == NULL) {
		free(set);
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
	o->queue->memory->used += size_of(set);
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
	while (o->sets.oldest != NULL)
		drop(held_set_of(o->sets.oldest, HELD_OF_EXPORTER));
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
