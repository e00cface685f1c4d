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
 * Which share of an exporter's flows was received and stored, in a span of time.
 */
#ifndef COMPLETENESS_H
#define COMPLETENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "exporter.h"

enum exporter_span { EXPORTER_MINUTE, EXPORTER_HOUR, EXPORTER_START };

/* What an exporter has sent in a span of time, and what was missing of it. */
struct exporter_period {
	uint32_t seconds;   /* that it covers, never 0 */
	uint64_t datagrams; /* received */
	uint64_t flows;     /* decoded, and not lost to output errors */
	uint64_t missing;   /* flows that there should have been too */
	bool numbered;      /* by the exporter, so that gaps are seen */
};

/*
 * The latest minute (60 to 75 seconds), hour (60 to 72 minutes), or everything
 * since first_seen, up to now; less where the exporter is not known for so
 * long.  flows / seconds is a rate.
 *
 * Flows are missing by the sequence numbers, and by output errors.  Flows that
 * a filter discards are not: that is what it is for.  Where datagrams are
 * missing instead, as v9 numbers those and as data wait in vain for templates,
 * each is taken for as many flows as the others of the period had; so where all
 * is v9, the share of flows is a share of datagrams.  Numbers of v9 and IPFIX
 * count options data, which are no flows.  What comes twice counts twice.
 */
void exporter_period(const struct exporter *e, uint32_t now,
    enum exporter_span span, struct exporter_period *period);

/* Adds a period of another exporter. */
void exporter_period_add(struct exporter_period *sum,
    const struct exporter_period *period);

/*
 * The share of flows that are there, in parts per million, rounded down so that
 * a million is all of them.  -1 where nobody knows: nothing was sent, or only
 * v1, which has no numbers.
 */
int32_t exporter_complete(const struct exporter_period *period);

/* Records the totals of an exporter in its history, at now in epoch seconds. */
void exporter_roll(struct exporter *e, uint32_t now);

#endif
