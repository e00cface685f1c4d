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
 * The log socket: a reader on this machine receives each record as a datagram.
 * The queue of its socket is short, so a buffer keeps the records that do not
 * fit yet.
 */
#ifndef LOGSOCK_H
#define LOGSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/outcome.h"

struct logsock;

/* outcome is called for records that were buffered.  NULL without memory. */
struct logsock *logsock_new(record_outcome *outcome);
void logsock_free(struct logsock *l);

/*
 * Replaces the connected socket by fd, which the log socket then owns, and to
 * which it sends the buffered records.  -1: there is no reader, and the
 * buffered records are lost.
 */
void logsock_set_fd(struct logsock *l, int fd);
bool logsock_is_connected(const struct logsock *l);

enum logsock_result { LOGSOCK_SENT, LOGSOCK_BUFFERED, LOGSOCK_LOST };

/*
 * Sends a record or buffers it.  The outcome of a buffered record is reported,
 * unless owner is NULL.
 */
enum logsock_result logsock_send(struct logsock *l, const uint8_t *rec,
    size_t len, void *owner);

/* Sends buffered records until the queue of the reader is full. */
void logsock_flush(struct logsock *l);

/* The descriptor to poll until the queue has room; -1 if it is not full. */
int logsock_blocked_on(const struct logsock *l);

/* The numbers of records that were sent, and that were lost. */
uint64_t logsock_sent(const struct logsock *l);
uint64_t logsock_lost(const struct logsock *l);

#endif
