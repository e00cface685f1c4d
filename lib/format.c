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
#include <time.h>

#include "format.h"
#include "lib/fields-table.h"
#include "lib/format-value.h"

#define ISO_MINUTE_LEN 17 /* YYYY-MM-DDTHH:MM: */
#define ISO_ZONE_LEN   6  /* +HH:MM */
#define CSV_HEADER_MAX 512

#define SECONDS 1
#define MINUTES (60 * SECONDS)
#define HOURS   (60 * MINUTES)
#define DAYS    (24 * HOURS)
#define WEEKS   (7 * DAYS)
#define YEARS   (52 * WEEKS)

/*
 * Minutes as text, since the times of neighbouring flows are close together
 * and a conversion to local time is slow.  A time of reception and one of
 * export, minutes apart, get different slots.
 */
struct iso_minute {
	int64_t minute; /* of the epoch */
	bool utc, used;
	char text[ISO_MINUTE_LEN];
	char zone[ISO_ZONE_LEN];
};

#define ISO_MINUTES 16

static _Thread_local struct iso_minute iso_minutes[ISO_MINUTES];

/*
 * The put_ functions write text at p, without a NUL, and return its end.
 * printf would do the same in ten times the time.
 */
static inline char *
put_text(char *p, const char *text)
{
	const size_t len = strlen(text);

	memcpy(p, text, len);
	return (p + len);
}

/* The digits of 0 to 99. */
static const char pairs[] =
    "00010203040506070809"
    "10111213141516171819"
    "20212223242526272829"
    "30313233343536373839"
    "40414243444546474849"
    "50515253545556575859"
    "60616263646566676869"
    "70717273747576777879"
    "80818283848586878889"
    "90919293949596979899";

/* The last ndigits decimal digits of v, with zeros in front. */
static inline char *
put_digits(char *p, uint32_t v, unsigned int ndigits)
{
	unsigned int i;

	for (i = ndigits; i >= 2; i -= 2) {
		memcpy(p + i - 2, &pairs[v % 100 * 2], 2);
		v /= 100;
	}
	if (i == 1)
		*p = (char)('0' + v % 10);
	return (p + ndigits);
}

static inline char *
put_u32(char *p, uint32_t v)
{
	static const uint32_t powers[] = {
		1,
		10,
		100,
		1000,
		10000,
		100000,
		1000000,
		10000000,
		100000000,
		1000000000,
	};
	const unsigned int most = sizeof(powers) / sizeof(powers[0]);
	unsigned int ndigits = 2;

	if (v < 10) {
		*p = (char)('0' + v);
		return (p + 1);
	}
	while (ndigits < most && v >= powers[ndigits])
		ndigits++;
	return (put_digits(p, v, ndigits));
}

/* Works like printf's %06u. */
static inline char *
put_usec(char *p, uint32_t usec)
{
	/* A damaged record without checksum may claim more than a second. */
	return (usec < 1000000 ? put_digits(p, usec, 6) : put_u32(p, usec));
}

static char *
put_u64(char *p, uint64_t v)
{
	const uint32_t billion = 1000000000;

	if (v <= UINT32_MAX)
		return (put_u32(p, (uint32_t)v));
	p = put_u64(p, v / billion);
	return (put_digits(p, (uint32_t)(v % billion), 9));
}

static inline char *
put_hex(char *p, uint32_t v, unsigned int ndigits)
{
	static const char digits[] = "0123456789abcdef";
	unsigned int i;

	for (i = ndigits; i > 0; i--) {
		p[i - 1] = digits[v & 0xf];
		v >>= 4;
	}
	return (p + ndigits);
}

static void
broken_down(int64_t sec, bool utc, struct tm *tm)
{
	const time_t t = (time_t)sec;

	memset(tm, 0, sizeof(*tm));
	if ((utc ? gmtime_r(&t, tm) : localtime_r(&t, tm)) == NULL)
		memset(tm, 0, sizeof(*tm));
}

static char *
put_iso_minute(char *p, const struct tm *tm)
{
	p = put_digits(p, (uint32_t)(tm->tm_year + 1900), 4);
	*p++ = '-';
	p = put_digits(p, (uint32_t)(tm->tm_mon + 1), 2);
	*p++ = '-';
	p = put_digits(p, (uint32_t)tm->tm_mday, 2);
	*p++ = 'T';
	p = put_digits(p, (uint32_t)tm->tm_hour, 2);
	*p++ = ':';
	p = put_digits(p, (uint32_t)tm->tm_min, 2);
	*p++ = ':';
	return (p);
}

/* Minutes east of UTC: tm is sec in local time, at most a day away. */
static int
zone_minutes(const struct tm *tm, int64_t sec)
{
	struct tm utc;
	int days;

	broken_down(sec, true, &utc);
	days = tm->tm_year != utc.tm_year ? tm->tm_year - utc.tm_year :
					    tm->tm_yday - utc.tm_yday;
	return ((days * 24 + tm->tm_hour - utc.tm_hour) * 60 + tm->tm_min -
	    utc.tm_min);
}

static char *
put_iso_zone(char *p, int minutes)
{
	const uint32_t size = (uint32_t)(minutes < 0 ? -minutes : minutes);

	*p++ = minutes < 0 ? '-' : '+';
	p = put_digits(p, size / 60, 2);
	*p++ = ':';
	return (put_digits(p, size % 60, 2));
}

/* False in a zone that is off by seconds, as there were once. */
static bool
learn_minute(struct iso_minute *m, int64_t minute, bool utc)
{
	struct tm tm;

	broken_down(minute * MINUTES, utc, &tm);
	if (!utc && tm.tm_sec != 0)
		return (false);
	put_iso_minute(m->text, &tm);
	put_iso_zone(m->zone, zone_minutes(&tm, minute * MINUTES));
	m->minute = minute;
	m->utc = utc;
	m->used = true;
	return (true);
}

/* NULL where no minute begins with the second 0. */
static const struct iso_minute *
iso_minute(int64_t sec, bool utc)
{
	const int64_t second = (sec % MINUTES + MINUTES) % MINUTES;
	const int64_t minute = (sec - second) / MINUTES;
	struct iso_minute *m = &iso_minutes[(uint64_t)minute % ISO_MINUTES];

	if ((m->used && m->minute == minute && m->utc == utc) ||
	    learn_minute(m, minute, utc))
		return (m);
	return (NULL);
}

/* sec is in the minute m. */
static inline char *
put_iso_second(char *p, const struct iso_minute *m, int64_t sec)
{
	/* clang does not see that in UTC m is never NULL. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	memcpy(p, m->text, ISO_MINUTE_LEN);
	return (put_digits(p + ISO_MINUTE_LEN,
	    (uint32_t)(sec - m->minute * MINUTES), 2));
}

static char *
put_odd_time(char *p, int64_t sec, bool utc)
{
	struct tm tm;

	broken_down(sec, utc, &tm);
	p = put_iso_minute(p, &tm);
	return (put_digits(p, (uint32_t)tm.tm_sec, 2));
}

static char *
put_iso_time(char *p, int64_t sec, bool utc)
{
	const struct iso_minute *m = iso_minute(sec, utc);

	return (
	    m == NULL ? put_odd_time(p, sec, utc) : put_iso_second(p, m, sec));
}

static char *
put_interval(char *p, uint32_t sec)
{
	static const struct {
		uint32_t seconds;
		char letter;
	} units[] = {
		{ YEARS, 'y' },
		{ WEEKS, 'w' },
		{ DAYS, 'd' },
		{ HOURS, 'h' },
		{ MINUTES, 'm' },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (sec < units[i].seconds)
			continue;
		p = put_u32(p, sec / units[i].seconds);
		*p++ = units[i].letter;
		sec %= units[i].seconds;
	}
	p = put_u32(p, sec);
	*p++ = 's';
	return (p);
}

static char *
put_interval_ms(char *p, uint32_t ms)
{
	p = put_interval(p, ms / 1000);
	*p++ = '.';
	return (put_digits(p, ms % 1000, 3));
}

static inline uint32_t
member_fraction(const struct member *m, const struct flow *flow)
{
	return ((uint32_t)number_at((const uint8_t *)flow + m->with, 4));
}

/* "A]" or, if the flow has ports, "A]:P". */
static inline char *
put_endpoint(char *p, const struct member *m, const struct flow *flow,
    uint32_t fields)
{
	p = addr_put(p, member_addr(m, flow));
	*p++ = ']';
	if ((fields & m->port) != 0) {
		*p++ = ':';
		p = put_u32(p,
		    (uint32_t)number_at((const uint8_t *)flow + m->with, 2));
	}
	return (p);
}

static inline char *
put_time_usec(char *p, const struct member *m, const struct flow *flow,
    bool utc)
{
	p = put_iso_time(p, (int64_t)member_number(m, flow), utc);
	*p++ = '.';
	return (put_usec(p, member_fraction(m, flow)));
}

static ALWAYS_INLINE char *
put_member(char *p, const struct member *m, const struct flow *flow,
    uint32_t fields, bool utc)
{
	p = put_text(p, m->text.label);
	switch (m->text.show) {
	case SHOW_NUMBER:
		return (put_u64(p, member_number(m, flow)));
	case SHOW_HEX2:
		return (put_hex(p, (uint32_t)member_number(m, flow), 2));
	case SHOW_HEX8:
		return (put_hex(p, (uint32_t)member_number(m, flow), 8));
	case SHOW_ADDR:
	case SHOW_ENDPOINT:
		return (put_endpoint(p, m, flow, fields));
	case SHOW_TIME:
		return (put_iso_time(p, (int64_t)member_number(m, flow), utc));
	case SHOW_TIME_USEC:
		return (put_time_usec(p, m, flow, utc));
	case SHOW_INTERVAL:
		return (put_interval_ms(p, (uint32_t)member_number(m, flow)));
	default:
		return (p);
	}
}

/*
 * This loop and the two below become straight code: the rows of the table are
 * constants for the compiler.
 */
size_t
format_flow(const struct flow *flow, uint32_t mask, bool utc,
    char buf[FORMAT_LINE_MAX])
{
	const uint32_t fields = flow->fields & mask;
	char *p = put_text(buf, "FLOW ");
	size_t i;

#pragma GCC unroll 128
	for (i = 0; i < NMEMBERS; i++) {
		if (members[i].text.show == SHOW_NOT ||
		    (fields & members[i].field) == 0)
			continue;
		p = put_member(p, &members[i], flow, fields, utc);
		*p++ = ' ';
	}
	*p = '\0';
	return ((size_t)(p - buf));
}

/* Set once, before main(). */
static struct {
	const struct member *columns[NMEMBERS]; /* NULL after the last */
	char header[CSV_HEADER_MAX];
} csv;

static __attribute__((constructor)) void
sort_columns(void)
{
	char *p = csv.header;
	size_t i;

	for (i = 0; i < NMEMBERS; i++) {
		if (members[i].csv_column != 0)
			csv.columns[members[i].csv_column - 1] = &members[i];
	}
	for (i = 0; csv.columns[i] != NULL; i++) {
		p = put_text(p, csv.columns[i]->csv);
		*p++ = ',';
	}
	p[-1] = '\0';
}

const char *
format_csv_header(void)
{
	return (csv.header);
}

/* One switch for all members: the order of the columns is not the table's. */
static ALWAYS_INLINE char *
put_column(char *p, const struct member *m, const struct flow *flow)
{
	const uint8_t *from = (const uint8_t *)flow + m->offset;

	switch (m->size) {
	case 1:
		return (put_u32(p, (uint32_t)number_at(from, 1)));
	case 2:
		return (put_u32(p, (uint32_t)number_at(from, 2)));
	case 4:
		return (put_u32(p, (uint32_t)number_at(from, 4)));
	case 8:
		return (put_u64(p, number_at(from, 8)));
	default:
		return (addr_put(p, member_addr(m, flow)));
	}
}

size_t
format_csv(const struct flow *flow, char buf[FORMAT_LINE_MAX])
{
	const struct member *m;
	char *p = buf;
	size_t i;

	for (i = 0; (m = csv.columns[i]) != NULL; i++) {
		if ((flow->fields & m->field) != 0)
			p = put_column(p, m, flow);
		else if (m->type != MEMBER_ADDR)
			*p++ = '0';
		*p++ = ',';
	}
	*--p = '\0'; /* over the last comma */
	return ((size_t)(p - buf));
}

/* The time, with ndigits of the fraction, and its zone. */
static char *
put_zoned_time(char *p, int64_t sec, uint32_t fraction, unsigned int ndigits,
    bool utc)
{
	const struct iso_minute *m = iso_minute(sec, utc);

	/*
	 * ISO 8601 has no notation for a zone that is off by seconds.  UTC is
	 * none of these.
	 */
	if (m == NULL)
		m = iso_minute(sec, true);
	p = put_iso_second(p, m, sec);
	*p++ = '.';
	p = put_digits(p, fraction, ndigits);
	memcpy(p, m->zone, ISO_ZONE_LEN);
	return (p + ISO_ZONE_LEN);
}

/* units is the number of fractions in a second. */
static inline char *
put_json_time(char *p, const struct member *m, const struct flow *flow,
    uint32_t units, unsigned int ndigits, bool utc)
{
	const uint32_t fraction = member_fraction(m, flow);

	return (put_zoned_time(p,
	    (int64_t)member_number(m, flow) + fraction / units,
	    fraction % units, ndigits, utc));
}

/* Milliseconds, as the exporter counts its uptime. */
static char *
put_absolute(char *p, const struct flow *flow, enum store_time which, bool utc)
{
	const int64_t billion = 1000000000;
	const int64_t t = store_flow_time(flow, which);
	const int64_t fraction = (t % billion + billion) % billion;

	return (put_zoned_time(p, (t - fraction) / billion,
	    (uint32_t)(fraction / (billion / 1000)), 3, utc));
}

static bool
is_absolute(const struct member *m)
{
	return (m->json.show == SHOW_START || m->json.show == SHOW_END);
}

static bool
has_json(const struct member *m, uint32_t fields)
{
	return ((fields & m->field) != 0 &&
	    (!is_absolute(m) || (fields & STORE_FIELD_AGENT_INFO) != 0));
}

static ALWAYS_INLINE char *
put_value(char *p, const struct member *m, const struct flow *flow, bool utc)
{
	switch (m->json.show) {
	case SHOW_NUMBER:
		return (put_u64(p, member_number(m, flow)));
	case SHOW_ADDR:
		return (addr_put(p, member_addr(m, flow)));
	case SHOW_TIME_USEC:
		return (put_json_time(p, m, flow, 1000000, 6, utc));
	case SHOW_TIME_NSEC:
		return (put_json_time(p, m, flow, 1000000000, 9, utc));
	case SHOW_START:
		return (put_absolute(p, flow, STORE_TIME_START, utc));
	case SHOW_END:
		return (put_absolute(p, flow, STORE_TIME_END, utc));
	default:
		return (p);
	}
}

/* No value has characters to be escaped. */
static ALWAYS_INLINE char *
put_json(char *p, const struct member *m, const struct flow *flow, bool utc)
{
	p = put_text(p, m->json.label);
	p = put_value(p, m, flow, utc);
	if (m->json.show != SHOW_NUMBER)
		*p++ = '"';
	return (p);
}

size_t
format_json(const struct flow *flow, bool utc, char buf[FORMAT_LINE_MAX])
{
	const uint32_t fields = flow->fields;
	char *p = buf;
	size_t i;

	*p++ = '{';
#pragma GCC unroll 128
	for (i = 0; i < NMEMBERS; i++) {
		if (members[i].json.show == SHOW_NOT ||
		    !has_json(&members[i], fields))
			continue;
		p = put_json(p, &members[i], flow, utc);
		*p++ = ',';
	}
	if (p[-1] == ',')
		p--;
	*p++ = '}';
	*p = '\0';
	return ((size_t)(p - buf));
}

char *
format_value(char *p, const struct member *m, enum member_show show,
    const struct flow *flow, bool utc)
{
	if (show == SHOW_NUMBER && (flow->fields & m->field) != 0)
		return (put_u64(p, member_number(m, flow)));
	if (show != SHOW_NUMBER && has_json(m, flow->fields))
		return (put_value(p, m, flow, utc));
	return (p);
}

const char *
format_iso_time(uint32_t sec, bool utc, char buf[32])
{
	*put_iso_time(buf, sec, utc) = '\0';
	return (buf);
}

const char *
format_interval(uint32_t sec, char buf[32])
{
	*put_interval(buf, sec) = '\0';
	return (buf);
}

const char *
format_interval_ms(uint32_t ms, char buf[32])
{
	*put_interval_ms(buf, ms) = '\0';
	return (buf);
}
