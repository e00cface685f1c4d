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
 * The key of a template among those of one exporter.
 */
#ifndef TEMPLATE_KEY_H
#define TEMPLATE_KEY_H

#include <stdbool.h>
#include <stdint.h>

struct template_key {
	uint32_t domain;  /* observation domain, or source ID */
	uint16_t version; /* 9 or 10 */
	uint16_t id;      /* 256 and above */
};

static inline bool
template_key_equal(const struct template_key *a, const struct template_key *b)
{
	return (a->domain == b->domain && a->version == b->version &&
	    a->id == b->id);
}

/* No two keys have the same number. */
static inline uint64_t
template_key_number(const struct template_key *key)
{
	return ((uint64_t)key->domain << 32 | (uint64_t)key->version << 16 |
	    key->id);
}

#endif
