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
 * Objects of slabs keep their content, and the memory that a pool takes stays
 * within its limit, also where freed objects leave holes.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "sandbox/sandbox.h"
#include "random.h"

#define OBJECTS 20000

struct object {
	uint8_t *p;
	size_t size;
};

static struct object objects[OBJECTS];

/* Most are small, as templates are. */
static size_t
random_size(void)
{
	const uint32_t up_to = 1U << (4 + random_number(15));

	return (1 + random_number(up_to));
}

static size_t
taken(const struct memory_pool *pool)
{
	size_t sum = 0;
	int rank;

	for (rank = 0; rank < MEMORY_RANKS; rank++)
		sum += pool->slabs[rank].taken;
	return (sum);
}

static void
fill(const struct object *o, uint8_t number)
{
	if (o->p != NULL)
		memset(o->p, number, o->size);
}

static void
check(const struct object *o, uint8_t number)
{
	size_t i;

	for (i = 0; i < o->size; i++)
		assert_int_equal(o->p[i], number);
}

static void
put(struct memory *m, struct object *o)
{
	memory_put(m, o->p, o->size);
	*o = (struct object){ .p = NULL };
}

static void
get(struct memory *m, struct object *o, size_t size)
{
	if ((o->p = memory_get(m, size)) != NULL)
		o->size = size;
}

static void
objects_keep_their_content(void **state)
{
	struct memory_pool pool = { .limit = (size_t)64 << 20 };
	struct memory m = { .pool = &pool, .rank = MEMORY_NAMED };
	size_t i, n, used = 0;

	(void)state;
	for (n = 0; n < 200000; n++) {
		i = random_number(OBJECTS);
		check(&objects[i], (uint8_t)i);
		used -= objects[i].size;
		put(&m, &objects[i]);
		if (random_number(3) != 0)
			get(&m, &objects[i], random_size());
		fill(&objects[i], (uint8_t)i);
		used += objects[i].size;
		assert_int_equal(pool.used, used);
		assert_true((uintptr_t)objects[i].p % 16 == 0);
	}
	for (i = 0; i < OBJECTS; i++)
		put(&m, &objects[i]);
	assert_int_equal(pool.used, 0);
	memory_pool_free(&pool);
	assert_int_equal(taken(&pool), 0);
}

static void
sizes_can_change(void **state)
{
	struct memory_pool pool = { .limit = (size_t)64 << 20 };
	struct memory m = { .pool = &pool, .rank = MEMORY_NAMED };
	struct object o = { .p = NULL };
	size_t size;
	void *p;

	(void)state;
	for (size = 1; size < 300000; size += 1 + size / 3) {
		p = memory_resize(&m, o.p, o.size, size);
		assert_non_null(p);
		o.p = p;
		check(&o, 7);
		o.size = size;
		fill(&o, 7);
	}
	assert_null(memory_resize(&m, o.p, o.size, (size_t)65 << 20));
	check(&o, 7);
	put(&m, &o);
	assert_int_equal(pool.used, 0);
	memory_pool_free(&pool);
}

/*
 * For each size, fills the memory with objects of it, and frees all but one in
 * 16.  These are spread over all units.
 */
static void
holes_are_part_of_the_limit(void **state)
{
	const size_t limit = (size_t)4 << 20;
	struct memory_pool pool = { .limit = limit };
	struct memory m = { .pool = &pool, .rank = MEMORY_NEWCOMER };
	struct memory named = { .pool = &pool, .rank = MEMORY_NAMED };
	struct object o;
	size_t i, size, kept = 0, n;

	(void)state;
	for (size = 48; size < 40000; size += size / 4) {
		for (n = kept; n < OBJECTS; n++) {
			get(&m, &objects[n], size);
			if (objects[n].p == NULL)
				break;
			fill(&objects[n], 1);
			assert_true(taken(&pool) <= limit / 2 +
				MEMORY_SLACK(MEMORY_NEWCOMER, limit / 2));
		}
		for (i = kept; i < n; i++) {
			if (i % 16 != 0)
				put(&m, &objects[i]);
			else {
				o = objects[i];
				objects[i] = objects[kept];
				objects[kept++] = o;
			}
		}
	}
	/* The others have their parts. */
	for (i = 0; i < 1000; i++)
		assert_non_null(memory_get(&named, 1000));
	assert_true(pool.used <= limit);
	for (i = 0; i < OBJECTS; i++)
		put(&m, &objects[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_keep_their_content),
		cmocka_unit_test(sizes_can_change),
#if !SANDBOX_SANITIZED
		cmocka_unit_test(holes_are_part_of_the_limit),
#endif
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
