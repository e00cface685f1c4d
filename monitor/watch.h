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
 * Notices a collector that hangs.  A collector changes a number in the memory
 * that it shares with the monitor with each datagram and each turn of its loop,
 * which has one a second at least.  The monitor looks at the number every few
 * seconds.  A collector that waits for a disk sets a flag beside it, and does
 * not hang.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "ipc/batch.h"

#define WATCH_SECONDS 5  /* between two looks */
#define WATCH_LOOKS   4  /* without progress: the collector hangs */
#define WATCH_STARTS  24 /* the same for one that is not ready yet */

/* All zero: of a new collector. */
struct watch {
	uint32_t seen;  /* the latest number */
	uint32_t looks; /* at this number */
	time_t next;    /* clock_sec() of the next look */
	bool hangs;     /* it was found to hang */
};

/* The seconds between two looks. */
time_t watch_interval(void);

/*
 * Looks at the memory of a collector if that is due, and again after interval
 * seconds.  True if it hangs, once.
 * Looks are counted, not seconds, so that a monitor that was stopped for some
 * time does not take a stopped collector for one that hangs.
 */
bool watch_finds_hang(struct watch *w, const struct batch *b, time_t now,
    time_t interval, bool ready);

#endif
