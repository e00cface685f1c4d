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

#include <stddef.h>

#include "decode/history.h"

/* The points of one span.  The index of time t is t / step modulo n. */
struct ring {
	uint32_t step;
	size_t n;
};

static const struct ring rings[] = {
	[HISTORY_MINUTE] = { HISTORY_MINUTE_STEP, HISTORY_MINUTE_POINTS },
	[HISTORY_HOUR] = { HISTORY_HOUR_STEP, HISTORY_HOUR_POINTS },
};

static struct history_point
point_of(const struct history_totals *t)
{
	return ((struct history_point){
	    .datagrams = t->datagrams,
	    .flows = t->flows,
	    .missing = { (uint32_t)t->missing, (uint32_t)t->missing_datagrams },
	    .high = { (uint16_t)(t->missing >> 32),
		(uint16_t)(t->missing_datagrams >> 32) },
	});
}

/* The growth of a total since the point that has 48 bits of it. */
static uint64_t
growth(uint64_t now, uint32_t low, uint16_t high)
{
	const uint64_t then = (uint64_t)high << 32 | low;

	return ((uint64_t)((int64_t)((now - then) << 16) / 65536));
}

static void
fill(struct history_point *points, size_t n,
    const struct history_totals *totals)
{
	size_t i;

	for (i = 0; i < n; i++)
		points[i] = point_of(totals);
}

static void
begin(struct history *h, uint32_t now, const struct history_totals *totals)
{
	h->began = h->at = now;
	fill(h->minute, HISTORY_MINUTE_POINTS, totals);
	fill(h->hour, HISTORY_HOUR_POINTS, totals);
}

void
history_begin(struct history *h, uint32_t now)
{
	const struct history_totals none = { 0 };

	begin(h, now, &none);
}

/* Sets all points between h->at and now to the totals. */
static void
roll(const struct history *h, const struct ring *r,
    struct history_point *points, uint32_t now,
    const struct history_totals *totals)
{
	const uint32_t last = now / r->step;
	uint32_t k = h->at / r->step;

	if (last - k > r->n)
		k = last - (uint32_t)r->n;
	while (k < last)
		points[++k % r->n] = point_of(totals);
}

void
history_roll(struct history *h, uint32_t now,
    const struct history_totals *totals)
{
	if (now < h->at) {
		begin(h, now, totals);
		return;
	}
	roll(h, &rings[HISTORY_MINUTE], h->minute, now, totals);
	roll(h, &rings[HISTORY_HOUR], h->hour, now, totals);
	h->at = now;
}

uint32_t
history_of(const struct history *h, enum history_span span, uint32_t now,
    const struct history_totals *totals, struct history_totals *had)
{
	const struct ring *r = &rings[span];
	const struct history_point *points =
	    span == HISTORY_MINUTE ? h->minute : h->hour;
	const uint32_t first = now / r->step - (uint32_t)(r->n - 1);
	const struct history_point then =
	    first > h->at / r->step ? point_of(totals) : points[first % r->n];
	const uint32_t since = first * r->step;

	*had = (struct history_totals){
		.datagrams = totals->datagrams - then.datagrams,
		.flows = totals->flows - then.flows,
		.missing =
		    growth(totals->missing, then.missing[0], then.high[0]),
		.missing_datagrams = growth(totals->missing_datagrams,
		    then.missing[1], then.high[1]),
	};
	if (now < h->began)
		return (0);
	return (now - (since < h->began ? h->began : since));
}
