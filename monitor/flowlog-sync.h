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
 * Syncs the logs to disk (fdatasync) in a separate process, since the disk may
 * block it.  Keeps replaced files open until they are synced.
 */
#ifndef FLOWLOG_SYNC_H
#define FLOWLOG_SYNC_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "monitor/flowlog-file.h"

struct flowlog_sync {
	struct flowlog_file
	    *retired; /* replaced; still written to or not synced */
	size_t nretired;
	pid_t syncer;            /* -1: none runs */
	time_t synced;           /* epoch; when the last syncer was started */
	struct log_state failed; /* the logs cannot be synced */
};

/*
 * Takes ownership of a replaced file.  It is closed when the collectors no
 * longer write to it and, if logs are synced, after it was synced.
 */
void flowlog_sync_retire(struct flowlog_sync *s, const struct flowlog_file *f);

/*
 * Starts a syncer if one is due, and closes retired files.  at_rest: no
 * collector writes to retired files any more.
 */
void flowlog_sync_when_due(struct flowlog_sync *s,
    const struct open_flowlogs *logs, bool at_rest, time_t now);

/* After the collectors have exited: syncs all files, waits some seconds. */
void flowlog_sync_finish(struct flowlog_sync *s,
    const struct open_flowlogs *logs);

#endif
