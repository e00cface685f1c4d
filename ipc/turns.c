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

#include <poll.h>
#include <stdatomic.h>

#include "ipc/turns.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

struct turns {
	_Atomic uint32_t of[TURNS_MAX];
};

struct turns *
turns_new(void)
{
	struct turns *all;

	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return (NULL);
	return (all);
}

void
turns_free(struct turns *t)
{
	if (t != NULL)
		(void)munmap(t, sizeof(*t));
}

bool
turn_take(const struct turn *t)
{
	uint32_t had = TURN_NOBODY;

	return (atomic_compare_exchange_strong(&t->all->of[t->which], &had,
		    t->who) ||
	    had == t->who);
}

bool
turn_wait(const struct turn *t, int ms)
{
	for (; !turn_take(t); ms--) {
		if (ms <= 0)
			return (false);
		(void)poll(NULL, 0, 1);
	}
	return (true);
}

bool
turn_is_mine(const struct turn *t)
{
	return (atomic_load(&t->all->of[t->which]) == t->who);
}

void
turn_end(const struct turn *t)
{
	uint32_t mine = t->who;

	(void)atomic_compare_exchange_strong(&t->all->of[t->which], &mine,
	    TURN_NOBODY);
}

void
turns_end_of(struct turns *all, uint32_t who)
{
	struct turn t = { .all = all, .who = who };

	for (t.which = 0; t.which < TURNS_MAX; t.which++)
		turn_end(&t);
}
