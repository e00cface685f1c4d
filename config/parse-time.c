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
 * Parses days, times of day and dates.
 */
#include "compat/compat.h"

#include <string.h>
#include <time.h>

#include "config/date.h"
#include "config/parse-error.h"
#include "config/parse-time.h"

/* The number of the day with this name of len bytes, 0 is Sunday, or -1. */
static int
day_number(const char *name, size_t len)
{
	int day;

	for (day = 0; day < 7; day++) {
		if (len == strlen(filter_day_names[day]) &&
		    strncmp(name, filter_day_names[day], len) == 0)
			return (day);
	}
	return (-1);
}

uint8_t
time_days(struct token value)
{
	const struct token what = { "days", value.line };
	const char *dash = strchr(value.text, '-');
	const size_t len =
	    dash == NULL ? strlen(value.text) : (size_t)(dash - value.text);
	unsigned int days;
	int day = day_number(value.text, len), last = day;

	if (dash != NULL)
		last = day_number(dash + 1, strlen(dash + 1));
	if (day < 0 || last < 0) {
		parse_bad_value(what, value,
		    "expected sun, mon, tue, wed, thu, fri or sat, or a range "
		    "such as mon-fri");
		return (0);
	}
	days = 1U << last;
	for (; day != last; day = (day + 1) % 7)
		days |= 1U << day;
	return ((uint8_t)days);
}

bool
time_of_day(const char *at, uint32_t *seconds)
{
	int hour, minute, second = 0;

	if (!date_digits(&at, 1, 2, 23, &hour) || *at++ != ':' ||
	    !date_digits(&at, 2, 2, 59, &minute) ||
	    (*at == ':' && (at++, !date_digits(&at, 2, 2, 59, &second))) ||
	    *at != '\0')
		return (false);
	*seconds = (uint32_t)(hour * 3600 + minute * 60 + second);
	return (true);
}

bool
time_date(const char *at, int64_t *date)
{
	struct date d;
	struct tm tm;
	time_t t;

	if (!date_scan(&at, false, &d) || *at != '\0')
		return (false);
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = d.part[DATE_YEAR] - 1900;
	tm.tm_mon = d.part[DATE_MONTH] - 1;
	tm.tm_mday = d.part[DATE_DAY];
	tm.tm_hour = d.part[DATE_HOUR];
	tm.tm_min = d.part[DATE_MINUTE];
	tm.tm_sec = d.part[DATE_SECOND];
	tm.tm_isdst = -1;
	tm.tm_wday = -1;
	t = mktime(&tm);
	*date = t;
	/* mktime can return -1 for a valid time; only success sets tm_wday. */
	return (tm.tm_wday != -1);
}
