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
 * Memory for many small objects.  Objects of a size class are in units of their
 * own, so that the memory that freed ones leave unused is known at any time, and
 * a unit without objects goes back to the system.  Larger objects have a mapping
 * of their own.
 *
 * With AddressSanitizer, objects come from malloc, so that it sees each of them.
 */
#ifndef SLAB_H
#define SLAB_H

#include <stddef.h>

#include "lib/recent.h"

#define SLAB_CLASSES 100

/* Zeroed is empty. */
struct slabs {
	struct recent_list partial[SLAB_CLASSES]; /* units with room */
	size_t taken; /* bytes of units and mappings */
	size_t live;  /* bytes of objects that the owner of slabs counts */
};

/* Allocates size bytes, which is not 0, of unknown content; NULL without. */
void *slabs_get(struct slabs *slabs, size_t size)
    __attribute__((malloc, warn_unused_result));

/* By how many bytes slabs_get would increase taken. */
size_t slabs_growth(const struct slabs *slabs, size_t size);

/* The slabs of an object of size bytes; NULL if it is from malloc. */
struct slabs *slabs_of(void *p, size_t size);

void slabs_put(void *p, size_t size);

/* Frees units that are kept though they have no object. */
void slabs_free(struct slabs *slabs);

#endif
