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
 * Rules: each parameter may occur once.
 */
#include "compat/compat.h"

#include <stdio.h>
#include <string.h>

#include "config/parse-check.h"
#include "config/parse-error.h"
#include "config/parse-listener.h"
#include "config/parse-memory.h"
#include "config/parse-range.h"
#include "config/parse-rule.h"
#include "config/parse-table.h"
#include "config/parse-time.h"
#include "config/parse-value.h"

/* The rule that is being parsed. */
static struct {
	struct filter_rule rule;
	struct token action;
	size_t errors;  /* parsing.errors at its start */
	uint32_t given; /* a bit for each enum param */
	enum param latest;
} draft;

static const char *const param_names[] = {
	[PARAM_ALL] = "all",
	[PARAM_TAG] = "tag",
	[PARAM_QUICK] = "quick",
	[PARAM_ON] = "on",
	[PARAM_AGENT] = "agent",
	[PARAM_IN_IFNDX] = "in_ifndx",
	[PARAM_OUT_IFNDX] = "out_ifndx",
	[PARAM_FAMILY] = "inet or inet6",
	[PARAM_SRC] = "src",
	[PARAM_SRC_PORT] = "port",
	[PARAM_DST] = "dst",
	[PARAM_DST_PORT] = "port",
	[PARAM_PROTO] = "proto",
	[PARAM_TOS] = "tos",
	[PARAM_PACKETS] = "packets",
	[PARAM_OCTETS] = "octets",
	[PARAM_SRC_AS] = "src_as",
	[PARAM_DST_AS] = "dst_as",
	[PARAM_VERSION] = "version",
	[PARAM_TCP_FLAGS] = "tcp_flags",
	[PARAM_DAYS] = "days",
	[PARAM_AFTER] = "after",
	[PARAM_BEFORE] = "before",
	[PARAM_AFTER_DATE] = "after date",
	[PARAM_BEFORE_DATE] = "before date",
};

void
rule_begin(struct token action, enum filter_verdict verdict)
{
	filter_rule_clear(&draft.rule);
	draft.rule.verdict = verdict;
	draft.action = action;
	draft.errors = parsing.errors;
	draft.given = 0;
	draft.latest = PARAM_ALL;
}

static bool
is_given(enum param param)
{
	return ((draft.given & 1U << param) != 0);
}

/* Records that the rule has param.  False, after a message: it had it. */
static bool
once(enum param param, struct token keyword)
{
	if (is_given(param)) {
		parse_error(keyword.line, "%s is specified twice in one rule",
		    param_names[param]);
		return (false);
	}
	draft.given |= 1U << param;
	draft.latest = param;
	return (true);
}

void
rule_all(struct token keyword)
{
	(void)once(PARAM_ALL, keyword);
}

void
rule_quick(struct token keyword)
{
	if (once(PARAM_QUICK, keyword))
		draft.rule.flags |= FILTER_QUICK;
}

void
rule_tag(struct token keyword, struct token value)
{
	uint64_t n;

	if (!once(PARAM_TAG, keyword) ||
	    !value_number(keyword, value, 0, UINT32_MAX, &n))
		return;
	draft.rule.tag = (uint32_t)n;
	draft.rule.flags |= FILTER_TAG;
}

void
rule_family(struct token keyword, uint32_t family, bool negated)
{
	if (!once(PARAM_FAMILY, keyword))
		return;
	draft.rule.family = family;
	if (negated)
		draft.rule.flags |= FILTER_NOT_FAMILY;
}

void
rule_on(struct token keyword, enum sense sense)
{
	struct filter_listener_set *set = &draft.rule.on;

	if (once(PARAM_ON, keyword) && sense != SENSE_ANY) {
		listener_set(set, keyword);
		set->negated = sense == SENSE_OTHERS;
	}
	parsing.nitems = 0;
}

void
rule_addr(enum param param, struct token keyword, enum filter_addr which,
    enum sense sense)
{
	struct filter_addr_set *set = &draft.rule.addrs[which];
	size_t i;

	if (!once(param, keyword) || sense == SENSE_ANY) {
		parsing.nitems = 0;
		return;
	}
	for (i = 0; i < parsing.nitems; i++)
		(void)addr_set_add_item(set, keyword, &parsing.items[i]);
	parsing.nitems = 0;
	addr_set_sort(set);
	set->negated = sense == SENSE_OTHERS;
}

void
rule_number(enum param param, struct token keyword, enum filter_number which,
    enum sense sense)
{
	struct filter_number_set *set = &draft.rule.numbers[which];

	if (once(param, keyword)) {
		range_set(set, keyword, which);
		set->negated = sense == SENSE_OTHERS;
	}
	parsing.nitems = 0;
}

/* The port belongs to the src or dst before it. */
void
rule_port(struct token keyword, enum sense sense)
{
	switch (draft.latest) {
	case PARAM_SRC:
		rule_number(PARAM_SRC_PORT, keyword, FILTER_SRC_PORT, sense);
		break;
	case PARAM_DST:
		rule_number(PARAM_DST_PORT, keyword, FILTER_DST_PORT, sense);
		break;
	default:
		parsing.nitems = 0;
		if (parsing.errors == draft.errors)
			parse_error(keyword.line,
			    "port does not directly follow the address of src "
			    "or dst, expected src|dst PREFIX|any port NUMBER, "
			    "such as \"dst any port 443 proto tcp\"");
		break;
	}
}

void
rule_tcp_flags(struct token keyword, struct token mask, struct equals equals)
{
	const struct token mask_name = { "mask", mask.line };
	const struct token equals_name = { "equals", equals.token.line };
	struct filter_rule *rule = &draft.rule;
	uint64_t m = UINT8_MAX, e;

	if (!once(PARAM_TCP_FLAGS, keyword) ||
	    (mask.text != NULL &&
		!value_number(mask_name, mask, 0, UINT8_MAX, &m)) ||
	    !value_number(equals_name, equals.token, 0, UINT8_MAX, &e))
		return;
	rule->tcp_mask = (uint8_t)m;
	rule->tcp_equals = (uint8_t)e;
	rule->flags |= FILTER_TCP_FLAGS;
	if (equals.negated)
		rule->flags |= FILTER_NOT_TCP_FLAGS;
}

void
rule_days(struct token keyword, uint8_t days)
{
	if (once(PARAM_DAYS, keyword))
		draft.rule.days = days;
}

void
rule_time(enum param param, struct token keyword, struct token value)
{
	struct filter_rule *rule = &draft.rule;
	char why[80];
	uint32_t time;

	if (!once(param, keyword))
		return;
	if (!time_of_day(value.text, &time)) {
		(void)snprintf(why, sizeof(why),
		    "expected a time of day, HH:MM or HH:MM:SS, or %s date "
		    "YYYYMMDDHHMM",
		    param_names[param]);
		parse_bad_value(keyword, value, why);
		return;
	}
	if (param == PARAM_AFTER) {
		rule->after = time;
		rule->flags |= FILTER_AFTER;
	} else {
		rule->before = time;
		rule->flags |= FILTER_BEFORE;
	}
}

void
rule_date(enum param param, struct token keyword, struct token value)
{
	struct filter_rule *rule = &draft.rule;
	const struct token what = { param_names[param], keyword.line };
	int64_t date;

	if (!once(param, keyword))
		return;
	if (!time_date(value.text, &date)) {
		parse_bad_value(what, value,
		    "expected a valid date from 1970 on, "
		    "YYYY[MM[DD[HH[MM[SS]]]]]");
		return;
	}
	if (param == PARAM_AFTER_DATE) {
		rule->after_date = date;
		rule->flags |= FILTER_AFTER_DATE;
	} else {
		rule->before_date = date;
		rule->flags |= FILTER_BEFORE_DATE;
	}
}

void
rule_end(void)
{
	const uint32_t beside_all =
	    1U << PARAM_ALL | 1U << PARAM_TAG | 1U << PARAM_QUICK;
	const unsigned int line = draft.action.line;
	struct config *conf = parsing.conf;
	struct filter_rule *grown;

	/* After an error, further messages could be consequences of it. */
	if (parsing.errors != draft.errors)
		return;
	if (is_given(PARAM_ALL) && (draft.given & ~beside_all) != 0)
		parse_error(line,
		    "all beside parameters that select flows, expected only "
		    "one of them");
	if (is_given(PARAM_TAG) && draft.rule.verdict == FILTER_DISCARD)
		parse_error(line,
		    "tag in a discard rule, expected it in an accept rule: "
		    "discarded flows are not stored");
	check_rule(&draft.rule, line);
	if (parsing.errors != draft.errors)
		return;
	if (conf->nrules == FILTER_RULES_MAX) {
		parse_error(line, "more than %d rules", FILTER_RULES_MAX);
		return;
	}
	grown = parse_grow(conf->rules, conf->nrules, sizeof(*grown));
	if (grown == NULL)
		return;
	conf->rules = grown;
	conf->rules[conf->nrules++] = draft.rule;
	memset(&draft.rule, 0, sizeof(draft.rule));
}

void
rule_free(void)
{
	filter_rule_clear(&draft.rule);
}
