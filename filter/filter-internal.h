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
 * The compiled form of a filter.  filter-compile.c makes it, filter.c applies
 * it.  The comment at the top of filter.c explains it.
 */
#ifndef FILTER_INTERNAL_H
#define FILTER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"
#include "filter/prefix-map.h"
#include "filter/rule-set.h"
#include "filter/step-map.h"

/*
 * Aspects, the properties of flows that rules test: enum filter_number, then
 * these, then enum filter_addr.
 */
enum {
	ASPECT_FAMILY = FILTER_NUMBERS,
	ASPECT_TCP_FLAGS,
	ASPECT_CLOCK,    /* filter_clock_key */
	ASPECT_DATE,     /* seconds of the epoch */
	ASPECT_LISTENER, /* filter.listener: beside the flow, not in it */
	ASPECT_ADDRS,
	ASPECTS = ASPECT_ADDRS + FILTER_ADDRS
};

/*
 * In filters with up to this number of rules, each set is one word.  Its lowest
 * bit stands for "no match", and the next bits for the rules.
 */
#define WORD_RULES 63

/*
 * The result of a lookup: a reference to a set or, for a set of one rule, the
 * rule's number in sets.
 */
#define SET_REFERENCE(reference) ((reference) << 1)
#define SET_ONE(number)          ((number) << 1 | 1)

/* An aspect that some rule tests. */
struct filter_aspect {
	uint32_t which;  /* ASPECT_* */
	uint32_t fields; /* STORE_FIELD_*: any of these contains it */
	uint32_t absent; /* set of the rules that do not test it */
	uint32_t run;    /* in filter.steps; unused for addresses */
};

/* The sets of rules that an address matches as agent, src and dst. */
struct filter_class {
	uint32_t sets[FILTER_ADDRS];
};

/* A rule.  The first is "no match", which accepts; its counters are unused. */
struct filter_active {
	uint64_t matches, wins;
	uint64_t stops;     /* flows that no later rule evaluated */
	uint32_t tag;       /* 0: the rule has no tag */
	uint32_t tag_kept;  /* mask for the flow's tag: 0 if the rule has one */
	uint32_t tag_field; /* STORE_FIELD_TAG if the rule has one, or 0 */
	uint8_t verdict;    /* enum filter_verdict */
	bool quick;
};

/* The latest result of filter_zone_time, which is expensive. */
struct filter_clock {
	bool known;
	uint32_t sec; /* epoch */
	uint64_t key;
};

struct filter {
	size_t nrules;
	struct filter_active *rules; /* [0] is "no match" */
	char *text;                  /* a line for each rule */
	struct filter_aspect aspects[ASPECTS];
	size_t naspects;
	struct step_map steps;       /* to SET_* */
	struct prefix_map *prefixes; /* to indices of classes */
	bool touch;                  /* prefixes is larger than a cache */
	uint32_t touched;            /* meaningless; keeps the loads */
	struct filter_class *classes;
	size_t nclasses;
	struct rule_sets sets;
	uint32_t all;      /* the set of all rules */
	uint32_t *order;   /* number in sets to rule */
	uint64_t quick;    /* set of quick rules, for WORD_RULES */
	uint32_t *matched; /* room for all rules, for trees */
	struct filter_clock clock;
	uint64_t listener; /* filter_listener_number, of the flows to come */
};

/* A number for each second of a week, including leap seconds. */
static inline uint64_t
filter_clock_key(unsigned int day, uint32_t second)
{
	return ((uint64_t)day << 17 | second);
}

#endif
