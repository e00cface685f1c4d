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
 * A map from addresses to numbers.  An address has the number of the longest
 * prefix that contains it.
 */
#ifndef PREFIX_MAP_H
#define PREFIX_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "filter/step-map.h"

#define PREFIX_MAP_VALUE_MAX (STEP_MAP_VALUE_MAX >> 1)

struct prefix_map;

/* Makes a map with value for addresses in no prefix.  NULL: no memory. */
struct prefix_map *prefix_map_new(uint32_t value);
void prefix_map_free(struct prefix_map *map);
size_t prefix_map_memory(const struct prefix_map *map); /* bytes */

/*
 * To make a map, add prefixes in the order of prefix_compare, without
 * duplicates, and call prefix_map_end.  prefix_map_around returns the value
 * that the next prefix to add will replace.  FLOWD_ENOMEM.
 */
uint32_t prefix_map_around(const struct prefix_map *map,
    const struct prefix *prefix);
int prefix_map_add(struct prefix_map *map, const struct prefix *prefix,
    uint32_t value) __attribute__((warn_unused_result));
int prefix_map_end(struct prefix_map *map) __attribute__((warn_unused_result));

/* Like step_map_touch, for prefix_map_find. */
uint32_t prefix_map_touch(const struct prefix_map *map, const struct addr *a);

/* Returns the value for a.  To be called after prefix_map_end. */
uint32_t prefix_map_find(const struct prefix_map *map, const struct addr *a);

#endif
