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

struct flowlog_counters {
	uint64_t bytes;  /* written */
	uint64_t errors; /* writes that failed */
	uint64_t lost;   /* records that were never written */
};

struct flowlog;

/* name is for messages, and copied.  NULL without memory. */
struct flowlog *flowlog_new(const char *name);

/* Writes what it can of the rest, counts what is lost, and says so. */
void flowlog_end(struct flowlog *l);

/* What was not ended is not written. */
void flowlog_free(struct flowlog *l);

const char *flowlog_name(const struct flowlog *l);

/*
 * Writes what is buffered to the file so far, and goes on with fd, which is
 * owned from here on.  It may be the same file, or FIFO, opened anew.
 */
void flowlog_set_fd(struct flowlog *l, int fd);

/*
 * Room for one record of up to STORE_RECORD_MAX bytes, or NULL when the
 * buffer is full and the log cannot be written.
 */
uint8_t *flowlog_room(struct flowlog *l);

/* The record of len bytes that was put there is complete. */
void flowlog_commit(struct flowlog *l, size_t len);

/*
 * Writes what is buffered, whole records only.  Where the log cannot be
 * written now the rest stays; bytes that stay are returned.
 */
size_t flowlog_flush(struct flowlog *l);

/*
 * The descriptor that becomes writable when the log, a full FIFO, takes more,
 * or -1.
 */
int flowlog_blocked_on(const struct flowlog *l);

const struct flowlog_counters *flowlog_counters(const struct flowlog *l);

#endif
