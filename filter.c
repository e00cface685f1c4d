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
 *   Numbers	are found in a step function (step-map.h): a look at one bucket,
 *		however many ranges the rules have.
 *   Addresses	are found in one map of all prefixes of all rules and tables
 *		(prefix-map.h), which costs as much as a number, and twice that
 *		for IPv6 where it has prefixes longer than 64 bits.  It gives
 *		the sets for agent, src and dst.  So a table is not searched on
 *		its own, and costs nothing for each rule that uses it.
 *   Sets	are a word up to 63 rules, and above that trees (rule-set.h)
 *		that are walked together from the top, so that what no rule can
 *		match in is passed over 4096 or 64 rules at a time.  Rules that
 *		look at the same aspects are neighbours there, for this to
 *		happen often.  A set of one rule, which most are where many
 *		rules each have prefixes of their own, is that rule's number.
 *
 * So the cost of a flow is that of a lookup for each aspect in use, of about
 * 5 ns, and of the rules that match it, not of those that there are.  With
 * large tables it is that of waiting for memory, and filter_flows lets the
 * waits of many flows overlap.  bench/filter measures all of this.
 *
 * In memory, a prefix takes 50 to 100 bytes whatever the number of rules that
 * use it, a range of numbers 50, and either of them up to 600 more where it
 * makes a set of many rules that was not there before.  Compiling takes time
 * in proportion, 0.3 s for 1,000,000 prefixes.
 *
 * The counters are those of trying rule after rule: a quick rule that matches
 * is where a flow stops, and the evaluations of a rule are the flows that
 * stopped at it or behind it.
 */
#include "compat/compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "errors.h"
#include "filter/filter-internal.h"

#define AHEAD_MAX 32 /* flows whose waits for memory overlap */

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
	default: /* ASPECT_DATE */
		return (flow->recv_sec);
	}
}

/* The rules that flow satisfies in one aspect, as SET_*. */
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
	return (step_map_find(&filter->steps, aspect->run, filter->clock.key));
}

/* Without a branch on whether there is a tag, since that is hard to foresee. */
static enum filter_verdict
decide(struct filter_active *rule, struct flow *flow)
{
	rule->wins++;
	flow->tag = (flow->tag & rule->tag_kept) | rule->tag;
	flow->fields |= rule->tag_field;
	return ((enum filter_verdict)rule->verdict);
}

/*
 * Few rules, whose sets are words.  No match is taken for a rule that comes
 * before all others, so that the usual flow, which one rule or none matches,
 * meets no branch that depends on which.
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

/* Notes the rules in matched, a word of 64 from number on. */
static size_t
take_word(const struct filter *filter, uint64_t matched, size_t number,
    size_t n)
{
	for (; matched != 0; matched &= matched - 1)
		filter->matched[n++] =
		    filter->order[number + (size_t)__builtin_ctzll(matched)] +
		    1;
	return (n);
}

/* Notes the 64 rules, or 64 times that, of a part that is full. */
static size_t
take_full(const struct filter *filter, unsigned int level, size_t number,
    size_t n)
{
	const size_t end = number + ((size_t)1 << 6 * (level + 1));

	for (; number < end; number++)
		filter->matched[n++] = filter->order[number] + 1;
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

/* Notes the rule that some sets have alone, if all nsets others have it too. */
static size_t
take_one(const struct filter *filter, uint32_t number, const uint32_t *sets,
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

/* The rules that match, in no order, into filter->matched. */
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
		return (take_one(filter, one >> 1, sets, n));
	if (n == 0 && filter->all != RULE_SET_FULL)
		sets[n++] = filter->all;
	return (walk(filter, filter->sets.levels, sets, n, 0, 0));
}

/* Many rules, whose sets are trees. */
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

enum filter_verdict
filter_flow(struct filter *filter, struct flow *flow)
{
	if (filter->nrules == 0)
		return (FILTER_ACCEPT);
	if (filter->nrules <= WORD_RULES)
		return (filter_by_word(filter, flow));
	return (filter_by_tree(filter, flow));
}

/* Brings near what the addresses of the n flows lead to. */
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

/* What comes in between two steps must not make less of it than nothing. */
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
