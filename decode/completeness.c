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

#include "decode/completeness.h"
#include "decode/history.h"
#include "decode/protocol.h"

#define MILLION 1000000

static struct history_totals
totals_of(const struct exporter *e)
{
	const struct counters *n = &e->counters;

	return ((struct history_totals){
	    .datagrams = (uint32_t)n->datagrams,
	    .flows = (uint32_t)(n->flows - n->lost),
	    .missing = n->sequence_lost + n->lost,
	    .missing_datagrams = n->sequence_lost_datagrams + n->no_template,
	});
}

void
exporter_roll(struct exporter *e, uint32_t now)
{
	const struct history_totals totals = totals_of(e);

	if (e->history == NULL) {
		e->history = memory_get_fixed(&e->memory, sizeof(*e->history));
		if (e->history == NULL)
			return;
		history_begin(e->history, e->first_seen);
	}
	history_roll(e->history, now, &totals);
}

/* Sets *had to the growth of the totals, and returns the seconds of it. */
static uint32_t
history_since(const struct exporter *e, enum history_span span, uint32_t now,
    const struct history_totals *totals, struct history_totals *had)
{
	struct history none;

	if (e->history != NULL)
		return (history_of(e->history, span, now, totals, had));
	history_begin(&none, e->first_seen);
	return (history_of(&none, span, now, totals, had));
}

/* n is negative if more flows arrived late in the span than were missing. */
static uint64_t
at_least_none(uint64_t n)
{
	return (n > INT64_MAX ? 0 : n);
}

/* Whether it has sent datagrams that have sequence numbers. */
static bool
is_numbered(const struct exporter *e)
{
	int i;

	for (i = 0; i < PROTOCOLS; i++) {
		if (protocols[i].unit != SEQUENCE_NONE && e->versions[i] != 0 &&
		    !sequences_are_constant(&e->sequences, protocols[i].number))
			return (true);
	}
	return (false);
}

static uint64_t
flows_of_datagrams(const struct counters *n, uint64_t datagrams)
{
	if (n->decoded == 0 || n->flows < n->decoded)
		return (datagrams);
	return (datagrams / n->decoded * n->flows +
	    datagrams % n->decoded * n->flows / n->decoded);
}

void
exporter_period(const struct exporter *e, uint32_t now, enum exporter_span span,
    struct exporter_period *p)
{
	const struct counters *n = &e->counters;
	const struct history_totals totals = totals_of(e);
	struct history_totals had;
	uint64_t missing_datagrams;

	*p = (struct exporter_period){ .numbered = is_numbered(e) };
	if (span == EXPORTER_START) {
		p->seconds = now < e->first_seen ? 0 : now - e->first_seen;
		p->datagrams = n->datagrams;
		p->flows = n->flows - n->lost;
		p->missing = n->sequence_lost + n->lost;
		missing_datagrams = n->sequence_lost_datagrams + n->no_template;
	} else {
		p->seconds = history_since(e,
		    span == EXPORTER_HOUR ? HISTORY_HOUR : HISTORY_MINUTE, now,
		    &totals, &had);
		p->datagrams = had.datagrams;
		p->flows = had.flows;
		p->missing = at_least_none(had.missing);
		missing_datagrams = at_least_none(had.missing_datagrams);
	}
	if (p->seconds == 0)
		p->seconds = 1;
	p->missing += flows_of_datagrams(n, missing_datagrams);
}

void
exporter_period_add(struct exporter_period *sum,
    const struct exporter_period *p)
{
	if (p->seconds > sum->seconds)
		sum->seconds = p->seconds;
	sum->datagrams += p->datagrams;
	sum->flows += p->flows;
	sum->missing += p->missing;
	sum->numbered = sum->numbered || p->numbered;
}

int32_t
exporter_complete(const struct exporter_period *p)
{
	const uint64_t all = p->flows + p->missing;
	const double share = (double)p->flows / (double)(all == 0 ? 1 : all);

	if (!p->numbered || all == 0)
		return (-1);
	return (p->missing == 0 ? MILLION : (int32_t)(share * MILLION));
}
