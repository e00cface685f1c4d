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
 * Two prefixes are disjoint, or one contains the other.  Prefixes are added in
 * their order, and those that can contain the next one are kept on a stack;
 * this yields the steps of a function of the address.  IPv4 is one run of a
 * step map.  IPv6 is a run for the upper 64 bits; where prefixes are longer,
 * its value refers to a run for the lower 64 bits.
 */
#include "compat/compat.h"

#include <stdbool.h>
#include <stdlib.h>

#include "errors.h"
#include "filter/prefix-map.h"
#include "filter/step-map.h"
#include "lib/cursor.h"

#define DEPTH_MAX 129 /* number of prefix lengths in IPv6 */

/* A value in upper: that of the address, or a run of lower. */
#define UPPER_VALUE(value) ((value) << 1)
#define UPPER_RUN(run)     ((run) << 1 | 1)

/* An address as a number.  IPv4 is in the lower 32 bits of high. */
struct key {
	uint64_t high, low;
};

/* A prefix that may contain the next ones. */
struct open_prefix {
	struct prefix prefix;
	uint32_t value;
};

struct prefix_map {
	struct step_map v4, upper, lower;
	uint32_t outside; /* the value for addresses in no prefix */
	/* The rest is used until prefix_map_end. */
	uint32_t family;
	struct open_prefix open[DEPTH_MAX];
	size_t nopen;
	uint32_t latest; /* value of the latest IPv6 step */
	bool in_lower;   /* a run of lower has been begun, ... */
	uint64_t high;   /* for these upper 64 bits */
	uint32_t run;    /* its number */
};

struct prefix_map *
prefix_map_new(uint32_t value)
{
	struct prefix_map *map;
	uint32_t run;

	if ((map = calloc(1, sizeof(*map))) == NULL)
		return (NULL);
	map->outside = map->latest = value;
	map->family = ADDR_V4;
	if (step_map_begin(&map->v4, value, &run) != 0 ||
	    step_map_begin(&map->upper, UPPER_VALUE(value), &run) != 0) {
		prefix_map_free(map);
		return (NULL);
	}
	return (map);
}

void
prefix_map_free(struct prefix_map *map)
{
	if (map == NULL)
		return;
	step_map_free(&map->v4);
	step_map_free(&map->upper);
	step_map_free(&map->lower);
	free(map);
}

size_t
prefix_map_memory(const struct prefix_map *map)
{
	return (sizeof(*map) + step_map_memory(&map->v4) +
	    step_map_memory(&map->upper) + step_map_memory(&map->lower));
}

static int
end_lower(struct prefix_map *map)
{
	if (!map->in_lower)
		return (0);
	map->in_lower = false;
	if (map->run > PREFIX_MAP_VALUE_MAX ||
	    step_map_add(&map->upper, map->high, UPPER_RUN(map->run)) != 0)
		return (FLOWD_ENOMEM);
	if (map->high == UINT64_MAX)
		return (0);
	return (
	    step_map_add(&map->upper, map->high + 1, UPPER_VALUE(map->latest)));
}

/* Adds a step: the value from this key on. */
static int
step_v6(struct prefix_map *map, struct key key, uint32_t value)
{
	int r;

	if (map->in_lower && key.high != map->high && (r = end_lower(map)) != 0)
		return (r);
	if (key.low != 0 && !map->in_lower) {
		r = step_map_begin(&map->lower, map->latest, &map->run);
		if (r != 0)
			return (r);
		map->in_lower = true;
		map->high = key.high;
	}
	map->latest = value;
	return (map->in_lower ?
		step_map_add(&map->lower, key.low, value) :
		step_map_add(&map->upper, key.high, UPPER_VALUE(value)));
}

static int
step(struct prefix_map *map, struct key key, uint32_t value)
{
	return (map->family == ADDR_V4 ?
		step_map_add(&map->v4, key.high, value) :
		step_v6(map, key, value));
}

static struct key
prefix_key(const struct prefix *prefix)
{
	struct key key = { be64(prefix->addr.bytes),
		be64(prefix->addr.bytes + 8) };

	if (prefix->addr.family == ADDR_V4)
		key.high >>= 32;
	return (key);
}

/* The key after the last one in prefix.  False: that is the highest key. */
static bool
key_after(const struct prefix *prefix, struct key *key)
{
	const bool v4 = prefix->addr.family == ADDR_V4;

	*key = prefix_key(prefix);
	if (prefix->len == 0)
		return (false);
	if (v4 || prefix->len <= 64) {
		key->high += UINT64_C(1) << ((v4 ? 32 : 64) - prefix->len);
		return (key->high != 0);
	}
	key->low += UINT64_C(1) << (128 - prefix->len);
	if (key->low == 0)
		key->high++;
	return (key->low != 0 || key->high != 0);
}

/* Ends the innermost open prefix. */
static int
close_prefix(struct prefix_map *map)
{
	struct key key;

	map->nopen--;
	if (!key_after(&map->open[map->nopen].prefix, &key))
		return (0);
	return (step(map, key,
	    map->nopen == 0 ? map->outside : map->open[map->nopen - 1].value));
}

/* How many of the open prefixes contain prefix. */
static size_t
depth_of(const struct prefix_map *map, const struct prefix *prefix)
{
	size_t n = map->nopen;

	while (
	    n > 0 && !prefix_contains(&map->open[n - 1].prefix, &prefix->addr))
		n--;
	return (n);
}

uint32_t
prefix_map_around(const struct prefix_map *map, const struct prefix *prefix)
{
	const size_t depth = depth_of(map, prefix);

	return (depth == 0 ? map->outside : map->open[depth - 1].value);
}

int
prefix_map_add(struct prefix_map *map, const struct prefix *prefix,
    uint32_t value)
{
	const size_t depth = depth_of(map, prefix);
	int r;

	while (map->nopen > depth) {
		if ((r = close_prefix(map)) != 0)
			return (r);
	}
	map->family = prefix->addr.family;
	map->open[map->nopen].prefix = *prefix;
	map->open[map->nopen++].value = value;
	return (step(map, prefix_key(prefix), value));
}

int
prefix_map_end(struct prefix_map *map)
{
	int r;

	while (map->nopen > 0) {
		if ((r = close_prefix(map)) != 0)
			return (r);
	}
	if ((r = end_lower(map)) != 0 || (r = step_map_finish(&map->v4)) != 0 ||
	    (r = step_map_finish(&map->upper)) != 0)
		return (r);
	return (step_map_finish(&map->lower));
}

uint32_t
prefix_map_touch(const struct prefix_map *map, const struct addr *a)
{
	if (a->family == ADDR_V4)
		return (step_map_touch(&map->v4, 0, be32(a->bytes)));
	if (a->family == ADDR_V6)
		return (step_map_touch(&map->upper, 0, be64(a->bytes)));
	return (0);
}

uint32_t
prefix_map_find(const struct prefix_map *map, const struct addr *a)
{
	uint32_t value;

	if (a->family == ADDR_V4)
		return (step_map_find(&map->v4, 0, be32(a->bytes)));
	if (a->family != ADDR_V6)
		return (map->outside);
	value = step_map_find(&map->upper, 0, be64(a->bytes));
	if ((value & 1) == 0)
		return (value >> 1);
	return (step_map_find(&map->lower, value >> 1, be64(a->bytes + 8)));
}
