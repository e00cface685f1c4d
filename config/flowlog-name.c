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
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/date.h"
#include "config/flowlog-name.h"

#define HOUR          3600 /* seconds */
#define DAY           86400
#define FIRST_MONDAY  (4 * DAY) /* since the epoch */
#define NUMBER_DIGITS 6
#define ANY_DIGIT     '\001' /* in a spelling, see spell() */

/* Each conversion has a fixed width, so that names can be parsed. */
static const struct conversion {
	char letter;
	int digits;
	int min, max;
} conversions[] = {
	{ 'Y', 4, 0, 9999 },
	{ 'y', 2, 0, 99 },
	{ 'm', 2, 1, 12 },
	{ 'd', 2, 1, 31 },
	{ 'j', 3, 1, 366 },
	{ 'H', 2, 0, 23 },
	{ 'M', 2, 0, 59 },
	{ 'S', 2, 0, 59 },
};
#define NCONVERSIONS (sizeof(conversions) / sizeof(conversions[0]))

static const char wrong_conversion[] =
    "expected only %Y, %y, %m, %d, %j, %H, %M, %S and %%, and only in the "
    "last part of the path";
static const char same_name[] =
    "two intervals would have the same name, expected a pattern such as "
    "%Y%m%d-%H%M%S";

static const struct conversion *
find_conversion(char letter)
{
	size_t i;

	for (i = 0; i < NCONVERSIONS; i++) {
		if (conversions[i].letter == letter)
			return (&conversions[i]);
	}
	return (NULL);
}

static int
value_at(const struct conversion *c, const struct tm *tm)
{
	switch (c->letter) {
	case 'Y':
		return (tm->tm_year + 1900);
	case 'y':
		return (tm->tm_year % 100);
	case 'm':
		return (tm->tm_mon + 1);
	case 'd':
		return (tm->tm_mday);
	case 'j':
		return (tm->tm_yday + 1);
	case 'H':
		return (tm->tm_hour);
	case 'M':
		return (tm->tm_min);
	default:
		return (tm->tm_sec);
	}
}

const char *
flowlog_name_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL ? path : slash + 1);
}

static bool
is_rotated(const struct conf_log *log)
{
	return (log->rotate_seconds != 0 || log->rotate_size != 0);
}

bool
flowlog_name_is_pattern(const struct conf_log *log)
{
	return (log->rotate_seconds != 0 && strchr(log->path, '%') != NULL);
}

bool
flowlog_name_interval_is_valid(uint32_t seconds)
{
	return (seconds != 0 && (DAY % seconds == 0 || seconds % DAY == 0));
}

/*
 * Returns the conversion at *at, or NULL for a plain character, which is then
 * in *literal.  Advances *at past it.
 */
static const struct conversion *
next_part(const struct conf_log *log, const char **at, char *literal)
{
	const char *p = *at;

	if (*p != '%' || !flowlog_name_is_pattern(log)) {
		*literal = *p;
		*at = p + 1;
		return (NULL);
	}
	*at = p + 2;
	*literal = '%';
	return (p[1] == '%' ? NULL : find_conversion(p[1]));
}

static bool
conversions_are_known(const char *path)
{
	const char *base = flowlog_name_base(path), *p;

	for (p = strchr(path, '%'); p != NULL; p = strchr(p + 2, '%')) {
		if (p < base || p[1] == '\0' ||
		    (p[1] != '%' && find_conversion(p[1]) == NULL))
			return (false);
	}
	return (true);
}

static bool
has(const char *path, char letter)
{
	const char *p;

	for (p = strchr(path, '%'); p != NULL; p = strchr(p + 2, '%')) {
		if (p[1] == letter)
			return (true);
	}
	return (false);
}

static bool
names_differ(const char *path, uint32_t seconds)
{
	return ((has(path, 'Y') || has(path, 'y')) &&
	    (has(path, 'j') || (has(path, 'm') && has(path, 'd'))) &&
	    (has(path, 'H') || seconds % DAY == 0) &&
	    (has(path, 'M') || seconds % HOUR == 0) &&
	    (has(path, 'S') || seconds % 60 == 0));
}

const char *
flowlog_name_check(const struct conf_log *log)
{
	if (!is_rotated(log) || strchr(log->path, '%') == NULL)
		return (NULL);
	if (log->rotate_size != 0)
		return ("a path with % needs rotate every DURATION");
	if (!conversions_are_known(log->path))
		return (wrong_conversion);
	if (!names_differ(log->path, log->rotate_seconds))
		return (same_name);
	return (NULL);
}

/*
 * The time of the log's clock at t, which is UTC or local time, in seconds
 * since 1970-01-01 00:00 of that clock.
 */
static int64_t
wall_clock(const struct conf_log *log, time_t t)
{
	struct tm tm;

	if (log->utc || localtime_r(&t, &tm) == NULL)
		return ((int64_t)t);
	return (date_of_tm(&tm));
}

/* The start of the interval that contains wall. */
static int64_t
interval_begin(int64_t wall, int64_t interval)
{
	int64_t past = (wall - FIRST_MONDAY) % interval;

	return (wall - (past < 0 ? past + interval : past));
}

time_t
flowlog_name_until(const struct conf_log *log, time_t t)
{
	const int64_t interval = log->rotate_seconds;
	int64_t wall, end, shift;
	time_t until;

	if (interval == 0)
		return (0);
	wall = wall_clock(log, t);
	end = interval_begin(wall, interval) + interval;
	until = t + (time_t)(end - wall);
	/* Intervals up to an hour keep their length when clocks change. */
	if (interval <= HOUR)
		return (until);
	shift = wall_clock(log, until) - end;
	return (until - (time_t)shift > t ? until - (time_t)shift : until);
}

int
flowlog_name_at(const struct conf_log *log, time_t t, char path[PATH_MAX])
{
	const char *at = log->path;
	const struct conversion *c;
	size_t len = 0;
	time_t begin;
	struct tm tm;
	char literal;
	int n;

	begin = log->rotate_seconds == 0 ?
	    t :
	    (time_t)interval_begin(wall_clock(log, t), log->rotate_seconds);
	if (gmtime_r(&begin, &tm) == NULL)
		return (-1);
	while (*at != '\0') {
		c = next_part(log, &at, &literal);
		n = c == NULL ?
		    snprintf(path + len, PATH_MAX - len, "%c", literal) :
		    snprintf(path + len, PATH_MAX - len, "%0*d", c->digits,
			value_at(c, &tm));
		if (n < 0 || (size_t)n >= PATH_MAX - len)
			return (-1);
		len += (size_t)n;
	}
	path[len] = '\0';
	return (0);
}

/* Skips this number of digits.  NULL: there are fewer. */
static const char *
skip_digits(const char *p, int digits, int *value)
{
	for (*value = 0; digits > 0; digits--, p++) {
		if (!isdigit((unsigned char)*p))
			return (NULL);
		*value = *value * 10 + (*p - '0');
	}
	return (p);
}

/* Skips a name of the log without its suffixes.  NULL: another name. */
static const char *
skip_log_name(const struct conf_log *log, const char *p)
{
	const char *at = flowlog_name_base(log->path);
	const struct conversion *c;
	char literal;
	int value;

	while (*at != '\0') {
		if ((c = next_part(log, &at, &literal)) == NULL) {
			if (*p++ != literal)
				return (NULL);
			continue;
		}
		if ((p = skip_digits(p, c->digits, &value)) == NULL ||
		    value < c->min || value > c->max)
			return (NULL);
	}
	return (p);
}

bool
flowlog_name_parse(const struct conf_log *log, const char *file,
    struct flowlog_name *name)
{
	const char *p = skip_log_name(log, file), *rest;
	int number = 0;

	if (p == NULL)
		return (false);
	if (*p == '.' &&
	    (rest = skip_digits(p + 1, NUMBER_DIGITS, &number)) != NULL) {
		if (number == 0)
			return (false);
		p = rest;
	}
	name->number = (uint32_t)number;
	name->compressed = strcmp(p, FLOWLOG_NAME_COMPRESSED) == 0;
	if (*p != '\0' && !name->compressed)
		return (false);
	/* Without a number, this is the open file, unless names are dated. */
	return (number != 0 || flowlog_name_is_pattern(log));
}

int
flowlog_name_temporary(const struct conf_log *log, char path[PATH_MAX])
{
	const char *base = flowlog_name_base(log->path);
	int n;

	n = snprintf(path, PATH_MAX, "%.*s.%s" FLOWLOG_NAME_COMPRESSED ".new",
	    (int)(base - log->path), log->path, base);
	if (n >= 0 && n < PATH_MAX)
		return (0);
	errno = ENAMETOOLONG;
	return (-1);
}

/* Writes the log's path with ANY_DIGIT in place of each varying digit. */
static void
spell(const struct conf_log *log, char spelling[PATH_MAX])
{
	const char *at = log->path;
	const struct conversion *c;
	size_t len = 0, n;
	char literal;

	while (*at != '\0') {
		c = next_part(log, &at, &literal);
		n = c == NULL ? 1 : (size_t)c->digits;
		if (n >= PATH_MAX - len)
			break;
		memset(spelling + len, c == NULL ? literal : ANY_DIGIT, n);
		len += n;
	}
	spelling[len] = '\0';
}

static bool
can_be_same(char a, char b)
{
	if (a == ANY_DIGIT)
		return (b == ANY_DIGIT || isdigit((unsigned char)b));
	if (b == ANY_DIGIT)
		return (isdigit((unsigned char)a));
	return (a == b);
}

/*
 * Character i of a followed by suffix.  clang's analyzer does not see that len
 * is the length of a.
 */
static char
joined_at(const char *a, size_t len, const char *suffix, size_t i)
{
	if (i < len)
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn) */
		return (a[i]);
	return (suffix[i - len]);
}

/* Whether a followed by suffix can equal b followed by other. */
static bool
spellings_meet(const char *a, const char *suffix, const char *b,
    const char *other)
{
	const size_t len = strlen(a), other_len = strlen(b);
	const size_t total = len + strlen(suffix);
	size_t i;

	if (other_len + strlen(other) != total)
		return (false);
	for (i = 0; i < total; i++) {
		if (!can_be_same(joined_at(a, len, suffix, i),
			joined_at(b, other_len, other, i)))
			return (false);
	}
	return (true);
}

/* All suffixes of a log's files. */
static const char *const suffixes[] = {
	"",
	".gz",
	".\001\001\001\001\001\001",
	".\001\001\001\001\001\001.gz",
};
#define NSUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

static size_t
nsuffixes(const struct conf_log *log)
{
	return (is_rotated(log) ? NSUFFIXES : 1);
}

/* Whether a file of log b can have the name of log a's temporary file. */
static bool
meets_temporary(const struct conf_log *a, const struct conf_log *b)
{
	char temporary[PATH_MAX], sb[PATH_MAX];
	size_t i;

	if (flowlog_name_temporary(a, temporary) == -1)
		return (false);
	spell(b, sb);
	for (i = 0; i < nsuffixes(b); i++) {
		if (spellings_meet(temporary, "", sb, suffixes[i]))
			return (true);
	}
	return (false);
}

bool
flowlog_names_collide(const struct conf_log *a, const struct conf_log *b)
{
	const size_t na = nsuffixes(a), nb = nsuffixes(b);
	char sa[PATH_MAX], sb[PATH_MAX];
	size_t i, j;

	spell(a, sa);
	spell(b, sb);
	for (i = 0; i < na; i++) {
		for (j = 0; j < nb; j++) {
			if (spellings_meet(sa, suffixes[i], sb, suffixes[j]))
				return (true);
		}
	}
	return (meets_temporary(a, b) || meets_temporary(b, a));
}
