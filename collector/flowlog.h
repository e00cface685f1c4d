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
 * A flow log that the collector writes: a buffer of whole records, and the file
 * or FIFO to which it is written.
 */
#ifndef FLOWLOG_H
#define FLOWLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/outcome.h"
#include "ipc/flowlog-lock.h"

/* The buffer's limit in bytes, unless the configuration has another one. */
#define FLOWLOG_BUFFER_DEFAULT (UINT64_C(64) << 20)

#define FLOWLOG_ROOM_MAX ((size_t)1 << 20) /* bytes */

struct flowlog_counters {
	uint64_t bytes;  /* written */
	uint64_t errors; /* writes that failed */
	uint64_t lost;   /* records */
};

struct flowlog;

/*
 * name is for messages, and is copied.  outcome is called for all records that
 * were committed.  lock may be NULL; flowlog_set_lock() then precedes the first
 * file.  NULL if memory is exhausted.
 */
struct flowlog *flowlog_new(const char *name, const struct flowlog_lock *lock,
    record_outcome *outcome);

/* Sets the lock of the next file.  The log has no file. */
void flowlog_set_lock(struct flowlog *l, const struct flowlog_lock *lock);

/*
 * Sets the size in bytes to which the buffer may grow while the log cannot be
 * written.  It grows by blocks of 1 MiB, of which one always exists.
 */
void flowlog_set_limit(struct flowlog *l, uint64_t bytes);

/*
 * Makes the limit that of all logs with the same *blocks, which has to live
 * longer and is 0 at first: the number of their blocks beyond the first of each.
 */
void flowlog_share_limit(struct flowlog *l, size_t *blocks);

/*
 * Writes the buffer.  Records that cannot be written are counted as lost, with
 * a message.
 */
void flowlog_end(struct flowlog *l);

/* Does not write the buffer: call flowlog_end() before. */
void flowlog_free(struct flowlog *l);

const char *flowlog_name(const struct flowlog *l);

/*
 * Flushes to the present file, and replaces it by fd, which the log then owns
 * and to which it writes the rest.  fd may be another descriptor of the same
 * file or FIFO.  -1: none.
 */
void flowlog_set_fd(struct flowlog *l, int fd);

/*
 * Returns room for len bytes of whole records, up to FLOWLOG_ROOM_MAX; NULL if
 * the buffer is full and the log cannot be written.
 */
uint8_t *flowlog_room(struct flowlog *l, size_t len);

/*
 * Appends the first len bytes of that room to the buffer: the given number of
 * whole records, which may be 0, all of the same owner.
 */
void flowlog_commit(struct flowlog *l, size_t len, size_t records, void *owner);

/* Counts a record for which there was no room.  Logs this once. */
void flowlog_refuse(struct flowlog *l);

/*
 * Writes whole records, up to 1 MiB.  Returns the number of bytes that stay in
 * the buffer.
 */
size_t flowlog_flush(struct flowlog *l);

/* Returns the number of buffered bytes. */
size_t flowlog_left(const struct flowlog *l);

/* Whether a partial record was written to a file since the last call. */
bool flowlog_was_torn(struct flowlog *l);

/*
 * Whether the last write failed for a cause that another descriptor may not
 * have, and not for want of room.
 */
bool flowlog_is_dead(const struct flowlog *l);

/* Writes nothing while paused: the monitor is repairing the file. */
void flowlog_pause(struct flowlog *l, bool pause);

/*
 * Returns the descriptor to poll until flowlog_flush can continue; -1 if the
 * buffer is empty, or if only time helps.
 */
int flowlog_blocked_on(const struct flowlog *l);

/* Adds the log's counters to a sum. */
void flowlog_counters_add(struct flowlog_counters *sum,
    const struct flowlog *l);

#endif
