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
#include "completeness.h"
#include "counters.h"
#include "exporter.h"

/* The limits where flowd.conf has no statement. */
#define EXPORTERS_DEFAULT 65536
#define TEMPLATES_DEFAULT 4096                /* of each exporter */
#define MEMORY_DEFAULT    ((size_t)512 << 20) /* bytes, in all */

#define EXPORTER_IDLE 600 /* seconds after which one may go */

struct exporter_table;

struct exporter_limits {
	size_t exporters;
	size_t templates; /* of each exporter */
	size_t memory;    /* bytes of templates, options, held data */
};

/* NULL without memory. */
struct exporter_table *exporters_new(const struct exporter_limits *limits);

/* What is over a lower limit goes only as something new takes its place. */
void exporters_set_limits(struct exporter_table *table,
    const struct exporter_limits *limits);

/* No flow of theirs may be buffered any more. */
void exporters_free(struct exporter_table *table);

/*
 * The exporter at addr, made where it is new; now is in epoch seconds.  NULL
 * without memory.  The pointer is good until the next call.
 *
 * Addresses can be made up, so at the limit a new one pushes out nobody who is
 * in use: the one unused for longest goes if that is EXPORTER_IDLE seconds ago,
 * and named ones stay but for other named ones.  Where none goes, the
 * result is a stand-in that remembers nothing until the next call but the
 * counters, which are those of all such addresses.
 */
struct exporter *exporter_get(struct exporter_table *table,
    const struct addr *addr, uint32_t now, bool named);

/*
 * Frees memory for e by forgetting another, of those that exporter_get would
 * let go for it.  False where there is none.
 */
bool exporter_make_room(const struct exporter *e, uint32_t now);

/* The exporter at addr, without making or using it; or NULL. */
const struct exporter *exporter_find(const struct exporter_table *table,
    const struct addr *addr);

/*
 * For walks in steps: the exporter that follows that at after, which may have
 * gone, or the first where after is of no family.  NULL behind the last.  The
 * order is the table's own.  Who is there all the time is met exactly once.
 */
const struct exporter *exporters_next(const struct exporter_table *table,
    const struct addr *after);

/* What they draw on, and how many there may be. */
const struct exporters_shared *exporters_shared(
    const struct exporter_table *table);
size_t exporters_limit(const struct exporter_table *table);

/*
 * Calls visit for each, the one unused for longest first, named ones last.
 */
void exporters_each(const struct exporter_table *table,
    void (*visit)(void *arg, const struct exporter *exporter), void *arg);

/* Of those that the table holds; it counts as evicted. */
void exporter_forget(struct exporter *e);
size_t exporters_count(const struct exporter_table *table);

/* The sums of all, exporters that were forgotten or never kept included. */
void exporters_sum(const struct exporter_table *table, struct counters *sum);

/* Whether there is something new for the state file; and then there is not. */
bool exporters_changed(const struct exporter_table *table);
void exporters_saved(struct exporter_table *table);

/* Gives up data that have waited for a template for too long. */
void exporters_expire(struct exporter_table *table, uint32_t now);

/*
 * What became of flows of e that were counted as buffered.  e may be one that
 * the table has forgotten meanwhile.
 */
void exporter_settle(struct exporter *e, uint64_t stored, uint64_t lost);

/* Exporters that went for others at the limit. */
uint64_t exporters_evicted(const struct exporter_table *table);

/* The sum over all exporters in the table. */
void exporters_period(const struct exporter_table *table, uint32_t now,
    enum exporter_span span, struct exporter_period *sum);

#endif
