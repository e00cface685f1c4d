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
 * Past values of an exporter's totals, from which the traffic of the last
 * minute and of the last hour is computed.  It costs nothing per flow, and a
 * comparison per datagram.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdint.h>

/* For a span, the totals of POINTS points in time are kept, STEP s apart. */
#define HISTORY_MINUTE_STEP   15
#define HISTORY_MINUTE_POINTS 5
#define HISTORY_HOUR_STEP     720
#define HISTORY_HOUR_POINTS   6

/* Totals since the start. */
struct history_totals {
	uint32_t datagrams, flows; /* modulo 2^32, as an hour has fewer */
	/* Flows, and datagrams of them, that were sent, but not stored. */
	uint64_t missing, missing_datagrams;
};

/* The same in less memory: there is one for each point and exporter. */
struct history_point {
	uint32_t datagrams, flows;
	uint32_t missing[2]; /* their low 32 bits, in the order above */
	uint16_t high[2];    /* the next 16 bits */
};

struct history {
	uint32_t began; /* epoch seconds */
	uint32_t at;    /* epoch seconds of the latest recorded totals */
	struct history_point minute[HISTORY_MINUTE_POINTS];
	struct history_point hour[HISTORY_HOUR_POINTS];
};

/* Starts with totals of 0; now is in epoch seconds. */
void history_begin(struct history *h, uint32_t now);

/*
 * Records the totals at now, in epoch seconds.  The caller calls it before the
 * totals change, whenever now is in another HISTORY_MINUTE_STEP than h->at.  If
 * the clock was set back, the history starts again.
 */
void history_roll(struct history *h, uint32_t now,
    const struct history_totals *totals);

enum history_span { HISTORY_MINUTE, HISTORY_HOUR };

/*
 * Sets *had to the growth of the totals in the span that ends at now; what is
 * missing may be negative, modulo 2^64.  Returns
 * the seconds that it covers: at most one step more than the span, and less
 * while the history is younger than the span.
 */
uint32_t history_of(const struct history *h, enum history_span span,
    uint32_t now, const struct history_totals *totals,
    struct history_totals *had);

#endif
