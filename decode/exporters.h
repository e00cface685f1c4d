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
 * The table of exporters.
 */
#ifndef EXPORTERS_H
#define EXPORTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "decode/completeness.h"
#include "decode/exporter.h"
#include "decode/exporter-ranks.h"
#include "lib/counters.h"

/* The limits if flowd.conf has no statement for them. */
#define EXPORTERS_DEFAULT 65536
#define TEMPLATES_DEFAULT 4096                /* of each exporter */
#define MEMORY_DEFAULT    ((size_t)512 << 20) /* bytes, in all */

struct exporter_table;

struct exporter_limits {
	size_t exporters;
	size_t templates;  /* of each exporter */
	size_t memory;     /* bytes of templates, options, held data */
	size_t interfaces; /* of each exporter; 0: INTERFACES_MAX */
};

/* NULL without memory. */
struct exporter_table *exporters_new(const struct exporter_limits *limits);

/* Entries above a lower limit stay until new ones replace them. */
void exporters_set_limits(struct exporter_table *table,
    const struct exporter_limits *limits);

/* No flow of an exporter may be buffered any more. */
void exporters_free(struct exporter_table *table);

/*
 * Finds or creates the exporter at addr; now is in epoch seconds.  NULL if
 * memory is exhausted.  The pointer is valid until the next call.
 *
 * Addresses can be forged, so that exporters have ranks: newcomers, established
 * ones, and those that the configuration names.  At the limit a newcomer evicts
 * another newcomer: one that has sent a single datagram, or else one that is
 * silent for four times its usual pause, or for EXPORTER_IDLE seconds.  A named
 * exporter evicts any newcomer, or else the least recently used of the
 * established ones.  Of all exporters, at most three quarters are established:
 * the least recently used one of more becomes a newcomer.  Where all others have
 * a higher rank, a newcomer evicts an established exporter, and a named one
 * another named one, that is silent for EXPORTER_IDLE seconds.  If none can be
 * evicted, all further addresses share the stand-in.  It keeps its counters, and
 * loses everything else at the next call.
 *
 * Ranks also decide who loses memory (base/memory.h) and held data (held.h).  If
 * an exporter needs memory and its share is used up, exporters of lower rank
 * lose parts of their state, and those of its own rank that hold more memory
 * than it would or that may be evicted for it: the largest first, within a
 * factor of two, and of these the least recently used.
 */
struct exporter *exporter_get(struct exporter_table *table,
    const struct addr *addr, uint32_t now, bool named);

/* The exporter at addr, or NULL.  Does not count as a use. */
const struct exporter *exporter_find(const struct exporter_table *table,
    const struct addr *addr);

/*
 * For walks in steps: the exporter that follows the address after, or the first
 * if after is of no family.  NULL after the last.  The exporter at after may
 * have been evicted.  The order is the table's own; an exporter that stays in
 * the table during the walk is met exactly once.
 */
const struct exporter *exporters_next(const struct exporter_table *table,
    const struct addr *after);

/* The resources that exporters share, and the limit of exporters. */
const struct exporters_shared *exporters_shared(
    const struct exporter_table *table);
size_t exporters_limit(const struct exporter_table *table);

/*
 * Calls visit for each exporter: first newcomers, then established ones, then
 * the named ones.  Those of one rank that use little memory come first, each
 * from the least recently used on.
 */
void exporters_each(const struct exporter_table *table,
    void (*visit)(void *arg, const struct exporter *exporter), void *arg);

/* Removes an exporter from the table; it counts as evicted. */
void exporter_forget(struct exporter *e);

/*
 * Removes the exporters for which wanted returns true.  Returns their number.
 */
size_t exporters_forget(struct exporter_table *table,
    bool (*wanted)(const void *arg, const struct exporter *exporter),
    const void *arg);

/* Removes exporters that have been silent for this time or longer. */
void exporters_forget_silent(struct exporter_table *table, uint32_t now,
    uint32_t seconds);

size_t exporters_count(const struct exporter_table *table);

/* The sums over all exporters, evicted ones and the stand-in included. */
void exporters_sum(const struct exporter_table *table, struct counters *sum);

/* Whether the state changed since exporters_saved was called. */
bool exporters_changed(const struct exporter_table *table);
void exporters_saved(struct exporter_table *table);

/*
 * Forgets the numbers that are due in all sequences: the next ones may come
 * from a later time.
 */
void exporters_doubt_sequences(struct exporter_table *table);

/* Drops data that have waited for a template for too long. */
void exporters_expire(struct exporter_table *table, uint32_t now);

/*
 * Counts buffered flows of e as stored or lost.  e may have been evicted since
 * they were buffered.
 */
void exporter_count_outcome(struct exporter *e, uint64_t stored, uint64_t lost);

/* The number of exporters evicted since the start. */
uint64_t exporters_evicted(const struct exporter_table *table);

/* The sum over all exporters in the table. */
void exporters_period(const struct exporter_table *table, uint32_t now,
    enum exporter_span span, struct exporter_period *sum);

#endif
