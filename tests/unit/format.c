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

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "format.h"
#include "lib/format-columns.h"

static struct addr
parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_pton(text, &a), 0);
	return (a);
}

static struct flow
full_flow(void)
{
	struct flow flow = {
		.tag = 7,
		.recv_sec = 1700000000,
		.recv_usec = 80160,
		.packets = 3,
		.octets = 4500,
		.if_index_in = 1,
		.if_index_out = 2,
		.sys_uptime_ms = 3600000,
		.time_sec = 1699999999,
		.time_nanosec = 5,
		.flow_start = 3590000,
		.flow_finish = 3599999,
		.src_as = 64500,
		.dst_as = 64501,
		.flow_sequence = 99,
		.source_id = 4,
		.crc = 0x00abcdef,
		.netflow_version = 5,
		.src_port = 443,
		.dst_port = 50000,
		.engine_type = 8,
		.engine_id = 9,
		.tcp_flags = 0x1b,
		.protocol = 6,
		.tos = 0x08,
		.src_mask = 24,
		.dst_mask = 16,
	};

	flow.agent = parsed("192.0.2.1");
	flow.src = parsed("198.51.100.7");
	flow.dst = parsed("203.0.113.9");
	flow.gateway = parsed("192.0.2.254");
	flow.fields = STORE_FIELD_ALL &
	    ~(STORE_FIELD_AGENT_ADDR6 | STORE_FIELD_SRC_ADDR6 |
		STORE_FIELD_DST_ADDR6 | STORE_FIELD_GATEWAY_ADDR6);
	return (flow);
}

static void
assert_text(const struct flow *flow, uint32_t mask, const char *expected)
{
	char buf[FORMAT_LINE_MAX];
	const size_t len = format_flow(flow, mask, true, buf);

	assert_string_equal(buf, expected);
	assert_int_equal(len, strlen(expected));
}

static void
prints_all_fields(void **state)
{
	const struct flow flow = full_flow();

	(void)state;
	assert_text(&flow, STORE_DISPLAY_ALL,
	    "FLOW tag 7 "
	    "recv_time 2023-11-14T22:13:20.080160 proto 6 tcpflags 1b tos 08 "
	    "agent [192.0.2.1] src [198.51.100.7]:443 dst [203.0.113.9]:50000 "
	    "gateway [192.0.2.254] packets 3 octets 4500 in_if 1 out_if 2 "
	    "sys_uptime_ms 1h0s.000 time_sec 2023-11-14T22:13:19 "
	    "time_nanosec 5 netflow ver 5 flow_start 59m50s.000 "
	    "flow_finish 59m59s.999 src_AS 64500 src_masklen 24 "
	    "dst_AS 64501 dst_masklen 16 engine_type 8 engine_id 9 seq 99 "
	    "source 4 crc32 00abcdef ");
}

static void
prints_brief(void **state)
{
	const struct flow flow = full_flow();

	(void)state;
	assert_text(&flow, STORE_DISPLAY_BRIEF,
	    "FLOW tag 7 "
	    "recv_time 2023-11-14T22:13:20.080160 proto 6 tcpflags 1b tos 08 "
	    "agent [192.0.2.1] src [198.51.100.7]:443 dst [203.0.113.9]:50000 "
	    "packets 3 octets 4500 ");
}

static void
omits_absent_fields(void **state)
{
	struct flow flow = full_flow();

	(void)state;
	assert_text(&flow, 0, "FLOW ");
	assert_text(&flow, STORE_FIELD_SRC_ADDR, "FLOW src [198.51.100.7] ");
	assert_text(&flow, STORE_FIELD_SRCDST_PORT, "FLOW ");
	assert_text(&flow, STORE_FIELD_DST_ADDR | STORE_FIELD_SRCDST_PORT,
	    "FLOW dst [203.0.113.9]:50000 ");
	flow.fields = STORE_FIELD_OCTETS;
	assert_text(&flow, STORE_DISPLAY_ALL, "FLOW octets 4500 ");
	flow.fields = 0;
	assert_text(&flow, STORE_DISPLAY_ALL, "FLOW ");
}

static void
prints_ipv6(void **state)
{
	struct flow flow = full_flow();

	(void)state;
	flow.src = parsed("2001:db8::1");
	flow.dst = parsed("fe80::1:2");
	flow.fields = STORE_FIELD_SRC_ADDR6 | STORE_FIELD_DST_ADDR6 |
	    STORE_FIELD_SRCDST_PORT;
	assert_text(&flow, STORE_DISPLAY_BRIEF,
	    "FLOW src [2001:db8::1]:443 dst [fe80::1:2]:50000 ");
}

/* The longest line: every number at its maximum, and long addresses. */
static struct flow
extreme_flow(void)
{
	struct flow flow;

	memset(&flow, 0xff, sizeof(flow));
	flow.agent = flow.src = flow.dst = flow.gateway =
	    parsed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	return (flow);
}

static void
prints_extremes(void **state)
{
	const struct flow flow = extreme_flow();
	char buf[FORMAT_LINE_MAX];
	size_t len;

	(void)state;
	len = format_flow(&flow, STORE_DISPLAY_ALL, true, buf);
	assert_int_equal(len, strlen(buf));
	assert_true(len < FORMAT_LINE_MAX);
	assert_text(&flow, STORE_FIELD_PACKETS | STORE_FIELD_OCTETS,
	    "FLOW packets 18446744073709551615 octets 18446744073709551615 ");
	assert_text(&flow, STORE_FIELD_IF_INDICES,
	    "FLOW in_if 4294967295 out_if 4294967295 ");
	assert_text(&flow, STORE_FIELD_FLOW_TIMES,
	    "FLOW flow_start 7w17h2m47s.295 flow_finish 7w17h2m47s.295 ");
	/* Microseconds of more than a second are printed unchanged. */
	assert_text(&flow, STORE_FIELD_RECV_TIME,
	    "FLOW recv_time 2106-02-07T06:28:15.4294967295 ");
	len = format_csv(&flow, buf);
	assert_int_equal(len, strlen(buf));
}

static void
prints_numbers_of_every_length(void **state)
{
	struct flow flow = full_flow();
	char expected[FORMAT_LINE_MAX];
	uint64_t v;
	int i, d;

	(void)state;
	for (i = 0, v = 1; i < 20; i++, v *= 10) {
		for (d = -1; d <= 1; d++) {
			flow.packets = v + (uint64_t)(int64_t)d;
			(void)snprintf(expected, sizeof(expected),
			    "FLOW packets %llu ",
			    (unsigned long long)flow.packets);
			assert_text(&flow, STORE_FIELD_PACKETS, expected);
		}
	}
}

static void
prints_json_within_the_line(void **state)
{
	const struct flow flow = extreme_flow();
	char buf[FORMAT_LINE_MAX];
	size_t len;

	(void)state;
	len = format_json(&flow, true, buf);
	assert_int_equal(len, strlen(buf));
	/* Room for the text around a line. */
	assert_true(len < FORMAT_LINE_MAX - 1);
	assert_non_null(strstr(buf, "\"octets\":18446744073709551615,"));
}

static void
prints_json(void **state)
{
	struct flow flow = full_flow();
	char buf[FORMAT_LINE_MAX];

	(void)state;
	flow.fields = 0;
	assert_int_equal(format_json(&flow, true, buf), 2);
	assert_string_equal(buf, "{}");
	flow.fields = STORE_FIELD_AGENT_INFO | STORE_FIELD_FLOW_TIMES;
	(void)format_json(&flow, true, buf);
	assert_string_equal(buf,
	    "{\"sys_uptime_ms\":3600000,"
	    "\"export_time\":\"2023-11-14T22:13:19.000000005+00:00\","
	    "\"netflow_version\":5,\"flow_start_ms\":3590000,"
	    "\"flow_finish_ms\":3599999,"
	    "\"start\":\"2023-11-14T22:13:09.000+00:00\","
	    "\"end\":\"2023-11-14T22:13:18.999+00:00\"}");
}

static void
prints_csv(void **state)
{
	struct flow flow = full_flow();
	char buf[FORMAT_LINE_MAX];
	size_t len;

	(void)state;
	assert_string_equal(format_csv_header(),
	    "#:unix_secs,unix_nsecs,"
	    "sysuptime,exaddr,dpkts,doctets,first,last,engine_type,engine_id,"
	    "srcaddr,dstaddr,nexthop,input,output,srcport,dstport,prot,tos,"
	    "tcp_flags,src_mask,dst_mask,src_as,dst_as");
	len = format_csv(&flow, buf);
	assert_int_equal(len, strlen(buf));
	assert_string_equal(buf,
	    "1699999999,5,3600000,192.0.2.1,3,4500,"
	    "3590000,3599999,8,9,198.51.100.7,203.0.113.9,192.0.2.254,1,2,"
	    "443,50000,6,8,27,24,16,64500,64501");
}

/* Absent fields are empty or 0, whatever the members are. */
static void
csv_has_all_columns(void **state)
{
	struct flow flow = full_flow();
	char buf[FORMAT_LINE_MAX];

	(void)state;
	flow.fields = 0;
	(void)format_csv(&flow, buf);
	assert_string_equal(buf, "0,0,0,,0,0,0,0,0,0,,,,0,0,0,0,0,0,0,0,0,0,0");
	flow.fields = STORE_FIELD_OCTETS | STORE_FIELD_DST_ADDR4;
	(void)format_csv(&flow, buf);
	assert_string_equal(buf,
	    "0,0,0,,0,4500,0,0,0,0,,203.0.113.9,,0,0,0,0,0,0,0,0,0,0,0");
}

static void
intervals(void **state)
{
	static const struct {
		uint32_t sec;
		const char *expected;
	} cases[] = {
		{ 0, "0s" },
		{ 59, "59s" },
		{ 60, "1m0s" },
		{ 3600, "1h0s" },
		{ 3661, "1h1m1s" },
		{ 86400, "1d0s" },
		{ 604800, "1w0s" },
		{ 788645, "1w2d3h4m5s" },
		{ 364 * 86400, "1y0s" },
		{ 364 * 86400 - 1, "51w6d23h59m59s" },
		{ UINT32_MAX, "136y29w3d6h28m15s" },
	};
	char buf[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(format_interval(cases[i].sec, buf),
		    cases[i].expected);
	assert_string_equal(format_interval_ms(184005, buf), "3m4s.005");
	assert_string_equal(format_interval_ms(0, buf), "0s.000");
	assert_string_equal(format_interval_ms(999, buf), "0s.999");
	assert_string_equal(format_interval_ms(UINT32_MAX, buf),
	    "7w17h2m47s.295");
}

static void
assert_times(uint32_t from, uint32_t to, uint32_t step, bool utc)
{
	char buf[32], expected[32];
	uint32_t sec;
	struct tm tm;
	time_t t;

	for (sec = from; sec < to; sec += step) {
		t = (time_t)sec;
		assert_non_null(utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm));
		assert_true(strftime(expected, sizeof(expected),
				"%Y-%m-%dT%H:%M:%S", &tm) > 0);
		assert_string_equal(format_iso_time(sec, utc, buf), expected);
	}
}

static void
utc_times(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(format_iso_time(0, true, buf),
	    "1970-01-01T00:00:00");
	assert_string_equal(format_iso_time(1709164800, true, buf),
	    "2024-02-29T00:00:00");
	assert_string_equal(format_iso_time(UINT32_MAX, true, buf),
	    "2106-02-07T06:28:15");
	assert_times(1709164700, 1709165000, 1, true);
	assert_times(0, UINT32_MAX - 9999991, 9999991, true);
}

/*
 * The tests change the zone within the process, and format.c caches minutes.
 * Each zone uses times of its own.
 */
static void
use_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

static void
local_times(void **state)
{
	char buf[32];

	(void)state;
	use_zone("IST-5:30");
	assert_string_equal(format_iso_time(1600000000, false, buf),
	    "2020-09-13T17:56:40");
	/* The same second in UTC is another text. */
	assert_string_equal(format_iso_time(1600000000, true, buf),
	    "2020-09-13T12:26:40");
	assert_string_equal(format_iso_time(1600000000, false, buf),
	    "2020-09-13T17:56:40");
	assert_times(1600000000, 1600010000, 7, false);
}

static void
local_times_across_a_change_of_the_clock(void **state)
{
	(void)state;
	use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	/* 2021-03-28 01:00 and 2021-10-31 01:00 UTC. */
	assert_times(1616893200 - 100, 1616893200 + 100, 1, false);
	assert_times(1635642000 - 100, 1635642000 + 100, 1, false);
}

static void
local_times_of_a_zone_with_seconds(void **state)
{
	(void)state;
	use_zone("LMT+0:44:30");
	assert_times(50000000, 50000400, 1, false);
}

static void
assert_columns(const struct flow *flow, const char *list, const char *expected)
{
	struct format_columns columns;
	char buf[FORMAT_LINE_MAX];
	const char *wrong;
	size_t len;

	assert_int_equal(format_columns_parse(list, &columns, &wrong, &len), 0);
	assert_int_equal(format_columns(&columns, flow, true, buf),
	    strlen(expected));
	assert_string_equal(buf, expected);
}

static void
prints_chosen_columns(void **state)
{
	struct flow flow = full_flow();

	(void)state;
	assert_columns(&flow, "octets", "4500");
	assert_columns(&flow, "tag,recv_time,src_addr,src_port,doctets",
	    "7,2023-11-14T22:13:20.080160+00:00,198.51.100.7,443,4500");
	assert_columns(&flow, "export_time,unix_secs,unix_nsecs,sysuptime",
	    "2023-11-14T22:13:19.000000005+00:00,1699999999,5,3600000");
	assert_columns(&flow, "start,end,first,flow_finish_ms",
	    "2023-11-14T22:13:09.000+00:00,2023-11-14T22:13:18.999+00:00,"
	    "3590000,3599999");
	assert_columns(&flow, "recv_sec,recv_usec,time_sec,tos,tcp_flags,crc32",
	    "1700000000,80160,1699999999,8,27,11259375");
	flow.fields &= ~(uint32_t)STORE_FIELD_AGENT_INFO;
	assert_columns(&flow, "start,flow_start,end", ",3590000,");
	flow.fields = 0;
	assert_columns(&flow, "octets,src_addr,recv_time,start", ",,,");
}

static void
assert_wrong(const char *list, int error, const char *expected)
{
	struct format_columns columns;
	const char *wrong;
	size_t len;

	assert_int_equal(format_columns_parse(list, &columns, &wrong, &len),
	    error);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(wrong, expected, len);
}

static void
wrong_columns_are_named(void **state)
{
	char list[4096] = "";

	(void)state;
	assert_wrong("", FLOWD_EINVAL, "");
	assert_wrong("octets,", FLOWD_EINVAL, "");
	assert_wrong(",octets", FLOWD_EINVAL, "");
	assert_wrong("octets,octet", FLOWD_EINVAL, "octet");
	assert_wrong("octetss,tag", FLOWD_EINVAL, "octetss");
	assert_wrong("octets, tag", FLOWD_EINVAL, " tag");
	assert_wrong("octets,tag,doctets", FLOWD_ESPACE, "doctets");
	assert_wrong("start,end,first,start", FLOWD_ESPACE, "start");
	assert_wrong("start_with_a_name_that_is_longer_than_any", FLOWD_EINVAL,
	    "start_with_a_name_that_is_longer_than_any");
	(void)memset(list, 'a', sizeof(list) - 1);
	assert_wrong(list, FLOWD_EINVAL, list);
}

/* All of them, once: the longest line there is. */
static void
all_columns_fit_into_a_line(void **state)
{
	uint8_t all[16];
	struct format_columns columns = { .n = 0 };
	struct format_column *c = columns.columns;
	char buf[FORMAT_LINE_MAX];
	const struct member *m;
	struct flow flow;
	size_t i;

	(void)state;
	memset(all, 0xff, sizeof(all));
	memset(all, 0xff, sizeof(all));
	memset(&flow, 0xff, sizeof(flow));
	flow.agent = flow.src = flow.dst = flow.gateway = addr_v6(all);
	for (i = 0; (m = field_member(i)) != NULL; i++) {
		if (m->name != NULL && m->type != MEMBER_ADDR)
			*c++ = (struct format_column){ m, SHOW_NUMBER };
		if (m->json.show != SHOW_NOT)
			*c++ = (struct format_column){ m, m->json.show };
	}
	columns.n = (size_t)(c - columns.columns);
	assert_in_range(columns.n, 40, FORMAT_COLUMNS_MAX);
	assert_in_range(format_columns(&columns, &flow, true, buf), 600,
	    FORMAT_LINE_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_all_fields),
		cmocka_unit_test(prints_brief),
		cmocka_unit_test(omits_absent_fields),
		cmocka_unit_test(prints_ipv6),
		cmocka_unit_test(prints_extremes),
		cmocka_unit_test(prints_numbers_of_every_length),
		cmocka_unit_test(prints_json_within_the_line),
		cmocka_unit_test(prints_json),
		cmocka_unit_test(prints_csv),
		cmocka_unit_test(csv_has_all_columns),
		cmocka_unit_test(prints_chosen_columns),
		cmocka_unit_test(wrong_columns_are_named),
		cmocka_unit_test(all_columns_fit_into_a_line),
		cmocka_unit_test(intervals),
		cmocka_unit_test(utc_times),
		cmocka_unit_test(local_times),
		cmocka_unit_test(local_times_across_a_change_of_the_clock),
		cmocka_unit_test(local_times_of_a_zone_with_seconds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
