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
 * Filter rules, and the verdict that they give on a flow.  flowd.conf(5) has
 * the language.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "store.h"

enum filter_verdict { FILTER_ACCEPT, FILTER_DISCARD };

/* What a rule can ask of a flow: its numbers ... */
enum filter_number {
	FILTER_IN_IFNDX,
	FILTER_OUT_IFNDX,
	FILTER_SRC_PORT,
	FILTER_DST_PORT,
	FILTER_PROTO,
	FILTER_TOS,
	FILTER_PACKETS,
	FILTER_OCTETS,
	FILTER_SRC_AS,
	FILTER_DST_AS,
	FILTER_VERSION, /* of the export protocol */
	FILTER_NUMBERS
};

/* ... and its addresses. */
enum filter_addr { FILTER_AGENT, FILTER_SRC, FILTER_DST, FILTER_ADDRS };

struct filter_number_row {
	const char *keyword;
	uint64_t max;
	uint32_t field; /* STORE_FIELD_*: carries it */
	bool hex;       /* how it is printed */
};

struct filter_addr_row {
	const char *keyword;
	uint32_t fields; /* STORE_FIELD_*: either carries it */
};

extern const struct filter_number_row filter_number_rows[FILTER_NUMBERS];
extern const struct filter_addr_row filter_addr_rows[FILTER_ADDRS];
extern const char *const filter_day_names[7]; /* from Sunday */

struct filter_range {
	uint64_t lo, hi; /* both inclusive */
};

/*
 * Sets.  One without any members is no constraint, whatever negated says; an
 * empty table is a member.
 */
struct filter_number_set {
	struct filter_range *ranges; /* ascending, with gaps */
	uint32_t n;
	bool negated;
};

struct filter_addr_set {
	struct prefix *prefixes;
	uint32_t *tables; /* indices */
	uint32_t n, ntables;
	bool negated;
};

#define FILTER_TABLE_NAME_SIZE 32      /* bytes, with the NUL */
#define FILTER_TABLE_MAX       1000000 /* prefixes */
#define FILTER_RULES_MAX       262144

struct filter_table {
	char name[FILTER_TABLE_NAME_SIZE];
	struct prefix *prefixes; /* by prefix_compare, once */
	uint32_t n;
};

#define FILTER_QUICK         (1U << 0)
#define FILTER_TAG           (1U << 1) /* tag is set */
#define FILTER_NOT_FAMILY    (1U << 2)
#define FILTER_TCP_FLAGS     (1U << 3) /* tcp_* are set */
#define FILTER_NOT_TCP_FLAGS (1U << 4)
#define FILTER_AFTER         (1U << 5) /* each: its time is set */
#define FILTER_BEFORE        (1U << 6)
#define FILTER_AFTER_DATE    (1U << 7)
#define FILTER_BEFORE_DATE   (1U << 8)
#define FILTER_FLAGS         0x1ffU

#define FILTER_DAYS        0x7f /* a bit for each day's name */
#define FILTER_DAY_SECONDS 86400U

/* All zero is "accept all". */
struct filter_rule {
	enum filter_verdict verdict;
	uint32_t flags; /* FILTER_* */
	uint32_t tag;
	uint32_t family; /* ADDR_NONE: any */
	struct filter_number_set numbers[FILTER_NUMBERS];
	struct filter_addr_set addrs[FILTER_ADDRS];
	uint32_t after, before;          /* second of the day */
	int64_t after_date, before_date; /* epoch s */
	uint8_t tcp_mask, tcp_equals;
	uint8_t days; /* 0: every day */
};

/* Frees what rule points to, and makes it all zero. */
void filter_rule_clear(struct filter_rule *rule);

/* Of the bytes of FILTER_TABLE_NAME_SIZE: name, NUL, zeros. */
bool filter_table_name_is_valid(const char *name);

/* Whether the set is a constraint. */
bool filter_addrs_given(const struct filter_addr_set *set);

/*
 * The rule in the syntax of flowd.conf(5), without a newline.  tables is what
 * its sets refer to.
 */
void filter_rule_print(const struct filter_rule *rule,
    const struct filter_table *tables, FILE *fp);

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
