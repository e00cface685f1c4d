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
 * Parses numbers, sizes, durations, addresses and paths.
 */
#include "compat/compat.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse-error.h"
#include "config/parse-value.h"
#include "errors.h"
#include "lib/endpoint.h"

bool
value_number(struct token what, struct token value, uint64_t min, uint64_t max,
    uint64_t *out)
{
	char why[80], *end;
	unsigned long long n;

	errno = 0;
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a text */
	n = strtoull(value.text, &end, 0);
	*out = n;
	if (isdigit((unsigned char)value.text[0]) && *end == '\0' &&
	    errno == 0 && n >= min && n <= max)
		return (true);
	(void)snprintf(why, sizeof(why),
	    "expected a number from %" PRIu64 " to %" PRIu64, min, max);
	parse_bad_value(what, value, why);
	return (false);
}

bool
value_size(struct token value, uint64_t *size)
{
	static const char units[] = "KMG";
	const char *unit;
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	n = strtoull(value.text, &end, 0);
	if (!isdigit((unsigned char)value.text[0]) || errno != 0)
		return (false);
	if (*end != '\0' && (unit = strchr(units, *end)) != NULL) {
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
	}
	*size = (uint64_t)n << shift;
	return (*end == '\0' && *size >> shift == n);
}

bool
value_size_from(struct token what, struct token value, uint64_t min,
    uint64_t *size)
{
	const bool mega = min >> 20 != 0;
	char why[80];

	if (value_size(value, size) && *size >= min)
		return (true);
	(void)snprintf(why, sizeof(why),
	    "expected a size of at least %" PRIu64
	    "%c, in bytes or with K, M or G",
	    min >> (mega ? 20 : 10), mega ? 'M' : 'K');
	parse_bad_value(what, value, why);
	return (false);
}

bool
value_duration(struct token value, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {
		{ 's', 1 },
		{ 'm', 60 },
		{ 'h', 3600 },
		{ 'd', 86400 },
		{ 'w', 604800 },
	};
	unsigned long n;
	char *end;
	size_t i;

	errno = 0;
	n = strtoul(value.text, &end, 10);
	if (!isdigit((unsigned char)value.text[0]) || errno != 0 ||
	    end[0] == '\0' || end[1] != '\0')
		return (false);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != *end)
			continue;
		*seconds = (uint32_t)n * units[i].seconds;
		return (n != 0 && n <= INT32_MAX / units[i].seconds);
	}
	return (false);
}

/* Copies the zone, of len bytes, to ifname. */
static bool
zone(struct token what, struct token value, const struct addr *addr,
    const char *text, size_t len, char ifname[IF_NAMESIZE])
{
	if (!endpoint_is_scoped(addr)) {
		parse_bad_value(what, value,
		    "only a link-local address has an interface after a %");
		return (false);
	}
	if (len == 0 || len >= IF_NAMESIZE) {
		parse_bad_value(what, value,
		    "expected the name of an interface after the %");
		return (false);
	}
	memcpy(ifname, text, len);
	ifname[len] = '\0';
	return (true);
}

bool
value_has_interface(struct token what, struct token value,
    const struct addr *addr, const char *ifname)
{
	if (ifname[0] != '\0' || !endpoint_is_scoped(addr) ||
	    addr_is_multicast(addr))
		return (true);
	parse_bad_value(what, value,
	    "a link-local address needs an interface, as in "
	    "[fe80::1%eth0]:2055");
	return (false);
}

bool
value_address_and_port(struct token what, struct token value, struct addr *addr,
    uint16_t *port, char ifname[IF_NAMESIZE])
{
	const struct token port_name = { "port", value.line };
	const char *text = NULL;
	struct endpoint e;
	size_t len;
	uint64_t n;
	int r;

	r = endpoint_split(value.text, &e);
	if (r == 0 && !endpoint_split_zone(&e, &text, &len))
		text = NULL;
	if (r != 0 || endpoint_addr(&e, addr) != 0) {
		parse_bad_value(what, value,
		    "expected ADDRESS:PORT, with an IPv6 address in brackets");
		return (false);
	}
	if (text != NULL && !zone(what, value, addr, text, len, ifname))
		return (false);
	if (!value_number(port_name, (struct token){ e.port, value.line }, 1,
		UINT16_MAX, &n))
		return (false);
	*port = (uint16_t)n;
	return (true);
}

bool
value_prefix(struct token what, struct token value, struct prefix *prefix)
{
	switch (prefix_pton(value.text, prefix)) {
	case 0:
		return (true);
	case FLOWD_EHOSTBITS:
		parse_bad_value(what, value,
		    "the address has bits set after the prefix length, "
		    "expected the address of a network");
		return (false);
	default:
		parse_bad_value(what, value,
		    "expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH");
		return (false);
	}
}

bool
value_path_is_valid(struct token statement, struct token value)
{
	if (value.text[0] != '\0' && strlen(value.text) < PATH_MAX)
		return (true);
	parse_bad_value(statement, value, "expected the path of a file");
	return (false);
}

int
value_compare_u32(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y ? -1 : x > y);
}
