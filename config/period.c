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

#include <ctype.h>
#include <string.h>

#include "config/date.h"
#include "config/period.h"
#include "filter/filter-zone.h"

#define DAY    86400                 /* seconds */
#define SECOND ((int64_t)1000000000) /* nanoseconds */

static const char forms[] =
    "expected FROM-TO, FROM- or -TO, such as 02:00-02:15, "
    "20261130T0200-0215 or -20261201; or one of 202611, 20261130, "
    "20261130T02, today, yesterday and last-15m";
static const char not_after[] = "its end is not after its beginning";
static const char skipped[] =
    "the clock was set forward, so that local time had none of it";

/* Beginning or end of a period, in seconds since 1970 of the clock. */
struct point {
	int64_t begin, end; /* of the day, hour and so on that it is */
	bool timed;         /* it has a time of day */
};

/* Seconds since 1970 of the local clock at t. */
static int64_t
clock_at(int64_t t)
{
	return (t + filter_zone_offset(t));
}

/*
 * The first or last time at which the local clock shows this.  If it never
 * does, the moment at which it is set forward.  At most one change a day is
 * assumed.
 */
static int64_t
when_clock_shows(int64_t clock, bool last)
{
	const int64_t day_before = filter_zone_offset(clock - DAY);
	const int64_t day_after = filter_zone_offset(clock + DAY);
	const int64_t early = clock - day_before, late = clock - day_after;
	const bool is_early = clock_at(early) == clock;
	const bool is_late = clock_at(late) == clock;

	if (is_early && is_late)
		return ((last ? late > early : late < early) ? late : early);
	if (is_early || is_late)
		return (is_early ? early : late);
	return (filter_zone_change(clock - DAY - day_before,
	    clock + DAY - day_after));
}

static int64_t
begin_of(int64_t clock, bool utc)
{
	return (utc ? clock : when_clock_shows(clock, false));
}

/* After the last second at which the clock shows an earlier time. */
static int64_t
end_of(int64_t clock, bool utc)
{
	int64_t before;

	if (utc)
		return (clock);
	before = when_clock_shows(clock - 1, true);
	return (clock_at(before) == clock - 1 ? before + 1 : before);
}

/* Midnight before this time of the clock. */
static int64_t
day_of(int64_t clock)
{
	const int64_t past = clock % DAY;

	return (clock - (past < 0 ? past + DAY : past));
}

/*
 * Scans HH[MM[SS]], or with colons HH:MM[:SS].  24 is the end of a day.
 */
static bool
scan_time(const char **at, bool colons, int64_t day, struct point *p)
{
	static const int spans[] = { 3600, 60, 1 };
	int hms[3] = { 0, 0, 0 }, i;

	for (i = 0; i < 3; i++) {
		if (i > 0 &&
		    (colons ? **at != ':' : !isdigit((unsigned char)**at)))
			break;
		if (i > 0 && colons)
			(*at)++;
		if (!date_digits(at, i == 0 && colons ? 1 : 2, 2,
			i == 0 ? 24 : 59, &hms[i]))
			return (false);
	}
	p->begin = day + hms[0] * 3600 + hms[1] * 60 + hms[2];
	p->end = p->begin + spans[i - 1];
	p->timed = true;
	return (p->begin <= day + DAY);
}

/* Scans a time of this day, or a date. */
static bool
scan_point(const char **at, int64_t day, bool follows_time, struct point *p)
{
	const size_t digits = strspn(*at, "0123456789");
	struct date d;

	if ((*at)[digits] == ':')
		return (scan_time(at, true, day, p));
	if (follows_time && (*at)[digits] == '\0' && digits <= 6)
		return (scan_time(at, false, day, p));
	if (!date_scan(at, true, &d))
		return (false);
	p->begin = date_seconds(&d);
	p->end = date_end(&d);
	p->timed = d.last >= DATE_HOUR;
	return (true);
}

/* Sets the period.  from or to is NULL if that side is open. */
static const char *
set_period(const int64_t *from, const int64_t *to, bool utc, struct period *p)
{
	if (from != NULL && to != NULL && *from >= *to)
		return (not_after);
	p->from = from == NULL ? INT64_MIN : begin_of(*from, utc);
	p->to = to == NULL ? INT64_MAX : end_of(*to, utc);
	return (p->from < p->to ? NULL : skipped);
}

/* Parses FROM-TO, FROM-, -TO or FROM. */
static const char *
parse_range(const char *at, int64_t today, bool utc, struct period *p)
{
	struct point from = { .begin = today, .timed = false }, to;
	const bool begins = *at != '-';

	if (begins && !scan_point(&at, today, false, &from))
		return (forms);
	if (*at == '\0')
		return (set_period(&from.begin, &from.end, utc, p));
	if (*at++ != '-' || (*at == '\0' && !begins))
		return (forms);
	if (*at == '\0')
		return (set_period(&from.begin, NULL, utc, p));
	if (!scan_point(&at, day_of(from.begin), from.timed, &to) ||
	    *at != '\0')
		return (forms);
	return (set_period(begins ? &from.begin : NULL, &to.begin, utc, p));
}

/* Parses the N and the unit of last-Nu. */
static const char *
parse_last(const char *at, time_t now, struct period *p)
{
	static const char units[] = "smhd";
	static const int seconds[] = { 1, 60, 3600, DAY };
	const char *unit;
	int n;

	if (!date_digits(&at, 1, 9, 999999999, &n) || n == 0 || *at == '\0' ||
	    (unit = strchr(units, *at)) == NULL || at[1] != '\0')
		return (forms);
	p->from = (int64_t)now - (int64_t)n * seconds[unit - units];
	p->to = INT64_MAX;
	return (NULL);
}

const char *
period_parse(const char *text, time_t now, bool utc, struct period *p)
{
	const int64_t today = day_of(utc ? (int64_t)now : clock_at(now));
	const int64_t yesterday = today - DAY, tomorrow = today + DAY;

	p->from = INT64_MIN;
	p->to = INT64_MAX;
	if (strcmp(text, "today") == 0)
		return (set_period(&today, &tomorrow, utc, p));
	if (strcmp(text, "yesterday") == 0)
		return (set_period(&yesterday, &today, utc, p));
	if (strncmp(text, "last-", 5) == 0)
		return (parse_last(text + 5, now, p));
	return (parse_range(text, today, utc, p));
}

static int64_t
to_ns(int64_t seconds)
{
	if (seconds > INT64_MAX / SECOND)
		return (INT64_MAX);
	return (seconds < INT64_MIN / SECOND ? INT64_MIN : seconds * SECOND);
}

struct period_ns
period_to_ns(const struct period *p)
{
	return ((struct period_ns){ to_ns(p->from), to_ns(p->to) });
}

static bool
was_received(const struct period_ns *p, const struct flow *flow)
{
	const int64_t time = store_flow_time(flow, STORE_TIME_RECV);

	return (time != STORE_TIME_ABSENT && time >= p->from && time < p->to);
}

bool
period_has_flow(const struct period_ns *p, enum period_by by,
    const struct flow *flow)
{
	int64_t start, end;

	if (by == PERIOD_RECEIVED)
		return (was_received(p, flow));
	start = store_flow_time(flow, STORE_TIME_START);
	end = store_flow_time(flow, STORE_TIME_END);
	if (start == STORE_TIME_ABSENT || end == STORE_TIME_ABSENT)
		return (was_received(p, flow));
	/* An exporter may have a start after the end. */
	if (start > end)
		end = start;
	return (start < p->to && end >= p->from);
}
