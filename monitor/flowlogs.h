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
 * Opens and rotates the files of the flow logs.  flowlog-look.h removes
 * and flowlog-compressors.h compresses closed files; flowlog-sync.h syncs files.
 */
#ifndef FLOWLOGS_H
#define FLOWLOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/log-cause.h"
#include "base/log-limit.h"
#include "config/config.h"
#include "ipc/flowlog-lock.h"
#include "ipc/priv-msg.h"
#include "monitor/clock-step.h"
#include "monitor/flowlog-compressors.h"
#include "monitor/flowlog-file.h"
#include "monitor/flowlog-look.h"
#include "monitor/flowlog-places.h"
#include "monitor/flowlog-sync.h"
#include "sandbox/rights.h"

struct flowlogs {
	struct open_flowlogs open;
	struct flowlog_sync sync;
	struct flowlog_look look;
	struct flowlog_compressors compressors;
	time_t ticked; /* epoch; the last flowlogs_tick with work */
	time_t looked; /* epoch; the last look for old files began; 0: none */
	struct clock_step clock;
	struct flowlog_places places;
	struct log_limit exporter_failed; /* its log cannot be opened */
};

/*
 * Checks that the groups of the logs exist; -1 after a message.  Called once
 * before the monitor enters its sandbox, like control_socket_check.
 */
int flowlogs_check(const struct config *conf);

/*
 * Opens the logs of conf; conf must stay valid until they are closed.  before
 * are the logs to which collectors write meanwhile.  -1 after a message; then
 * no log is open and new files were removed.
 */
int flowlogs_open(struct flowlogs *l, const struct config *conf,
    const struct rights_options *rights, const struct flowlogs *before);

/*
 * Closes the logs.  Files to which collectors may still write move to after.
 * If after is NULL, the collectors have exited, and the files are synced.
 */
void flowlogs_close(struct flowlogs *l, struct flowlogs *after);

/*
 * Informs the collectors about log i: it has a new file; or it is the log of an
 * exporter, and they close it.
 */
typedef void flowlog_send(void *arg, size_t i);

/*
 * Reopens the logs by their names, and calls send for each of them.  The old
 * file of a log that cannot be reopened stays open, after a message.
 */
void flowlogs_reopen(struct flowlogs *l, flowlog_send *send, void *arg);

/*
 * Reopens the logs for a collector, with this number, that cannot write to one
 * and waits; calls send for each log that has another descriptor.  A failure is
 * logged once an hour.  Skips logs that another collector has locked.  To create
 * no log in a directory on which another file system was mounted, it waits
 * until the former file, or its file system, is there again.
 */
void flowlogs_revive(struct flowlogs *l, struct flowlog_locks *locks,
    uint32_t number, flowlog_send *send, void *arg);

/* Whether a collector may ask for this log of an exporter. */
bool flowlogs_may_want(const struct flowlogs *l,
    const struct priv_want_log *want);

/*
 * Opens the log of an exporter in a place of the collector with this number.
 * The log that was in the place is closed, unless another collector has it.
 * NULL if the log cannot be opened; the first failures are logged.
 */
const struct flowlog_file *flowlogs_want(struct flowlogs *l, uint32_t number,
    const struct priv_want_log *want);

/* Empties the places of a collector that has ended. */
void flowlogs_release(struct flowlogs *l, uint32_t number);

/*
 * Removes partial records from the ends of logs.  The collector with this
 * number may have left them; it waits or is dead.  Logs that another collector
 * has locked have no partial record and are skipped.  report: logs removals.
 */
void flowlogs_repair(const struct flowlogs *l, struct flowlog_locks *locks,
    uint32_t number, bool report);

/*
 * Whether flowlogs_tick must be called after each full second, and whenever
 * at_rest may have become true.
 */
bool flowlogs_need_ticks(const struct flowlogs *l);

/* Whether flowlogs_tick must be called soon. */
bool flowlogs_are_due(const struct flowlogs *l);

/*
 * Rotates, syncs, compresses and removes files that are due.  Calls send for
 * each log that was rotated.  at_rest: the collectors have received all files
 * sent to them, and write to no older ones.
 */
void flowlogs_tick(struct flowlogs *l, bool at_rest, flowlog_send *send,
    void *arg);

#endif
