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

#define ISO_MINUTE_LEN 17 /* YYYY-MM-DDTHH:MM: */
#define ISO_ZONE_LEN   6  /* +HH:MM */

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

static const char csv_header[] =
    "#:unix_secs,unix_nsecs,sysuptime,exaddr,dpkts,doctets,first,last,"
    "engine_type,engine_id,srcaddr,dstaddr,nexthop,input,output,srcport,"
    "dstport,prot,tos,tcp_flags,src_mask,dst_mask,src_as,dst_as";

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
	unsigned int ndigits = 1;

	while (ndigits < most && v >= powers[ndigits])
		ndigits++;
	return (put_digits(p, v, ndigits));
}

/* As printf's %06u. */
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

/* NAME VALUE, with the spaces behind both; name has its own. */
static inline char *
put_named(char *p, const char *name, uint64_t v)
{
	p = put_u64(put_text(p, name), v);
	*p++ = ' ';
	return (p);
}

static inline char *
put_named_interval_ms(char *p, const char *name, uint32_t ms)
{
	p = put_interval_ms(put_text(p, name), ms);
	*p++ = ' ';
	return (p);
}

/* "[A]" or, where there are ports, "[A]:P". */
static inline char *
put_endpoint(char *p, const char *name, const struct addr *a, bool has_port,
    uint16_t port)
{
	p = addr_put(put_text(p, name), a);
	*p++ = ']';
	if (has_port) {
		*p++ = ':';
		p = put_u32(p, port);
	}
	*p++ = ' ';
	return (p);
}

/* What happened: the fields up to OCTETS. */
static char *
put_traffic(char *p, const struct flow *flow, uint32_t fields, bool utc)
{
	const bool ports = (fields & STORE_FIELD_SRCDST_PORT) != 0;

	if ((fields & STORE_FIELD_TAG) != 0)
		p = put_named(p, "tag ", flow->tag);
	if ((fields & STORE_FIELD_RECV_TIME) != 0) {
		p = put_text(p, "recv_time ");
		p = put_iso_time(p, flow->recv_sec, utc);
		*p++ = '.';
		p = put_usec(p, flow->recv_usec);
		*p++ = ' ';
	}
	if ((fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0) {
		p = put_named(p, "proto ", flow->protocol);
		p = put_hex(put_text(p, "tcpflags "), flow->tcp_flags, 2);
		p = put_hex(put_text(p, " tos "), flow->tos, 2);
		*p++ = ' ';
	}
	if ((fields & STORE_FIELD_AGENT_ADDR) != 0)
		p = put_endpoint(p, "agent [", &flow->agent, false, 0);
	if ((fields & STORE_FIELD_SRC_ADDR) != 0)
		p = put_endpoint(p, "src [", &flow->src, ports, flow->src_port);
	if ((fields & STORE_FIELD_DST_ADDR) != 0)
		p = put_endpoint(p, "dst [", &flow->dst, ports, flow->dst_port);
	if ((fields & STORE_FIELD_GATEWAY_ADDR) != 0)
		p = put_endpoint(p, "gateway [", &flow->gateway, false, 0);
	if ((fields & STORE_FIELD_PACKETS) != 0)
		p = put_named(p, "packets ", flow->packets);
	if ((fields & STORE_FIELD_OCTETS) != 0)
		p = put_named(p, "octets ", flow->octets);
	return (p);
}

/* How the exporter saw it: the fields from IF_INDICES. */
static char *
put_export(char *p, const struct flow *flow, uint32_t fields, bool utc)
{
	if ((fields & STORE_FIELD_IF_INDICES) != 0) {
		p = put_named(p, "in_if ", flow->if_index_in);
		p = put_named(p, "out_if ", flow->if_index_out);
	}
	if ((fields & STORE_FIELD_AGENT_INFO) != 0) {
		p = put_named_interval_ms(p, "sys_uptime_ms ",
		    flow->sys_uptime_ms);
		p = put_text(p, "time_sec ");
		p = put_iso_time(p, flow->time_sec, utc);
		p = put_named(p, " time_nanosec ", flow->time_nanosec);
		p = put_named(p, "netflow ver ", flow->netflow_version);
	}
	if ((fields & STORE_FIELD_FLOW_TIMES) != 0) {
		p = put_named_interval_ms(p, "flow_start ", flow->flow_start);
		p = put_named_interval_ms(p, "flow_finish ", flow->flow_finish);
	}
	if ((fields & STORE_FIELD_AS_INFO) != 0) {
		p = put_named(p, "src_AS ", flow->src_as);
		p = put_named(p, "src_masklen ", flow->src_mask);
		p = put_named(p, "dst_AS ", flow->dst_as);
		p = put_named(p, "dst_masklen ", flow->dst_mask);
	}
	if ((fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0) {
		p = put_named(p, "engine_type ", flow->engine_type);
		p = put_named(p, "engine_id ", flow->engine_id);
		p = put_named(p, "seq ", flow->flow_sequence);
		p = put_named(p, "source ", flow->source_id);
	}
	if ((fields & STORE_FIELD_CRC32) != 0) {
		p = put_hex(put_text(p, "crc32 "), flow->crc, 8);
		*p++ = ' ';
	}
	return (p);
}

size_t
format_flow(const struct flow *flow, uint32_t mask, bool utc,
    char buf[FORMAT_LINE_MAX])
{
	const uint32_t fields = flow->fields & mask;
	char *p = put_text(buf, "FLOW ");

	p = put_traffic(p, flow, fields, utc);
	p = put_export(p, flow, fields, utc);
	*p = '\0';
	return ((size_t)(p - buf));
}

const char *
format_csv_header(void)
{
	return (csv_header);
}

/* The number, or 0 where the flow lacks the field, and a comma. */
static inline char *
put_column(char *p, const struct flow *flow, uint32_t field, uint64_t v)
{
	p = put_u64(p, (flow->fields & field) != 0 ? v : 0);
	*p++ = ',';
	return (p);
}

static inline char *
put_addr_column(char *p, const struct flow *flow, uint32_t pair,
    const struct addr *a)
{
	if ((flow->fields & pair) != 0)
		p = addr_put(p, a);
	*p++ = ',';
	return (p);
}

size_t
format_csv(const struct flow *flow, char buf[FORMAT_LINE_MAX])
{
	const uint32_t agent = STORE_FIELD_AGENT_INFO;
	const uint32_t times = STORE_FIELD_FLOW_TIMES;
	const uint32_t engine = STORE_FIELD_FLOW_ENGINE_INFO;
	const uint32_t ifs = STORE_FIELD_IF_INDICES;
	const uint32_t ports = STORE_FIELD_SRCDST_PORT;
	const uint32_t proto = STORE_FIELD_PROTO_FLAGS_TOS;
	const uint32_t as = STORE_FIELD_AS_INFO;
	char *p = buf;

	p = put_column(p, flow, agent, flow->time_sec);
	p = put_column(p, flow, agent, flow->time_nanosec);
	p = put_column(p, flow, agent, flow->sys_uptime_ms);
	p = put_addr_column(p, flow, STORE_FIELD_AGENT_ADDR, &flow->agent);
	p = put_column(p, flow, STORE_FIELD_PACKETS, flow->packets);
	p = put_column(p, flow, STORE_FIELD_OCTETS, flow->octets);
	p = put_column(p, flow, times, flow->flow_start);
	p = put_column(p, flow, times, flow->flow_finish);
	p = put_column(p, flow, engine, flow->engine_type);
	p = put_column(p, flow, engine, flow->engine_id);
	p = put_addr_column(p, flow, STORE_FIELD_SRC_ADDR, &flow->src);
	p = put_addr_column(p, flow, STORE_FIELD_DST_ADDR, &flow->dst);
	p = put_addr_column(p, flow, STORE_FIELD_GATEWAY_ADDR, &flow->gateway);
	p = put_column(p, flow, ifs, flow->if_index_in);
	p = put_column(p, flow, ifs, flow->if_index_out);
	p = put_column(p, flow, ports, flow->src_port);
	p = put_column(p, flow, ports, flow->dst_port);
	p = put_column(p, flow, proto, flow->protocol);
	p = put_column(p, flow, proto, flow->tos);
	p = put_column(p, flow, proto, flow->tcp_flags);
	p = put_column(p, flow, as, flow->src_mask);
	p = put_column(p, flow, as, flow->dst_mask);
	p = put_column(p, flow, as, flow->src_as);
	p = put_column(p, flow, as, flow->dst_as);
	*--p = '\0'; /* over the last comma */
	return ((size_t)(p - buf));
}

/*
 * JSON members, each with a comma behind it; name has the quotes, the colon and
 * what comes before the value.  No value has characters to be escaped.
 */
static inline char *
put_member(char *p, const char *name, uint64_t v)
{
	p = put_u64(put_text(p, name), v);
	*p++ = ',';
	return (p);
}

static inline char *
put_addr_member(char *p, const struct flow *flow, uint32_t pair,
    const char *name, const struct addr *a)
{
	if ((flow->fields & pair) == 0)
		return (p);
	p = addr_put(put_text(p, name), a);
	*p++ = '"';
	*p++ = ',';
	return (p);
}

/* The time, with ndigits of the fraction, and its zone. */
static char *
put_time_member(char *p, const char *name, int64_t sec, uint32_t fraction,
    unsigned int ndigits, bool utc)
{
	const struct iso_minute *m = iso_minute(sec, utc);

	/* ISO 8601 cannot name a zone that is off by seconds; UTC never is. */
	if (m == NULL)
		m = iso_minute(sec, true);
	p = put_iso_second(put_text(p, name), m, sec);
	*p++ = '.';
	p = put_digits(p, fraction, ndigits);
	memcpy(p, m->zone, ISO_ZONE_LEN);
	p += ISO_ZONE_LEN;
	*p++ = '"';
	*p++ = ',';
	return (p);
}

/* flow_time, milliseconds of the exporter's uptime, as flowd-log(5) has it. */
static char *
put_flow_time_member(char *p, const char *name, const struct flow *flow,
    uint32_t flow_time, bool utc)
{
	const int64_t billion = 1000000000;
	const int32_t before = (int32_t)(flow->sys_uptime_ms - flow_time);
	const int64_t t = flow->time_sec * billion + flow->time_nanosec -
	    before * (billion / 1000);
	const int64_t fraction = (t % billion + billion) % billion;

	return (put_time_member(p, name, (t - fraction) / billion,
	    (uint32_t)(fraction / (billion / 1000)), 3, utc));
}

static char *
put_traffic_members(char *p, const struct flow *flow, bool utc)
{
	const uint32_t million = 1000000;

	if ((flow->fields & STORE_FIELD_TAG) != 0)
		p = put_member(p, "\"tag\":", flow->tag);
	if ((flow->fields & STORE_FIELD_RECV_TIME) != 0)
		p = put_time_member(p, "\"recv_time\":\"",
		    (int64_t)flow->recv_sec + flow->recv_usec / million,
		    flow->recv_usec % million, 6, utc);
	if ((flow->fields & STORE_FIELD_PROTO_FLAGS_TOS) != 0) {
		p = put_member(p, "\"protocol\":", flow->protocol);
		p = put_member(p, "\"tcp_flags\":", flow->tcp_flags);
		p = put_member(p, "\"tos\":", flow->tos);
	}
	p = put_addr_member(p, flow, STORE_FIELD_AGENT_ADDR,
	    "\"agent_addr\":\"", &flow->agent);
	p = put_addr_member(p, flow, STORE_FIELD_SRC_ADDR, "\"src_addr\":\"",
	    &flow->src);
	p = put_addr_member(p, flow, STORE_FIELD_DST_ADDR, "\"dst_addr\":\"",
	    &flow->dst);
	p = put_addr_member(p, flow, STORE_FIELD_GATEWAY_ADDR,
	    "\"gateway_addr\":\"", &flow->gateway);
	if ((flow->fields & STORE_FIELD_SRCDST_PORT) != 0) {
		p = put_member(p, "\"src_port\":", flow->src_port);
		p = put_member(p, "\"dst_port\":", flow->dst_port);
	}
	if ((flow->fields & STORE_FIELD_PACKETS) != 0)
		p = put_member(p, "\"packets\":", flow->packets);
	if ((flow->fields & STORE_FIELD_OCTETS) != 0)
		p = put_member(p, "\"octets\":", flow->octets);
	return (p);
}

static char *
put_time_members(char *p, const struct flow *flow, bool utc)
{
	const uint32_t billion = 1000000000;

	if ((flow->fields & STORE_FIELD_AGENT_INFO) != 0) {
		p = put_member(p, "\"sys_uptime_ms\":", flow->sys_uptime_ms);
		p = put_time_member(p, "\"export_time\":\"",
		    (int64_t)flow->time_sec + flow->time_nanosec / billion,
		    flow->time_nanosec % billion, 9, utc);
		p = put_member(p,
		    "\"netflow_version\":", flow->netflow_version);
	}
	if ((flow->fields & STORE_FIELD_FLOW_TIMES) == 0)
		return (p);
	p = put_member(p, "\"flow_start_ms\":", flow->flow_start);
	p = put_member(p, "\"flow_finish_ms\":", flow->flow_finish);
	if ((flow->fields & STORE_FIELD_AGENT_INFO) == 0)
		return (p);
	p = put_flow_time_member(p, "\"start\":\"", flow, flow->flow_start,
	    utc);
	return (put_flow_time_member(p, "\"end\":\"", flow, flow->flow_finish,
	    utc));
}

static char *
put_export_members(char *p, const struct flow *flow, bool utc)
{
	if ((flow->fields & STORE_FIELD_IF_INDICES) != 0) {
		p = put_member(p, "\"if_index_in\":", flow->if_index_in);
		p = put_member(p, "\"if_index_out\":", flow->if_index_out);
	}
	p = put_time_members(p, flow, utc);
	if ((flow->fields & STORE_FIELD_AS_INFO) != 0) {
		p = put_member(p, "\"src_as\":", flow->src_as);
		p = put_member(p, "\"dst_as\":", flow->dst_as);
		p = put_member(p, "\"src_mask\":", flow->src_mask);
		p = put_member(p, "\"dst_mask\":", flow->dst_mask);
	}
	if ((flow->fields & STORE_FIELD_FLOW_ENGINE_INFO) != 0) {
		p = put_member(p, "\"engine_type\":", flow->engine_type);
		p = put_member(p, "\"engine_id\":", flow->engine_id);
		p = put_member(p, "\"flow_sequence\":", flow->flow_sequence);
		p = put_member(p, "\"source_id\":", flow->source_id);
	}
	if ((flow->fields & STORE_FIELD_CRC32) != 0)
		p = put_member(p, "\"crc32\":", flow->crc);
	return (p);
}

size_t
format_json(const struct flow *flow, bool utc, char buf[FORMAT_LINE_MAX])
{
	char *p = buf;

	*p++ = '{';
	p = put_traffic_members(p, flow, utc);
	p = put_export_members(p, flow, utc);
	if (p[-1] == ',')
		p--;
	*p++ = '}';
	*p = '\0';
	return ((size_t)(p - buf));
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
