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
 * The log socket: a reader on this machine that gets each record as one
 * datagram.  A few datagrams fill its queue, so what it does not take at once
 * waits in a buffer.
 */
#ifndef LOGSOCK_H
#define LOGSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/outcome.h"

struct logsock;

struct logsock *logsock_new(record_outcome *outcome); /* NULL without memory */
void logsock_free(struct logsock *l);

/*
 * The connected socket, owned from here on; it gets what waited for the one
 * before.  -1: its reader is away, and what waited for it is lost.
 */
void logsock_set_fd(struct logsock *l, int fd);
bool logsock_is_connected(const struct logsock *l);

enum logsock_result { LOGSOCK_SENT, LOGSOCK_KEPT, LOGSOCK_LOST };

/*
 * Sends a record, or keeps it for later, when its owner is told what became of
 * it.  Without an owner, which is NULL, nobody is.
 */
enum logsock_result logsock_send(struct logsock *l, const uint8_t *rec,
    size_t len, void *owner);

/* Sends what waits, as far as the reader takes it. */
void logsock_flush(struct logsock *l);

/* The descriptor that becomes writable when its reader takes more, or -1. */
int logsock_blocked_on(const struct logsock *l);

/* Records that were sent, and those that nobody took. */
uint64_t logsock_sent(const struct logsock *l);
uint64_t logsock_lost(const struct logsock *l);

#endif
