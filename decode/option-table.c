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

#include "decode/option-table.h"

#define ROOM_MIN 8 /* items; a power of two */

/* Items and buckets follow in the same block. */
struct option_body {
	void *items;
	uint32_t *buckets; /* as many as there is room for items */
	size_t room;       /* items */
	uint64_t secret;   /* so that exporters cannot choose the bucket */
	uint32_t newest, oldest;
};

void *
option_at(const struct option_table *t, const struct option_kind *kind,
    size_t i)
{
	return (i == OPTION_NONE ? NULL :
				   (uint8_t *)t->body->items + i * kind->size);
}

static struct option_link *
link_at(const struct option_table *t, const struct option_kind *kind, size_t i)
{
	return (option_at(t, kind, i));
}

static uint32_t
index_of(const struct option_table *t, const struct option_kind *kind,
    const void *item)
{
	return ((uint32_t)((size_t)((const uint8_t *)item -
			       (const uint8_t *)t->body->items) /
	    kind->size));
}

static uint32_t *
bucket_of(const struct option_table *t, const struct option_kind *kind,
    const void *item)
{
	return (&t->body->buckets[kind->hash(item, t->body->secret) &
	    (t->body->room - 1)]);
}

/* Adds an item to the list as the newest. */
static void
list_add(struct option_table *t, const struct option_kind *kind, uint32_t i)
{
	struct option_link *link = link_at(t, kind, i);

	link->newer = OPTION_NONE;
	link->older = t->body->newest;
	if (t->body->newest != OPTION_NONE)
		link_at(t, kind, t->body->newest)->newer = i;
	else
		t->body->oldest = i;
	t->body->newest = i;
}

/* Lets the neighbours in the list refer to newer and older instead. */
static void
list_replace(struct option_table *t, const struct option_kind *kind,
    const struct option_link *link, uint32_t newer, uint32_t older)
{
	if (link->newer != OPTION_NONE)
		link_at(t, kind, link->newer)->older = older;
	else
		t->body->newest = older;
	if (link->older != OPTION_NONE)
		link_at(t, kind, link->older)->newer = newer;
	else
		t->body->oldest = newer;
}

/* The place that refers to item i in its chain. */
static uint32_t *
chain_place(const struct option_table *t, const struct option_kind *kind,
    uint32_t i)
{
	uint32_t *at = bucket_of(t, kind, option_at(t, kind, i));

	while (*at != i)
		at = &link_at(t, kind, *at)->next;
	return (at);
}

static void
chain_add(struct option_table *t, const struct option_kind *kind, uint32_t i)
{
	uint32_t *bucket = bucket_of(t, kind, option_at(t, kind, i));

	link_at(t, kind, i)->next = *bucket;
	*bucket = i;
}

/* Bytes of a body and its items. */
static size_t
size_of(const struct option_kind *kind, size_t room)
{
	return (room == 0 ? 0 :
			    sizeof(struct option_body) +
		    room * (kind->size + sizeof(uint32_t)));
}

static size_t
room_of(const struct option_table *t)
{
	return (t->body == NULL ? 0 : t->body->room);
}

/* Sets the head of the first body.  False without random numbers. */
static bool
begin(struct option_body *body)
{
	*body = (struct option_body){
		.newest = OPTION_NONE,
		.oldest = OPTION_NONE,
	};
	return (getentropy(&body->secret, sizeof(body->secret)) == 0);
}

/* Doubles the room.  False without memory. */
static bool
grow(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	const size_t had = room_of(t), room = had == 0 ? ROOM_MIN : 2 * had;
	struct option_body *old = t->body, *body;
	uint32_t i;

	if ((body = memory_get(memory, size_of(kind, room))) == NULL)
		return (false);
	if (old != NULL)
		*body = *old;
	else if (!begin(body)) {
		memory_put(memory, body, size_of(kind, room));
		return (false);
	}
	body->room = room;
	body->items = body + 1;
	body->buckets =
	    (uint32_t *)((uint8_t *)body->items + room * kind->size);
	if (old != NULL)
		memcpy(body->items, old->items, t->n * kind->size);
	t->body = body;
	memory_put(memory, old, size_of(kind, had));
	memset(body->buckets, 0xff, room * sizeof(uint32_t)); /* OPTION_NONE */
	for (i = 0; i < t->n; i++)
		chain_add(t, kind, i);
	return (true);
}

void
option_remove(struct option_table *t, const struct option_kind *kind, size_t i,
    struct memory *memory)
{
	struct option_link *gone = link_at(t, kind, i), *last;
	const uint32_t at = (uint32_t)i, end = t->n - 1;

	*chain_place(t, kind, at) = gone->next;
	list_replace(t, kind, gone, gone->newer, gone->older);
	if (kind->release != NULL)
		kind->release(gone, memory);
	t->n--;
	if (at == end)
		return;
	last = link_at(t, kind, end);
	*chain_place(t, kind, end) = at;
	list_replace(t, kind, last, at, at);
	memcpy(gone, last, kind->size);
}

void
option_evict(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	option_remove(t, kind, t->body->oldest, memory);
	t->evicted++;
}

/* Makes room for one more item.  False without memory for the first ones. */
static bool
make_room(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	const size_t max = t->max != NULL ? *t->max : kind->max;

	if (t->n < max && (t->n < room_of(t) || grow(t, kind, memory)))
		return (true);
	if (t->n == 0)
		return (false);
	/* Several if the limit is lower than before. */
	do
		option_evict(t, kind, memory);
	while (t->n >= max && t->n > 0);
	return (true);
}

void *
option_get(struct option_table *t, const struct option_kind *kind,
    const void *key, struct memory *memory)
{
	void *item;
	uint32_t i;

	for (item = option_chain(t, kind, key); item != NULL;
	     item = option_chain_next(t, kind, item)) {
		if (kind->equal(item, key)) {
			option_use(t, kind, item);
			return (item);
		}
	}
	if (!make_room(t, kind, memory))
		return (NULL);
	i = t->n++;
	item = option_at(t, kind, i);
	memcpy(item, key, kind->size);
	list_add(t, kind, i);
	chain_add(t, kind, i);
	return (item);
}

void
option_use(struct option_table *t, const struct option_kind *kind, void *item)
{
	const uint32_t i = index_of(t, kind, item);
	const struct option_link *link = item;

	if (t->body->newest == i)
		return;
	list_replace(t, kind, link, link->newer, link->older);
	list_add(t, kind, i);
}

void *
option_chain(const struct option_table *t, const struct option_kind *kind,
    const void *key)
{
	return (
	    t->n == 0 ? NULL : option_at(t, kind, *bucket_of(t, kind, key)));
}

void *
option_chain_next(const struct option_table *t, const struct option_kind *kind,
    const void *item)
{
	return (option_at(t, kind, ((const struct option_link *)item)->next));
}

const void *
option_oldest(const struct option_table *t, const struct option_kind *kind)
{
	return (t->n == 0 ? NULL : option_at(t, kind, t->body->oldest));
}

const void *
option_newer(const struct option_table *t, const struct option_kind *kind,
    const void *item)
{
	return (option_at(t, kind, ((const struct option_link *)item)->newer));
}

size_t
option_table_size(const struct option_table *t, const struct option_kind *kind)
{
	return (size_of(kind, room_of(t)));
}

void
option_table_free(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	size_t i;

	for (i = 0; kind->release != NULL && i < t->n; i++)
		kind->release(option_at(t, kind, i), memory);
	memory_put(memory, t->body, size_of(kind, room_of(t)));
	*t = (struct option_table){ .max = t->max };
}
