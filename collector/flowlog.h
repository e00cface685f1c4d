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
 * One flow log that is being written: a buffer of whole records, and the file
 * or FIFO that they go to.
 */
#ifndef FLOWLOG_H
#define FLOWLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/outcome.h"
#include "ipc/flowlog-lock.h"

/* Bytes that the buffer may have, unless the configuration says otherwise. */
#define FLOWLOG_BUFFER_DEFAULT (UINT64_C(64) << 20)

#define FLOWLOG_ROOM_MAX ((size_t)1 << 20) /* bytes */

struct flowlog_counters {
	uint64_t bytes;  /* written */
	uint64_t errors; /* writes that failed */
	uint64_t lost;   /* records that were never written */
};

struct flowlog;

/*
 * name is for messages, and copied.  Nothing is written but in turn.  NULL
 * without memory.
 */
struct flowlog *flowlog_new(const char *name, const struct flowlog_lock *lock,
    record_outcome *outcome);

/*
 * Bytes that the buffer may grow to while the log cannot be written.  It is
 * made of blocks of 1 MiB, and one there always is.
 */
void flowlog_set_limit(struct flowlog *l, uint64_t bytes);

/* Writes what it can of the rest, counts what is lost, and says so. */
void flowlog_end(struct flowlog *l);

/* What was not ended is not written. */
void flowlog_free(struct flowlog *l);

const char *flowlog_name(const struct flowlog *l);

/*
 * Flushes to the file so far, and goes on with fd, which is owned from here on
 * and gets what is left.  It may be the same file, or FIFO, opened anew.
 */
void flowlog_set_fd(struct flowlog *l, int fd);

/*
 * Room for len bytes of whole records, up to FLOWLOG_ROOM_MAX, or NULL when the
 * buffer is full and the log cannot be written.
 */
uint8_t *flowlog_room(struct flowlog *l, size_t len);

/*
 * The first len bytes of that room are so many whole records now, or none, and
 * owner's.
 */
void flowlog_commit(struct flowlog *l, size_t len, size_t records, void *owner);

/* Counts a record that there was no room for, and says so once. */
void flowlog_refuse(struct flowlog *l);

/*
 * Writes up to 1 MiB of what is buffered, whole records only.  Bytes that stay
 * are returned.
 */
size_t flowlog_flush(struct flowlog *l);

/* Bytes that are buffered. */
size_t flowlog_left(const struct flowlog *l);

/* Whether part of a record was left in a file since this was asked before. */
bool flowlog_was_torn(struct flowlog *l);

/* Whether to write nothing, as its file is being cut. */
void flowlog_pause(struct flowlog *l, bool pause);

/*
 * The descriptor that becomes writable when flowlog_flush can go on, or -1
 * where there is no more to write, or nothing to be done but to wait.
 */
int flowlog_blocked_on(const struct flowlog *l);

const struct flowlog_counters *flowlog_counters(const struct flowlog *l);

#endif
