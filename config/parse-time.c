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

#include <ctype.h>
#include <string.h>
#include <time.h>

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

/*
 * Parses a number of min to max digits and advances *at.  False: there are
 * fewer digits, or the number is above limit.
 */
static bool
digits(const char **at, int min, int max, int limit, int *out)
{
	int n = 0;

	for (*out = 0; n < max && isdigit((unsigned char)**at); n++)
		*out = *out * 10 + (*(*at)++ - '0');
	return (n >= min && *out <= limit);
}

bool
time_of_day(const char *at, uint32_t *seconds)
{
	int hour, minute, second = 0;

	if (!digits(&at, 1, 2, 23, &hour) || *at++ != ':' ||
	    !digits(&at, 2, 2, 59, &minute) ||
	    (*at == ':' && (at++, !digits(&at, 2, 2, 59, &second))) ||
	    *at != '\0')
		return (false);
	*seconds = (uint32_t)(hour * 3600 + minute * 60 + second);
	return (true);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return (month == 2 && leap ? 29 : days[month - 1]);
}

bool
time_date(const char *at, int64_t *date)
{
	int year, month = 1, day = 1, hour = 0, minute = 0, second = 0;
	struct tm tm;
	time_t t;

	if (!digits(&at, 4, 4, 9999, &year) || year < 1970 ||
	    (*at != '\0' && (!digits(&at, 2, 2, 12, &month) || month == 0)) ||
	    (*at != '\0' &&
		(!digits(&at, 2, 2, days_in_month(year, month), &day) ||
		    day == 0)) ||
	    (*at != '\0' && !digits(&at, 2, 2, 23, &hour)) ||
	    (*at != '\0' && !digits(&at, 2, 2, 59, &minute)) ||
	    (*at != '\0' && !digits(&at, 2, 2, 59, &second)) || *at != '\0')
		return (false);
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	tm.tm_isdst = -1;
	tm.tm_wday = -1;
	t = mktime(&tm);
	*date = t;
	/* mktime can return -1 for a valid time; only success sets tm_wday. */
	return (tm.tm_wday != -1);
}
