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

#include <stddef.h>
#include <string.h>

#include "control/element-name.h"
#include "control/element-table.h"

#define ELEMENTS (sizeof(element_keys) / sizeof(element_keys[0]))

static const char *
name_at(size_t i)
{
	const char *name = element_names[i / ELEMENT_CHUNK];
	size_t skip;

	for (skip = i % ELEMENT_CHUNK; skip > 0; skip--)
		name += strlen(name) + 1;
	return (name);
}

const char *
element_name(uint32_t enterprise, uint16_t id)
{
	const uint64_t key = (uint64_t)enterprise << 16 | id;
	size_t lo = 0, hi = ELEMENTS, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (element_keys[mid] == key)
			return (name_at(mid));
		if (element_keys[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (NULL);
}
