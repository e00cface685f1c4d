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
 * The compiled form of a filter: filter-compile.c makes it, filter.c runs it.
 * The head of filter.c describes how it works.
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
 * What rules look at: from 0 the numbers of enum filter_number, then these,
 * then the addresses of enum filter_addr.
 */
enum {
	ASPECT_FAMILY = FILTER_NUMBERS,
	ASPECT_TCP_FLAGS,
	ASPECT_CLOCK, /* filter_clock_key */
	ASPECT_DATE,  /* epoch s */
	ASPECT_ADDRS,
	ASPECTS = ASPECT_ADDRS + FILTER_ADDRS
};

/*
 * Filters of up to so many rules work with words alone, in which the lowest
 * bit is for no match, and rules come from the second on.
 */
#define WORD_RULES 63

/*
 * A set as lookups give it: a reference, or for the many that have one rule
 * only, this rule as sets number it.
 */
#define SET_REFERENCE(reference) ((reference) << 1)
#define SET_ONE(number)          ((number) << 1 | 1)

/* An aspect that some rule looks at. */
struct filter_aspect {
	uint32_t which;  /* ASPECT_* */
	uint32_t fields; /* STORE_FIELD_*: any of these has it */
	uint32_t absent; /* rules that do not look at it */
	uint32_t run;    /* of filter.steps; not for addresses */
};

/* The sets of rules that an address matches, as each of enum filter_addr. */
struct filter_class {
	uint32_t sets[FILTER_ADDRS];
};

/* A rule at work, or that of no match, which accepts and counts for nobody. */
struct filter_active {
	uint64_t matches, wins;
	uint64_t stops;     /* flows that no later rule saw */
	uint32_t tag;       /* 0 without one */
	uint32_t tag_kept;  /* bits of the flow's: none with one */
	uint32_t tag_field; /* STORE_FIELD_TAG with one, or 0 */
	uint8_t verdict;    /* enum filter_verdict */
	bool quick;
};

/* The local time of one second, since finding it is dear. */
struct filter_clock {
	bool known;
	uint32_t sec; /* epoch */
	uint64_t key;
};

struct filter {
	size_t nrules;
	struct filter_active *rules; /* and behind them no match */
	char *text;                  /* of all rules, in lines */
	struct filter_aspect aspects[ASPECTS];
	size_t naspects;
	struct step_map steps;       /* of references to sets */
	struct prefix_map *prefixes; /* of classes */
	bool touch;                  /* it is large */
	uint32_t touched;            /* of no meaning */
	struct filter_class *classes;
	size_t nclasses;
	struct rule_sets sets;
	uint32_t all;      /* the set of all rules */
	uint32_t *order;   /* place in sets to rule */
	uint64_t quick;    /* rules, with WORD_RULES */
	uint32_t *matched; /* room for all rules */
	struct filter_clock clock;
};

/* A number for each second of a week; second may be that of a leap second. */
static inline uint64_t
filter_clock_key(unsigned int day, uint32_t second)
{
	return ((uint64_t)day << 17 | second);
}

#endif
