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
#include <stdio.h>
#include <string.h>

#include "lib/follow-name.h"

#define NUMBER_DIGITS 6 /* of a closed file, at most */

static bool
is_digit(char c)
{
	return (isdigit((unsigned char)c) != 0);
}

/* Skips n digits whose value is from min to max.  NULL: there are others. */
static const char *
skip_part(const char *p, int n, int min, int max)
{
	int value = 0;

	for (; n > 0; n--, p++) {
		if (!is_digit(*p))
			return (NULL);
		value = value * 10 + (*p - '0');
	}
	return (value >= min && value <= max ? p : NULL);
}

static const char *
skip_separator(const char *p, const char *separators)
{
	return (*p != '\0' && strchr(separators, *p) != NULL ? p + 1 : p);
}

/* Skips a month and a day. */
static const char *
skip_month_day(const char *p, const char *separators)
{
	if ((p = skip_part(skip_separator(p, separators), 2, 1, 12)) == NULL)
		return (NULL);
	return (skip_part(skip_separator(p, separators), 2, 1, 31));
}

/*
 * Skips a date: YYYYMMDD, YYYYJJJ or YYMMDD.  A dot separates the parts only
 * after a year of four digits, since addresses have dots.  NULL: no date.
 */
static const char *
skip_date(const char *p)
{
	const char *year = skip_part(p, 4, 1970, 2199), *end;

	if (year != NULL) {
		if ((end = skip_month_day(year, "-_.")) != NULL)
			return (end);
		end = skip_part(skip_separator(year, "-_."), 3, 1, 366);
		if (end != NULL)
			return (end);
	}
	if ((year = skip_part(p, 2, 0, 99)) == NULL)
		return (NULL);
	return (skip_month_day(year, "-_"));
}

/* Skips the time of day that may follow a date. */
static const char *
skip_time(const char *p)
{
	const char *next;

	for (;;) {
		next = skip_separator(p, "-_.:T");
		if (!is_digit(*next))
			return (p);
		for (p = next; is_digit(*p); p++)
			continue;
	}
}

/* Finds the first date in name, and its end.  NULL: there is none. */
static const char *
find_date(const char *name, const char **end)
{
	const char *p;

	for (p = name; *p != '\0'; p++) {
		if (!is_digit(*p) || (p > name && is_digit(p[-1])))
			continue;
		if ((*end = skip_date(p)) == NULL)
			continue;
		*end = skip_time(*end);
		return (p);
	}
	return (NULL);
}

/* Cuts a number of a closed file off the base. */
static void
cut_number(struct follow_name *n)
{
	char *dot = strrchr(n->base, '.');
	const char *p, *end;
	uint32_t number = 0;

	if (dot == NULL || dot == n->base || !is_digit(dot[1]))
		return;
	for (p = dot + 1; is_digit(*p); p++) {
		if (p - dot > NUMBER_DIGITS)
			return;
		number = number * 10 + (uint32_t)(*p - '0');
	}
	if (*p != '\0' || ((end = skip_date(dot + 1)) != NULL && *end == '\0'))
		return;
	n->number = number;
	*dot = '\0';
}

void
follow_name_parse(const char *name, struct follow_name *n)
{
	size_t len = strlen(name), prefix;
	const char *date, *end;

	memset(n, 0, sizeof(*n));
	n->compressed = len > 3 && strcmp(name + len - 3, ".gz") == 0;
	(void)strlcpy(n->base, name, sizeof(n->base));
	if (n->compressed)
		n->base[len - 3] = '\0';
	cut_number(n);
	memcpy(n->stem, n->base, sizeof(n->stem));
	memcpy(n->pattern, n->base, sizeof(n->pattern));
	if ((date = find_date(n->base, &end)) == NULL)
		return;
	n->dated = true;
	prefix = (size_t)(date - n->base);
	/* A date has more characters than this. */
	(void)snprintf(n->pattern + prefix, sizeof(n->pattern) - prefix, "*%s",
	    end);
	if (*end == '\0' && prefix > 1)
		n->stem[prefix - 1] = '\0';
}
