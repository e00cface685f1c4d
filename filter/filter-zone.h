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
 * Local time in a process that cannot read the files of the time zones.  The
 * collector has an empty root directory; after a change of the machine's zone
 * it gets the offsets from UTC with its configuration.
 */
#ifndef FILTER_ZONE_H
#define FILTER_ZONE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define FILTER_OFFSETS_MAX 512

struct filter_offset {
	int64_t from;    /* seconds of the epoch */
	int64_t seconds; /* local time minus UTC, from that time on */
};

/* Local time minus UTC at t, in seconds, in the zone of tzset. */
int64_t filter_zone_offset(int64_t t);

/*
 * The first second after low and up to high with another offset than low.  The
 * offset changes once between them.
 */
int64_t filter_zone_change(int64_t low, int64_t high);

/*
 * Fills in the offsets of the zone of tzset, from 1970 to 20 years after now,
 * in order.  Returns their number, at least 1.
 */
size_t filter_zone_list(time_t now,
    struct filter_offset offsets[FILTER_OFFSETS_MAX]);

/*
 * Makes filter_zone_time use a copy of these offsets, FILTER_OFFSETS_MAX at
 * most.  0: it uses the zone of tzset, as at first.
 */
void filter_zone_set(const struct filter_offset *offsets, size_t n);

/* As localtime_r.  The last offset holds without end. */
struct tm *filter_zone_time(time_t t, struct tm *tm);

#endif
