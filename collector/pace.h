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
 * When the collector looks for datagrams, and when it writes.  Each wake-up and
 * each write costs more than many datagrams do.  So under load datagrams gather
 * in the kernel for some milliseconds, as far as the receive buffer is sure to
 * have room for them, and records for some more; what comes after a pause
 * is taken and written at once.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACE_GATHER_MAX UINT64_C(10000000) /* ns that datagrams may wait */
#define PACE_WRITE      UINT64_C(10000000) /* ns between two writes */

/* Times are in nanoseconds of a clock that nobody sets.  Starts zeroed. */
struct pace {
	uint64_t gather_max; /* ns */
	uint64_t looked;     /* when datagrams were looked for last */
	uint64_t wrote;      /* when the logs were written last */
	uint64_t gather;     /* ns until the next look; 0: when one comes */
	size_t found;        /* datagrams, by the last look */
	bool lull;           /* that one found none, the one before did */
};

/* The smallest of the receive buffers, in bytes as the system counts them. */
void pace_set_buffer(struct pace *p, size_t bytes);

/* A look for datagrams found n, and left none. */
void pace_looked(struct pace *p, uint64_t now, size_t n);

/*
 * Nanoseconds until the next write is due; 0 where a look has just found that
 * no more datagrams come.
 */
uint64_t pace_until_write(const struct pace *p, uint64_t now);

void pace_wrote(struct pace *p, uint64_t now);

#endif
