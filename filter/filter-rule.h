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
 * Filter rules in the form that the parser of flowd.conf(5) makes, and a
 * function that prints them.
 */
#ifndef FILTER_RULE_H
#define FILTER_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"

enum filter_verdict { FILTER_ACCEPT, FILTER_DISCARD };

/* Rules have conditions on these numbers of a flow ... */
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

/* ... and on these addresses. */
enum filter_addr { FILTER_AGENT, FILTER_SRC, FILTER_DST, FILTER_ADDRS };

struct filter_number_row {
	const char *keyword;
	uint64_t max;
	uint32_t field; /* STORE_FIELD_* that contains it */
	bool hex;       /* printed in hexadecimal */
};

struct filter_addr_row {
	const char *keyword;
	uint32_t fields; /* STORE_FIELD_*: either contains it */
};

extern const struct filter_number_row filter_number_rows[FILTER_NUMBERS];
extern const struct filter_addr_row filter_addr_rows[FILTER_ADDRS];
extern const char *const filter_day_names[7]; /* from Sunday */

struct filter_range {
	uint64_t lo, hi; /* both inclusive */
};

/*
 * Sets.  A set without members is no condition, even if negated is true.  An
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

#define FILTER_NAME_SIZE     32      /* bytes, with the NUL */
#define FILTER_TABLE_MAX     1000000 /* prefixes */
#define FILTER_LISTENERS_MAX 64      /* names in one rule */
#define FILTER_RULES_MAX     262144

struct filter_table {
	char name[FILTER_NAME_SIZE];
	struct prefix *prefixes; /* sorted, without duplicates */
	uint32_t n;
};

/* The name of a listener, which several listeners can have. */
struct filter_listener {
	char name[FILTER_NAME_SIZE];
};

struct filter_listener_set {
	struct filter_listener *listeners; /* sorted, without duplicates */
	uint32_t n;
	bool negated;
};

#define FILTER_QUICK         (1U << 0)
#define FILTER_TAG           (1U << 1) /* tag is set */
#define FILTER_NOT_FAMILY    (1U << 2)
#define FILTER_TCP_FLAGS     (1U << 3) /* tcp_mask, tcp_equals are set */
#define FILTER_NOT_TCP_FLAGS (1U << 4)
#define FILTER_AFTER         (1U << 5) /* after is set; so for the others */
#define FILTER_BEFORE        (1U << 6)
#define FILTER_AFTER_DATE    (1U << 7)
#define FILTER_BEFORE_DATE   (1U << 8)
#define FILTER_FLAGS         0x1ffU

#define FILTER_DAYS        0x7f /* a bit for each day, Sunday first */
#define FILTER_DAY_SECONDS 86400U

/* All zero means "accept all". */
struct filter_rule {
	enum filter_verdict verdict;
	uint32_t flags; /* FILTER_* */
	uint32_t tag;
	uint32_t family; /* ADDR_NONE: any */
	struct filter_number_set numbers[FILTER_NUMBERS];
	struct filter_addr_set addrs[FILTER_ADDRS];
	struct filter_listener_set on;
	uint32_t after, before;          /* second of the day */
	int64_t after_date, before_date; /* seconds of the epoch */
	uint8_t tcp_mask, tcp_equals;
	uint8_t days; /* 0: every day */
};

/* Frees the members of rule and sets it to zero. */
void filter_rule_clear(struct filter_rule *rule);

/*
 * Checks all FILTER_NAME_SIZE bytes: the name of a table or a listener, then
 * only NULs.
 */
bool filter_name_is_valid(const char *name);

/*
 * A number that stands for the name of a listener: the same in each process and
 * configuration, so that a reload does not change it.  0 for an empty name.
 */
uint64_t filter_listener_number(const char *name);

/* Whether the set has members, and so is a condition. */
bool filter_addrs_given(const struct filter_addr_set *set);

/*
 * Prints the rule in the syntax of flowd.conf(5), without a newline.  Its sets
 * have indices into tables.
 */
void filter_rule_print(const struct filter_rule *rule,
    const struct filter_table *tables, FILE *fp);

#endif
