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
 * fdatasync of the logs in a process of its own, which may wait for the disk;
 * and the files that were left, until they are synced.
 */
#ifndef LOG_SYNC_H
#define LOG_SYNC_H

#include <stdbool.h>
#include <time.h>

#include "logfiles.h"

/*
 * Takes over a file that the collector may still write to.  It is closed when
 * that is over and, where logs are synced, this one is.
 */
void log_sync_retire(struct logfiles *l, const struct logfile *f);

/* at_rest: those that were taken over get no more than they have. */
void log_sync_when_due(struct logfiles *l, bool at_rest, time_t now);

/* Syncs what was written last, by a collector that has ended. */
void log_sync_for_good(struct logfiles *l);

#endif
