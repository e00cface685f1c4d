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
 *
 * Data are decoded with the template that their own session announced, or else
 * with the one that any session announced last: session.h has the reasons.  A
 * definition that several sessions share is one template.  A session is given
 * by its bit, or 0 for none.
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
	size_t superseded; /* of these, that are probably no longer used */
	uint64_t evicted;  /* templates, since the start */
	uint64_t clock;    /* definitions */
	uint64_t secret;   /* so that exporters cannot choose the bucket */
	struct recent_list by_use;
};

/* The template of a link in by_use; NULL for NULL. */
static inline struct tmpl *
template_of(struct recent *use)
{
	return (recent_owner(use, offsetof(struct tmpl, use)));
}

enum template_result {
	TEMPLATE_SAME,    /* unchanged, or as another session defined it */
	TEMPLATE_ADOPTED, /* the same; the session had none of its own */
	TEMPLATE_NEW,
	TEMPLATE_CHANGED, /* replaced the one of the same key */
	/* The same, while other steady sessions use others of the key. */
	TEMPLATE_NEW_RIVAL,
	TEMPLATE_CHANGED_RIVAL,
	TEMPLATE_BAD,     /* invalid; the previous one is still used */
	TEMPLATE_NO_ROOM, /* memory is used up */
};

/* The session that a definition belongs to. */
struct template_session {
	uint32_t bit;
	uint32_t steady; /* the bits of all steady sessions */
	uint16_t port;
	uint32_t now; /* epoch seconds; 0 unknown */
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
    size_t max, const struct template_key *key,
    const struct template_session *session, bool options, uint16_t scopes,
    uint16_t nfields, struct cursor *specs, int *error);

/*
 * The template for data of the session; NULL if there is none.  Counts as a
 * use.
 */
struct tmpl *template_find(struct templates *t, const struct template_key *key,
    uint32_t session);

/* Records that data were decoded with the template. */
static inline void
template_used(struct templates *t, struct tmpl *tmpl)
{
	tmpl->in_use = tmpl->used = true;
	if (tmpl->superseded) {
		tmpl->superseded = false;
		t->superseded--;
	}
}

/* Removes sessions, which were evicted, from all templates. */
void templates_forget_sessions(struct templates *t, uint32_t sessions);

/* The place of a template in a walk. */
struct template_position {
	struct template_key key;
	uint64_t born;
};

/*
 * For walks in steps: the template that follows the position after, or the
 * first if the id of its key is 0.  NULL after the last.  The template of after
 * may have been dropped.  The order is the table's own.  Does not count as a
 * use.
 */
const struct tmpl *templates_next(const struct templates *t,
    const struct template_position *after);

void templates_free(struct templates *t, struct memory *memory);

#endif
