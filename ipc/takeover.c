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

#include <stdatomic.h>
#include <string.h>

#include "ipc/shared-memory.h"
#include "ipc/takeover.h"

struct takeover *
takeover_new(void)
{
	struct takeover *t;

	if ((t = shared_memory_new(sizeof(*t))) != NULL)
		t->version = TAKEOVER_VERSION;
	return (t);
}

void
takeover_free(struct takeover *t)
{
	shared_memory_free(t, sizeof(*t));
}

void
takeover_keep_from_children(struct takeover *t)
{
	shared_memory_keep_from_children(t, sizeof(*t));
}

struct takeover *
takeover_copy(const struct takeover *from)
{
	struct takeover *t;
	const uint8_t *state;
	size_t len;

	if ((t = takeover_new()) == NULL || !takeover_state(from, &state, &len))
		return (t);
	memcpy(takeover_room(t), state, len);
	takeover_commit(t, len);
	return (t);
}

/* The index of the half that is not valid. */
static size_t
other_half(const struct takeover *t)
{
	return (t->valid == 1 ? 1 : 0);
}

uint8_t *
takeover_room(struct takeover *t)
{
	return (t->halves[other_half(t)]);
}

void
takeover_commit(struct takeover *t, size_t len)
{
	const size_t half = other_half(t);

	t->lens[half] = len;
	/* A kill stops this process between two instructions. */
	atomic_signal_fence(memory_order_seq_cst);
	t->valid = (uint32_t)half + 1;
}

bool
takeover_state(const struct takeover *t, const uint8_t **state, size_t *len)
{
	const uint32_t valid = t->valid;
	uint64_t n;

	if (t->version != TAKEOVER_VERSION || valid == TAKEOVER_NONE ||
	    valid > TAKEOVER_HALVES)
		return (false);
	/* Another process may write to it: the number checked is the one used. */
	n = *(const volatile uint64_t *)&t->lens[valid - 1];
	if (n > TAKEOVER_STATE_MAX)
		return (false);
	*state = t->halves[valid - 1];
	*len = (size_t)n;
	return (true);
}
