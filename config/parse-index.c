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

#include <stdlib.h>
#include <string.h>

#include "config/parse-error.h"
#include "config/parse-index.h"
#include "config/parse-memory.h"
#include "lib/hash.h"

#define SLOTS_MIN 64

struct parse_index_slot {
	const char *key; /* NULL: free */
	size_t len;
	size_t value;
	uint64_t hash;
};

static uint64_t
hash_key(const uint8_t *key, size_t len)
{
	uint64_t h = len;
	size_t i;

	for (i = 0; i < len; i++)
		h = h * UINT64_C(0x100000001b3) + key[i];
	return (hash_mix(h));
}

/* The slot of the key, or the free one at which it would be. */
static struct parse_index_slot *
slot_of(const struct parse_index *index, const void *key, size_t len,
    uint64_t hash)
{
	size_t i = (size_t)hash & (index->nslots - 1);
	struct parse_index_slot *slot;

	for (;; i = (i + 1) & (index->nslots - 1)) {
		slot = &index->slots[i];
		if (slot->key == NULL ||
		    (slot->hash == hash && slot->len == len &&
			memcmp(slot->key, key, len) == 0))
			return (slot);
	}
}

/* Makes room for one more key: at most half of the slots are in use. */
static bool
make_room(struct parse_index *index)
{
	struct parse_index grown = { NULL, SLOTS_MIN, index->n };
	const struct parse_index_slot *old;
	size_t i;

	if (index->n < index->nslots / 2)
		return (true);
	if (index->nslots != 0)
		grown.nslots = index->nslots * 2;
	grown.slots = calloc(grown.nslots, sizeof(*grown.slots));
	if (grown.slots == NULL) {
		parse_no_memory();
		return (false);
	}
	for (i = 0; i < index->nslots; i++) {
		old = &index->slots[i];
		if (old->key != NULL)
			*slot_of(&grown, old->key, old->len, old->hash) = *old;
	}
	free(index->slots);
	*index = grown;
	return (true);
}

void
parse_index_add(struct parse_index *index, const void *key, size_t len,
    size_t value)
{
	struct parse_index_slot slot = { NULL, len, value, 0 };
	char *copy;

	if (!make_room(index) || (copy = parse_text(len)) == NULL)
		return;
	memcpy(copy, key, len);
	slot.key = copy;
	slot.hash = hash_key(key, len);
	*slot_of(index, key, len, slot.hash) = slot;
	index->n++;
}

bool
parse_index_find(const struct parse_index *index, const void *key, size_t len,
    size_t *value)
{
	const struct parse_index_slot *slot;

	if (index->n == 0)
		return (false);
	slot = slot_of(index, key, len, hash_key(key, len));
	if (slot->key == NULL)
		return (false);
	*value = slot->value;
	return (true);
}

void
parse_index_free(struct parse_index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}
