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

#include "compat/compat.h"

#include <string.h>

#include "filter/filter-zone.h"

#define DAY   86400                     /* seconds */
#define STEP  (7 * DAY)                 /* no zone changes twice in a step */
#define AHEAD (INT64_C(20) * 366 * DAY) /* after now */

static struct filter_offset known[FILTER_OFFSETS_MAX];
static size_t nknown;

/* Days from 1970-01-01 to a date. */
static int64_t
days_to(const struct tm *tm)
{
	const int64_t years = tm->tm_year + 1899; /* complete years */

	return (years * 365 + years / 4 - years / 100 + years / 400 - 719162 +
	    tm->tm_yday);
}

int64_t
filter_zone_offset(int64_t at)
{
	const time_t t = (time_t)at;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return (0);
	return (days_to(&tm) * DAY + tm.tm_hour * INT64_C(3600) +
	    tm.tm_min * INT64_C(60) + tm.tm_sec - at);
}

int64_t
filter_zone_change(int64_t low, int64_t high)
{
	const int64_t before = filter_zone_offset(low);
	int64_t middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (filter_zone_offset(middle) == before)
			low = middle;
		else
			high = middle;
	}
	return (high);
}

size_t
filter_zone_list(time_t now, struct filter_offset offsets[FILTER_OFFSETS_MAX])
{
	const int64_t end = (int64_t)now + AHEAD;
	int64_t t, seconds;
	size_t n = 1;

	offsets[0] = (struct filter_offset){ 0, filter_zone_offset(0) };
	for (t = 0; t < end && n < FILTER_OFFSETS_MAX; t += STEP) {
		seconds = filter_zone_offset(t + STEP);
		if (seconds != offsets[n - 1].seconds)
			offsets[n++] = (struct filter_offset){
				filter_zone_change(t, t + STEP), seconds
			};
	}
	return (n);
}

void
filter_zone_set(const struct filter_offset *offsets, size_t n)
{
	nknown = n < FILTER_OFFSETS_MAX ? n : FILTER_OFFSETS_MAX;
	if (nknown > 0)
		memcpy(known, offsets, nknown * sizeof(*offsets));
}

struct tm *
filter_zone_time(time_t t, struct tm *tm)
{
	size_t i = nknown;
	time_t local;

	if (nknown == 0)
		return (localtime_r(&t, tm));
	while (i > 1 && known[i - 1].from > (int64_t)t)
		i--;
	local = (time_t)((int64_t)t + known[i - 1].seconds);
	return (gmtime_r(&local, tm));
}
