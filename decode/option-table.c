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

#include "decode/option-table.h"
#include "lib/hash.h"

#define ROOM_MIN 8 /* items; a power of two */

void *
option_at(const struct option_table *t, const struct option_kind *kind,
    size_t i)
{
	return (i == OPTION_NONE ? NULL : (uint8_t *)t->items + i * kind->size);
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
			       (const uint8_t *)t->items) /
	    kind->size));
}

static uint32_t *
bucket_of(const struct option_table *t, const struct option_kind *kind,
    const void *item)
{
	return (&t->buckets[hash_mix(t->secret ^ kind->hash(item)) &
	    (t->room - 1)]);
}

/* Adds an item to the list as the newest. */
static void
list_add(struct option_table *t, const struct option_kind *kind, uint32_t i)
{
	struct option_link *link = link_at(t, kind, i);

	link->newer = OPTION_NONE;
	link->older = t->newest;
	if (t->newest != OPTION_NONE)
		link_at(t, kind, t->newest)->newer = i;
	else
		t->oldest = i;
	t->newest = i;
}

/* Lets the neighbours in the list refer to newer and older instead. */
static void
list_replace(struct option_table *t, const struct option_kind *kind,
    const struct option_link *link, uint32_t newer, uint32_t older)
{
	if (link->newer != OPTION_NONE)
		link_at(t, kind, link->newer)->older = older;
	else
		t->newest = older;
	if (link->older != OPTION_NONE)
		link_at(t, kind, link->older)->newer = newer;
	else
		t->oldest = newer;
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

static size_t
size_of(const struct option_kind *kind, size_t room)
{
	return (room * (kind->size + sizeof(uint32_t)));
}

/* Doubles the room.  False without memory. */
static bool
grow(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	const size_t room = t->room == 0 ? ROOM_MIN : 2 * t->room;
	const size_t more = size_of(kind, room) - size_of(kind, t->room);
	uint32_t *buckets, i;
	void *items;

	if (more > memory_left(memory) ||
	    (t->room == 0 && getentropy(&t->secret, sizeof(t->secret)) == -1) ||
	    (items = reallocarray(t->items, room, kind->size)) == NULL)
		return (false);
	t->items = items;
	if ((buckets = reallocarray(t->buckets, room, sizeof(*buckets))) ==
	    NULL)
		return (false);
	if (t->room == 0)
		t->newest = t->oldest = OPTION_NONE;
	t->buckets = buckets;
	t->room = room;
	memory->used += more;
	memset(buckets, 0xff, room * sizeof(*buckets)); /* OPTION_NONE */
	for (i = 0; i < t->n; i++)
		chain_add(t, kind, i);
	return (true);
}

void
option_remove(struct option_table *t, const struct option_kind *kind, size_t i,
    struct memory *memory)
{
	struct option_link *gone = link_at(t, kind, i), *last;
	const uint32_t at = (uint32_t)i, end = (uint32_t)t->n - 1;

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

/* Makes room for one more item.  False without memory for the first ones. */
static bool
make_room(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	if (t->n < kind->max && (t->n < t->room || grow(t, kind, memory)))
		return (true);
	if (t->n == 0)
		return (false);
	option_remove(t, kind, t->oldest, memory);
	t->evicted++;
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
	i = (uint32_t)t->n++;
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

	if (t->newest == i)
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
	return (t->n == 0 ? NULL : option_at(t, kind, t->oldest));
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
	return (size_of(kind, t->room));
}

void
option_table_free(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	size_t i;

	for (i = 0; kind->release != NULL && i < t->n; i++)
		kind->release(option_at(t, kind, i), memory);
	memory->used -= size_of(kind, t->room);
	free(t->items);
	free(t->buckets);
	*t = (struct option_table){ 0 };
}
