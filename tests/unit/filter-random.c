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
 * Random rules and random flows: the filter must have the same verdicts, tags
 * and counters as trying rule after rule.
 */
#include "compat/compat.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "filter-plain.h"

#define RULE_SETS 1200
#define FLOWS     1000 /* for each set of rules */
#define TABLES    4
#define BATCH_MAX 50          /* flows at once */
#define NOON      1751450400U /* 2025-07-02, a Wednesday */

/* Xorshift, which is the same on every system. */
static uint64_t
random_bits(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state);
}

/* Returns a number below n. */
static uint32_t
below(uint32_t n)
{
	return ((uint32_t)((random_bits() >> 32) % n));
}

static bool
one_in(uint32_t n)
{
	return (below(n) == 0);
}

/*
 * Few values for each byte, so that addresses match prefixes, and all lengths.
 */
static struct addr
random_addr(void)
{
	static const uint8_t bytes[] = { 0, 1, 0x80, 0xff };
	struct addr addr;
	size_t i, len;

	memset(&addr, 0, sizeof(addr));
	addr.family = one_in(2) ? ADDR_V4 : ADDR_V6;
	len = addr_bits(addr.family) / 8;
	/* Many addresses differ only at the end. */
	for (i = one_in(2) ? 0 : len - 2; i < len; i++)
		addr.bytes[i] = bytes[below(4)];
	return (addr);
}

static struct prefix
random_prefix(void)
{
	struct prefix prefix = { random_addr(), 0 };
	const unsigned int bits = addr_bits(prefix.addr.family);
	unsigned int i;

	prefix.len = (uint8_t)below(bits + 1);
	for (i = prefix.len; i < bits; i++)
		prefix.addr.bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
	return (prefix);
}

/* Numbers near the bounds and near each other. */
static uint64_t
random_value(uint64_t max)
{
	switch (below(4)) {
	case 0:
		return (below(4));
	case 1:
		return (max - below(4));
	case 2:
		return (random_bits() & max);
	default:
		return ((below(8) * UINT64_C(10) + below(3)) & max);
	}
}

static uint64_t
number_max(enum filter_number which)
{
	return (filter_number_rows[which].max);
}

/* Sorted ranges, with gaps between them. */
static void
random_numbers(struct filter_number_set *set, uint64_t max)
{
	const uint32_t want = 1 + below(one_in(4) ? 20 : 2);
	uint64_t lo = random_value(max), hi;
	uint32_t i;

	set->ranges = calloc(want, sizeof(*set->ranges));
	assert_non_null(set->ranges);
	set->negated = one_in(3);
	for (i = 0; i < want; i++) {
		hi = one_in(2) ? lo : lo + below(20);
		if (one_in(10))
			hi = max;
		if (hi > max || hi < lo)
			hi = max;
		set->ranges[i] = (struct filter_range){ lo, hi };
		set->n++;
		lo = hi + 2 + below(10);
		if (hi > max - 12)
			break;
	}
}

static void
random_addrs(struct filter_addr_set *set)
{
	const uint32_t want = one_in(4) ? below(20) : 1;
	uint32_t i;

	set->prefixes = calloc(want + 1, sizeof(*set->prefixes));
	set->tables = calloc(TABLES, sizeof(*set->tables));
	assert_non_null(set->prefixes);
	assert_non_null(set->tables);
	set->negated = one_in(3);
	for (i = 0; i < want && !one_in(5); i++)
		set->prefixes[set->n++] = random_prefix();
	for (i = 0; i < TABLES; i++) {
		if (one_in(set->n == 0 ? 2 : 8))
			set->tables[set->ntables++] = i;
	}
}

/* Full hours of two weeks, and the seconds around them. */
static uint32_t
random_time(void)
{
	return (NOON + 3600 * (below(14 * 24) - 7 * 24) + below(3) - 1);
}

static uint32_t
random_second(void)
{
	return ((random_time() + 7200) % FILTER_DAY_SECONDS);
}

static void
random_times(struct filter_rule *rule)
{
	if (one_in(3))
		rule->days = (uint8_t)(random_bits() & FILTER_DAYS);
	if (one_in(2)) {
		rule->flags |= FILTER_AFTER;
		rule->after = one_in(4) ? 0 : random_second();
	}
	if (one_in(2)) {
		rule->flags |= FILTER_BEFORE;
		rule->before =
		    one_in(4) ? FILTER_DAY_SECONDS - 1 : random_second();
	}
	if (one_in(3)) {
		rule->flags |= FILTER_AFTER_DATE;
		rule->after_date = one_in(5) ? -3600 : (int64_t)random_time();
	}
	if (one_in(3)) {
		rule->flags |= FILTER_BEFORE_DATE;
		rule->before_date =
		    one_in(5) ? INT64_C(253402300799) : random_time();
	}
}

static const char *const listeners[] = { "", "a", "b", "c" };
#define LISTENERS (sizeof(listeners) / sizeof(listeners[0]))

static void
random_listeners(struct filter_listener_set *set)
{
	uint32_t i;

	set->listeners = calloc(LISTENERS, sizeof(*set->listeners));
	assert_non_null(set->listeners);
	set->negated = one_in(3);
	for (i = 1; i < LISTENERS; i++) {
		if (one_in(2))
			(void)snprintf(set->listeners[set->n++].name,
			    FILTER_NAME_SIZE, "%s", listeners[i]);
	}
}

/* Each clause is present with probability 1 / clauses. */
static void
random_rule(struct filter_rule *rule, uint32_t clauses)
{
	uint32_t i;

	memset(rule, 0, sizeof(*rule));
	rule->verdict = one_in(2) ? FILTER_ACCEPT : FILTER_DISCARD;
	if (rule->verdict == FILTER_ACCEPT && one_in(2)) {
		rule->flags |= FILTER_TAG;
		rule->tag = (uint32_t)random_bits();
	}
	if (one_in(8))
		rule->flags |= FILTER_QUICK;
	for (i = 0; i < FILTER_NUMBERS; i++) {
		if (one_in(clauses))
			random_numbers(&rule->numbers[i],
			    number_max((enum filter_number)i));
	}
	for (i = 0; i < FILTER_ADDRS; i++) {
		if (one_in(clauses))
			random_addrs(&rule->addrs[i]);
	}
	if (one_in(clauses)) {
		rule->family = one_in(2) ? ADDR_V4 : ADDR_V6;
		rule->flags |= one_in(2) ? FILTER_NOT_FAMILY : 0;
	}
	if (one_in(clauses)) {
		rule->flags |= FILTER_TCP_FLAGS;
		rule->flags |= one_in(2) ? FILTER_NOT_TCP_FLAGS : 0;
		rule->tcp_mask = (uint8_t)(random_bits() & random_bits());
		rule->tcp_equals = (uint8_t)(random_bits() & rule->tcp_mask);
		if (one_in(10))
			rule->tcp_equals |= 1;
	}
	if (one_in(clauses))
		random_times(rule);
	if (one_in(clauses))
		random_listeners(&rule->on);
}

static int
compare_prefixes(const void *a, const void *b)
{
	return (prefix_compare(a, b));
}

static void
random_table(struct filter_table *table, uint32_t number, uint32_t size)
{
	const uint32_t want = one_in(4) ? 0 : below(size);
	uint32_t i, kept = 0;

	memset(table, 0, sizeof(*table));
	(void)snprintf(table->name, sizeof(table->name), "t%" PRIu32, number);
	table->prefixes = calloc(want + 1, sizeof(*table->prefixes));
	assert_non_null(table->prefixes);
	for (i = 0; i < want; i++)
		table->prefixes[i] = random_prefix();
	qsort(table->prefixes, want, sizeof(*table->prefixes),
	    compare_prefixes);
	for (i = 0; i < want; i++) {
		if (kept == 0 ||
		    prefix_compare(&table->prefixes[kept - 1],
			&table->prefixes[i]) != 0)
			table->prefixes[kept++] = table->prefixes[i];
	}
	table->n = kept;
}

static void
random_flow(struct flow *flow)
{
	/* Any field may be absent. */
	const uint32_t present =
	    (uint32_t)(random_bits() | random_bits() | random_bits());

	memset(flow, 0, sizeof(*flow));
	flow->agent = random_addr();
	flow->src = random_addr();
	flow->dst = random_addr();
	if (one_in(4))
		flow->dst = flow->src;
	flow->fields = STORE_FIELD_RECV_TIME | STORE_FIELD_PROTO_FLAGS_TOS |
	    STORE_FIELD_SRCDST_PORT | STORE_FIELD_PACKETS | STORE_FIELD_OCTETS |
	    STORE_FIELD_IF_INDICES | STORE_FIELD_AGENT_INFO |
	    STORE_FIELD_AS_INFO |
	    store_addr_bit(STORE_FIELD_AGENT_ADDR, flow->agent.family) |
	    store_addr_bit(STORE_FIELD_SRC_ADDR, flow->src.family) |
	    store_addr_bit(STORE_FIELD_DST_ADDR, flow->dst.family);
	flow->fields &= present;
	flow->recv_sec = one_in(20) ? (uint32_t)random_bits() : random_time();
	flow->if_index_in = (uint32_t)random_value(UINT32_MAX);
	flow->if_index_out = (uint32_t)random_value(UINT32_MAX);
	flow->src_port = (uint16_t)random_value(UINT16_MAX);
	flow->dst_port = (uint16_t)random_value(UINT16_MAX);
	flow->protocol = (uint8_t)random_value(UINT8_MAX);
	flow->tos = (uint8_t)random_value(UINT8_MAX);
	flow->packets = random_value(UINT64_MAX);
	flow->octets = random_value(UINT64_MAX);
	flow->src_as = (uint32_t)random_value(UINT32_MAX);
	flow->dst_as = (uint32_t)random_value(UINT32_MAX);
	flow->netflow_version = (uint16_t)random_value(UINT16_MAX);
	flow->tcp_flags = (uint8_t)random_bits();
}

struct subject {
	struct filter_table tables[TABLES];
	struct filter_rule *rules;
	size_t nrules;
	struct plain_counts *counts;
	struct filter *filter;
	size_t line; /* of the report */
};

/* Prints the rules and tables, to analyse a failure. */
static void
print_subject(const struct subject *subject)
{
	char text[PREFIX_STRLEN];
	size_t i;
	uint32_t j;

	for (i = 0; i < TABLES; i++) {
		fprintf(stderr, "table <%s> {\n", subject->tables[i].name);
		for (j = 0; j < subject->tables[i].n; j++)
			fprintf(stderr, "\t%s\n",
			    prefix_ntop(&subject->tables[i].prefixes[j], text));
		fprintf(stderr, "}\n");
	}
	for (i = 0; i < subject->nrules; i++) {
		filter_rule_print(&subject->rules[i], subject->tables, stderr);
		fputc('\n', stderr);
	}
}

/* Compares the results of both for n flows. */
static void
compare_flows(struct subject *subject, size_t n)
{
	enum filter_verdict verdicts[BATCH_MAX], wanted_verdict;
	struct flow flows[BATCH_MAX], wanted[BATCH_MAX];
	const uint64_t listener =
	    filter_listener_number(listeners[below(LISTENERS)]);
	size_t i;

	filter_set_listener(subject->filter, listener);
	for (i = 0; i < n; i++) {
		random_flow(&flows[i]);
		wanted[i] = flows[i];
	}
	if (n == 1)
		verdicts[0] = filter_flow(subject->filter, &flows[0]);
	else
		filter_flows(subject->filter, flows, n, verdicts);
	for (i = 0; i < n; i++) {
		wanted_verdict = plain_filter(subject->rules, subject->nrules,
		    subject->tables, subject->counts, listener, &wanted[i]);
		if (verdicts[i] == wanted_verdict &&
		    memcmp(&flows[i], &wanted[i], sizeof(flows[i])) == 0)
			continue;
		print_subject(subject);
		fail_msg("verdict %d tag %" PRIu32 ", wanted %d tag %" PRIu32,
		    verdicts[i], flows[i].tag, wanted_verdict, wanted[i].tag);
	}
}

static void
compare_line(void *arg, const char *line)
{
	struct subject *subject = arg;
	const struct plain_counts *wanted = &subject->counts[subject->line++];
	const char *text = strstr(line, "# evaluations ");
	struct plain_counts counts;

	assert_non_null(text);
	assert_int_equal(
	    sscanf(text,
		"# evaluations %" SCNu64 " matches %" SCNu64 " wins %" SCNu64,
		&counts.evaluations, &counts.matches, &counts.wins),
	    3);
	if (memcmp(&counts, wanted, sizeof(counts)) == 0)
		return;
	print_subject(subject);
	fail_msg("rule %zu: %s, wanted evaluations %" PRIu64 " matches %" PRIu64
		 " wins %" PRIu64,
	    subject->line, text, wanted->evaluations, wanted->matches,
	    wanted->wins);
}

/* Returns how often a rule matched. */
static uint64_t
compare(size_t nrules, uint32_t clauses, uint32_t table_size)
{
	struct subject subject = { .nrules = nrules };
	uint64_t matches = 0;
	size_t i, n;

	for (i = 0; i < TABLES; i++)
		random_table(&subject.tables[i], (uint32_t)i, table_size);
	subject.rules = calloc(nrules + 1, sizeof(*subject.rules));
	subject.counts = calloc(nrules + 1, sizeof(*subject.counts));
	assert_non_null(subject.rules);
	assert_non_null(subject.counts);
	for (i = 0; i < nrules; i++)
		random_rule(&subject.rules[i], clauses);
	subject.filter =
	    filter_new(subject.rules, nrules, subject.tables, TABLES);
	assert_non_null(subject.filter);
	for (i = 0; i < FLOWS; i += n) {
		n = 1 + below(BATCH_MAX);
		compare_flows(&subject, n < FLOWS - i ? n : FLOWS - i);
	}
	assert_int_equal(filter_report(subject.filter, compare_line, &subject),
	    0);
	assert_int_equal(subject.line, nrules);
	for (i = 0; i < nrules; i++) {
		matches += subject.counts[i].matches;
		filter_rule_clear(&subject.rules[i]);
	}
	for (i = 0; i < TABLES; i++)
		free(subject.tables[i].prefixes);
	free(subject.rules);
	free(subject.counts);
	filter_free(subject.filter);
	return (matches);
}

static void
few_rules(void **state)
{
	uint64_t matches = 0;
	int i;

	(void)state;
	for (i = 0; i < RULE_SETS; i++)
		matches +=
		    compare(below(one_in(8) ? 65 : 12), 2 + below(20), 60);
	assert_true(matches > RULE_SETS * FLOWS / 4);
}

/* Their sets are trees, with one level of nodes and with two. */
static void
many_rules(void **state)
{
	uint64_t matches = 0;
	int i;

	(void)state;
	for (i = 0; i < 60; i++)
		matches += compare(60 + below(300), 2 + below(20), 60);
	for (i = 0; i < 3; i++)
		matches += compare(4090 + below(3000), 3 + below(30), 60);
	assert_true(matches > 60 * FLOWS);
}

/* Each clause on its own. */
static void
rules_of_one_clause(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		(void)compare(1 + below(3), 18, 60);
	/* All parts are full: 64 and 64 times 64 rules without clauses. */
	(void)compare(64, UINT32_MAX, 1);
	(void)compare(4096, UINT32_MAX, 1);
}

static void
large_tables(void **state)
{
	uint64_t matches = 0;
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		matches += compare(1 + below(4), 10, 20000);
	assert_true(matches > FLOWS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_rules),
		cmocka_unit_test(many_rules),
		cmocka_unit_test(rules_of_one_clause),
		cmocka_unit_test(large_tables),
	};

	/* The time zone of Central Europe, without zone files. */
	if (setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1) == -1)
		return (1);
	tzset();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
