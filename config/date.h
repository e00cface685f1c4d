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
 * Dates as numbers: YYYYMMDD and so on, on any clock.
 */
#ifndef DATE_H
#define DATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum date_part {
	DATE_YEAR,
	DATE_MONTH,
	DATE_DAY,
	DATE_HOUR,
	DATE_MINUTE,
	DATE_SECOND,
	DATE_PARTS
};

/* Absent parts have their lowest value. */
struct date {
	int part[DATE_PARTS]; /* month and day from 1 */
	enum date_part last;  /* the last part that is present */
};

/*
 * Scans a number of min to max digits and advances *at.  False: there are fewer
 * digits, or the number is above limit.
 */
bool date_digits(const char **at, int min, int max, int limit, int *out);

/*
 * Scans YYYY[MM[DD[HH[MM[SS]]]]] and advances *at; with letter_t, a T precedes
 * the hour.  The year is from 1970 on.  False: no date is there.
 */
bool date_scan(const char **at, bool letter_t, struct date *date);

/* Seconds since 1970-01-01 00:00 of the date's own clock. */
int64_t date_seconds(const struct date *date);

/* The same for the end of the year, month, day and so on that the date is. */
int64_t date_end(const struct date *date);

/* The same for a time that localtime_r or gmtime_r has filled in. */
int64_t date_of_tm(const struct tm *tm);

#endif
