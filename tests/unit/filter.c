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
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "filter.h"
#include "recorded.h"
#include "skip.h"

#define REPORT_MAX 65536

/* 2025-07-02, a Wednesday, 12:00:00 local time. */
#define NOON 1751450400U

static struct filter *
make_filter(const char *rules)
{
	FILE *fp = fmemopen((void *)(uintptr_t)rules, strlen(rules), "r");
	struct config *conf;
	struct filter *filter;

	assert_non_null(fp);
	conf = config_parse(fp, "rules", CONFIG_READER, NULL, 0);
	fclose(fp);
	assert_non_null(conf);
	filter =
	    filter_new(conf->rules, conf->nrules, conf->tables, conf->ntables);
	assert_non_null(filter);
	config_free(conf); /* the filter has a copy */
	return (filter);
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_pton(text, &a), 0);
	return (a);
}

static struct flow
make_flow(const char *src, const char *dst)
{
	struct flow flow;

	memset(&flow, 0, sizeof(flow));
	flow.agent = address("192.0.2.1");
	flow.src = address(src);
	flow.dst = address(dst);
	flow.fields = STORE_FIELD_RECV_TIME | STORE_FIELD_PROTO_FLAGS_TOS |
	    STORE_FIELD_SRCDST_PORT | STORE_FIELD_IF_INDICES |
	    store_addr_bit(STORE_FIELD_AGENT_ADDR, flow.agent.family) |
	    store_addr_bit(STORE_FIELD_SRC_ADDR, flow.src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow.dst.family);
	flow.recv_sec = NOON;
	flow.src_port = 40000;
	flow.dst_port = 443;
	flow.protocol = 6;
	flow.tos = 0x10;
	flow.tcp_flags = 0x12;
	flow.if_index_in = 3;
	flow.if_index_out = 4000000000;
	return (flow);
}

static struct flow
v4_flow(void)
{
	return (make_flow("10.1.2.3", "172.16.5.6"));
}

static struct flow
v6_flow(void)
{
	return (make_flow("2001:db8::1", "2001:db8:1::1"));
}

/* Returns whether a rule with those parameters matches flow. */
static bool
matches(const char *params, const struct flow *flow)
{
	struct flow copy = *flow;
	struct filter *filter;
	char *rule = NULL;
	bool match;

	assert_int_not_equal(asprintf(&rule, "discard %s", params), -1);
	filter = make_filter(rule);
	free(rule);
	match = filter_flow(filter, &copy) == FILTER_DISCARD;
	filter_free(filter);
	assert_memory_equal(&copy, flow, sizeof(copy));
	return (match);
}

static void
assert_all_match(const char *const *params, const struct flow *flow, bool want)
{
	for (; *params != NULL; params++) {
		if (matches(*params, flow) != want)
			fail_msg("\"%s\" %s", *params,
			    want ? "does not match" : "matches");
	}
}

static void
each_parameter(void **state)
{
	static const char *const match[] = { "all", "", "src any dst any",
		"agent 192.0.2.1", "agent 192.0.2.0/24", "agent ! 192.0.2.2",
		"agent ! 2001:db8::/32", "in_ifndx 3", "in_ifndx ! 4",
		"out_ifndx 4000000000", "out_ifndx ! 3", "inet", "! inet6",
		"src 10.1.2.3", "src 10.0.0.0/8", "src 0.0.0.0/0",
		"src ! 11.0.0.0/8", "dst 172.16.0.0/12", "dst ! 10.0.0.0/8",
		"src any port 40000 proto tcp", "dst any port 443 proto tcp",
		"src any port ! 443 proto tcp",
		"dst 172.16.5.6 port ! 40000 proto tcp", "proto tcp", "proto 6",
		"proto ! udp", "tos 0x10", "tos ! 0",
		"proto tcp tcp_flags equals 0x12",
		"proto tcp tcp_flags mask 0x02 equals 0x02",
		"proto tcp tcp_flags mask 0x04 equals 0",
		"proto tcp tcp_flags mask 0x10 ! equals 0", "days wed",
		"days mon-fri", "days tue-mon", "after 12:00", "before 12:00",
		"after 11:59:59 before 12:00:01", "after date 2025",
		"before date 2026", NULL };
	static const char *const miss[] = { "agent 192.0.2.2",
		"agent ! 192.0.2.0/24", "agent 2001:db8::/32", "in_ifndx 4",
		"in_ifndx ! 3", "out_ifndx 3", "out_ifndx ! 4000000000",
		"inet6", "! inet", "src 10.1.2.4", "src 11.0.0.0/8",
		"src ! 10.0.0.0/8", "src ::/0", "dst 172.32.0.0/11",
		"dst ! 172.16.0.0/12", "src any port 443 proto tcp",
		"dst any port 40000 proto tcp",
		"src any port ! 40000 proto tcp", "dst any port 443 proto udp",
		"proto udp", "proto ! tcp", "tos 0", "tos ! 0x10",
		"proto tcp tcp_flags equals 0x02",
		"proto tcp tcp_flags mask 0x12 ! equals 0x12",
		"proto tcp tcp_flags mask 0x02 equals 0x12",
		"days sun,mon,tue,thu,fri,sat", "days thu-tue",
		"after 12:00:01", "before 11:59:59", "after date 2026",
		"before date 2025",
		/* One parameter that does not match is enough. */
		"src 10.0.0.0/8 dst 10.0.0.0/8", "proto tcp tos 0",
		"inet src 10.0.0.0/8 in_ifndx 3 out_ifndx 4", NULL };
	struct flow flow = v4_flow();

	(void)state;
	assert_all_match(match, &flow, true);
	assert_all_match(miss, &flow, false);
}

static void
other_family(void **state)
{
	static const char *const match[] = { "inet6", "! inet",
		"src 2001:db8::/32", "src ! 2001:db9::/32", "dst ::/0",
		"src ! 10.0.0.0/8", NULL };
	static const char *const miss[] = { "inet", "! inet6", "src 10.0.0.0/8",
		"src 0.0.0.0/0", "src ! ::/0", NULL };
	struct flow flow = v6_flow();

	(void)state;
	assert_all_match(match, &flow, true);
	assert_all_match(miss, &flow, false);
}

static void
family_by_the_address_that_is_present(void **state)
{
	struct flow flow = v6_flow();

	(void)state;
	flow.fields &= ~STORE_FIELD_SRC_ADDR;
	assert_true(matches("inet6", &flow));
	assert_true(matches("! inet", &flow));
	flow.fields &= ~STORE_FIELD_DST_ADDR;
	assert_false(matches("inet6", &flow));
	assert_false(matches("! inet6", &flow));
	assert_false(matches("! inet", &flow));
}

static void
absent_fields_match_nothing(void **state)
{
	static const struct {
		uint32_t fields;
		const char *params[2];
	} rows[] = {
		{ STORE_FIELD_AGENT_ADDR,
		    { "agent 0.0.0.0/0", "agent ! 10.0.0.0/8" } },
		{ STORE_FIELD_SRC_ADDR,
		    { "src 0.0.0.0/0", "src ! 192.0.2.1" } },
		{ STORE_FIELD_DST_ADDR,
		    { "dst 0.0.0.0/0", "dst ! 192.0.2.1" } },
		{ STORE_FIELD_SRCDST_PORT,
		    { "src any port 40000 proto tcp",
			"src any port ! 1 proto tcp" } },
		{ STORE_FIELD_SRCDST_PORT,
		    { "dst any port 443 proto tcp",
			"dst any port ! 1 proto tcp" } },
		{ STORE_FIELD_IF_INDICES, { "in_ifndx 3", "in_ifndx ! 4" } },
		{ STORE_FIELD_IF_INDICES,
		    { "out_ifndx 4000000000", "out_ifndx ! 4" } },
		{ STORE_FIELD_PROTO_FLAGS_TOS, { "proto 6", "proto ! 7" } },
		{ STORE_FIELD_PROTO_FLAGS_TOS, { "tos 0x10", "tos ! 7" } },
		{ STORE_FIELD_PROTO_FLAGS_TOS,
		    { "proto 6 tcp_flags equals 0x12",
			"proto 6 tcp_flags ! equals 0" } },
		{ STORE_FIELD_RECV_TIME, { "days wed", "days sun-sat" } },
		{ STORE_FIELD_RECV_TIME, { "after 00:00", "before 23:59:59" } },
		{ STORE_FIELD_RECV_TIME,
		    { "after date 2025", "before date 2026" } },
	};
	struct flow flow;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (j = 0; j < 2; j++) {
			flow = v4_flow();
			assert_true(matches(rows[i].params[j], &flow));
			flow.fields &= ~rows[i].fields;
			assert_false(matches(rows[i].params[j], &flow));
			assert_true(matches("src any dst any", &flow));
		}
	}
}

static void
last_match_decides(void **state)
{
	struct filter *filter = make_filter(
	    "accept tag 1 all\n"
	    "discard proto udp\n"
	    "accept tag 2 dst any port 53 proto udp\n"
	    "discard src 10.9.0.0/16\n"
	    "accept src 10.8.0.0/16\n");
	struct flow flow;

	(void)state;
	flow = v4_flow();
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	assert_int_equal(flow.tag, 1);
	assert_true(flow.fields & STORE_FIELD_TAG);

	flow = v4_flow();
	flow.protocol = 17;
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);
	assert_false(flow.fields & STORE_FIELD_TAG);

	flow = v4_flow();
	flow.protocol = 17;
	flow.dst_port = 53;
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	assert_int_equal(flow.tag, 2);

	flow.src = address("10.9.1.1");
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);

	/* The deciding rule has no tag, so the flow has none. */
	flow = make_flow("10.8.0.1", "10.0.0.1");
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	assert_false(flow.fields & STORE_FIELD_TAG);
	filter_free(filter);
}

static void
quick_ends_the_evaluation(void **state)
{
	struct filter *filter = make_filter(
	    "accept quick tag 0 src 10.0.0.0/8\n"
	    "discard all\n");
	struct flow flow = v4_flow();

	(void)state;
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	assert_int_equal(flow.tag, 0);
	assert_true(flow.fields & STORE_FIELD_TAG);
	flow = make_flow("11.0.0.1", "10.0.0.1");
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);
	filter_free(filter);
}

static void
no_match_accepts(void **state)
{
	struct filter *filter = make_filter("discard inet6\n"), *none;
	struct flow flow = v4_flow(), before = flow;

	(void)state;
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	filter_free(filter);
	none = filter_new(NULL, 0, NULL, 0);
	assert_non_null(none);
	assert_int_equal(filter_flow(none, &flow), FILTER_ACCEPT);
	assert_memory_equal(&flow, &before, sizeof(flow));
	filter_free(none);
	filter_free(NULL);
}

static bool
matches_at(const char *params, uint32_t sec)
{
	struct flow flow = v4_flow();

	flow.recv_sec = sec;
	flow.recv_usec = 999999;
	return (matches(params, &flow));
}

static void
times_of_day_are_inclusive(void **state)
{
	static const char params[] = "after 11:00 before 12:30:30";

	(void)state;
	assert_false(matches_at(params, NOON - 3601));
	assert_true(matches_at(params, NOON - 3600));
	assert_true(matches_at(params, NOON + 1830));
	assert_false(matches_at(params, NOON + 1831));
	assert_true(matches_at("after 12:00 before 12:00", NOON));
	assert_false(matches_at("after 12:00 before 12:00", NOON + 1));
	assert_false(matches_at("after 12:00 before 12:00", NOON - 1));
}

static void
times_of_day_span_midnight(void **state)
{
	static const char params[] = "after 22:00 before 06:00";

	(void)state;
	assert_false(matches_at(params, NOON));
	assert_false(matches_at(params, NOON + 10 * 3600 - 1));
	assert_true(matches_at(params, NOON + 10 * 3600));
	assert_true(matches_at(params, NOON + 12 * 3600 - 1));
	assert_true(matches_at(params, NOON + 12 * 3600));
	assert_true(matches_at(params, NOON + 18 * 3600));
	assert_false(matches_at(params, NOON + 18 * 3600 + 1));
	/* A bound without the other is limited by midnight. */
	assert_true(matches_at("after 22:00", NOON + 12 * 3600 - 1));
	assert_false(matches_at("after 22:00", NOON + 12 * 3600));
	assert_false(matches_at("before 06:00", NOON + 12 * 3600 - 1));
	assert_true(matches_at("before 06:00", NOON + 12 * 3600));
}

static void
days_change_at_local_midnight(void **state)
{
	(void)state;
	assert_true(matches_at("days wed", NOON + 12 * 3600 - 1));
	assert_false(matches_at("days thu", NOON + 12 * 3600 - 1));
	assert_true(matches_at("days thu", NOON + 12 * 3600));
	assert_true(matches_at("days fri-mon", NOON + 4 * 86400));
	assert_false(matches_at("days fri-mon", NOON + 6 * 86400));
	/* The day is the flow's own, also after midnight. */
	assert_true(
	    matches_at("days thu after 22:00 before 06:00", NOON + 13 * 3600));
	assert_false(
	    matches_at("days wed after 22:00 before 06:00", NOON + 13 * 3600));
}

static void
local_time_follows_summer_time(void **state)
{
	/* Noon of 2025-01-02 in UTC is 13:00 local time. */
	const uint32_t winter = 1735819200;

	(void)state;
	assert_true(matches_at("after 13:00 before 13:00", winter));
	assert_true(matches_at("after 14:00 before 14:00", NOON + 2 * 3600));
	/* On 2025-03-30 the local time went from 01:59:59 to 03:00:00. */
	assert_true(matches_at("after 01:59:59 before 02:00", 1743296399));
	assert_true(matches_at("after 03:00 before 03:00", 1743296400));
}

static void
dates_are_exclusive(void **state)
{
	static const char params[] =
	    "after date 20250702 before date 20250702120000";

	(void)state;
	assert_false(matches_at(params, NOON - 12 * 3600));
	assert_true(matches_at(params, NOON - 12 * 3600 + 1));
	assert_true(matches_at(params, NOON - 1));
	assert_false(matches_at(params, NOON));
	/* Missing digits stand for the first day, hour and so on. */
	assert_false(matches_at("after date 202511", 1761951600));
	assert_true(matches_at("after date 202511", 1761951601));
	assert_true(matches_at("before date 9999", UINT32_MAX));
	assert_true(matches_at("after date 1970", 0));
}

static void
one_clock_for_many_flows(void **state)
{
	struct filter *filter = make_filter("discard days wed after 12:00\n");
	struct flow flow = v4_flow();

	(void)state;
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);
	flow.recv_sec--;
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	flow.recv_sec = NOON + 86400;
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	flow.recv_sec = NOON;
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);
	filter_free(filter);
}

static void
sets_of_several(void **state)
{
	static struct filter_range ports[] = { { 80, 80 }, { 440, 449 } };
	struct filter_rule rule = { .verdict = FILTER_DISCARD };
	struct prefix prefixes[2];
	struct flow flow = v4_flow(), other = v6_flow();
	struct filter *filter;

	(void)state;
	assert_int_equal(prefix_pton("10.0.0.0/8", &prefixes[0]), 0);
	assert_int_equal(prefix_pton("2001:db8::/32", &prefixes[1]), 0);
	rule.numbers[FILTER_DST_PORT].ranges = ports;
	rule.numbers[FILTER_DST_PORT].n = 2;
	rule.addrs[FILTER_SRC].prefixes = prefixes;
	rule.addrs[FILTER_SRC].n = 2;
	filter = filter_new(&rule, 1, NULL, 0);
	assert_non_null(filter);
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);
	assert_int_equal(filter_flow(filter, &other), FILTER_DISCARD);
	flow.dst_port = 450;
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	flow.dst_port = 80;
	assert_int_equal(filter_flow(filter, &flow), FILTER_DISCARD);
	flow.src = address("11.0.0.1");
	assert_int_equal(filter_flow(filter, &flow), FILTER_ACCEPT);
	filter_free(filter);
}

/* Collects the lines of a report in a buffer of REPORT_MAX bytes. */
static void
add_line(void *arg, const char *text)
{
	char *report = arg;
	size_t len = strlen(report);

	assert_int_not_equal(
	    snprintf(report + len, REPORT_MAX - len, "%s\n", text), -1);
}

static void
report_counts(void **state)
{
	struct filter *filter = make_filter(
	    "accept tag 5 src 10.0.0.0/8\n"
	    "discard quick tos 0x10 dst any port 443 proto tcp\n"
	    "accept all\n");
	static char report[REPORT_MAX];
	struct flow flow = v4_flow();

	(void)state;
	(void)filter_flow(filter, &flow);
	flow = v6_flow();
	flow.tos = 0;
	(void)filter_flow(filter, &flow);
	flow = v4_flow();
	flow.tos = 0;
	(void)filter_flow(filter, &flow);
	report[0] = '\0';
	assert_int_equal(filter_report(filter, add_line, report), 0);
	assert_string_equal(report,
	    "accept tag 5 src 10.0.0.0/8  # evaluations 3 matches 2 wins 0\n"
	    "discard quick dst any port 443 proto 6 tos 0x10  "
	    "# evaluations 3 matches 1 wins 1\n"
	    "accept all  # evaluations 2 matches 2 wins 2\n");
	/* The report is a valid configuration. */
	filter_free(make_filter(report));
	filter_free(filter);
}

/* Removes everything but the counters from each line. */
static void
counters_only(char *report)
{
	char *copy = strdup(report), *rest = copy, *line;
	const char *counters;

	assert_non_null(copy);
	report[0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		if ((counters = strstr(line, "# evaluations")) != NULL)
			add_line(report, counters);
	}
	free(copy);
}

/* The counters of flowd 0.9.1 for the same rules and the same log. */
static void
counts_like_0_9_1(void **state)
{
	static char rules[REPORT_MAX], wanted[REPORT_MAX], report[REPORT_MAX];
	FILE *rules_fp = recorded_open("golden/reader-filter.rules");
	FILE *counters_fp = recorded_open("golden/reader-filter.counters.txt");
	FILE *log_fp = recorded_open("golden/all.log");
	struct store_reader *reader;
	struct filter *filter;
	struct flow flow;
	int r;

	(void)state;
	if (rules_fp == NULL || counters_fp == NULL || log_fp == NULL)
		skip_because(SKIPPED_WITHOUT_DATA);
	assert_true(fread(rules, 1, sizeof(rules) - 1, rules_fp) > 0);
	assert_true(fread(wanted, 1, sizeof(wanted) - 1, counters_fp) > 0);
	assert_int_equal(store_reader_fdopen(dup(fileno(log_fp)), &reader), 0);
	filter = make_filter(rules);
	while ((r = store_read(reader, &flow)) == 0)
		(void)filter_flow(filter, &flow);
	assert_int_equal(r, FLOWD_EEOF);
	assert_int_equal(filter_report(filter, add_line, report), 0);
	counters_only(wanted);
	counters_only(report);
	assert_string_equal(report, wanted);
	assert_string_not_equal(report, "");
	filter_free(filter);
	store_reader_close(reader);
	fclose(rules_fp);
	fclose(counters_fp);
	fclose(log_fp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_parameter),
		cmocka_unit_test(other_family),
		cmocka_unit_test(family_by_the_address_that_is_present),
		cmocka_unit_test(absent_fields_match_nothing),
		cmocka_unit_test(last_match_decides),
		cmocka_unit_test(quick_ends_the_evaluation),
		cmocka_unit_test(no_match_accepts),
		cmocka_unit_test(times_of_day_are_inclusive),
		cmocka_unit_test(times_of_day_span_midnight),
		cmocka_unit_test(days_change_at_local_midnight),
		cmocka_unit_test(local_time_follows_summer_time),
		cmocka_unit_test(dates_are_exclusive),
		cmocka_unit_test(one_clock_for_many_flows),
		cmocka_unit_test(sets_of_several),
		cmocka_unit_test(report_counts),
		cmocka_unit_test(counts_like_0_9_1),
	};

	/* The time zone of Central Europe, without zone files. */
	if (setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1) == -1)
		return (1);
	tzset();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
