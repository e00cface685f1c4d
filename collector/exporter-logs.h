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
 * The logs of exporters, for statements with %{exporter}.  An exporter gets a
 * log, which is a buffer, when its first flow arrives.  The monitor is asked to
 * open its file, for one of a limited number of places.  If all places are in
 * use, the file that was least recently used is closed.  More logs than places
 * can exist, so that flows wait, and are not lost, while files are closed and
 * opened in turn.
 */
#ifndef EXPORTER_LOGS_H
#define EXPORTER_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "collector/flowlog.h"
#include "collector/outcome.h"
#include "config/config.h"
#include "ipc/flowlog-lock.h"
#include "ipc/priv-msg.h"

struct exporter_logs;

/* NULL if memory is exhausted. */
struct exporter_logs *exporter_logs_new(struct flowlog_locks *locks,
    uint32_t number, record_outcome *outcome);

/* Does not write the buffers: call exporter_logs_end() before. */
void exporter_logs_free(struct exporter_logs *e);

/*
 * Closes all files.  Records that are still buffered stay if conf has a log
 * with the same path, and else are lost.  buffer is the limit in bytes of all
 * buffers together, beyond the first MiB of each.
 * conf must live until the next call.  Ends the process if memory is exhausted.
 */
void exporter_logs_configure(struct exporter_logs *e, const struct config *conf,
    uint64_t buffer);

/* Writes all buffers.  Records that cannot be written are lost. */
void exporter_logs_end(struct exporter_logs *e);

/* Whether to write nothing, also to logs to come; see flowlog_pause(). */
void exporter_logs_pause(struct exporter_logs *e, bool pause);

/* The greatest number of logs, and one of them; NULL: none. */
size_t exporter_logs_max(const struct exporter_logs *e);
struct flowlog *exporter_logs_at(const struct exporter_logs *e, size_t i);

/*
 * The exporter's log of the statement with this index, valid until the next
 * call.  NULL if too many logs have flows that cannot be written now.
 */
struct flowlog *exporter_logs_find(struct exporter_logs *e, size_t log,
    const struct addr *exporter);

/*
 * Whether the monitor has to be asked for a log now; fills in want.  The
 * requests have a limited rate.  The caller passes the answer to
 * exporter_logs_open before the next call.
 */
bool exporter_logs_want(struct exporter_logs *e, struct priv_want_log *want);

/*
 * Gives the log that was asked for its file.  fd -1: it cannot be opened now.
 * -1 if no log was asked for.
 */
int exporter_logs_open(struct exporter_logs *e, int fd, uint32_t lock);

/* Closes the file in a place, if it has one.  -1: there is no such place. */
int exporter_logs_close(struct exporter_logs *e, size_t place);

/* The logs that were closed so that another could be opened. */
uint64_t exporter_logs_evicted(const struct exporter_logs *e);

/* Adds the counters of all logs, also of closed ones. */
void exporter_logs_count(const struct exporter_logs *e,
    struct flowlog_counters *sum);

#endif
