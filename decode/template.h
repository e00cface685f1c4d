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
 * Data are decoded with the template that their own session announced.  Data of
 * a session that announced none are decoded with the common template of the key:
 * line cards of a router send templates and data from different ports.  A
 * definition that several sessions share is one template.  A session is given by
 * its bit, or 0 for none; session.h has the reasons.
 *
 * Anyone can forge a definition, so one datagram must not change how data are
 * decoded that a template is in use for.  These are the states of a template:
 *
 * - New: announced, and no data used it.  The first of its key is the common one.
 *   Another definition replaces it at once.
 * - In use: its data arrived.  Another definition replaces it at once if it comes
 *   from a session whose data used it, as after a change of a router's
 *   configuration.  From any other session it is for that session alone, waits,
 *   and the common template is challenged.  A session whose data use what it
 *   announced is a process of its own: its repetitions challenge nothing.
 * - Waiting: not the common template yet.  When it is announced a second time, it
 *   becomes the common one.
 * - Challenged: data of sessions without a template of their own are held until
 *   the common template or one that waits is announced.  If it is the common
 *   one, those that wait stay with the sessions that announced them.  These were
 *   forged, or come from another process behind the address.
 *
 * So it takes two datagrams to replace a template, or one from the source port
 * of its data.  A template of whose definition no session is the owner any more
 * is dropped, unless it is the common one or the latest that waits.
 *
 * At the limit a new template evicts one whose data never arrived, the least
 * recently announced, or else one whose data did not arrive for
 * TEMPLATE_UNUSED seconds.  It never evicts another one.  If it is refused, data
 * that it may be for are held: those of its session, if they used another one,
 * and those of sessions without a template of their own.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "decode/buckets.h"
#include "decode/template-key.h"
#include "decode/tmpl.h"
#include "lib/cursor.h"
#include "lib/recent.h"

#define TEMPLATE_UNUSED 1800 /* seconds; the usual interval of templates */

/* Zeroed is empty. */
struct templates {
	struct buckets buckets;
	uint32_t count;
	uint32_t superseded; /* of these, that are probably no longer used */
	/* Since the start, modulo 2^32: */
	uint32_t evicted;
	uint32_t changed;    /* definitions that replaced one in use */
	uint32_t challenged; /* that would have, but wait */
	uint32_t forgetting; /* sessions; see templates_forget_sessions */
	uint64_t clock;      /* definitions */
	uint64_t secret;     /* so that exporters cannot choose the bucket */
	struct recent_list by_use[2]; /* whose data never came; the others */
	struct recent *unswept;       /* see templates_forget_sessions */
};

/* The template of a link in by_use; NULL for NULL. */
static inline struct tmpl *
template_of(struct recent *use)
{
	return (recent_owner(use, offsetof(struct tmpl, use)));
}

enum template_result {
	TEMPLATE_SAME,    /* nothing changed */
	TEMPLATE_ADOPTED, /* known, and new for the session */
	TEMPLATE_NEW,     /* no template of the key was in use */
	TEMPLATE_CHANGED, /* replaced the common template, which was in use */
	TEMPLATE_SETTLED, /* the common template is no longer challenged */
	TEMPLATE_WAITING, /* and challenges the common template */
	TEMPLATE_BAD,     /* invalid; the previous one is still used */
	TEMPLATE_NO_ROOM, /* memory is used up */
	TEMPLATE_LIMIT,   /* all others are in use */
};

/* The session that a definition belongs to. */
struct template_session {
	uint32_t bit;
	uint16_t port;
	uint32_t now; /* epoch seconds; 0 unknown */
};

/*
 * Reads the definition with nfields field specifiers at the front of specs, the
 * first scopes of which are scope fields; options is true for an options
 * template.  Keeps at most max templates, within the budget of memory.  With
 * TEMPLATE_BAD, specs is where reading stopped, and *error is FLOWD_ESHORT, or FLOWD_EINVAL for
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

/*
 * Adds a template of the state file: members of saved describe it, and specs has
 * its field specifiers.  TEMPLATE_NEW; or TEMPLATE_BAD, TEMPLATE_NO_ROOM or
 * TEMPLATE_LIMIT if it cannot be kept.
 */
enum template_result template_restore(struct templates *t,
    struct memory *memory, size_t max, const struct tmpl *saved,
    struct cursor *specs);

/* Removes the sessions that are being forgotten. */
static inline void
template_forget(const struct templates *t, struct tmpl *tmpl)
{
	tmpl->owners &= ~t->forgetting;
	tmpl->data_from &= ~t->forgetting;
}

/* The link after this one, from the oldest on; NULL after the last. */
static inline struct recent *
template_after(const struct templates *t, const struct tmpl *tmpl)
{
	return (tmpl->use.newer == NULL && !tmpl->used ?
		t->by_use[true].oldest :
		tmpl->use.newer);
}

/* Removes the template from its list. */
static inline void
template_unlink(struct templates *t, struct tmpl *tmpl)
{
	template_forget(t, tmpl);
	if (t->unswept == &tmpl->use)
		t->unswept = template_after(t, tmpl);
	recent_remove(&t->by_use[tmpl->used], &tmpl->use);
}

/* Records that data of the session are decoded with the template, at now. */
static inline void
template_used(struct templates *t, struct tmpl *tmpl, uint32_t session,
    uint32_t now)
{
	tmpl->in_use = true;
	tmpl->data_from |= session;
	tmpl->last_data = now;
	if (!tmpl->used) {
		template_unlink(t, tmpl);
		recent_add(&t->by_use[true], &tmpl->use);
		tmpl->used = true;
	}
	if (tmpl->superseded) {
		tmpl->superseded = false;
		t->superseded--;
	}
}

/* Whether data of the session wait until it is clear which template is theirs. */
static inline bool
template_is_doubtful(const struct tmpl *tmpl, uint32_t session)
{
	return (tmpl->challenged && (tmpl->owners & session) == 0);
}

/*
 * The least recently used template, those first whose data never came, and the
 * ones that follow.  NULL after the last.
 */
const struct tmpl *templates_oldest(const struct templates *t);
const struct tmpl *templates_newer(const struct templates *t,
    const struct tmpl *tmpl);

/*
 * Removes sessions, which were evicted, from all templates.  A call looks at
 * TEMPLATE_SWEEP of them at most: begin starts with the first one, and later
 * calls continue.  Returns whether all are done.
 */
#define TEMPLATE_SWEEP 64

bool templates_forget_sessions(struct templates *t, uint32_t sessions,
    bool begin);

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

/* Drops the least recently used template.  False if there is none. */
bool template_evict(struct templates *t, struct memory *memory);

void templates_free(struct templates *t, struct memory *memory);

#endif
