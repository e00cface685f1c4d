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
 * The templates of one exporter.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "decode/template-key.h"
#include "decode/tmpl.h"
#include "lib/cursor.h"
#include "lib/recent.h"

/* Zeroed is empty. */
struct templates {
	struct tmpl **buckets;
	size_t nbuckets; /* a power of two, or 0 */
	size_t count;
	uint64_t evicted; /* templates, since the start */
	uint64_t secret;  /* so that exporters cannot choose the bucket */
	struct recent_list by_use;
};

/* The template of a link in by_use; NULL for NULL. */
static inline struct tmpl *
template_of(struct recent *use)
{
	return (recent_owner(use, offsetof(struct tmpl, use)));
}

enum template_result {
	TEMPLATE_SAME, /* unchanged */
	TEMPLATE_NEW,
	TEMPLATE_CHANGED, /* replaced one of the same key */
	TEMPLATE_BAD,     /* invalid; the template of its key was dropped */
	TEMPLATE_NO_ROOM, /* memory is used up */
};

/*
 * Reads the definition with nfields field specifiers at the front of specs, the
 * first scopes of which are scope fields; options is true for an options
 * template.  Keeps at most max templates, within the budget of memory, and
 * drops the least recently used ones for the new one.  With TEMPLATE_BAD, specs
 * is where reading stopped, and *error is FLOWD_ESHORT, or FLOWD_EINVAL for
 * records that would have no length, or more than a datagram has.
 */
enum template_result template_define(struct templates *t, struct memory *memory,
    size_t max, const struct template_key *key, bool options, uint16_t scopes,
    uint16_t nfields, struct cursor *specs, int *error);

/* NULL if there is none.  Counts as a use. */
struct tmpl *template_find(struct templates *t, const struct template_key *key);

/*
 * For walks in steps: the template that follows the key after, or the first
 * if its id is 0.  NULL after the last.  The template of after may have been
 * dropped.  The order is the table's own.  Does not count as a use.
 */
const struct tmpl *templates_next(const struct templates *t,
    const struct template_key *after);

void templates_free(struct templates *t, struct memory *memory);

#endif
