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
 * Which share of an exporter's flows was received and stored, in a span of
 * time.
 */
#ifndef COMPLETENESS_H
#define COMPLETENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/exporter.h"

enum exporter_span { EXPORTER_MINUTE, EXPORTER_HOUR, EXPORTER_START };

/* The received and the missing traffic of an exporter in a span of time. */
struct exporter_period {
	uint32_t seconds;   /* that it covers, never 0 */
	uint64_t datagrams; /* received */
	uint64_t flows;     /* decoded, and not lost to output errors */
	uint64_t missing;   /* flows that were sent, but not stored */
	bool numbered; /* sequence numbers are not constant, and show gaps */
};

/*
 * Covers the latest minute (60 to 75 seconds), the latest hour (60 to 72
 * minutes), or the time since first_seen; less if the exporter is newer.
 * flows / seconds is a rate.
 *
 * Flows are missing that the sequence numbers show to be lost, or that output
 * errors lost; flows that the filter discards are not missing.  Some losses are
 * counted in datagrams: where sequence numbers count them, and data that waited
 * for a template in vain.  Each such datagram counts for the mean number of
 * flows of the datagrams that were decoded since the start.  Sequence numbers may include options data,
 * which are no flows.  Duplicates count twice.
 */
void exporter_period(const struct exporter *e, uint32_t now,
    enum exporter_span span, struct exporter_period *period);

/* Adds a period of another exporter. */
void exporter_period_add(struct exporter_period *sum,
    const struct exporter_period *period);

/*
 * The share of flows that are not missing, in parts per million, rounded down,
 * so that a million means all.  -1 if it is unknown: no flow was sent, or no
 * datagram with a sequence number.
 */
int32_t exporter_complete(const struct exporter_period *period);

/* Records the totals of an exporter in its history, at now in epoch seconds. */
void exporter_roll(struct exporter *e, uint32_t now);

#endif
