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
 * Sets of numbers: ranges, comparisons and the names of protocols.
 */
#include "compat/compat.h"

#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse-error.h"
#include "config/parse-range.h"
#include "config/parse-value.h"

/* Protocols known even on systems without protocols(5). */
static const struct {
	const char *name;
	uint8_t number;
} ip_protocols[] = {
	{ "icmp", 1 },
	{ "igmp", 2 },
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "gre", 47 },
	{ "esp", 50 },
	{ "ah", 51 },
	{ "ipv6-icmp", 58 },
	{ "ospf", 89 },
	{ "sctp", IPPROTO_SCTP },
};
#define IP_PROTOCOLS (sizeof(ip_protocols) / sizeof(ip_protocols[0]))

/* Looks up a protocol by its name.  False: there is none of this name. */
static bool
protocol_number(const char *name, uint64_t *n)
{
	const struct protoent *entry;
	size_t i;

	for (i = 0; i < IP_PROTOCOLS; i++) {
		if (strcmp(ip_protocols[i].name, name) == 0) {
			*n = ip_protocols[i].number;
			return (true);
		}
	}
	if ((entry = getprotobyname(name)) == NULL || entry->p_proto < 0 ||
	    entry->p_proto > UINT8_MAX)
		return (false);
	*n = (uint64_t)entry->p_proto;
	return (true);
}

/* Parses N, N-M, or the name of a protocol.  False after a message. */
static bool
plain_range(struct token keyword, struct token value, enum filter_number which,
    struct filter_range *range)
{
	const uint64_t max = filter_number_rows[which].max;
	const char *dash = strchr(value.text, '-');
	struct token part = value;
	char first[32];

	if (which == FILTER_PROTO && !isdigit((unsigned char)value.text[0])) {
		if (!protocol_number(value.text, &range->lo)) {
			parse_bad_value(keyword, value,
			    "expected the name of a protocol or a number from "
			    "0 to 255");
			return (false);
		}
		range->hi = range->lo;
		return (true);
	}
	if (dash == NULL || dash == value.text ||
	    (size_t)(dash - value.text) >= sizeof(first)) {
		if (!value_number(keyword, value, 0, max, &range->lo))
			return (false);
		range->hi = range->lo;
		return (true);
	}
	memcpy(first, value.text, (size_t)(dash - value.text));
	first[dash - value.text] = '\0';
	part.text = first;
	if (!value_number(keyword, part, 0, max, &range->lo))
		return (false);
	part.text = dash + 1;
	if (!value_number(keyword, part, 0, max, &range->hi))
		return (false);
	if (range->lo <= range->hi)
		return (true);
	parse_bad_value(keyword, value, "expected the lower number first");
	return (false);
}

/* Converts an item to a range.  False after a message. */
static bool
item_range(struct token keyword, const struct item *item,
    enum filter_number which, struct filter_range *range)
{
	const uint64_t max = filter_number_rows[which].max;

	if (item->kind == ITEM_PLAIN)
		return (plain_range(keyword, item->token, which, range));
	if (!value_number(keyword, item->token, item->kind == ITEM_LESS ? 1 : 0,
		item->kind == ITEM_MORE ? max - 1 : max, &range->lo))
		return (false);
	range->hi = max;
	switch (item->kind) {
	case ITEM_LESS:
		range->hi = range->lo - 1;
		range->lo = 0;
		break;
	case ITEM_MOST:
		range->hi = range->lo;
		range->lo = 0;
		break;
	case ITEM_MORE:
		range->lo++;
		break;
	default:
		break;
	}
	return (true);
}

static int
compare_ranges(const void *a, const void *b)
{
	const struct filter_range *x = a, *y = b;

	return (x->lo < y->lo ? -1 : x->lo > y->lo);
}

/* Sorts ranges, joins those without a gap, and returns their number. */
static uint32_t
join_ranges(struct filter_range *ranges, size_t n)
{
	uint32_t kept = 0;
	size_t i;

	qsort(ranges, n, sizeof(*ranges), compare_ranges);
	for (i = 0; i < n; i++) {
		if (kept == 0 ||
		    (ranges[i].lo > ranges[kept - 1].hi &&
			ranges[i].lo - ranges[kept - 1].hi > 1))
			ranges[kept++] = ranges[i];
		else if (ranges[i].hi > ranges[kept - 1].hi)
			ranges[kept - 1].hi = ranges[i].hi;
	}
	return (kept);
}

void
range_set(struct filter_number_set *set, struct token keyword,
    enum filter_number which)
{
	size_t i, n = 0;

	set->ranges = calloc(parsing.nitems, sizeof(*set->ranges));
	if (set->ranges == NULL) {
		parse_no_memory();
		return;
	}
	for (i = 0; i < parsing.nitems; i++)
		n += item_range(keyword, &parsing.items[i], which,
		    &set->ranges[n]);
	set->n = join_ranges(set->ranges, n);
}
