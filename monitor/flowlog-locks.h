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
 * The locks of flow logs (flowlog-lock.h): which log has which.
 */
#ifndef FLOWLOG_LOCKS_H
#define FLOWLOG_LOCKS_H

#include <stdint.h>

#include "monitor/flowlog-file.h"
#include "monitor/flowlog-sync.h"

/*
 * Gives each log of the configuration a lock.  A log that was open before keeps
 * its lock and the state of its messages.  Each other log gets an unused lock.
 */
void flowlog_locks_assign(struct open_flowlogs *logs,
    const struct open_flowlogs *before, const struct flowlog_sync *sync);

/*
 * A lock for the log of an exporter.  A file that collectors have just closed
 * may still be locked.
 */
uint32_t flowlog_locks_of(const struct open_flowlogs *logs,
    const struct flowlog_sync *sync, const char *path);

#endif
