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

#include "compat/compat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter/filter-rule.h"
#include "filter/filter-zone.h"
#include "lib/hash.h"
#include "store.h"

const struct filter_number_row filter_number_rows[FILTER_NUMBERS] = {
	[FILTER_IN_IFNDX] = { "in_ifndx", UINT32_MAX, STORE_FIELD_IF_INDICES,
	    false },
	[FILTER_OUT_IFNDX] = { "out_ifndx", UINT32_MAX, STORE_FIELD_IF_INDICES,
	    false },
	[FILTER_SRC_PORT] = { "port", UINT16_MAX, STORE_FIELD_SRCDST_PORT,
	    false },
	[FILTER_DST_PORT] = { "port", UINT16_MAX, STORE_FIELD_SRCDST_PORT,
	    false },
	[FILTER_PROTO] = { "proto", UINT8_MAX, STORE_FIELD_PROTO_FLAGS_TOS,
	    false },
	[FILTER_TOS] = { "tos", UINT8_MAX, STORE_FIELD_PROTO_FLAGS_TOS, true },
	[FILTER_PACKETS] = { "packets", UINT64_MAX, STORE_FIELD_PACKETS,
	    false },
	[FILTER_OCTETS] = { "octets", UINT64_MAX, STORE_FIELD_OCTETS, false },
	[FILTER_SRC_AS] = { "src_as", UINT32_MAX, STORE_FIELD_AS_INFO, false },
	[FILTER_DST_AS] = { "dst_as", UINT32_MAX, STORE_FIELD_AS_INFO, false },
	[FILTER_VERSION] = { "version", UINT16_MAX, STORE_FIELD_AGENT_INFO,
	    false },
};

const struct filter_addr_row filter_addr_rows[FILTER_ADDRS] = {
	[FILTER_AGENT] = { "agent", STORE_FIELD_AGENT_ADDR },
	[FILTER_SRC] = { "src", STORE_FIELD_SRC_ADDR },
	[FILTER_DST] = { "dst", STORE_FIELD_DST_ADDR },
};

const char *const filter_day_names[7] = { "sun", "mon", "tue", "wed", "thu",
	"fri", "sat" };

void
filter_rule_clear(struct filter_rule *rule)
{
	size_t i;

	for (i = 0; i < FILTER_NUMBERS; i++)
		free(rule->numbers[i].ranges);
	for (i = 0; i < FILTER_ADDRS; i++) {
		free(rule->addrs[i].prefixes);
		free(rule->addrs[i].tables);
	}
	free(rule->on.listeners);
	memset(rule, 0, sizeof(*rule));
}

static void
print_number(uint64_t number, bool hex, FILE *fp)
{
	if (hex)
		(void)fprintf(fp, "0x%02" PRIx64, number);
	else
		(void)fprintf(fp, "%" PRIu64, number);
}

/* Prints N, N-M, or ">= N" if the upper bound is the maximum. */
static void
print_range(const struct filter_range *range,
    const struct filter_number_row *row, FILE *fp)
{
	if (range->lo != range->hi && range->hi == row->max)
		(void)fputs(">= ", fp);
	print_number(range->lo, row->hex, fp);
	if (range->lo == range->hi || range->hi == row->max)
		return;
	(void)fputc('-', fp);
	print_number(range->hi, row->hex, fp);
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
	(void)fprintf(fp, " %s %s%s", row->keyword, set->negated ? "! " : "",
	    set->n > 1 ? "{ " : "");
	for (i = 0; i < set->n; i++) {
		if (i > 0)
			(void)fputs(", ", fp);
		print_range(&set->ranges[i], row, fp);
	}
	if (set->n > 1)
		(void)fputs(" }", fp);
}

bool
filter_name_is_valid(const char *name)
{
	static const char bytes[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t len = strnlen(name, FILTER_NAME_SIZE), i;

	if (len == 0 || len == FILTER_NAME_SIZE || strspn(name, bytes) != len)
		return (false);
	for (i = len; i < FILTER_NAME_SIZE; i++) {
		if (name[i] != '\0')
			return (false);
	}
	return (true);
}

uint64_t
filter_listener_number(const char *name)
{
	uint64_t number = 0;

	for (; *name != '\0'; name++)
		number = hash_mix(number ^ ((uint64_t)(uint8_t)*name + 1));
	return (number);
}

bool
filter_addrs_given(const struct filter_addr_set *set)
{
	return (set->n != 0 || set->ntables != 0);
}

static void
print_addrs(const struct filter_rule *rule, enum filter_addr which,
    const struct filter_table *tables, FILE *fp)
{
	const struct filter_addr_set *set = &rule->addrs[which];
	const bool braces = set->n + set->ntables > 1;
	const char *comma = "";
	char text[PREFIX_STRLEN];
	uint32_t i;

	if (!filter_addrs_given(set))
		return;
	(void)fprintf(fp, " %s %s%s", filter_addr_rows[which].keyword,
	    set->negated ? "! " : "", braces ? "{ " : "");
	for (i = 0; i < set->n; i++) {
		(void)fprintf(fp, "%s%s", comma,
		    prefix_ntop(&set->prefixes[i], text));
		comma = ", ";
	}
	for (i = 0; i < set->ntables; i++) {
		(void)fprintf(fp, "%s<%s>", comma, tables[set->tables[i]].name);
		comma = ", ";
	}
	if (braces)
		(void)fputs(" }", fp);
}

static void
print_endpoint(const struct filter_rule *rule, enum filter_addr addr,
    enum filter_number port, const struct filter_table *tables, FILE *fp)
{
	if (!filter_addrs_given(&rule->addrs[addr]) &&
	    rule->numbers[port].n != 0)
		(void)fprintf(fp, " %s any", filter_addr_rows[addr].keyword);
	print_addrs(rule, addr, tables, fp);
	print_numbers(rule, port, fp);
}

static void
print_listeners(const struct filter_listener_set *set, FILE *fp)
{
	uint32_t i;

	if (set->n == 0)
		return;
	(void)fprintf(fp, " on %s%s", set->negated ? "! " : "",
	    set->n > 1 ? "{ " : "");
	for (i = 0; i < set->n; i++)
		(void)fprintf(fp, "%s\"%s\"", i == 0 ? "" : ", ",
		    set->listeners[i].name);
	if (set->n > 1)
		(void)fputs(" }", fp);
}

static void
print_days(const struct filter_rule *rule, FILE *fp)
{
	const char *before = " days ";
	unsigned int day;

	for (day = 0; day < 7; day++) {
		if ((rule->days & 1U << day) == 0)
			continue;
		(void)fprintf(fp, "%s%s", before, filter_day_names[day]);
		before = ",";
	}
}

static void
print_time(const char *keyword, uint32_t second, FILE *fp)
{
	(void)fprintf(fp, " %s %02u:%02u:%02u", keyword, second / 3600,
	    second / 60 % 60, second % 60);
}

static void
print_date(const char *keyword, int64_t date, FILE *fp)
{
	time_t t = (time_t)date;
	struct tm tm;

	if (filter_zone_time(t, &tm) == NULL)
		return;
	(void)fprintf(fp, " %s date %04d%02d%02d%02d%02d%02d", keyword,
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
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

/* Whether the rule matches every flow. */
static bool
rule_is_all(const struct filter_rule *rule)
{
	size_t i;

	for (i = 0; i < FILTER_NUMBERS; i++) {
		if (rule->numbers[i].n != 0)
			return (false);
	}
	for (i = 0; i < FILTER_ADDRS; i++) {
		if (filter_addrs_given(&rule->addrs[i]))
			return (false);
	}
	return (rule->on.n == 0 && rule->family == ADDR_NONE &&
	    rule->days == 0 &&
	    (rule->flags & ~(FILTER_QUICK | FILTER_TAG)) == 0);
}

void
filter_rule_print(const struct filter_rule *rule,
    const struct filter_table *tables, FILE *fp)
{
	size_t i;

	(void)fputs(rule->verdict == FILTER_ACCEPT ? "accept" : "discard", fp);
	if (rule->flags & FILTER_TAG)
		(void)fprintf(fp, " tag %" PRIu32, rule->tag);
	if (rule->flags & FILTER_QUICK)
		(void)fputs(" quick", fp);
	if (rule_is_all(rule)) {
		(void)fputs(" all", fp);
		return;
	}
	print_listeners(&rule->on, fp);
	print_addrs(rule, FILTER_AGENT, tables, fp);
	print_numbers(rule, FILTER_IN_IFNDX, fp);
	print_numbers(rule, FILTER_OUT_IFNDX, fp);
	if (rule->family != ADDR_NONE)
		(void)fprintf(fp, " %s%s",
		    rule->flags & FILTER_NOT_FAMILY ? "! " : "",
		    rule->family == ADDR_V4 ? "inet" : "inet6");
	print_endpoint(rule, FILTER_SRC, FILTER_SRC_PORT, tables, fp);
	print_endpoint(rule, FILTER_DST, FILTER_DST_PORT, tables, fp);
	for (i = FILTER_PROTO; i < FILTER_NUMBERS; i++)
		print_numbers(rule, (enum filter_number)i, fp);
	if (rule->flags & FILTER_TCP_FLAGS)
		(void)fprintf(fp, " tcp_flags mask 0x%02x %sequals 0x%02x",
		    rule->tcp_mask,
		    rule->flags & FILTER_NOT_TCP_FLAGS ? "! " : "",
		    rule->tcp_equals);
	print_times(rule, fp);
}
