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
 * A filter: compiled rules, the verdict on each flow, and counters.
 * flowd.conf(5) describes the language of the rules.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter/filter-rule.h"
#include "store.h"

struct filter;

#define FILTER_MEMORY_MAX ((size_t)1 << 30) /* bytes of a filter */

/*
 * Compiles the rules and the tables that they refer to.  The filter keeps no
 * pointer to them.  NULL with errno: ENOMEM, or E2BIG for more than
 * FILTER_RULES_MAX rules or FILTER_MEMORY_MAX bytes.
 */
struct filter *filter_new(const struct filter_rule *rules, size_t nrules,
    const struct filter_table *tables, size_t ntables);
void filter_free(struct filter *filter);

/* Whether the filter has no rules, so that it accepts every flow. */
bool filter_is_empty(const struct filter *filter);

/* Bytes that the filter has allocated. */
size_t filter_memory(const struct filter *filter);

/*
 * The flows that are filtered from now on were received by a listener with the
 * name of this number (filter_listener_number).  0, as at the beginning: by a
 * listener without a name.
 */
void filter_set_listener(struct filter *filter, uint64_t listener);

/*
 * Returns the verdict on flow: that of the last matching rule, or accept if no
 * rule matches.  Copies the tag of this rule to flow and sets STORE_FIELD_TAG.
 * Counts evaluations, matches and wins.  Local time is that of filter-zone.h.
 */
enum filter_verdict filter_flow(struct filter *filter, struct flow *flow);

/*
 * Calls filter_flow for each of the n flows.  With large tables this is several
 * times as fast as single calls, because it loads memory for many flows at
 * once.
 */
void filter_flows(struct filter *filter, struct flow *flows, size_t n,
    enum filter_verdict *verdicts);

/* The counters of a rule, and its text in the syntax of flowd.conf(5). */
struct filter_count {
	const char *text; /* owned by the filter; no NUL */
	size_t text_len;
	uint64_t evaluations, matches, wins;
};

/* A position in the list of rules.  All zero: at the first rule. */
struct filter_walk {
	size_t rule;          /* index of the next rule */
	size_t text;          /* offset of its text */
	uint64_t evaluations; /* of it */
};

/*
 * filter_next fills in count for the next rule; false: there are no more rules.
 * If the filter was used since the last call, filter_resume must be called
 * before filter_next.  All zero needs filter_resume, too.
 */
void filter_resume(const struct filter *filter, struct filter_walk *walk);
bool filter_next(const struct filter *filter, struct filter_walk *walk,
    struct filter_count *count);

/*
 * Calls line for each rule, with its text in the syntax of flowd.conf(5), the
 * counters as a comment, and no newline.  FLOWD_ENOMEM: memory is exhausted,
 * and line was not called for the remaining rules.
 */
int filter_report(const struct filter *filter,
    void (*line)(void *arg, const char *text), void *arg)
    __attribute__((warn_unused_result));

#endif
