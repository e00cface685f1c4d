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
 * Buckets of hash tables that grow one by one.
 */
#include "compat/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/buckets.h"
#include "lib/hash.h"

#define ENTRIES 70000

struct entry {
	uint64_t hash;
	struct entry *next;
};

static void
insert(struct buckets *b, struct entry *e)
{
	void **bucket = buckets_of(b, e->hash);

	e->next = *bucket;
	*bucket = e;
}

/* Returns the number of entries that moved or stayed. */
static size_t
grow(struct buckets *b, struct memory *memory)
{
	struct entry *e, *next;
	void **from;
	size_t n = 0;

	assert_int_equal(buckets_add(b, memory), 0);
	from = buckets_split(b);
	e = *from;
	*from = NULL;
	for (; e != NULL; e = next, n++) {
		next = e->next;
		insert(b, e);
	}
	return (n);
}

static bool
has(const struct buckets *b, const struct entry *wanted)
{
	const struct entry *e = *buckets_of(b, wanted->hash);

	while (e != NULL && e != wanted)
		e = e->next;
	return (e != NULL);
}

static void
entries_stay_found_while_it_grows(void **state)
{
	static struct entry entries[ENTRIES];
	struct memory_pool pool = { .limit = SIZE_MAX };
	struct memory memory = { .pool = &pool, .rank = MEMORY_NAMED };
	struct buckets b = { .n = 0 };
	size_t i, moved, most = 0;

	(void)state;
	assert_int_equal(buckets_add(&b, &memory), 0);
	for (i = 0; i < ENTRIES; i++) {
		if (i >= b.n) {
			moved = grow(&b, &memory);
			most = moved > most ? moved : most;
		}
		entries[i].hash = hash_mix(i + 1);
		insert(&b, &entries[i]);
		assert_true(has(&b, &entries[i / 2]));
	}
	assert_int_equal(b.n, ENTRIES);
	for (i = 0; i < ENTRIES; i++)
		assert_true(has(&b, &entries[i]));
	/* The work of one insertion does not depend on the size. */
	assert_true(most < 32);
	assert_int_equal(memory.used, buckets_bytes(&b));
	assert_true(memory.used < 2 * ENTRIES * sizeof(void *));
	buckets_free(&b, &memory);
	assert_int_equal(memory.used, 0);
}

static void
without_memory_it_stays_as_it_is(void **state)
{
	struct memory_pool pool = { .limit = 64 };
	struct memory memory = { .pool = &pool, .rank = MEMORY_NAMED };
	struct buckets b = { .n = 0 };
	struct entry e = { .hash = 3 };
	size_t n;

	(void)state;
	while (buckets_add(&b, &memory) == 0)
		;
	n = b.n;
	assert_true(n > 0 && memory.used <= pool.limit);
	assert_int_equal(buckets_add(&b, &memory), -1);
	assert_int_equal(b.n, n);
	assert_int_equal(memory.used, buckets_bytes(&b));
	insert(&b, &e);
	assert_true(has(&b, &e));
	buckets_free(&b, &memory);
	assert_int_equal(memory.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_stay_found_while_it_grows),
		cmocka_unit_test(without_memory_it_stays_as_it_is),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
