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

#include "compat.h"

#include <string.h>
#include <time.h>

#include "format.h"

#define ISO_MINUTE_LEN	17	/* YYYY-MM-DDTHH:MM: */

#define SECONDS		1U
#define MINUTES		(60 * SECONDS)
#define HOURS		(60 * MINUTES)
#define DAYS		(24 * HOURS)
#define WEEKS		(7 * DAYS)
#define YEARS		(52 * WEEKS)

/*
 * Minutes as text, since the times of neighbouring flows are close together
 * and a conversion to local time is slow.  A time of reception and one of
 * export, minutes apart, get different slots.
 */
struct iso_minute {
	uint32_t	minute;		/* of the epoch */
	bool		utc, used;
	char		text[ISO_MINUTE_LEN];
};

#define ISO_MINUTES	16

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

/* The last ndigits decimal digits of v, with zeros in front. */
static inline char *
put_digits(char *p, uint32_t v, unsigned int ndigits)
{
	unsigned int i;

	for (i = ndigits; i > 0; i--) {
		p[i - 1] = (char)('0' + v % 10);
		v /= 10;
	}
	return (p + ndigits);
}

static inline char *
put_u32(char *p, uint32_t v)
{
	unsigned int ndigits = 1;
	uint32_t rest;

	for (rest = v; rest >= 10; rest /= 10)
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

static inline char *
put_addr(char *p, const struct addr *a)
{
	addr_ntop(a, p);
	return (p + strlen(p));
}

static void
broken_down(uint32_t sec, bool utc, struct tm *tm)
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

static char *
put_iso_time(char *p, uint32_t sec, bool utc)
{
	const uint32_t minute = sec / MINUTES;
	struct iso_minute *m = &iso_minutes[minute % ISO_MINUTES];
	struct tm tm;

	if (!m->used || m->minute != minute || m->utc != utc) {
		broken_down(minute * MINUTES, utc, &tm);
		/* Once there were zones off by seconds: no minute is whole. */
		if (tm.tm_sec != 0) {
			broken_down(sec, utc, &tm);
			p = put_iso_minute(p, &tm);
			return (put_digits(p, (uint32_t)tm.tm_sec, 2));
		}
		put_iso_minute(m->text, &tm);
		m->minute = minute;
		m->utc = utc;
		m->used = true;
	}
	memcpy(p, m->text, ISO_MINUTE_LEN);
	return (put_digits(p + ISO_MINUTE_LEN, sec % MINUTES, 2));
}

static char *
put_interval(char *p, uint32_t sec)
{
	static const struct {
		uint32_t	seconds;
		char		letter;
	} units[] = {
		{ YEARS, 'y' }, { WEEKS, 'w' }, { DAYS, 'd' }, { HOURS, 'h' },
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
	p = put_addr(put_text(p, name), a);
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
		p = put_named_interval_ms(p, "flow_finish ",
		    flow->flow_finish);
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
		p = put_addr(p, a);
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
	*--p = '\0';	/* over the last comma */
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
