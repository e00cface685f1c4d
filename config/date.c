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

#define DAY 86400 /* seconds */

bool
date_digits(const char **at, int min, int max, int limit, int *out)
{
	int n = 0;

	for (*out = 0; n < max && isdigit((unsigned char)**at); n++)
		*out = *out * 10 + (*(*at)++ - '0');
	return (n >= min && *out <= limit);
}

static bool
is_leap(int year)
{
	return ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return (month == 2 && is_leap(year) ? 29 : days[month - 1]);
}

/* The highest value of a part, after the parts before it. */
static int
limit_of(const struct date *d, enum date_part part)
{
	switch (part) {
	case DATE_YEAR:
		return (9999);
	case DATE_MONTH:
		return (12);
	case DATE_DAY:
		return (days_in_month(d->part[DATE_YEAR], d->part[DATE_MONTH]));
	case DATE_HOUR:
		return (23);
	default:
		return (59);
	}
}

bool
date_scan(const char **at, bool letter_t, struct date *d)
{
	static const struct date first = { { 1970, 1, 1, 0, 0, 0 }, DATE_YEAR };
	int digits, i, value;

	*d = first;
	for (i = 0; i < DATE_PARTS; i++) {
		if (i == DATE_HOUR && letter_t && *(*at)++ != 'T') {
			(*at)--;
			return (true);
		}
		if (i != DATE_YEAR && !isdigit((unsigned char)**at) &&
		    !(i == DATE_HOUR && letter_t))
			return (true);
		digits = i == DATE_YEAR ? 4 : 2;
		if (!date_digits(at, digits, digits,
			limit_of(d, (enum date_part)i), &value) ||
		    value < first.part[i])
			return (false);
		d->part[i] = value;
		d->last = (enum date_part)i;
	}
	return (true);
}

/* Days since 1970-01-01. */
static int64_t
days_until(int year, int month, int day)
{
	const int64_t years = year - 1; /* complete years */
	int64_t days =
	    years * 365 + years / 4 - years / 100 + years / 400 - 719162;
	int i;

	for (i = 1; i < month; i++)
		days += days_in_month(year, i);
	return (days + day - 1);
}

int64_t
date_seconds(const struct date *d)
{
	return (days_until(d->part[DATE_YEAR], d->part[DATE_MONTH],
		    d->part[DATE_DAY]) *
		DAY +
	    d->part[DATE_HOUR] * 3600 + d->part[DATE_MINUTE] * 60 +
	    d->part[DATE_SECOND]);
}

int64_t
date_end(const struct date *d)
{
	static const int seconds[DATE_PARTS] = { [DATE_DAY] = DAY,
		[DATE_HOUR] = 3600,
		[DATE_MINUTE] = 60,
		[DATE_SECOND] = 1 };
	const int year = d->part[DATE_YEAR], month = d->part[DATE_MONTH];

	if (d->last == DATE_YEAR)
		return (days_until(year + 1, 1, 1) * DAY);
	if (d->last == DATE_MONTH)
		return (date_seconds(d) +
		    (int64_t)days_in_month(year, month) * DAY);
	return (date_seconds(d) + seconds[d->last]);
}

int64_t
date_of_tm(const struct tm *tm)
{
	return ((days_until(tm->tm_year + 1900, 1, 1) + tm->tm_yday) * DAY +
	    tm->tm_hour * 3600 + tm->tm_min * 60 + tm->tm_sec);
}
