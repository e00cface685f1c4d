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

#include "compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter.h"
#include "log.h"

const struct filter_number_row filter_number_rows[FILTER_NUMBERS] = {
	[FILTER_IN_IFNDX] =
	    { "in_ifndx", UINT32_MAX, STORE_FIELD_IF_INDICES, false },
	[FILTER_OUT_IFNDX] =
	    { "out_ifndx", UINT32_MAX, STORE_FIELD_IF_INDICES, false },
	[FILTER_SRC_PORT] =
	    { "port", UINT16_MAX, STORE_FIELD_SRCDST_PORT, false },
	[FILTER_DST_PORT] =
	    { "port", UINT16_MAX, STORE_FIELD_SRCDST_PORT, false },
	[FILTER_PROTO] =
	    { "proto", UINT8_MAX, STORE_FIELD_PROTO_FLAGS_TOS, false },
	[FILTER_TOS] =
	    { "tos", UINT8_MAX, STORE_FIELD_PROTO_FLAGS_TOS, true },
};

const struct filter_addr_row filter_addr_rows[FILTER_ADDRS] = {
	[FILTER_AGENT] =	{ "agent", STORE_FIELD_AGENT_ADDR },
	[FILTER_SRC] =		{ "src", STORE_FIELD_SRC_ADDR },
	[FILTER_DST] =		{ "dst", STORE_FIELD_DST_ADDR },
};

const char *const filter_day_names[7] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat"
};

/* A rule at work.  Its sets lie in the filter's arrays. */
struct active_rule {
	struct filter_rule	rule;
	uint32_t		needs;	/* STORE_FIELD_*, of a pair both */
	uint64_t		evaluations, matches, wins;
};

/* The local time of one second, since finding it is dear. */
struct local_clock {
	bool		known;
	uint32_t	sec;		/* epoch */
	uint32_t	second;		/* of the day */
	uint8_t		day;		/* as a bit of FILTER_DAYS */
};

struct filter {
	struct active_rule	*rules;
	size_t			 nrules;
	struct filter_range	*ranges;
	struct prefix		*prefixes;
	bool			 wants_clock;
	struct local_clock	 clock;
};

/* A flow, laid out for the rules. */
struct view {
	uint64_t			 numbers[FILTER_NUMBERS];
	const struct addr		*addrs[FILTER_ADDRS];
	const struct local_clock	*clock;
	uint32_t			 has;	/* as active_rule.needs */
	uint32_t			 family;
	uint32_t			 recv_sec;
	uint8_t				 tcp_flags;
};

void
filter_rule_clear(struct filter_rule *rule)
{
	size_t i;

	for (i = 0; i < FILTER_NUMBERS; i++)
		free(rule->numbers[i].ranges);
	for (i = 0; i < FILTER_ADDRS; i++)
		free(rule->addrs[i].prefixes);
	memset(rule, 0, sizeof(*rule));
}

static void
print_number(uint64_t number, bool hex, FILE *fp)
{
	if (hex)
		fprintf(fp, "0x%02" PRIx64, number);
	else
		fprintf(fp, "%" PRIu64, number);
}

static void
print_numbers(const struct filter_rule *rule, enum filter_number which,
    FILE *fp)
{
	const struct filter_number_set *set = &rule->numbers[which];
	const struct filter_number_row *row = &filter_number_rows[which];
	uint32_t i;

	if (set->n == 0)
		return;
	fprintf(fp, " %s %s%s", row->keyword, set->negated ? "! " : "",
	    set->n > 1 ? "{ " : "");
	for (i = 0; i < set->n; i++) {
		if (i > 0)
			fputs(", ", fp);
		print_number(set->ranges[i].lo, row->hex, fp);
		if (set->ranges[i].lo == set->ranges[i].hi)
			continue;
		fputc('-', fp);
		print_number(set->ranges[i].hi, row->hex, fp);
	}
	if (set->n > 1)
		fputs(" }", fp);
}

static void
print_addrs(const struct filter_rule *rule, enum filter_addr which, FILE *fp)
{
	const struct filter_addr_set *set = &rule->addrs[which];
	char text[PREFIX_STRLEN];
	uint32_t i;

	if (set->n == 0)
		return;
	fprintf(fp, " %s %s%s", filter_addr_rows[which].keyword,
	    set->negated ? "! " : "", set->n > 1 ? "{ " : "");
	for (i = 0; i < set->n; i++)
		fprintf(fp, "%s%s", i > 0 ? ", " : "",
		    prefix_ntop(&set->prefixes[i], text));
	if (set->n > 1)
		fputs(" }", fp);
}

static void
print_endpoint(const struct filter_rule *rule, enum filter_addr addr,
    enum filter_number port, FILE *fp)
{
	if (rule->addrs[addr].n == 0 && rule->numbers[port].n != 0)
		fprintf(fp, " %s any", filter_addr_rows[addr].keyword);
	print_addrs(rule, addr, fp);
	print_numbers(rule, port, fp);
}

static void
print_days(const struct filter_rule *rule, FILE *fp)
{
	const char *before = " days ";
	unsigned int day;

	for (day = 0; day < 7; day++) {
		if ((rule->days & 1U << day) == 0)
			continue;
		fprintf(fp, "%s%s", before, filter_day_names[day]);
		before = ",";
	}
}

static void
print_time(const char *keyword, uint32_t second, FILE *fp)
{
	fprintf(fp, " %s %02u:%02u:%02u", keyword, second / 3600,
	    second / 60 % 60, second % 60);
}

static void
print_date(const char *keyword, int64_t date, FILE *fp)
{
	time_t t = (time_t)date;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return;
	fprintf(fp, " %s date %04d%02d%02d%02d%02d%02d", keyword,
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

static void
print_times(const struct filter_rule *rule, FILE *fp)
{
	print_days(rule, fp);
	if (rule->flags & FILTER_AFTER)
		print_time("after", rule->after, fp);
	if (rule->flags & FILTER_BEFORE)
		print_time("before", rule->before, fp);
	if (rule->flags & FILTER_AFTER_DATE)
		print_date("after", rule->after_date, fp);
	if (rule->flags & FILTER_BEFORE_DATE)
		print_date("before", rule->before_date, fp);
}

/* True for a rule that every flow matches. */
static bool
rule_is_all(const struct filter_rule *rule)
{
	size_t i;

	for (i = 0; i < FILTER_NUMBERS; i++) {
		if (rule->numbers[i].n != 0)
			return (false);
	}
	for (i = 0; i < FILTER_ADDRS; i++) {
		if (rule->addrs[i].n != 0)
			return (false);
	}
	return (rule->family == ADDR_NONE && rule->days == 0 &&
	    (rule->flags & ~(FILTER_QUICK | FILTER_TAG)) == 0);
}

void
filter_rule_print(const struct filter_rule *rule, FILE *fp)
{
	fputs(rule->verdict == FILTER_ACCEPT ? "accept" : "discard", fp);
	if (rule->flags & FILTER_TAG)
		fprintf(fp, " tag %" PRIu32, rule->tag);
	if (rule->flags & FILTER_QUICK)
		fputs(" quick", fp);
	if (rule_is_all(rule)) {
		fputs(" all", fp);
		return;
	}
	print_addrs(rule, FILTER_AGENT, fp);
	print_numbers(rule, FILTER_IN_IFNDX, fp);
	print_numbers(rule, FILTER_OUT_IFNDX, fp);
	if (rule->family != ADDR_NONE)
		fprintf(fp, " %s%s",
		    rule->flags & FILTER_NOT_FAMILY ? "! " : "",
		    rule->family == ADDR_V4 ? "inet" : "inet6");
	print_endpoint(rule, FILTER_SRC, FILTER_SRC_PORT, fp);
	print_endpoint(rule, FILTER_DST, FILTER_DST_PORT, fp);
	print_numbers(rule, FILTER_PROTO, fp);
	print_numbers(rule, FILTER_TOS, fp);
	if (rule->flags & FILTER_TCP_FLAGS)
		fprintf(fp, " tcp_flags mask 0x%02x %sequals 0x%02x",
		    rule->tcp_mask,
		    rule->flags & FILTER_NOT_TCP_FLAGS ? "! " : "",
		    rule->tcp_equals);
	print_times(rule, fp);
}

static bool
rule_wants_clock(const struct filter_rule *rule)
{
	return (rule->days != 0 ||
	    (rule->flags & (FILTER_AFTER | FILTER_BEFORE)) != 0);
}

static uint32_t
rule_needs(const struct filter_rule *rule)
{
	uint32_t needs = 0;
	size_t i;

	for (i = 0; i < FILTER_NUMBERS; i++) {
		if (rule->numbers[i].n != 0)
			needs |= filter_number_rows[i].field;
	}
	for (i = 0; i < FILTER_ADDRS; i++) {
		if (rule->addrs[i].n != 0)
			needs |= filter_addr_rows[i].fields;
	}
	if (rule->flags & FILTER_TCP_FLAGS)
		needs |= STORE_FIELD_PROTO_FLAGS_TOS;
	if (rule_wants_clock(rule) ||
	    (rule->flags & (FILTER_AFTER_DATE | FILTER_BEFORE_DATE)) != 0)
		needs |= STORE_FIELD_RECV_TIME;
	return (needs);
}

/* Makes the filter's arrays just as large as the rules' sets together. */
static bool
filter_alloc(struct filter *filter, const struct filter_rule *rules,
    size_t nrules)
{
	size_t i, j, nprefixes = 0, nranges = 0;

	for (i = 0; i < nrules; i++) {
		for (j = 0; j < FILTER_NUMBERS; j++)
			nranges += rules[i].numbers[j].n;
		for (j = 0; j < FILTER_ADDRS; j++)
			nprefixes += rules[i].addrs[j].n;
	}
	filter->rules = calloc(nrules + 1, sizeof(*filter->rules));
	filter->ranges = calloc(nranges + 1, sizeof(*filter->ranges));
	filter->prefixes = calloc(nprefixes + 1, sizeof(*filter->prefixes));
	return (filter->rules != NULL && filter->ranges != NULL &&
	    filter->prefixes != NULL);
}

struct filter *
filter_new(const struct filter_rule *rules, size_t nrules)
{
	struct filter *filter;
	struct filter_range *range;
	struct prefix *prefix;
	struct filter_rule *rule;
	size_t i, j, k;

	if ((filter = calloc(1, sizeof(*filter))) == NULL)
		return (NULL);
	if (!filter_alloc(filter, rules, nrules)) {
		filter_free(filter);
		return (NULL);
	}
	range = filter->ranges;
	prefix = filter->prefixes;
	for (i = 0; i < nrules; i++) {
		rule = &filter->rules[i].rule;
		*rule = rules[i];
		for (j = 0; j < FILTER_NUMBERS; j++) {
			rule->numbers[j].ranges = range;
			for (k = 0; k < rule->numbers[j].n; k++)
				*range++ = rules[i].numbers[j].ranges[k];
		}
		for (j = 0; j < FILTER_ADDRS; j++) {
			rule->addrs[j].prefixes = prefix;
			for (k = 0; k < rule->addrs[j].n; k++)
				*prefix++ = rules[i].addrs[j].prefixes[k];
		}
		filter->rules[i].needs = rule_needs(rule);
		filter->wants_clock |= rule_wants_clock(rule);
	}
	filter->nrules = nrules;
	return (filter);
}

void
filter_free(struct filter *filter)
{
	if (filter == NULL)
		return;
	free(filter->rules);
	free(filter->ranges);
	free(filter->prefixes);
	free(filter);
}

static void
clock_set(struct local_clock *clock, uint32_t sec)
{
	time_t t = (time_t)sec;
	struct tm tm;

	if (clock->known && clock->sec == sec)
		return;
	clock->known = localtime_r(&t, &tm) != NULL;
	if (!clock->known)
		return;
	clock->sec = sec;
	clock->second = (uint32_t)(tm.tm_hour * 3600 + tm.tm_min * 60 +
	    tm.tm_sec);
	clock->day = (uint8_t)(1U << tm.tm_wday);
}

static void
view_flow(struct filter *filter, const struct flow *flow, struct view *view)
{
	size_t i;

	view->numbers[FILTER_IN_IFNDX] = flow->if_index_in;
	view->numbers[FILTER_OUT_IFNDX] = flow->if_index_out;
	view->numbers[FILTER_SRC_PORT] = flow->src_port;
	view->numbers[FILTER_DST_PORT] = flow->dst_port;
	view->numbers[FILTER_PROTO] = flow->protocol;
	view->numbers[FILTER_TOS] = flow->tos;
	view->addrs[FILTER_AGENT] = &flow->agent;
	view->addrs[FILTER_SRC] = &flow->src;
	view->addrs[FILTER_DST] = &flow->dst;
	view->tcp_flags = flow->tcp_flags;
	view->recv_sec = flow->recv_sec;
	view->clock = &filter->clock;

	view->has = flow->fields;
	for (i = 0; i < FILTER_ADDRS; i++) {
		if ((flow->fields & filter_addr_rows[i].fields) != 0)
			view->has |= filter_addr_rows[i].fields;
	}
	view->family = ADDR_NONE;
	if ((flow->fields & STORE_FIELD_SRC_ADDR) != 0)
		view->family = flow->src.family;
	else if ((flow->fields & STORE_FIELD_DST_ADDR) != 0)
		view->family = flow->dst.family;
	if (filter->wants_clock && (flow->fields & STORE_FIELD_RECV_TIME) != 0)
		clock_set(&filter->clock, flow->recv_sec);
}

static bool
number_matches(const struct filter_number_set *set, uint64_t number)
{
	uint32_t i;

	for (i = 0; i < set->n; i++) {
		if (number >= set->ranges[i].lo && number <= set->ranges[i].hi)
			return (!set->negated);
	}
	return (set->n == 0 || set->negated);
}

static bool
addr_matches(const struct filter_addr_set *set, const struct addr *addr)
{
	uint32_t i;

	for (i = 0; i < set->n; i++) {
		if (prefix_contains(&set->prefixes[i], addr))
			return (!set->negated);
	}
	return (set->n == 0 || set->negated);
}

static bool
family_matches(const struct filter_rule *rule, uint32_t family)
{
	if (rule->family == ADDR_NONE)
		return (true);
	if (family == ADDR_NONE)
		return (false);
	return ((family == rule->family) !=
	    ((rule->flags & FILTER_NOT_FAMILY) != 0));
}

static bool
tcp_flags_match(const struct filter_rule *rule, uint8_t flags)
{
	if ((rule->flags & FILTER_TCP_FLAGS) == 0)
		return (true);
	return (((flags & rule->tcp_mask) == rule->tcp_equals) !=
	    ((rule->flags & FILTER_NOT_TCP_FLAGS) != 0));
}

static bool
clock_matches(const struct filter_rule *rule, const struct local_clock *clock)
{
	bool after, before;

	if (!rule_wants_clock(rule))
		return (true);
	if (!clock->known)
		return (false);
	if (rule->days != 0 && (rule->days & clock->day) == 0)
		return (false);
	after = (rule->flags & FILTER_AFTER) == 0 ||
	    clock->second >= rule->after;
	before = (rule->flags & FILTER_BEFORE) == 0 ||
	    clock->second <= rule->before;
	/* Only with both bounds given can after lie behind before. */
	if ((rule->flags & FILTER_BEFORE) != 0 && rule->after > rule->before)
		return (after || before);
	return (after && before);
}

static bool
dates_match(const struct filter_rule *rule, uint32_t recv_sec)
{
	if ((rule->flags & FILTER_AFTER_DATE) != 0 &&
	    recv_sec <= rule->after_date)
		return (false);
	if ((rule->flags & FILTER_BEFORE_DATE) != 0 &&
	    recv_sec >= rule->before_date)
		return (false);
	return (true);
}

static bool
rule_matches(const struct active_rule *active, const struct view *view)
{
	const struct filter_rule *rule = &active->rule;
	size_t i;

	if ((active->needs & ~view->has) != 0)
		return (false);
	if (!family_matches(rule, view->family))
		return (false);
	for (i = 0; i < FILTER_NUMBERS; i++) {
		if (!number_matches(&rule->numbers[i], view->numbers[i]))
			return (false);
	}
	for (i = 0; i < FILTER_ADDRS; i++) {
		if (!addr_matches(&rule->addrs[i], view->addrs[i]))
			return (false);
	}
	return (tcp_flags_match(rule, view->tcp_flags) &&
	    dates_match(rule, view->recv_sec) &&
	    clock_matches(rule, view->clock));
}

enum filter_verdict
filter_flow(struct filter *filter, struct flow *flow)
{
	struct active_rule *rule, *winner = NULL;
	struct view view;
	size_t i;

	if (filter->nrules == 0)
		return (FILTER_ACCEPT);
	view_flow(filter, flow, &view);
	for (i = 0; i < filter->nrules; i++) {
		rule = &filter->rules[i];
		rule->evaluations++;
		if (!rule_matches(rule, &view))
			continue;
		rule->matches++;
		winner = rule;
		if ((rule->rule.flags & FILTER_QUICK) != 0)
			break;
	}
	if (winner == NULL)
		return (FILTER_ACCEPT);
	winner->wins++;
	if ((winner->rule.flags & FILTER_TAG) != 0) {
		flow->tag = winner->rule.tag;
		flow->fields |= STORE_FIELD_TAG;
	}
	return (winner->rule.verdict);
}

/* The text is the caller's to free.  NULL without memory. */
static char *
report_line(const struct active_rule *rule)
{
	char *text = NULL;
	size_t len;
	FILE *fp;

	if ((fp = open_memstream(&text, &len)) == NULL)
		return (NULL);
	filter_rule_print(&rule->rule, fp);
	fprintf(fp, "  # evaluations %" PRIu64 " matches %" PRIu64
	    " wins %" PRIu64, rule->evaluations, rule->matches, rule->wins);
	if (fclose(fp) != 0) {
		free(text);
		return (NULL);
	}
	return (text);
}

void
filter_report(const struct filter *filter,
    void (*line)(void *arg, const char *text), void *arg)
{
	char *text;
	size_t i;

	for (i = 0; i < filter->nrules; i++) {
		if ((text = report_line(&filter->rules[i])) == NULL) {
			log_warn("the filter's report is cut short");
			return;
		}
		line(arg, text);
		free(text);
	}
}
