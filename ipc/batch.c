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

#include <string.h>

#include "ipc/batch.h"
#include "ipc/shared-memory.h"
#include "netflow.h"

struct batch *
batch_new(void)
{
	struct batch *b;
	size_t i;

	if ((b = shared_memory_new(sizeof(*b))) == NULL)
		return (NULL);
	b->at = BATCH_NONE_YET;
	for (i = 0; i < BATCH_MAX; i++)
		b->msgs[i].msg_len = BATCH_EMPTY;
	return (b);
}

void
batch_free(struct batch *b)
{
	shared_memory_free(b, sizeof(*b));
}

void
batch_keep_from_children(struct batch *b)
{
	shared_memory_keep_from_children(b, sizeof(*b));
}

/* msg_len is an ssize_t on FreeBSD, which may be too narrow for BATCH_EMPTY. */
static uint32_t
length_of(const struct batch *b, size_t i)
{
	return ((uint32_t)b->msgs[i].msg_len);
}

size_t
batch_count(const struct batch *b)
{
	size_t n = 0;

	while (n < BATCH_MAX && length_of(b, n) != BATCH_EMPTY)
		n++;
	return (n);
}

void
batch_get(const struct batch *b, size_t i, struct batch_datagram *out)
{
	const struct sockaddr *sa = (const struct sockaddr *)&b->names[i];

	out->data = b->buffers[i];
	out->len = length_of(b, i);
	if (out->len > NF_DATAGRAM_MAX)
		out->len = NF_DATAGRAM_MAX;
	out->listener = b->listener;
	if (addr_from_sockaddr(sa, &out->from, &out->port) == 0)
		return;
	out->from = (struct addr){ .family = ADDR_NONE };
	out->port = 0;
}

int
batch_in_process(const struct batch *b)
{
	const uint32_t at = b->at;

	return (at < batch_count(b) ? (int)at : -1);
}

size_t
batch_left(const struct batch *b, size_t *first)
{
	const uint32_t at = b->at;
	const size_t n = batch_count(b);

	*first = at == BATCH_NONE_YET ? 0 : at;
	return (*first < n ? n - *first : 0);
}

void
batch_resume(struct batch *b, const struct batch *from, size_t first)
{
	const size_t n = batch_count(from);
	struct batch_datagram d;
	size_t i;

	for (i = 0; first < n; i++, first++) {
		batch_get(from, first, &d);
		memcpy(b->buffers[i], d.data, d.len);
		b->names[i] = from->names[first];
		b->msgs[i].msg_len = (unsigned int)d.len;
	}
	b->received = from->received;
	b->listener = from->listener;
	b->resumed = 1;
}
