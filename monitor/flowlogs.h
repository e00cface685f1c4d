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
 * The monitor's flow logs: it opens and rotates their files, whose names it
 * makes.  flowlog-closed.h compresses and removes closed files, flowlog-sync.h syncs.
 */
#ifndef FLOWLOGS_H
#define FLOWLOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "monitor/flowlog-closed.h"
#include "monitor/flowlog-sync.h"
#include "monitor/flowlog-file.h"
#include "sandbox/rights.h"
#include "ipc/flowlog-lock.h"

struct flowlogs {
	struct open_flowlogs open;
	struct flowlog_sync sync;
	struct compressor compressor;
	time_t ticked;  /* epoch */
	time_t expired; /* epoch */
};

/*
 * Opens the logs of conf, which must live as long as they do; before are the
 * logs that collectors write to meanwhile.  0, or -1 after a message: then none
 * is open and no new file is left behind.
 */
int flowlogs_open(struct flowlogs *l, const struct config *conf,
    const struct rights_options *rights, const struct flowlogs *before);

/*
 * Closes the logs.  Files that collectors may still write to move to after;
 * after is NULL once the collectors have ended, and then the files are synced.
 */
void flowlogs_close(struct flowlogs *l, struct flowlogs *after);

/* Reopens log i by its name.  -1 after a message: it is as it was. */
int flowlogs_reopen(struct flowlogs *l, size_t i);

/*
 * Cuts off partial records at the ends of logs.  The collector with this number
 * may have left them; it waits, or has died.  Logs that another collector has
 * locked at this moment are whole and are skipped.  say: with messages.
 */
void flowlogs_repair(const struct flowlogs *l, struct flowlog_locks *locks,
    uint32_t number, bool say);

/* The collector's descriptor of log i, which stays open. */
int flowlogs_give(const struct flowlogs *l, size_t i);

/*
 * Whether flowlogs_tick must be called soon after each full second, and
 * whenever at_rest may have become true.
 */
bool flowlogs_need_ticks(const struct flowlogs *l);

/*
 * Rotates, syncs, compresses and removes files that are due.  Calls give for
 * each log that was rotated.  at_rest: the collectors have taken all files that
 * they were sent, and write to none that they had before.
 */
void flowlogs_tick(struct flowlogs *l, bool at_rest,
    void (*give)(void *arg, size_t i), void *arg);

#endif
