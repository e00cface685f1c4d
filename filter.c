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
 * Applies a filter to flows.  filter-compile.c makes the filter from the rules.
 *
 * An aspect is a property of a flow that rules test: a port, an address, the
 * time of day.  For each aspect that some rule tests, the filter looks up the
 * set of the rules that the flow satisfies in this aspect.  The intersection of
 * these sets is the set of the matching rules.
 *
 *   Numbers	are looked up in a step function (step-map.h).  One lookup reads
 *		one bucket, independent of the number of ranges.
 *   Addresses	are looked up in one map of all prefixes of all rules and tables
 *		(prefix-map.h).  A lookup costs as much as that of a number, or
 *		twice as much for IPv6 if there are prefixes longer than 64
 *		bits.  It returns the sets for agent, src and dst.  A table
 *		is part of this map, so that a rule that uses it costs nothing.
 *   Sets	are single words for up to 63 rules, and trees for more rules
 *		(rule-set.h).  The intersection of trees starts at their roots
 *		and skips 4096 or 64 rules at a time where one of the sets is
 *		empty.  Rules that test the same aspects have neighbouring
 *		numbers, so that this is frequent.  A set of one rule is
 *		represented by the rule's number.  Most sets are of this kind
 *		if many rules have prefixes of their own.
 *
 * The cost of a flow is therefore about 5 ns for each aspect in use, plus the
 * cost of counting the rules that match.  It does not depend on the total
 * number of rules.  With large tables, most of the time is spent on waiting for
 * memory; filter_flows overlaps the waits of many flows.  bench/filter measures
 * this.
 *
 * A prefix uses 50 to 100 bytes of memory, independent of the number of rules
 * that use it, and a range of numbers 50 bytes.  Both can need up to 600 bytes
 * more if they create a new set of many rules.  The time to compile is
 * proportional, 0.3 s for 1,000,000 prefixes.
 *
 * The counters have the values of an evaluation rule by rule.  A flow stops at
 * the first quick rule that matches.  The evaluations of a rule are the flows
 * that stopped at this rule or a later one.
 */
#include "compat/compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "errors.h"
#include "filter/filter-internal.h"
#include "filter/filter-zone.h"

#define AHEAD_MAX 32 /* flows for which memory is loaded at once */

static void
clock_set(struct filter_clock *clock, uint32_t sec)
{
	time_t t = (time_t)sec;
	struct tm tm;

	if (clock->known && clock->sec == sec)
		return;
	clock->known = filter_zone_time(t, &tm) != NULL;
	if (!clock->known)
		return;
	clock->sec = sec;
	clock->key = filter_clock_key((unsigned int)tm.tm_wday,
	    (uint32_t)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec));
}

/* The address family of a flow that has a source or destination address. */
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

/* The value of a numeric aspect, except ASPECT_CLOCK. */
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
	default: /* ASPECT_DATE */
		return (flow->recv_sec);
	}
}

/* The set of the rules that flow satisfies in one aspect, as SET_*. */
static uint32_t
find_set(struct filter *filter, const struct filter_aspect *aspect,
    const struct flow *flow)
{
	const uint32_t which = aspect->which;
	uint32_t class;

	if ((flow->fields & aspect->fields) == 0)
		return (which == ASPECT_LISTENER ?
			step_map_find(&filter->steps, aspect->run,
			    filter->listener) :
			aspect->absent);
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
	return (step_map_find(&filter->steps, aspect->run, filter->clock.key));
}

/* Sets the tag without a branch, which would often be mispredicted. */
static enum filter_verdict
decide(struct filter_active *rule, struct flow *flow)
{
	rule->wins++;
	flow->tag = (flow->tag & rule->tag_kept) | rule->tag;
	flow->fields |= rule->tag_field;
	return ((enum filter_verdict)rule->verdict);
}

/*
 * For up to WORD_RULES rules: sets are words.  Bit 0 stands for "no match", as
 * if it were a first rule that matches every flow.  A flow that one rule or
 * none matches, the usual case, then takes no branch that depends on the rule.
 */
static enum filter_verdict
filter_by_word(struct filter *filter, struct flow *flow)
{
	uint64_t matched = filter->sets.words[filter->all], quick;
	size_t i, stop = filter->nrules, winner;

	for (i = 0; i < filter->naspects; i++)
		matched &=
		    filter->sets
			.words[find_set(filter, &filter->aspects[i], flow) >>
			    1];
	if ((quick = matched & filter->quick) != 0) {
		quick &= ~quick + 1; /* the first of them */
		matched &= quick | (quick - 1);
		stop = (size_t)__builtin_ctzll(quick);
	}
	filter->rules[stop].stops++;
	winner = 63 - (size_t)__builtin_clzll(matched | 1);
	filter->rules[winner].matches++;
	for (matched &= (UINT64_C(1) << winner) - 1; matched != 0;
	     matched &= matched - 1)
		filter->rules[__builtin_ctzll(matched)].matches++;
	return (decide(&filter->rules[winner], flow));
}

/* Adds the rules in matched, a bit for each of 64 from number on. */
static size_t
add_word(const struct filter *filter, uint64_t matched, size_t number, size_t n)
{
	for (; matched != 0; matched &= matched - 1)
		filter->matched[n++] =
		    filter->order[number + (size_t)__builtin_ctzll(matched)] +
		    1;
	return (n);
}

/* Adds all rules of a full subtree, of 64 rules or a power of 64. */
static size_t
add_full(const struct filter *filter, unsigned int level, size_t number,
    size_t n)
{
	const size_t end = number + ((size_t)1 << 6 * (level + 1));

	for (; number < end; number++)
		filter->matched[n++] = filter->order[number] + 1;
	return (n);
}

/*
 * Adds the rules that are in all of the nsets subtrees, which are of this level
 * and contain the rules from number on, to filter->matched, which has n rules.
 * Returns its new number of rules.
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
		return (add_full(filter, level, number, n));
	if (level == 0) {
		for (i = 0; i < nsets; i++)
			some &= filter->sets.words[sets[i]];
		return (add_word(filter, some, number, n));
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

/* Adds the only rule of some sets if all nsets other sets contain it, too. */
static size_t
add_one(const struct filter *filter, uint32_t number, const uint32_t *sets,
    size_t nsets)
{
	size_t i;

	for (i = 0; i < nsets; i++) {
		if (!rule_set_has(&filter->sets, sets[i], number))
			return (0);
	}
	filter->matched[0] = filter->order[number] + 1;
	return (1);
}

/* Stores the matching rules in filter->matched, unsorted; returns how many. */
static size_t
find_matches(struct filter *filter, const struct flow *flow)
{
	uint32_t sets[ASPECTS], set, one = SET_REFERENCE(RULE_SET_EMPTY);
	size_t i, n = 0;

	for (i = 0; i < filter->naspects; i++) {
		set = find_set(filter, &filter->aspects[i], flow);
		if (set == SET_REFERENCE(RULE_SET_EMPTY))
			return (0);
		if ((set & 1) == 0) {
			if (set >> 1 != filter->all)
				sets[n++] = set >> 1;
			continue;
		}
		if (one != SET_REFERENCE(RULE_SET_EMPTY) && one != set)
			return (0);
		one = set;
	}
	if (one != SET_REFERENCE(RULE_SET_EMPTY))
		return (add_one(filter, one >> 1, sets, n));
	if (n == 0 && filter->all != RULE_SET_FULL)
		sets[n++] = filter->all;
	return (walk(filter, filter->sets.levels, sets, n, 0, 0));
}

/* For more than WORD_RULES rules: sets are trees. */
static enum filter_verdict
filter_by_tree(struct filter *filter, struct flow *flow)
{
	const uint32_t *matched = filter->matched;
	const size_t n = find_matches(filter, flow);
	size_t i, stop = filter->nrules, winner = 0;

	for (i = 0; i < n; i++) {
		if (matched[i] < stop && filter->rules[matched[i]].quick)
			stop = matched[i];
	}
	filter->rules[stop].stops++;
	for (i = 0; i < n; i++) {
		if (matched[i] > stop)
			continue;
		filter->rules[matched[i]].matches++;
		if (matched[i] > winner)
			winner = matched[i];
	}
	return (decide(&filter->rules[winner], flow));
}

bool
filter_is_empty(const struct filter *filter)
{
	return (filter->nrules == 0);
}

void
filter_set_listener(struct filter *filter, uint64_t listener)
{
	filter->listener = listener;
}

enum filter_verdict
filter_flow(struct filter *filter, struct flow *flow)
{
	if (filter->nrules == 0)
		return (FILTER_ACCEPT);
	if (filter->nrules <= WORD_RULES)
		return (filter_by_word(filter, flow));
	return (filter_by_tree(filter, flow));
}

/* Loads the buckets for the addresses of the n flows into the cache. */
static void
touch(struct filter *filter, const struct flow *flows, size_t n)
{
	const struct filter_aspect *aspect;
	uint32_t touched = 0;
	size_t i, j;

	for (i = 0; i < filter->naspects; i++) {
		aspect = &filter->aspects[i];
		if (aspect->which < ASPECT_ADDRS)
			continue;
		for (j = 0; j < n; j++)
			touched ^= prefix_map_touch(filter->prefixes,
			    flow_addr(&flows[j], aspect->which - ASPECT_ADDRS));
	}
	filter->touched ^= touched;
}

void
filter_flows(struct filter *filter, struct flow *flows, size_t n,
    enum filter_verdict *verdicts)
{
	size_t i, part;

	for (; n > 0; n -= part, flows += part, verdicts += part) {
		part = n < AHEAD_MAX ? n : AHEAD_MAX;
		if (filter->touch)
			touch(filter, flows, part);
		for (i = 0; i < part; i++)
			verdicts[i] = filter_flow(filter, &flows[i]);
	}
}

/*
 * Flows filtered between two calls of filter_next must not make the number of
 * evaluations negative, so it is computed here.
 */
void
filter_resume(const struct filter *filter, struct filter_walk *walk)
{
	size_t i;

	walk->evaluations = 0;
	for (i = walk->rule + 1; i <= filter->nrules; i++)
		walk->evaluations += filter->rules[i].stops;
}

bool
filter_next(const struct filter *filter, struct filter_walk *walk,
    struct filter_count *count)
{
	const struct filter_active *rule;

	if (walk->rule >= filter->nrules)
		return (false);
	rule = &filter->rules[++walk->rule];
	count->text = filter->text + walk->text;
	count->text_len = strcspn(count->text, "\n");
	count->evaluations = walk->evaluations;
	count->matches = rule->matches;
	count->wins = rule->wins;
	walk->evaluations -= rule->stops;
	walk->text += count->text_len + 1;
	return (true);
}

int
filter_report(const struct filter *filter,
    void (*line)(void *arg, const char *text), void *arg)
{
	struct filter_walk at = { 0 };
	struct filter_count n;
	char *out;

	filter_resume(filter, &at);
	while (filter_next(filter, &at, &n)) {
		if (asprintf(&out,
			"%.*s  # evaluations %" PRIu64 " matches %" PRIu64
			" wins %" PRIu64,
			(int)n.text_len, n.text, n.evaluations, n.matches,
			n.wins) == -1)
			return (FLOWD_ENOMEM);
		line(arg, out);
		free(out);
	}
	return (0);
}
