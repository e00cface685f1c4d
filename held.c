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

#include <stdlib.h>
#include <string.h>

#include "exporter.h"
#include "hash.h"
#include "held.h"

static size_t
size_of(const struct held_set *set)
{
	return (sizeof(*set) + set->len);
}

static void
list_add(struct held_ends *ends, enum held_list_of which, struct held_set *set)
{
	set->in[which].newer = NULL;
	set->in[which].older = ends->newest;
	if (ends->newest != NULL)
		ends->newest->in[which].newer = set;
	else
		ends->oldest = set;
	ends->newest = set;
}

static void
list_remove(struct held_ends *ends, enum held_list_of which,
    struct held_set *set)
{
	struct held_set *newer = set->in[which].newer;
	struct held_set *older = set->in[which].older;

	if (newer != NULL)
		newer->in[which].older = older;
	else
		ends->newest = older;
	if (older != NULL)
		older->in[which].newer = newer;
	else
		ends->oldest = newer;
}

/* Where sets of the exporter are that wait for key, and perhaps others. */
static struct held_ends *
bucket_of(const struct exporter *e, const struct template_key *key)
{
	struct held_queue *q = &e->shared->held;
	uint64_t h;

	h = hash_mix(q->secret ^
	    ((uint64_t)key->domain << 32 | (uint64_t)key->version << 16 |
		key->id));
	h = hash_mix(h ^ (uintptr_t)e);
	return (&q->buckets[h & (HELD_BUCKETS - 1)]);
}

static struct template_key
key_of(const struct held_set *set)
{
	return ((struct template_key){ .domain = set->message.domain,
	    .version = set->message.version,
	    .id = set->id });
}

static void
unlink_set(struct held_set *set)
{
	const struct template_key key = key_of(set);
	struct exporter *e = set->exporter;

	list_remove(&e->shared->held.all, HELD_OF_ALL, set);
	list_remove(&e->held.sets, HELD_OF_EXPORTER, set);
	list_remove(bucket_of(e, &key), HELD_OF_BUCKET, set);
	e->shared->held.count--;
	e->held.count--;
	e->held.bytes -= size_of(set);
}

static void
link_set(struct held_set *set)
{
	const struct template_key key = key_of(set);
	struct exporter *e = set->exporter;

	list_add(&e->shared->held.all, HELD_OF_ALL, set);
	list_add(&e->held.sets, HELD_OF_EXPORTER, set);
	list_add(bucket_of(e, &key), HELD_OF_BUCKET, set);
	e->shared->held.count++;
	e->held.count++;
	e->held.bytes += size_of(set);
}

void
held_close(struct exporter *e, struct held_datagram *datagram, bool decoded)
{
	if (!decoded)
		datagram->given_up = true;
	if (--datagram->users > 0)
		return;
	e->counters.held--;
	if (datagram->given_up)
		e->counters.no_template++;
	else
		e->counters.decoded++;
	e->shared->memory.used -= sizeof(*datagram);
	free(datagram);
}

void
held_done(struct held_set *set, bool decoded)
{
	held_close(set->exporter, set->datagram, decoded);
	set->exporter->shared->memory.used -= size_of(set);
	free(set);
}

static void
give_up(struct held_set *set)
{
	unlink_set(set);
	held_done(set, false);
}

/* Whether a set of size bytes stays within all bounds. */
static bool
fits(const struct exporter *e, size_t size)
{
	const struct memory *m = &e->shared->memory;

	return (e->held.count < HELD_SETS_EXPORTER &&
	    e->held.bytes + size <= HELD_BYTES_EXPORTER &&
	    e->shared->held.count < HELD_SETS_MAX && size <= memory_left(m));
}

/* Its first user is the caller, who has made sure of the room. */
static struct held_datagram *
new_datagram(struct exporter *e)
{
	struct held_datagram *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return (NULL);
	d->users = 1;
	e->shared->memory.used += sizeof(*d);
	e->counters.held++;
	return (d);
}

int
held_add(struct exporter *e, const struct message *msg, uint16_t id,
    struct cursor data, struct held_datagram **datagram)
{
	size_t len = cur_left(&data), size;
	struct held_set *set;

	size =
	    sizeof(*set) + len + (*datagram == NULL ? sizeof(**datagram) : 0);
	while (e->held.sets.oldest != NULL && !fits(e, size))
		give_up(e->held.sets.oldest);
	if (!fits(e, size) || (set = malloc(sizeof(*set) + len)) == NULL)
		return (-1);
	if (*datagram == NULL && (*datagram = new_datagram(e)) == NULL) {
		free(set);
		return (-1);
	}
	*set = (struct held_set){
		.exporter = e,
		.datagram = *datagram,
		.message = *msg,
		.id = id,
		.len = len,
	};
	memcpy(set->data, data.at, len);
	(*datagram)->users++;
	e->shared->memory.used += size_of(set);
	link_set(set);
	return (0);
}

static bool
waits_for(const struct held_set *set, const struct exporter *e,
    const struct template_key *key)
{
	return (set->exporter == e && set->id == key->id &&
	    set->message.domain == key->domain &&
	    set->message.version == key->version);
}

struct held_set *
held_take(struct exporter *e, const struct template_key *key)
{
	struct held_set *set = bucket_of(e, key)->oldest;

	while (set != NULL && !waits_for(set, e, key))
		set = set->in[HELD_OF_BUCKET].newer;
	if (set != NULL)
		unlink_set(set);
	return (set);
}

void
held_give_up(struct exporter *e, const struct template_key *key)
{
	struct held_set *set;

	while ((set = held_take(e, key)) != NULL)
		held_done(set, false);
}

void
held_forget(struct exporter *e)
{
	while (e->held.sets.oldest != NULL)
		give_up(e->held.sets.oldest);
}

void
held_expire(struct held_queue *q, uint32_t now)
{
	/* Signed, since a clock set back must not end all waiting. */
	while (q->all.oldest != NULL &&
	    (int32_t)(now - q->all.oldest->message.recv_sec) > HELD_SECONDS)
		give_up(q->all.oldest);
}
