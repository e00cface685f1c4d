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
 * Rules.  The grammar calls rule_begin, a function for each parameter, and
 * rule_end, which checks the rule and adds it to the configuration.
 */
#ifndef PARSE_RULE_H
#define PARSE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/parse-state.h"

enum param {
	PARAM_ALL,
	PARAM_TAG,
	PARAM_QUICK,
	PARAM_ON,
	PARAM_AGENT,
	PARAM_IN_IFNDX,
	PARAM_OUT_IFNDX,
	PARAM_FAMILY,
	PARAM_SRC,
	PARAM_SRC_PORT,
	PARAM_DST,
	PARAM_DST_PORT,
	PARAM_PROTO,
	PARAM_TOS,
	PARAM_PACKETS,
	PARAM_OCTETS,
	PARAM_SRC_AS,
	PARAM_DST_AS,
	PARAM_VERSION,
	PARAM_TCP_FLAGS,
	PARAM_DAYS,
	PARAM_AFTER,
	PARAM_BEFORE,
	PARAM_AFTER_DATE,
	PARAM_BEFORE_DATE
};

/* The value after "equals", and whether "!" precedes it. */
struct equals {
	struct token token;
	bool negated;
};

void rule_begin(struct token action, enum filter_verdict verdict);
void rule_end(void);
void rule_all(struct token keyword);
void rule_quick(struct token keyword);
void rule_tag(struct token keyword, struct token value);
void rule_family(struct token keyword, uint32_t family, bool negated);
void rule_on(struct token keyword, enum sense sense); /* with the items */
void rule_addr(enum param param, struct token keyword, enum filter_addr which,
    enum sense sense); /* with the items */
void rule_number(enum param param, struct token keyword,
    enum filter_number which, enum sense sense); /* with the items */
void rule_port(struct token keyword, enum sense sense);
void rule_tcp_flags(struct token keyword, struct token mask,
    struct equals equals);
void rule_days(struct token keyword, uint8_t days);
void rule_time(enum param param, struct token keyword, struct token value);
void rule_date(enum param param, struct token keyword, struct token value);
void rule_free(void);

#endif
