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

static const char exporter_conversion[] = "%{exporter}";
#define EXPORTER_LEN (sizeof(exporter_conversion) - 1)

static const char wrong_conversion[] =
    "expected only %Y, %y, %m, %d, %j, %H, %M, %S, %{exporter} and %%, and "
    "only in the last part of the path";
static const char wrong_exporter[] =
    "expected %{exporter} once, and only in the last part of the path";
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

/* The first %{exporter} in path, or NULL. */
static const char *
find_exporter(const char *path)
{
	const char *p = strchr(path, '%');

	while (p != NULL && p[1] != '\0') {
		if (strncmp(p, exporter_conversion, EXPORTER_LEN) == 0)
			return (p);
		p = strchr(p + 2, '%');
	}
	return (NULL);
}

bool
flowlog_name_has_exporter(const struct conf_log *log)
{
	return (find_exporter(log->path) != NULL);
}

size_t
flowlog_name_exporters_max(const struct config *conf)
{
	const uint32_t workers = config_workers(conf);
	const uint32_t limit =
	    conf->limits.logs == 0 ? CONFIG_LOGS_DEFAULT : conf->limits.logs;
	size_t i;

	for (i = 0; i < conf->nlogs; i++) {
		if (flowlog_name_has_exporter(&conf->logs[i]))
			return ((limit + workers - 1) / workers);
	}
	return (0);
}

/* Writes the address in the form that file names have. */
static void
put_address(const struct addr *a, char text[ADDR_STRLEN])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct addr v4;

	if (a->family == ADDR_V6 &&
	    memcmp(a->bytes, mapped, sizeof(mapped)) == 0) {
		v4 = addr_v4(a->bytes + sizeof(mapped));
		a = &v4;
	}
	(void)addr_ntop(a, text);
	for (; *text != '\0'; text++) {
		if (*text == ':')
			*text = '-';
	}
}

int
flowlog_name_of_exporter(const struct conf_log *log,
    const struct addr *exporter, char path[PATH_MAX])
{
	const char *at = find_exporter(log->path);
	char text[ADDR_STRLEN];
	int n;

	put_address(exporter, text);
	n = snprintf(path, PATH_MAX, "%.*s%s%s", (int)(at - log->path),
	    log->path, text, at + EXPORTER_LEN);
	return (n < 0 || n >= PATH_MAX ? -1 : 0);
}

bool
flowlog_name_is_rotated(const struct conf_log *log)
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

/* The same for a log without %{exporter}. */
static const char *
check_name(const struct conf_log *log)
{
	if (!flowlog_name_is_rotated(log) || strchr(log->path, '%') == NULL)
		return (NULL);
	if (log->rotate_size != 0)
		return ("a path with % needs rotate every DURATION");
	if (!conversions_are_known(log->path))
		return (wrong_conversion);
	if (!names_differ(log->path, log->rotate_seconds))
		return (same_name);
	return (NULL);
}

const char *
flowlog_name_check(const struct conf_log *log)
{
	const char *at = find_exporter(log->path);
	const struct addr any = { .family = ADDR_V4 };
	struct conf_log one = *log;
	char path[PATH_MAX];

	if (at == NULL)
		return (check_name(log));
	if (at < flowlog_name_base(log->path) ||
	    find_exporter(at + EXPORTER_LEN) != NULL ||
	    flowlog_name_of_exporter(log, &any, path) == -1)
		return (wrong_exporter);
	one.path = path;
	return (check_name(&one));
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

/* The same for a log without %{exporter}. */
static bool
parse_name(const struct conf_log *log, const char *file,
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

/* Reads the len bytes that put_address may have written.  False: it did not. */
static bool
get_address(const char *at, size_t len, struct addr *a)
{
	char text[ADDR_STRLEN], again[ADDR_STRLEN];
	size_t i;

	if (len >= sizeof(text))
		return (false);
	for (i = 0; i < len; i++) {
		text[i] = at[i];
		if (text[i] == '-')
			text[i] = ':';
	}
	text[len] = '\0';
	if (addr_pton(text, a) != 0)
		return (false);
	put_address(a, again);
	return (strlen(again) == len && memcmp(again, at, len) == 0);
}

/* The length of the names' part before %{exporter}, which is always the same. */
static size_t
length_before_exporter(const struct conf_log *log)
{
	const char *at = flowlog_name_base(log->path);
	const char *end = find_exporter(log->path);
	const struct conversion *c;
	size_t len = 0;
	char literal;

	while (at < end) {
		c = next_part(log, &at, &literal);
		len += c == NULL ? 1 : (size_t)c->digits;
	}
	return (len);
}

/* Tries each length that the address in the name can have. */
static bool
parse_with_exporter(const struct conf_log *log, const char *file,
    struct flowlog_name *name)
{
	const size_t before = length_before_exporter(log);
	struct conf_log one = *log;
	char path[PATH_MAX];
	struct addr a;
	size_t len;

	if (strlen(file) < before)
		return (false);
	one.path = path;
	for (len = strspn(file + before, FLOWLOG_NAME_ADDRESS_BYTES); len > 0;
	     len--) {
		if (!get_address(file + before, len, &a) ||
		    flowlog_name_of_exporter(log, &a, path) == -1 ||
		    !parse_name(&one, file, name))
			continue;
		name->exporter = a;
		return (true);
	}
	return (false);
}

bool
flowlog_name_parse(const struct conf_log *log, const char *file,
    struct flowlog_name *name)
{
	if (flowlog_name_has_exporter(log))
		return (parse_with_exporter(log, file, name));
	name->exporter = (struct addr){ .family = ADDR_NONE };
	return (parse_name(log, file, name));
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

void
flowlog_name_spell(const struct conf_log *log, char spelling[PATH_MAX])
{
	const char *at = log->path, *const exporter = find_exporter(at);
	const struct conversion *c;
	size_t len = 0, n;
	char literal;

	while (*at != '\0') {
		if (at == exporter) {
			c = NULL;
			literal = FLOWLOG_NAME_ANY_ADDRESS;
			at += EXPORTER_LEN;
		} else
			c = next_part(log, &at, &literal);
		n = c == NULL ? 1 : (size_t)c->digits;
		if (n >= PATH_MAX - len)
			break;
		memset(spelling + len,
		    c == NULL ? literal : FLOWLOG_NAME_ANY_DIGIT, n);
		len += n;
	}
	spelling[len] = '\0';
}
