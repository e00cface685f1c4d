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
 * What an exporter's totals were at the latest round minutes, so that it can
 * be said what the last minute and the last hour had.  Nothing is done for a
 * flow, and next to nothing for a datagram.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdint.h>

/* A span is covered by points in time STEP seconds apart, and that many. */
#define HISTORY_MINUTE_STEP   15
#define HISTORY_MINUTE_POINTS 5
#define HISTORY_HOUR_STEP     720
#define HISTORY_HOUR_POINTS   6

/* Since the beginning; modulo 2^32, of which an hour has less. */
struct history_totals {
	uint32_t datagrams;
	uint32_t flows;             /* decoded, and not lost by flowd */
	uint32_t missing;           /* flows that should have been there too */
	uint32_t missing_datagrams; /* the same */
};

struct history {
	uint32_t began; /* epoch seconds */
	uint32_t at;    /* epoch seconds; what is before is in here */
	struct history_totals minute[HISTORY_MINUTE_POINTS];
	struct history_totals hour[HISTORY_HOUR_POINTS];
};

void history_begin(struct history *h, uint32_t now);

/*
 * Has to be called with the totals before they change, where now, in epoch
 * seconds, is in another HISTORY_MINUTE_STEP than h->at.  After a clock was set
 * back it begins anew.
 */
void history_roll(struct history *h, uint32_t now,
    const struct history_totals *totals);

enum history_span { HISTORY_MINUTE, HISTORY_HOUR };

/*
 * What the span up to now has of the totals at now.  Returns how many seconds
 * that is: one step more than the span at most, less while it is new.
 */
uint32_t history_of(const struct history *h, enum history_span span,
    uint32_t now, const struct history_totals *totals,
    struct history_totals *had);

#endif
