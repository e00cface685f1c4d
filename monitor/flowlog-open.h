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
 * Opens the file of a log.
 */
#ifndef FLOWLOG_OPEN_H
#define FLOWLOG_OPEN_H

#include <stdbool.h>
#include <time.h>

#include "base/log-cause.h"
#include "monitor/flowlog-file.h"
#include "monitor/flowlog-sync.h"
#include "sandbox/rights.h"

/* The files to which collectors write. */
struct flowlog_users {
	const struct open_flowlogs *open;
	const struct flowlog_sync *sync;
};

/* The clock by which the monitor waits; time(3) may return less. */
time_t flowlog_open_time(void);

/*
 * Opens the present file of f->log, whose name may contain the date, and checks
 * its end, except if collectors write to it.  Sets the members that depend on the
 * file.  *made: whether it created the file.  -1 with the cause.
 */
int flowlog_open(const struct rights_options *rights,
    const struct flowlog_users *users, struct flowlog_file *f, bool *made,
    struct log_cause *cause);

#endif
