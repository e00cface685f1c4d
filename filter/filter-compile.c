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
 * Compiles rules to a filter.  The comment at the top of filter.c describes the
 * result.
 */
#include "compat/compat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "filter/filter-internal.h"
#include "lib/hash.h"

#define RANGES_MAX 128        /* of one clause that is computed */
#define TABLE      (1U << 31) /* in prefix_use.owner: owned by a table */
#define CLASS_NONE UINT32_MAX
#define TOUCH_MIN  (1U << 20) /* bytes, about the size of a cache */

_Static_assert(FILTER_LISTENERS_MAX <= RANGES_MAX,
    "a clause has a range for each listener");
_Static_assert(FILTER_RULES_MAX <= RULE_SET_MAX,
    "a set can contain every rule");

/*
 * A rule begins or ceases to match at a number, or for a table and one of
 * enum filter_addr.
 */
struct event {
	uint64_t at;
	uint32_t rule; /* its number in sets */
	bool on;
};

/* A prefix of a rule, or of a table that a rule names. */
struct prefix_use {
	struct prefix prefix;
	uint32_t owner; /* the rule's number in sets, or TABLE | table */
	uint8_t addr;   /* enum filter_addr; only of a rule */
	bool on;
};

/* Rules that begin to match, [true], and that cease to match, [false]. */
struct change {
	uint64_t *bits[2];
	size_t n[2];
	uint32_t latest[2];
};

struct table_sets {
	uint32_t on[FILTER_ADDRS], off[FILTER_ADDRS];
};

struct compiler {
	struct filter *filter;
	const struct filter_rule *rules;
	const struct filter_table *tables;
	size_t ntables;
	uint32_t first;   /* number in sets of the first rule */
	size_t nwords;    /* words with a bit for each rule */
	uint32_t *tested; /* aspects of each rule, as bits */
	uint32_t tested_by_any;
	struct change change;
	struct table_sets *table_sets;
	uint32_t *class_slots; /* by hash */
	size_t nclass_slots, classes_size;
};

/* The condition of a rule on one numeric aspect. */
struct clause {
	const struct filter_range *ranges;
	size_t n;
	bool negated;
	struct filter_range made[RANGES_MAX];
};

/* Whether the rule has a condition on the aspect. */
static bool
tests_aspect(const struct filter_rule *rule, uint32_t aspect)
{
	const uint32_t clock = FILTER_AFTER | FILTER_BEFORE;
	const uint32_t date = FILTER_AFTER_DATE | FILTER_BEFORE_DATE;

	switch (aspect) {
	case ASPECT_FAMILY:
		return (rule->family != ADDR_NONE);
	case ASPECT_TCP_FLAGS:
		return ((rule->flags & FILTER_TCP_FLAGS) != 0);
	case ASPECT_CLOCK:
		return (rule->days != 0 || (rule->flags & clock) != 0);
	case ASPECT_DATE:
		return ((rule->flags & date) != 0);
	case ASPECT_LISTENER:
		return (rule->on.n != 0);
	default:
		if (aspect >= ASPECT_ADDRS)
			return (filter_addrs_given(
			    &rule->addrs[aspect - ASPECT_ADDRS]));
		return (rule->numbers[aspect].n != 0);
	}
}

/*
 * The fields of a flow, STORE_FIELD_*, any of which has the aspect.  0: no
 * field has it.
 */
static uint32_t
fields_of(uint32_t aspect)
{
	switch (aspect) {
	case ASPECT_FAMILY:
		return (STORE_FIELD_SRCDST_ADDR);
	case ASPECT_TCP_FLAGS:
		return (STORE_FIELD_PROTO_FLAGS_TOS);
	case ASPECT_CLOCK:
	case ASPECT_DATE:
		return (STORE_FIELD_RECV_TIME);
	case ASPECT_LISTENER:
		return (0);
	default:
		if (aspect >= ASPECT_ADDRS)
			return (filter_addr_rows[aspect - ASPECT_ADDRS].fields);
		return (filter_number_rows[aspect].field);
	}
}

/* Conditions as ranges of numbers. */

static void
clause_add(struct clause *clause, uint64_t lo, uint64_t hi)
{
	struct filter_range *last = &clause->made[clause->n];

	if (clause->n > 0 && last[-1].hi + 1 == lo) {
		last[-1].hi = hi;
		return;
	}
	last->lo = lo;
	last->hi = hi;
	clause->n++;
}

static void
family_clause(const struct filter_rule *rule, struct clause *clause)
{
	const bool v4 = (rule->family == ADDR_V4) ==
	    ((rule->flags & FILTER_NOT_FAMILY) == 0);

	clause_add(clause, v4 ? ADDR_V4 : ADDR_V6, v4 ? ADDR_V4 : ADDR_V6);
}

static void
tcp_flags_clause(const struct filter_rule *rule, struct clause *clause)
{
	unsigned int flags;

	for (flags = 0; flags <= UINT8_MAX; flags++) {
		if (((flags & rule->tcp_mask) == rule->tcp_equals) ==
		    ((rule->flags & FILTER_NOT_TCP_FLAGS) == 0))
			clause_add(clause, flags, flags);
	}
}

static void
clock_clause(const struct filter_rule *rule, struct clause *clause)
{
	const uint32_t last = FILTER_DAY_SECONDS; /* with a leap second */
	const bool has_before = (rule->flags & FILTER_BEFORE) != 0;
	const uint32_t after =
	    (rule->flags & FILTER_AFTER) != 0 ? rule->after : 0;
	const uint32_t before = has_before ? rule->before : last;
	unsigned int day;

	for (day = 0; day < 7; day++) {
		if (rule->days != 0 && (rule->days & 1U << day) == 0)
			continue;
		if (after <= before) {
			clause_add(clause, filter_clock_key(day, after),
			    filter_clock_key(day, before));
			continue;
		}
		clause_add(clause, filter_clock_key(day, 0),
		    filter_clock_key(day, before));
		clause_add(clause, filter_clock_key(day, after),
		    filter_clock_key(day, last));
	}
}

static void
date_clause(const struct filter_rule *rule, struct clause *clause)
{
	int64_t lo = 0, hi = UINT32_MAX;

	if ((rule->flags & FILTER_AFTER_DATE) != 0 && rule->after_date >= lo)
		lo = rule->after_date + 1;
	if ((rule->flags & FILTER_BEFORE_DATE) != 0 && rule->before_date <= hi)
		hi = rule->before_date - 1;
	if (lo <= hi)
		clause_add(clause, (uint64_t)lo, (uint64_t)hi);
}

static void
listener_clause(const struct filter_rule *rule, struct clause *clause)
{
	uint64_t number;
	uint32_t i;

	for (i = 0; i < rule->on.n; i++) {
		number = filter_listener_number(rule->on.listeners[i].name);
		clause_add(clause, number, number);
	}
	clause->negated = rule->on.negated;
}

static void
make_clause(const struct filter_rule *rule, uint32_t aspect,
    struct clause *clause)
{
	clause->n = 0;
	clause->negated = false;
	clause->ranges = clause->made;
	switch (aspect) {
	case ASPECT_FAMILY:
		family_clause(rule, clause);
		break;
	case ASPECT_TCP_FLAGS:
		tcp_flags_clause(rule, clause);
		break;
	case ASPECT_CLOCK:
		clock_clause(rule, clause);
		break;
	case ASPECT_DATE:
		date_clause(rule, clause);
		break;
	case ASPECT_LISTENER:
		listener_clause(rule, clause);
		break;
	default:
		clause->ranges = rule->numbers[aspect].ranges;
		clause->n = rule->numbers[aspect].n;
		clause->negated = rule->numbers[aspect].negated;
	}
}

/* Sets of rules that begin or cease to match. */

static void
change_add(struct change *change, uint32_t rule, bool on)
{
	change->bits[on][rule / 64] |= UINT64_C(1) << rule % 64;
	change->latest[on] = rule;
	change->n[on]++;
}

/* Makes a set of the rules that change to on, and empties the change. */
static int
change_set(struct compiler *c, bool on, uint32_t *set)
{
	struct change *change = &c->change;
	struct rule_sets *sets = &c->filter->sets;
	int r = 0;

	*set = RULE_SET_EMPTY;
	if (change->n[on] == 1) {
		r = rule_set_one(sets, change->latest[on], set);
		change->bits[on][change->latest[on] / 64] = 0;
	} else if (change->n[on] != 0) {
		r = rule_set_of(sets, change->bits[on], c->nwords, set);
		memset(change->bits[on], 0, c->nwords * sizeof(uint64_t));
	}
	change->n[on] = 0;
	return (r);
}

/* Removes the rules in off from set and adds those in on. */
static int
set_change(struct compiler *c, uint32_t off, uint32_t on, uint32_t *set)
{
	int r;

	if ((r = rule_set_minus(&c->filter->sets, *set, off, set)) != 0)
		return (r);
	return (rule_set_union(&c->filter->sets, *set, on, set));
}

static int
set_apply(struct compiler *c, uint32_t *set)
{
	uint32_t off, on;
	int r;

	if ((r = change_set(c, false, &off)) != 0 ||
	    (r = change_set(c, true, &on)) != 0)
		return (r);
	return (set_change(c, off, on, set));
}

static int
event_compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return (x->at < y->at ? -1 : x->at > y->at);
}

/* The order of rules in sets. */

struct rule_key {
	uint32_t tested, rule;
};

static int
rule_key_compare(const void *a, const void *b)
{
	const struct rule_key *x = a, *y = b;

	if (x->tested != y->tested)
		return (x->tested < y->tested ? -1 : 1);
	return (x->rule < y->rule ? -1 : x->rule > y->rule);
}

/*
 * Assigns neighbouring numbers to rules that test the same aspects.  In a set
 * for an aspect, nearly all subtrees then contain either only rules that test
 * the aspect, and are sparse, or only other rules, and are full.
 */
static int
order_rules(struct compiler *c)
{
	struct filter *filter = c->filter;
	struct rule_key *keys;
	uint32_t aspect, i;

	if ((keys = calloc(filter->nrules, sizeof(*keys))) == NULL)
		return (FLOWD_ENOMEM);
	for (i = 0; i < filter->nrules; i++) {
		keys[i].rule = i;
		for (aspect = 0; aspect < ASPECTS; aspect++) {
			if (tests_aspect(&c->rules[i], aspect))
				keys[i].tested |= 1U << aspect;
		}
		c->tested_by_any |= keys[i].tested;
	}
	/* In a word, rules keep their order, which filter.quick needs. */
	if (filter->nrules > WORD_RULES)
		qsort(keys, filter->nrules, sizeof(*keys), rule_key_compare);
	for (i = 0; i < filter->nrules; i++) {
		filter->order[i] = keys[i].rule;
		c->tested[i] = keys[i].tested;
	}
	free(keys);
	return (0);
}

static const struct filter_rule *
rule_at(const struct compiler *c, uint32_t place)
{
	return (&c->rules[c->filter->order[place]]);
}

/* Whether the rule's condition on the aspect is negated. */
static bool
is_negated(const struct filter_rule *rule, uint32_t aspect)
{
	if (aspect == ASPECT_LISTENER)
		return (rule->on.negated);
	if (aspect >= ASPECT_ADDRS)
		return (rule->addrs[aspect - ASPECT_ADDRS].negated);
	return (aspect < FILTER_NUMBERS && rule->numbers[aspect].negated);
}

/*
 * Makes the set of the rules that do not test the aspect and, if negated, those
 * whose condition on it is negated.
 */
static int
base_set(struct compiler *c, uint32_t aspect, bool negated, uint32_t *set)
{
	uint32_t i;

	for (i = 0; i < c->filter->nrules; i++) {
		if ((c->tested[i] & 1U << aspect) == 0 ||
		    (negated && is_negated(rule_at(c, i), aspect)))
			change_add(&c->change, c->first + i, true);
	}
	return (change_set(c, true, set));
}

/* Numbers. */

static void
add_events(const struct compiler *c, uint32_t aspect, uint32_t place,
    struct event *events, size_t *n)
{
	const uint32_t number = c->first + place;
	struct clause clause;
	size_t i;

	make_clause(rule_at(c, place), aspect, &clause);
	for (i = 0; i < clause.n; i++) {
		events[(*n)++] = (struct event){ clause.ranges[i].lo, number,
			!clause.negated };
		if (clause.ranges[i].hi == UINT64_MAX)
			break;
		events[(*n)++] = (struct event){ clause.ranges[i].hi + 1,
			number, clause.negated };
	}
}

static int
collect_events(const struct compiler *c, uint32_t aspect, struct event **events,
    size_t *n)
{
	struct clause clause;
	size_t room = 1;
	uint32_t i;

	for (i = 0; i < c->filter->nrules; i++) {
		if ((c->tested[i] & 1U << aspect) == 0)
			continue;
		make_clause(rule_at(c, i), aspect, &clause);
		room += 2 * clause.n;
	}
	*n = 0;
	if ((*events = calloc(room, sizeof(**events))) == NULL)
		return (FLOWD_ENOMEM);
	for (i = 0; i < c->filter->nrules; i++) {
		if ((c->tested[i] & 1U << aspect) != 0)
			add_events(c, aspect, i, *events, n);
	}
	qsort(*events, *n, sizeof(**events), event_compare);
	return (0);
}

/* The set in the form that lookups return: SET_*. */
static uint32_t
handle_of(const struct compiler *c, uint32_t set)
{
	uint32_t number;

	if (c->filter->nrules > WORD_RULES &&
	    rule_set_is_one(&c->filter->sets, set, &number))
		return (SET_ONE(number));
	return (SET_REFERENCE(set));
}

/* Makes the steps; set has the rules that match below the first event. */
static int
make_steps(struct compiler *c, const struct event *events, size_t n,
    uint32_t set, uint32_t *run)
{
	struct step_map *steps = &c->filter->steps;
	uint64_t at;
	size_t i = 0;
	int r;

	if ((r = step_map_begin(steps, handle_of(c, set), run)) != 0)
		return (r);
	while (i < n) {
		at = events[i].at;
		for (; i < n && events[i].at == at; i++)
			change_add(&c->change, events[i].rule, events[i].on);
		if ((r = set_apply(c, &set)) != 0 ||
		    (r = step_map_add(steps, at, handle_of(c, set))) != 0)
			return (r);
	}
	return (0);
}

static int
compile_number(struct compiler *c, uint32_t aspect, uint32_t *run)
{
	struct event *events;
	uint32_t set;
	size_t n;
	int r;

	if ((r = collect_events(c, aspect, &events, &n)) != 0)
		return (r);
	if ((r = base_set(c, aspect, true, &set)) == 0)
		r = make_steps(c, events, n, set, run);
	free(events);
	return (r);
}

/* Addresses. */

static uint32_t *
class_slot(const struct compiler *c, const struct filter_class *class)
{
	const uint32_t *sets = class->sets;
	uint64_t h = hash_mix((uint64_t)sets[0] << 32 | sets[1]) + sets[2];
	size_t i = (size_t)hash_mix(h) & (c->nclass_slots - 1);

	while (c->class_slots[i] != CLASS_NONE &&
	    memcmp(&c->filter->classes[c->class_slots[i]], class,
		sizeof(*class)) != 0)
		i = (i + 1) & (c->nclass_slots - 1);
	return (&c->class_slots[i]);
}

static int
grow_classes(struct compiler *c)
{
	struct filter *filter = c->filter;
	const size_t size = c->classes_size == 0 ? 64 : c->classes_size * 2;
	struct filter_class *classes;
	uint32_t i, *slots;

	classes = reallocarray(filter->classes, size, sizeof(*classes));
	if (classes == NULL)
		return (FLOWD_ENOMEM);
	filter->classes = classes;
	if ((slots = reallocarray(NULL, size * 2, sizeof(*slots))) == NULL)
		return (FLOWD_ENOMEM);
	memset(slots, 0xff, size * 2 * sizeof(*slots)); /* CLASS_NONE */
	free(c->class_slots);
	c->class_slots = slots;
	c->nclass_slots = size * 2;
	c->classes_size = size;
	for (i = 0; i < filter->nclasses; i++)
		*class_slot(c, &classes[i]) = i;
	return (0);
}

static int
find_class(struct compiler *c, const struct filter_class *class,
    uint32_t *number)
{
	struct filter *filter = c->filter;
	uint32_t *slot;
	int r;

	if (filter->nclasses == c->classes_size && (r = grow_classes(c)) != 0)
		return (r);
	slot = class_slot(c, class);
	if (*slot == CLASS_NONE) {
		*slot = (uint32_t)filter->nclasses;
		filter->classes[filter->nclasses++] = *class;
	}
	*number = *slot;
	return (*number > PREFIX_MAP_VALUE_MAX ? FLOWD_ESPACE : 0);
}

static void
count_uses(const struct compiler *c, size_t *nprefixes, size_t *nevents)
{
	const struct filter_addr_set *set;
	size_t i, j;

	*nprefixes = 0;
	*nevents = 0;
	for (i = 0; i < c->filter->nrules; i++) {
		for (j = 0; j < FILTER_ADDRS; j++) {
			set = &c->rules[i].addrs[j];
			*nprefixes += set->n;
			*nevents += set->ntables;
		}
	}
}

/* For each table, makes the sets of rules that an address in it changes. */
static int
make_table_sets(struct compiler *c, size_t nevents)
{
	const struct filter_addr_set *set;
	struct table_sets *sets;
	struct event *events;
	uint32_t i, j, k;
	uint64_t at;
	size_t n = 0;
	int r = 0;

	c->table_sets = calloc(c->ntables + 1, sizeof(*c->table_sets));
	events = calloc(nevents + 1, sizeof(*events));
	if (c->table_sets == NULL || events == NULL) {
		free(events);
		return (FLOWD_ENOMEM);
	}
	for (i = 0; i < c->filter->nrules; i++) {
		for (j = 0; j < FILTER_ADDRS; j++) {
			set = &rule_at(c, i)->addrs[j];
			for (k = 0; k < set->ntables; k++)
				events[n++] =
				    (struct event){ (uint64_t)set->tables[k] *
						    FILTER_ADDRS +
						j,
					    c->first + i, !set->negated };
		}
	}
	qsort(events, n, sizeof(*events), event_compare);
	for (i = 0; i < n && r == 0;) {
		at = events[i].at;
		for (; i < n && events[i].at == at; i++)
			change_add(&c->change, events[i].rule, events[i].on);
		sets = &c->table_sets[at / FILTER_ADDRS];
		if ((r = change_set(c, true, &sets->on[at % FILTER_ADDRS])) ==
		    0)
			r = change_set(c, false, &sets->off[at % FILTER_ADDRS]);
	}
	free(events);
	return (r);
}

static bool
table_is_used(const struct table_sets *sets)
{
	static const struct table_sets unused;

	return (memcmp(sets, &unused, sizeof(unused)) != 0);
}

static int
use_compare(const void *a, const void *b)
{
	const struct prefix_use *x = a, *y = b;
	const int order = prefix_compare(&x->prefix, &y->prefix);

	if (order != 0)
		return (order);
	return (x->addr < y->addr ? -1 : x->addr > y->addr);
}

static size_t
add_rule_uses(const struct compiler *c, struct prefix_use *uses)
{
	const struct filter_addr_set *set;
	uint32_t i, j, k;
	size_t n = 0;

	for (i = 0; i < c->filter->nrules; i++) {
		for (j = 0; j < FILTER_ADDRS; j++) {
			set = &rule_at(c, i)->addrs[j];
			for (k = 0; k < set->n; k++)
				uses[n++] = (struct prefix_use){
					.prefix = set->prefixes[k],
					.owner = c->first + i,
					.addr = (uint8_t)j,
					.on = !set->negated,
				};
		}
	}
	return (n);
}

static size_t
add_table_uses(const struct compiler *c, struct prefix_use *uses)
{
	uint32_t i, k;
	size_t n = 0;

	for (i = 0; i < c->ntables; i++) {
		if (!table_is_used(&c->table_sets[i]))
			continue;
		for (k = 0; k < c->tables[i].n; k++)
			uses[n++] =
			    (struct prefix_use){ c->tables[i].prefixes[k],
				    TABLE | i, 0, false };
	}
	return (n);
}

/* Returns the prefixes of rules and used tables, sorted by prefix_compare. */
static int
collect_uses(const struct compiler *c, size_t nprefixes,
    struct prefix_use **uses, size_t *n)
{
	size_t i, room = nprefixes + 1;

	for (i = 0; i < c->ntables; i++) {
		if (table_is_used(&c->table_sets[i]))
			room += c->tables[i].n;
	}
	if ((*uses = calloc(room, sizeof(**uses))) == NULL)
		return (FLOWD_ENOMEM);
	*n = add_table_uses(c, *uses);
	*n += add_rule_uses(c, *uses + *n);
	/* A single large table is sorted already. */
	for (i = 1; i < *n; i++) {
		if (use_compare(&(*uses)[i - 1], &(*uses)[i]) > 0) {
			qsort(*uses, *n, sizeof(**uses), use_compare);
			break;
		}
	}
	return (0);
}

/* Applies the n uses of one prefix to class. */
static int
apply_uses(struct compiler *c, const struct prefix_use *uses, size_t n,
    struct filter_class *class)
{
	const struct table_sets *table;
	size_t i, j;
	int r;

	for (j = 0; j < FILTER_ADDRS; j++) {
		for (i = 0; i < n; i++) {
			if ((uses[i].owner & TABLE) == 0) {
				if (uses[i].addr == j)
					change_add(&c->change, uses[i].owner,
					    uses[i].on);
				continue;
			}
			table = &c->table_sets[uses[i].owner & ~TABLE];
			if ((r = set_change(c, table->off[j], table->on[j],
				 &class->sets[j])) != 0)
				return (r);
		}
		if ((r = set_apply(c, &class->sets[j])) != 0)
			return (r);
	}
	return (0);
}

static int
make_prefixes(struct compiler *c, const struct prefix_use *uses, size_t n)
{
	struct filter *filter = c->filter;
	struct filter_class class;
	uint32_t number;
	size_t i, same;
	int r;

	for (i = 0; i < n; i += same) {
		for (same = 1; i + same < n &&
		     prefix_compare(&uses[i].prefix, &uses[i + same].prefix) ==
			 0;
		     same++)
			continue;
		class = filter->classes[prefix_map_around(filter->prefixes,
		    &uses[i].prefix)];
		if ((r = apply_uses(c, &uses[i], same, &class)) != 0 ||
		    (r = find_class(c, &class, &number)) != 0 ||
		    (r = prefix_map_add(filter->prefixes, &uses[i].prefix,
			 number)) != 0)
			return (r);
	}
	return (prefix_map_end(filter->prefixes));
}

static int
compile_addrs(struct compiler *c)
{
	struct filter_class outside;
	struct prefix_use *uses;
	size_t n, nprefixes, nevents;
	uint32_t j, number, *set;
	int r;

	count_uses(c, &nprefixes, &nevents);
	if ((r = make_table_sets(c, nevents)) != 0)
		return (r);
	for (j = 0; j < FILTER_ADDRS; j++) {
		r = base_set(c, ASPECT_ADDRS + j, true, &outside.sets[j]);
		if (r != 0)
			return (r);
	}
	if ((r = find_class(c, &outside, &number)) != 0)
		return (r);
	if ((c->filter->prefixes = prefix_map_new(number)) == NULL)
		return (FLOWD_ENOMEM);
	if ((r = collect_uses(c, nprefixes, &uses, &n)) != 0)
		return (r);
	r = make_prefixes(c, uses, n);
	free(uses);
	c->filter->touch = prefix_map_memory(c->filter->prefixes) > TOUCH_MIN;
	for (n = 0; n < c->filter->nclasses; n++) {
		for (j = 0; j < FILTER_ADDRS; j++) {
			set = &c->filter->classes[n].sets[j];
			*set = handle_of(c, *set);
		}
	}
	return (r);
}

/* The filter. */

static int
compile_aspects(struct compiler *c)
{
	const uint32_t addrs = ((1U << FILTER_ADDRS) - 1) << ASPECT_ADDRS;
	struct filter *filter = c->filter;
	struct filter_aspect *a;
	uint32_t which;
	int r;

	for (which = 0; which < ASPECTS; which++) {
		if ((c->tested_by_any & 1U << which) == 0)
			continue;
		a = &filter->aspects[filter->naspects++];
		a->which = which;
		a->fields = fields_of(which);
		if ((r = base_set(c, which, false, &a->absent)) != 0 ||
		    (which < ASPECT_ADDRS &&
			(r = compile_number(c, which, &a->run)) != 0))
			return (r);
		a->absent = handle_of(c, a->absent);
	}
	if ((r = step_map_finish(&filter->steps)) != 0)
		return (r);
	return ((c->tested_by_any & addrs) == 0 ? 0 : compile_addrs(c));
}

static void
activate_rules(struct compiler *c)
{
	struct filter *filter = c->filter;
	const struct filter_rule *rule;
	struct filter_active *active;
	size_t i;

	filter->rules[0].verdict = FILTER_ACCEPT; /* no match */
	filter->rules[0].tag_kept = UINT32_MAX;
	for (i = 0; i < filter->nrules; i++) {
		rule = &c->rules[i];
		active = &filter->rules[i + 1];
		active->verdict = (uint8_t)rule->verdict;
		active->quick = (rule->flags & FILTER_QUICK) != 0;
		active->tag_kept = UINT32_MAX;
		if ((rule->flags & FILTER_TAG) != 0) {
			active->tag = rule->tag;
			active->tag_kept = 0;
			active->tag_field = STORE_FIELD_TAG;
		}
		if (filter->nrules <= WORD_RULES && active->quick)
			filter->quick |= UINT64_C(1) << (i + 1);
	}
}

/* Prints the rules for reports, so that the filter needs no copy of them. */
static int
set_text(struct compiler *c)
{
	struct filter *filter = c->filter;
	size_t i, len;
	FILE *fp;

	if ((fp = open_memstream(&filter->text, &len)) == NULL)
		return (FLOWD_ENOMEM);
	for (i = 0; i < filter->nrules; i++) {
		filter_rule_print(&c->rules[i], c->tables, fp);
		(void)fputc('\n', fp);
	}
	return (fclose(fp) == 0 ? 0 : FLOWD_ENOMEM);
}

static int
alloc_all(struct compiler *c)
{
	struct filter *filter = c->filter;
	const size_t n = filter->nrules;

	c->first = n <= WORD_RULES ? 1 : 0;
	c->nwords = (c->first + n + 63) / 64;
	filter->rules = calloc(n + 1, sizeof(*filter->rules));
	filter->order = calloc(n, sizeof(*filter->order));
	filter->matched = calloc(n, sizeof(*filter->matched));
	c->tested = calloc(n, sizeof(*c->tested));
	c->change.bits[false] = calloc(c->nwords, sizeof(uint64_t));
	c->change.bits[true] = calloc(c->nwords, sizeof(uint64_t));
	if (filter->rules == NULL || filter->order == NULL ||
	    filter->matched == NULL || c->tested == NULL ||
	    c->change.bits[false] == NULL || c->change.bits[true] == NULL)
		return (FLOWD_ENOMEM);
	return (rule_sets_init(&filter->sets, c->first + n, FILTER_MEMORY_MAX));
}

static int
compile(struct compiler *c)
{
	struct filter *filter = c->filter;
	uint32_t i;
	int r;

	if (filter->nrules == 0)
		return (0);
	if (filter->nrules > FILTER_RULES_MAX)
		return (FLOWD_ESPACE);
	if ((r = alloc_all(c)) != 0 || (r = set_text(c)) != 0 ||
	    (r = order_rules(c)) != 0)
		return (r);
	activate_rules(c);
	for (i = 0; i < filter->nrules; i++)
		change_add(&c->change, c->first + i, true);
	if ((r = change_set(c, true, &filter->all)) != 0)
		return (r);
	r = compile_aspects(c);
	rule_sets_freeze(&filter->sets);
	return (r);
}

struct filter *
filter_new(const struct filter_rule *rules, size_t nrules,
    const struct filter_table *tables, size_t ntables)
{
	struct compiler c = {
		.rules = rules,
		.tables = tables,
		.ntables = ntables,
	};
	int r;

	if ((c.filter = calloc(1, sizeof(*c.filter))) == NULL)
		return (NULL);
	c.filter->nrules = nrules;
	r = compile(&c);
	free(c.tested);
	free(c.change.bits[false]);
	free(c.change.bits[true]);
	free(c.table_sets);
	free(c.class_slots);
	if (r == 0)
		return (c.filter);
	filter_free(c.filter);
	errno = r == FLOWD_ESPACE ? E2BIG : ENOMEM;
	return (NULL);
}

void
filter_free(struct filter *filter)
{
	if (filter == NULL)
		return;
	free(filter->rules);
	free(filter->text);
	step_map_free(&filter->steps);
	prefix_map_free(filter->prefixes);
	free(filter->classes);
	rule_sets_free(&filter->sets);
	free(filter->order);
	free(filter->matched);
	free(filter);
}

size_t
filter_memory(const struct filter *filter)
{
	const size_t each = sizeof(*filter->rules) + sizeof(*filter->order) +
	    sizeof(*filter->matched);

	return (sizeof(*filter) + filter->nrules * each +
	    (filter->text == NULL ? 0 : strlen(filter->text) + 1) +
	    step_map_memory(&filter->steps) +
	    (filter->prefixes == NULL ? 0 :
					prefix_map_memory(filter->prefixes)) +
	    filter->nclasses * sizeof(*filter->classes) +
	    rule_sets_memory(&filter->sets));
}
