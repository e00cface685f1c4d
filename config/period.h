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
 * Periods of time on command lines.
 */
#ifndef PERIOD_H
#define PERIOD_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "store.h"

/* Half open: from is part of the period, to is not. */
struct period {
	int64_t from, to; /* seconds since the epoch; INT64_MIN, INT64_MAX */
};

/*
 * Parses a period, in UTC or local time, as flowd-reader(8) describes.  now is
 * the current time.  Returns NULL, or the error as text.
 *
 * The period in local time has all times which the clock shows from its begin
 * to before its end.  If the clock is set back, it therefore has both passes of
 * the times that come twice.  A begin or end that the clock skips is the moment
 * at which the clock was set forward.
 */
const char *period_parse(const char *text, time_t now, bool utc,
    struct period *period);

/* How a flow belongs to a period. */
enum period_by {
	PERIOD_RECEIVED, /* it was received then */
	PERIOD_ACTIVE,   /* its time, from start to end, has a part of it */
};

/* The period to which flows are compared.  Half open, too. */
struct period_ns {
	int64_t from, to; /* nanoseconds since the epoch */
};

/* Ends that nanoseconds cannot express become the first or last time. */
struct period_ns period_to_ns(const struct period *period);

/*
 * Whether the flow is in the period.  A flow without start and end is active
 * when it is received.  A flow without these times is in no period.
 */
bool period_has_flow(const struct period_ns *period, enum period_by by,
    const struct flow *flow);

#endif
