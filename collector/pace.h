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
 * Decides when the collector receives and when it writes.  Each wake-up and
 * each write costs more than many datagrams.  Under load, datagrams therefore
 * gather in the kernel for some milliseconds, as long as the receive buffer
 * certainly has room for them, and records in the buffers of logs.  Datagrams
 * that arrive after a pause are received and written at once.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACE_GATHER_MAX UINT64_C(10000000) /* ns that datagrams may wait */
#define PACE_WRITE      UINT64_C(10000000) /* ns between two writes */

/* Times are in nanoseconds of clock_ns().  Starts zeroed. */
struct pace {
	uint64_t gather_max; /* ns */
	uint64_t looked;     /* when the collector received last */
	uint64_t wrote;      /* when the logs were last written */
	uint64_t gather;     /* ns to wait before receiving; 0: none */
	size_t found;        /* datagrams received then */
	bool lull;           /* none arrived then, but some before */
};

/* Sets the smallest receive buffer, in bytes as the system counts them. */
void pace_set_buffer(struct pace *p, size_t bytes);

/* The collector has received n datagrams, all that were queued. */
void pace_looked(struct pace *p, uint64_t now, size_t n);

/*
 * Returns the nanoseconds until the next write is due; 0 if datagrams have just
 * stopped arriving.
 */
uint64_t pace_until_write(const struct pace *p, uint64_t now);

/* The collector has written to the logs. */
void pace_wrote(struct pace *p, uint64_t now);

#endif
