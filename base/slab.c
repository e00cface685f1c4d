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

#include <sys/mman.h>

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/slab.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_MALLOC 1
#endif
#endif

#if defined(SLAB_MALLOC)

void *
slabs_get(struct slabs *s, size_t size)
{
	(void)s;
	return (malloc(size));
}

size_t
slabs_growth(const struct slabs *s, size_t size)
{
	(void)s;
	(void)size;
	return (0);
}

struct slabs *
slabs_of(void *p, size_t size)
{
	(void)p;
	(void)size;
	return (NULL);
}

void
slabs_put(void *p, size_t size)
{
	(void)size;
	free(p);
}

void
slabs_free(struct slabs *s)
{
	(void)s;
}

#else

/*
 * A unit begins with struct slab and is aligned to its size, so that the address
 * of an object gives its slab.
 */
#define UNIT        ((size_t)65536)
#define HEAD        ((size_t)64)
#define ROOM        (UNIT - HEAD)
#define ALIGN       ((size_t)16)
#define SLOT_MAX    (ROOM / 4 / ALIGN * ALIGN)

/*
 * Classes of slots: multiples of ALIGN, then of MEDIUM_STEP, then those of which
 * a unit has one slot less each.
 */
#define FINE_MAX    ((size_t)256)
#define MEDIUM_STEP ((size_t)32)
#define MEDIUM_MAX  ((size_t)1024)
#define MEDIUM      (FINE_MAX / ALIGN)
#define COARSE      (MEDIUM + (MEDIUM_MAX - FINE_MAX) / MEDIUM_STEP)
#define COARSE_MOST (ROOM / (MEDIUM_MAX + 1))

_Static_assert(COARSE + COARSE_MOST - 4 < SLAB_CLASSES, "too many classes");

struct slab {
	struct recent link; /* in partial of its class, if it has room */
	struct slabs *owner;
	void *free;     /* slots that were freed; each has the next */
	uint32_t slot;  /* bytes */
	uint32_t slots; /* that fit */
	uint32_t begun; /* slots that were used once */
	uint32_t used;
	uint32_t class;
};
_Static_assert(sizeof(struct slab) <= HEAD, "the head of a unit is too small");

/* A larger object follows its head. */
struct large {
	struct slabs *owner;
};
_Static_assert(sizeof(struct large) <= ALIGN, "a large head is too large");

static size_t
round_up(size_t size, size_t step)
{
	return ((size + step - 1) / step * step);
}

/* Sets *slot to the bytes of a slot for size, which is up to SLOT_MAX. */
static size_t
class_of(size_t size, size_t *slot)
{
	const size_t rounded = round_up(size, ALIGN);
	size_t n;

	if (rounded <= FINE_MAX) {
		*slot = rounded;
		return (rounded / ALIGN - 1);
	}
	if (rounded <= MEDIUM_MAX) {
		*slot = round_up(size, MEDIUM_STEP);
		return (MEDIUM + (*slot - FINE_MAX) / MEDIUM_STEP - 1);
	}
	n = ROOM / rounded;
	*slot = ROOM / n / ALIGN * ALIGN;
	return (COARSE + COARSE_MOST - n);
}

static void *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return (p == MAP_FAILED ? NULL : p);
}

/* Maps a unit that is aligned to its size. */
static void *
map_unit(void)
{
	uint8_t *p = map(UNIT);
	size_t before;

	if (p == NULL || (uintptr_t)p % UNIT == 0)
		return (p);
	(void)munmap(p, UNIT);
	if ((p = map(2 * UNIT)) == NULL)
		return (NULL);
	before = (UNIT - (uintptr_t)p % UNIT) % UNIT;
	if (before != 0)
		(void)munmap(p, before);
	(void)munmap(p + before + UNIT, UNIT - before);
	return (p + before);
}

static size_t
large_size(size_t size)
{
	return (round_up(size + ALIGN, (size_t)sysconf(_SC_PAGESIZE)));
}

static void *
get_large(struct slabs *s, size_t size)
{
	const size_t bytes = large_size(size);
	struct large *large = map(bytes);

	if (large == NULL)
		return (NULL);
	large->owner = s;
	s->taken += bytes;
	return ((uint8_t *)large + ALIGN);
}

static struct slab *
slab_of_link(struct recent *link)
{
	return (recent_owner(link, offsetof(struct slab, link)));
}

static struct slab *
new_slab(struct slabs *s, size_t class, size_t slot)
{
	struct slab *slab = map_unit();

	if (slab == NULL)
		return (NULL);
	*slab = (struct slab){
		.owner = s,
		.slot = (uint32_t)slot,
		.slots = (uint32_t)(ROOM / slot),
		.class = (uint32_t) class,
	};
	s->taken += UNIT;
	recent_add(&s->partial[class], &slab->link);
	return (slab);
}

static void *
take_slot(struct slab *slab)
{
	void *p = slab->free;

	if (p != NULL)
		slab->free = *(void **)p;
	else
		p = (uint8_t *)slab + HEAD + slab->begun++ * slab->slot;
	if (++slab->used == slab->slots)
		recent_remove(&slab->owner->partial[slab->class], &slab->link);
	return (p);
}

void *
slabs_get(struct slabs *s, size_t size)
{
	struct slab *slab;
	size_t class, slot;

	if (size > SLOT_MAX)
		return (get_large(s, size));
	class = class_of(size, &slot);
	slab = slab_of_link(s->partial[class].oldest);
	if (slab == NULL && (slab = new_slab(s, class, slot)) == NULL)
		return (NULL);
	return (take_slot(slab));
}

size_t
slabs_growth(const struct slabs *s, size_t size)
{
	size_t slot;

	if (size > SLOT_MAX)
		return (large_size(size));
	return (s->partial[class_of(size, &slot)].oldest == NULL ? UNIT : 0);
}

static struct slab *
slab_of(void *p)
{
	return ((struct slab *)((uint8_t *)p - (uintptr_t)p % UNIT));
}

static struct large *
large_of(void *p)
{
	return ((struct large *)((uint8_t *)p - ALIGN));
}

struct slabs *
slabs_of(void *p, size_t size)
{
	return (size > SLOT_MAX ? large_of(p)->owner : slab_of(p)->owner);
}

static void
unmap_slab(struct slab *slab)
{
	struct slabs *s = slab->owner;

	recent_remove(&s->partial[slab->class], &slab->link);
	s->taken -= UNIT;
	(void)munmap(slab, UNIT);
}

/* One unit of each class stays without objects, so that the next has room. */
static void
put_slot(struct slab *slab, void *p)
{
	struct recent_list *partial = &slab->owner->partial[slab->class];

	*(void **)p = slab->free;
	slab->free = p;
	if (slab->used-- == slab->slots)
		recent_add(partial, &slab->link);
	if (slab->used == 0 && partial->newest != partial->oldest)
		unmap_slab(slab);
}

void
slabs_put(void *p, size_t size)
{
	struct large *large;

	if (p == NULL)
		return;
	if (size <= SLOT_MAX) {
		put_slot(slab_of(p), p);
		return;
	}
	large = large_of(p);
	large->owner->taken -= large_size(size);
	(void)munmap(large, large_size(size));
}

void
slabs_free(struct slabs *s)
{
	struct recent *link, *next;
	size_t class;

	for (class = 0; class < SLAB_CLASSES; class ++) {
		for (link = s->partial[class].oldest; link != NULL;
		     link = next) {
			next = link->newer;
			if (slab_of_link(link)->used == 0)
				unmap_slab(slab_of_link(link));
		}
	}
}

#endif
