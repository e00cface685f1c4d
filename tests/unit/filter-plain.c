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

#include <time.h>

#include "filter-plain.h"

static bool
in_ranges(const struct filter_number_set *set, uint64_t number)
{
	uint32_t i;

	for (i = 0; i < set->n; i++) {
		if (number >= set->ranges[i].lo && number <= set->ranges[i].hi)
			return (true);
	}
	return (false);
}

static bool
number_matches(const struct filter_number_set *set, const struct flow *flow,
    uint32_t field, uint64_t number)
{
	if (set->n == 0)
		return (true);
	if ((flow->fields & field) == 0)
		return (false);
	return (in_ranges(set, number) != set->negated);
}

static bool
in_prefixes(const struct prefix *prefixes, uint32_t n, const struct addr *addr)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (prefix_contains(&prefixes[i], addr))
			return (true);
	}
	return (false);
}

static bool
addr_matches(const struct filter_addr_set *set,
    const struct filter_table *tables, const struct flow *flow, uint32_t fields,
    const struct addr *addr)
{
	bool inside;
	uint32_t i;

	if (set->n == 0 && set->ntables == 0)
		return (true);
	if ((flow->fields & fields) == 0)
		return (false);
	inside = in_prefixes(set->prefixes, set->n, addr);
	for (i = 0; i < set->ntables; i++)
		inside = inside ||
		    in_prefixes(tables[set->tables[i]].prefixes,
			tables[set->tables[i]].n, addr);
	return (inside != set->negated);
}

static bool
family_matches(const struct filter_rule *rule, const struct flow *flow)
{
	uint32_t family;

	if (rule->family == ADDR_NONE)
		return (true);
	if ((flow->fields & STORE_FIELD_SRC_ADDR) != 0)
		family = flow->src.family;
	else if ((flow->fields & STORE_FIELD_DST_ADDR) != 0)
		family = flow->dst.family;
	else
		return (false);
	return ((family == rule->family) !=
	    ((rule->flags & FILTER_NOT_FAMILY) != 0));
}

static bool
tcp_flags_match(const struct filter_rule *rule, const struct flow *flow)
{
	if ((rule->flags & FILTER_TCP_FLAGS) == 0)
		return (true);
	if ((flow->fields & STORE_FIELD_PROTO_FLAGS_TOS) == 0)
		return (false);
	return (((flow->tcp_flags & rule->tcp_mask) == rule->tcp_equals) !=
	    ((rule->flags & FILTER_NOT_TCP_FLAGS) != 0));
}

static bool
clock_matches(const struct filter_rule *rule, const struct flow *flow)
{
	const bool has_after = (rule->flags & FILTER_AFTER) != 0;
	const bool has_before = (rule->flags & FILTER_BEFORE) != 0;
	time_t t = (time_t)flow->recv_sec;
	struct tm tm;
	uint32_t second;

	if (rule->days == 0 && !has_after && !has_before)
		return (true);
	if ((flow->fields & STORE_FIELD_RECV_TIME) == 0 ||
	    localtime_r(&t, &tm) == NULL)
		return (false);
	if (rule->days != 0 && (rule->days & 1U << tm.tm_wday) == 0)
		return (false);
	second = (uint32_t)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
	if (has_after && has_before && rule->after > rule->before)
		return (second >= rule->after || second <= rule->before);
	return ((!has_after || second >= rule->after) &&
	    (!has_before || second <= rule->before));
}

static bool
date_matches(const struct filter_rule *rule, const struct flow *flow)
{
	const bool has_after = (rule->flags & FILTER_AFTER_DATE) != 0;
	const bool has_before = (rule->flags & FILTER_BEFORE_DATE) != 0;

	if (!has_after && !has_before)
		return (true);
	if ((flow->fields & STORE_FIELD_RECV_TIME) == 0)
		return (false);
	return ((!has_after || flow->recv_sec > rule->after_date) &&
	    (!has_before || flow->recv_sec < rule->before_date));
}

static bool
listener_matches(const struct filter_listener_set *set, uint64_t listener)
{
	bool among = false;
	uint32_t i;

	if (set->n == 0)
		return (true);
	for (i = 0; i < set->n; i++)
		among = among ||
		    filter_listener_number(set->listeners[i].name) == listener;
	return (among != set->negated);
}

static bool
rule_matches(const struct filter_rule *rule, const struct filter_table *tables,
    uint64_t listener, const struct flow *flow)
{
	const struct filter_number_set *numbers = rule->numbers;
	const struct filter_addr_set *addrs = rule->addrs;

	return (listener_matches(&rule->on, listener) &&
	    family_matches(rule, flow) && tcp_flags_match(rule, flow) &&
	    clock_matches(rule, flow) && date_matches(rule, flow) &&
	    addr_matches(&addrs[FILTER_AGENT], tables, flow,
		STORE_FIELD_AGENT_ADDR, &flow->agent) &&
	    addr_matches(&addrs[FILTER_SRC], tables, flow, STORE_FIELD_SRC_ADDR,
		&flow->src) &&
	    addr_matches(&addrs[FILTER_DST], tables, flow, STORE_FIELD_DST_ADDR,
		&flow->dst) &&
	    number_matches(&numbers[FILTER_IN_IFNDX], flow,
		STORE_FIELD_IF_INDICES, flow->if_index_in) &&
	    number_matches(&numbers[FILTER_OUT_IFNDX], flow,
		STORE_FIELD_IF_INDICES, flow->if_index_out) &&
	    number_matches(&numbers[FILTER_SRC_PORT], flow,
		STORE_FIELD_SRCDST_PORT, flow->src_port) &&
	    number_matches(&numbers[FILTER_DST_PORT], flow,
		STORE_FIELD_SRCDST_PORT, flow->dst_port) &&
	    number_matches(&numbers[FILTER_PROTO], flow,
		STORE_FIELD_PROTO_FLAGS_TOS, flow->protocol) &&
	    number_matches(&numbers[FILTER_TOS], flow,
		STORE_FIELD_PROTO_FLAGS_TOS, flow->tos) &&
	    number_matches(&numbers[FILTER_PACKETS], flow, STORE_FIELD_PACKETS,
		flow->packets) &&
	    number_matches(&numbers[FILTER_OCTETS], flow, STORE_FIELD_OCTETS,
		flow->octets) &&
	    number_matches(&numbers[FILTER_SRC_AS], flow, STORE_FIELD_AS_INFO,
		flow->src_as) &&
	    number_matches(&numbers[FILTER_DST_AS], flow, STORE_FIELD_AS_INFO,
		flow->dst_as) &&
	    number_matches(&numbers[FILTER_VERSION], flow,
		STORE_FIELD_AGENT_INFO, flow->netflow_version));
}

enum filter_verdict
plain_filter(const struct filter_rule *rules, size_t nrules,
    const struct filter_table *tables, struct plain_counts *counts,
    uint64_t listener, struct flow *flow)
{
	size_t i, winner = nrules;

	for (i = 0; i < nrules; i++) {
		counts[i].evaluations++;
		if (!rule_matches(&rules[i], tables, listener, flow))
			continue;
		counts[i].matches++;
		winner = i;
		if ((rules[i].flags & FILTER_QUICK) != 0)
			break;
	}
	if (winner == nrules)
		return (FILTER_ACCEPT);
	counts[winner].wins++;
	if ((rules[winner].flags & FILTER_TAG) != 0) {
		flow->tag = rules[winner].tag;
		flow->fields |= STORE_FIELD_TAG;
	}
	return (rules[winner].verdict);
}
