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
 * A filter: rules compiled for speed, the verdict on each flow, and counters.
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

/*
 * Makes a filter of the rules and the tables that they refer to; it keeps
 * copies of what it needs.  NULL, with errno set, without memory: ENOMEM, or
 * E2BIG for more than FILTER_RULES_MAX rules or FILTER_MEMORY_MAX bytes.
 */
#define FILTER_MEMORY_MAX ((size_t)1 << 30)

struct filter *filter_new(const struct filter_rule *rules, size_t nrules,
    const struct filter_table *tables, size_t ntables);
void filter_free(struct filter *filter);

/* Whether it has no rules, so that it lets every flow through. */
bool filter_is_empty(const struct filter *filter);

/* Bytes that the filter has allocated. */
size_t filter_memory(const struct filter *filter);

/*
 * The verdict on flow: the last rule that matches decides, no match accepts.
 * The tag of the deciding rule is put into flow, with STORE_FIELD_TAG.
 * Counts evaluations, matches and wins.  Local time is that of the time zone
 * in force when the process last called tzset.
 */
enum filter_verdict filter_flow(struct filter *filter, struct flow *flow);

/*
 * As filter_flow for each of the n flows.  With large tables this is several
 * times as fast, since the waits for memory of different flows overlap.
 */
void filter_flows(struct filter *filter, struct flow *flows, size_t n,
    enum filter_verdict *verdicts);

/* What a rule has counted, and its text in the syntax of flowd.conf(5). */
struct filter_count {
	const char *text; /* the filter's; not terminated */
	size_t text_len;
	uint64_t evaluations, matches, wins;
};

/* A walk through the rules, in one go or in steps.  Zeroed is at the first. */
struct filter_walk {
	size_t rule;          /* those before are done */
	size_t text;          /* offset of the next one's */
	uint64_t evaluations; /* of the next one, in this step */
};

/*
 * The counts of the next rule.  False behind the last.  filter_resume begins
 * each step.
 */
void filter_resume(const struct filter *filter, struct filter_walk *walk);
bool filter_next(const struct filter *filter, struct filter_walk *walk,
    struct filter_count *count);

/*
 * Calls line for each rule: its text in the syntax of flowd.conf(5), with the
 * counters as a comment, without a newline.  Returns 0, or FLOWD_ENOMEM if
 * memory is exhausted; line has not been called for the remaining rules then.
 */
int filter_report(const struct filter *filter,
    void (*line)(void *arg, const char *text), void *arg)
    __attribute__((warn_unused_result));

#endif
