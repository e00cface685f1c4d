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
 * The filter at work.  filter-compile.c makes it from the rules.
 *
 * Each aspect of a flow that some rule looks at, be it a port, an address or
 * the time of day, is looked up on its own, and gives the set of the rules
 * that it satisfies; the rules that match are in all of these sets.
 *
 *   Numbers	are found in a step function (step-map.h): two or three loads,
 *		however many ranges the rules have.
 *   Addresses	are found in one map of all prefixes of all rules and tables
 *		(prefix-map.h), which costs the same for IPv4, and up to twice
 *		that for IPv6; it gives the sets for agent, src and dst.  A
 *		table thus is not searched on its own, and costs nothing for
 *		each rule that uses it.
 *   Sets	are a word up to 64 rules, and above that trees (rule-set.h)
 *		that are walked together from the top, so that what no rule can
 *		match in is passed over 4096 or 64 rules at a time.  Rules that
 *		look at the same aspects are neighbours there, for this to
 *		happen often.
 *
 * So the cost of a flow is that of a lookup for each aspect in use, and of
 * the rules that match it, not of those that there are.
 *
 * In memory, a prefix takes 32 to 100 bytes whatever the number of rules that
 * use it, a range of numbers about as much, and each place in a list of a
 * rule up to 600 bytes of set, where it makes a set that was not there before.
 * Compiling takes time in proportion.
 *
 * The counters are those of trying rule after rule: a quick rule that matches
 * is where a flow stops, and the evaluations of a rule are the flows that
 * stopped at it or behind it.
 */
#include "compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter-compile.h"
#include "log.h"

static void
clock_set(struct filter_clock *clock, uint32_t sec)
{
	time_t t = (time_t)sec;
	struct tm tm;

	if (clock->known && clock->sec == sec)
		return;
	clock->known = localtime_r(&t, &tm) != NULL;
	if (!clock->known)
		return;
	clock->sec = sec;
	clock->key = filter_clock_key((unsigned int)tm.tm_wday,
	    (uint32_t)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec));
}

/* The family of a flow, which has an address. */
static uint32_t
flow_family(const struct flow *flow)
{
	return ((flow->fields & STORE_FIELD_SRC_ADDR) != 0 ? flow->src.family :
	    flow->dst.family);
}

static const struct addr *
flow_addr(const struct flow *flow, uint32_t which)
{
	switch (which) {
	case FILTER_AGENT:
		return (&flow->agent);
	case FILTER_SRC:
		return (&flow->src);
	default:
		return (&flow->dst);
	}
}

/* The number that flow has for an aspect, other than the clock. */
static uint64_t
flow_number(const struct flow *flow, uint32_t which)
{
	switch (which) {
	case FILTER_IN_IFNDX:
		return (flow->if_index_in);
	case FILTER_OUT_IFNDX:
		return (flow->if_index_out);
	case FILTER_SRC_PORT:
		return (flow->src_port);
	case FILTER_DST_PORT:
		return (flow->dst_port);
	case FILTER_PROTO:
		return (flow->protocol);
	case FILTER_TOS:
		return (flow->tos);
	case FILTER_PACKETS:
		return (flow->packets);
	case FILTER_OCTETS:
		return (flow->octets);
	case FILTER_SRC_AS:
		return (flow->src_as);
	case FILTER_DST_AS:
		return (flow->dst_as);
	case FILTER_VERSION:
		return (flow->netflow_version);
	case ASPECT_FAMILY:
		return (flow_family(flow));
	case ASPECT_TCP_FLAGS:
		return (flow->tcp_flags);
	default:			/* ASPECT_DATE */
		return (flow->recv_sec);
	}
}

/* The rules that flow satisfies in one aspect. */
static uint32_t
find_set(struct filter *filter, const struct filter_aspect *aspect,
    const struct flow *flow)
{
	const uint32_t which = aspect->which;
	uint32_t class;

	if ((flow->fields & aspect->fields) == 0)
		return (aspect->absent);
	if (which >= ASPECT_ADDRS) {
		class = prefix_map_find(filter->prefixes,
		    flow_addr(flow, which - ASPECT_ADDRS));
		return (filter->classes[class].sets[which - ASPECT_ADDRS]);
	}
	if (which != ASPECT_CLOCK)
		return (step_map_find(&filter->steps, aspect->run,
		    flow_number(flow, which)));
	clock_set(&filter->clock, flow->recv_sec);
	if (!filter->clock.known)
		return (aspect->absent);
	return (step_map_find(&filter->steps, aspect->run,
	    filter->clock.key));
}

static enum filter_verdict
decide(struct filter *filter, size_t rule, struct flow *flow)
{
	const struct filter_outcome *outcome = &filter->outcomes[rule];

	filter->counts[rule].wins++;
	if ((outcome->flags & FILTER_TAG) != 0) {
		flow->tag = outcome->tag;
		flow->fields |= STORE_FIELD_TAG;
	}
	return (outcome->verdict);
}

/* Up to 64 rules, whose sets are words. */
static enum filter_verdict
filter_by_word(struct filter *filter, struct flow *flow)
{
	uint64_t matched = filter->sets.words[filter->all], quick;
	unsigned int rule = 0;
	size_t i;

	for (i = 0; i < filter->naspects; i++)
		matched &= filter->sets.words[find_set(filter,
		    &filter->aspects[i], flow)];
	if ((quick = matched & filter->quick) != 0) {
		quick &= ~quick + 1;	/* the first of them */
		matched &= quick | (quick - 1);
		filter->counts[__builtin_ctzll(quick)].stops++;
	} else
		filter->counts[filter->nrules - 1].stops++;
	if (matched == 0)
		return (FILTER_ACCEPT);
	for (; matched != 0; matched &= matched - 1) {
		rule = (unsigned int)__builtin_ctzll(matched);
		filter->counts[rule].matches++;
	}
	return (decide(filter, rule, flow));
}

/* Notes the rules in matched, a word of 64 from number on. */
static size_t
take_word(const struct filter *filter, uint64_t matched, size_t number,
    size_t n)
{
	for (; matched != 0; matched &= matched - 1)
		filter->matched[n++] = filter->order[number +
		    (size_t)__builtin_ctzll(matched)];
	return (n);
}

/* Notes the 64 rules, or 64 times that, of a part that is full. */
static size_t
take_full(const struct filter *filter, unsigned int level, size_t number,
    size_t n)
{
	const size_t end = number + ((size_t)1 << 6 * (level + 1));

	for (; number < end; number++)
		filter->matched[n++] = filter->order[number];
	return (n);
}

/*
 * Notes the rules that are in all of the nsets sets, which are of this level
 * and have the rules from number on.  n of them are noted already; returns
 * how many there are then.
 */
static size_t
walk(const struct filter *filter, unsigned int level, const uint32_t *sets,
    size_t nsets, size_t number, size_t n)
{
	const struct rule_node *nodes[ASPECTS + 1];
	uint32_t children[ASPECTS + 1];
	uint64_t bit, some = UINT64_MAX;
	size_t i, at, nchildren;

	if (nsets == 0)
		return (take_full(filter, level, number, n));
	if (level == 0) {
		for (i = 0; i < nsets; i++)
			some &= filter->sets.words[sets[i]];
		return (take_word(filter, some, number, n));
	}
	for (i = 0; i < nsets; i++) {
		nodes[i] = rule_node(&filter->sets, sets[i]);
		some &= nodes[i]->some;
	}
	for (; some != 0; some &= some - 1) {
		bit = some & (~some + 1);
		nchildren = 0;
		for (i = 0; i < nsets; i++) {
			if ((nodes[i]->full & bit) == 0)
				children[nchildren++] =
				    rule_node_child(nodes[i], bit);
		}
		at = (size_t)__builtin_ctzll(some) << 6 * level;
		n = walk(filter, level - 1, children, nchildren, number + at,
		    n);
	}
	return (n);
}

/* The rules that match, in no order, into filter->matched. */
static size_t
find_matches(struct filter *filter, const struct flow *flow)
{
	uint32_t sets[ASPECTS + 1];
	size_t i, n = 0;

	sets[n++] = filter->all;
	for (i = 0; i < filter->naspects; i++) {
		sets[n] = find_set(filter, &filter->aspects[i], flow);
		if (sets[n] == RULE_SET_EMPTY)
			return (0);
		if (sets[n] != RULE_SET_FULL && sets[n] != sets[0])
			n++;
	}
	/* All rules are where any of them are, but not where nothing else is. */
	if (n > 1)
		return (walk(filter, filter->sets.levels, sets + 1, n - 1, 0,
		    0));
	if (sets[0] == RULE_SET_FULL)
		n = 0;
	return (walk(filter, filter->sets.levels, sets, n, 0, 0));
}

/* More than 64 rules. */
static enum filter_verdict
filter_by_tree(struct filter *filter, struct flow *flow)
{
	const uint32_t *matched = filter->matched;
	const size_t n = find_matches(filter, flow);
	size_t i, stop = filter->nrules - 1, winner = 0;

	for (i = 0; i < n; i++) {
		if (matched[i] < stop && (filter->outcomes[matched[i]].flags &
		    FILTER_QUICK) != 0)
			stop = matched[i];
	}
	filter->counts[stop].stops++;
	if (n == 0)
		return (FILTER_ACCEPT);
	for (i = 0; i < n; i++) {
		if (matched[i] > stop)
			continue;
		filter->counts[matched[i]].matches++;
		if (matched[i] > winner)
			winner = matched[i];
	}
	return (decide(filter, winner, flow));
}

enum filter_verdict
filter_flow(struct filter *filter, struct flow *flow)
{
	if (filter->nrules == 0)
		return (FILTER_ACCEPT);
	if (filter->sets.levels == 0)
		return (filter_by_word(filter, flow));
	return (filter_by_tree(filter, flow));
}

void
filter_report(const struct filter *filter,
    void (*line)(void *arg, const char *text), void *arg)
{
	const struct filter_counts *counts;
	const char *text = filter->text, *end;
	uint64_t evaluations = 0;
	char *out;
	size_t i;

	for (i = 0; i < filter->nrules; i++)
		evaluations += filter->counts[i].stops;
	for (i = 0; i < filter->nrules; i++) {
		counts = &filter->counts[i];
		end = strchr(text, '\n');
		if (asprintf(&out, "%.*s  # evaluations %" PRIu64 " matches %"
		    PRIu64 " wins %" PRIu64, (int)(end - text), text,
		    evaluations, counts->matches, counts->wins) == -1) {
			log_warn("the filter's report is cut short");
			return;
		}
		line(arg, out);
		free(out);
		text = end + 1;
		evaluations -= counts->stops;
	}
}
