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

#include "collector/pace.h"

#define GATHER_DATAGRAMS 256 /* some batches; more save little */

/*
 * Bytes of the receive buffer that a sender at 10 Gbit/s fills in a nanosecond:
 * a datagram of 1,500 bytes occupies more than twice as many.
 */
#define FILL_BYTES 3

void
pace_set_buffer(struct pace *p, size_t bytes)
{
	/* The other half is for datagrams that arrive during processing. */
	const uint64_t safe = bytes / 2 / FILL_BYTES;

	p->gather_max = safe < PACE_GATHER_MAX ? safe : PACE_GATHER_MAX;
	p->gather = 0;
}

void
pace_looked(struct pace *p, uint64_t now, size_t n)
{
	const uint64_t passed = now - p->looked;

	p->looked = now;
	p->gather = 0;
	p->lull = n == 0 && p->found > 0;
	p->found = n;
	/* Waiting saves nothing if fewer than two datagrams gather. */
	if (n == 0 || passed / n > p->gather_max / 2)
		return;
	p->gather = passed / n * GATHER_DATAGRAMS;
	if (p->gather > p->gather_max)
		p->gather = p->gather_max;
}

uint64_t
pace_until_write(const struct pace *p, uint64_t now)
{
	const uint64_t passed = now - p->wrote;

	return (p->lull || passed >= PACE_WRITE ? 0 : PACE_WRITE - passed);
}

void
pace_wrote(struct pace *p, uint64_t now)
{
	p->wrote = now;
}
