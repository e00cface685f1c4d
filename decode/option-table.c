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

#define FIRST  8 /* items of the first block; a power of two */
#define BLOCKS 20

/* The next block has as many items as all before it. */
struct option_body {
	uint8_t *blocks[BLOCKS];
	size_t room;     /* items; 0: nothing is allocated */
	size_t nbuckets; /* at most room, and at least the number of items */
	size_t size;     /* nbuckets rounded up to a power of two */
	uint64_t secret; /* so that exporters cannot choose the bucket */
	uint32_t newest, oldest;
	uint32_t unswept; /* items, from the first one on */
};

void *
option_at(const struct option_table *t, const struct option_kind *kind,
    size_t i)
{
	unsigned int k;

	if (i == OPTION_NONE)
		return (NULL);
	if (i < FIRST)
		return (t->body->blocks[0] + i * kind->size);
	k = 63U - (unsigned int)__builtin_clzll(i / FIRST);
	return (
	    t->body->blocks[k + 1] + (i - ((size_t)FIRST << k)) * kind->size);
}

static struct option_link *
link_at(const struct option_table *t, const struct option_kind *kind, size_t i)
{
	return (option_at(t, kind, i));
}

static uint32_t *
bucket_of(const struct option_table *t, const struct option_kind *kind,
    const void *item)
{
	const struct option_body *b = t->body;
	size_t i = kind->hash(item, b->secret) & (b->size - 1);

	if (i >= b->nbuckets)
		i -= b->size / 2;
	return (&link_at(t, kind, i)->head);
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

static size_t
size_of(const struct option_kind *kind, size_t room)
{
	return (room * kind->size);
}

static size_t
room_of(const struct option_table *t)
{
	return (t->body == NULL ? 0 : t->body->room);
}

/* False without memory or random numbers. */
static bool
make_body(struct option_table *t, struct memory *memory)
{
	struct option_body *body = memory_get(memory, sizeof(*body));

	if (body == NULL)
		return (false);
	*body = (struct option_body){
		.newest = OPTION_NONE,
		.oldest = OPTION_NONE,
	};
	if (getentropy(&body->secret, sizeof(body->secret)) == -1) {
		memory_put(memory, body, sizeof(*body));
		return (false);
	}
	t->body = body;
	return (true);
}

static void
empty_first_buckets(struct option_table *t, const struct option_kind *kind)
{
	size_t i;

	for (i = 0; i < FIRST; i++)
		link_at(t, kind, i)->head = OPTION_NONE;
	t->body->nbuckets = t->body->size = FIRST;
}

/* Doubles the room.  False without memory. */
static bool
grow(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	const size_t had = room_of(t), more = had == 0 ? FIRST : had;
	uint8_t **block;

	if (t->body == NULL && !make_body(t, memory))
		return (false);
	block = t->body->blocks;
	while (*block != NULL)
		block++;
	/* Of unknown content, since to clear it costs time in proportion. */
	if ((*block = memory_get(memory, size_of(kind, more))) == NULL)
		return (false);
	t->body->room = had + more;
	if (had == 0)
		empty_first_buckets(t, kind);
	return (true);
}

/* Adds a bucket, with those items of another one that now belong to it. */
static void
add_bucket(struct option_table *t, const struct option_kind *kind)
{
	struct option_body *b = t->body;
	uint32_t *from, i, next;

	if (b->nbuckets == b->size)
		b->size *= 2;
	from = &link_at(t, kind, b->nbuckets - b->size / 2)->head;
	link_at(t, kind, b->nbuckets++)->head = OPTION_NONE;
	i = *from;
	*from = OPTION_NONE;
	for (; i != OPTION_NONE; i = next) {
		next = link_at(t, kind, i)->next;
		chain_add(t, kind, i);
	}
}

/* Copies all of an item but what belongs to its place. */
static void
copy_item(const struct option_kind *kind, struct option_link *to,
    const void *from)
{
	const uint32_t self = to->self, head = to->head;

	memcpy(to, from, kind->size);
	to->self = self;
	to->head = head;
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
	copy_item(kind, gone, last);
}

/*
 * From the last item on: one that is removed is replaced by one that was looked
 * at before.
 */
bool
option_sweep(struct option_table *t, const struct option_kind *kind,
    struct memory *memory, bool begin,
    bool (*gone)(const void *item, const void *arg), const void *arg)
{
	struct option_body *b = t->body;
	size_t n;

	if (b == NULL)
		return (true);
	if (begin || b->unswept > t->n)
		b->unswept = t->n;
	for (n = 0; n < OPTION_SWEEP && b->unswept > 0; n++) {
		b->unswept--;
		if (gone(option_at(t, kind, b->unswept), arg))
			option_remove(t, kind, b->unswept, memory);
	}
	return (b->unswept == 0);
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
	if (t->n > t->body->nbuckets)
		add_bucket(t, kind);
	item = option_at(t, kind, i);
	((struct option_link *)item)->self = i;
	copy_item(kind, item, key);
	list_add(t, kind, i);
	chain_add(t, kind, i);
	return (item);
}

void
option_use(struct option_table *t, const struct option_kind *kind, void *item)
{
	const struct option_link *link = item;
	const uint32_t i = link->self;

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
	return (
	    t->body == NULL ? 0 : sizeof(*t->body) + size_of(kind, room_of(t)));
}

static void
free_body(struct option_body *body, const struct option_kind *kind,
    struct memory *memory)
{
	size_t i, n = FIRST;

	for (i = 0; i < BLOCKS && body->blocks[i] != NULL; i++) {
		memory_put(memory, body->blocks[i], size_of(kind, n));
		n = i == 0 ? n : 2 * n;
	}
	memory_put(memory, body, sizeof(*body));
}

void
option_table_free(struct option_table *t, const struct option_kind *kind,
    struct memory *memory)
{
	size_t i;

	for (i = 0; kind->release != NULL && i < t->n; i++)
		kind->release(option_at(t, kind, i), memory);
	if (t->body != NULL)
		free_body(t->body, kind, memory);
	*t = (struct option_table){ .max = t->max };
}
