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
 * The listening sockets of a collector.  Reads their datagrams in batches and
 * passes each to the intake.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/intake.h"
#include "collector/receive.h"
#include "ipc/batch.h"

struct sockets;

/* Both must outlive the sockets.  NULL if memory is exhausted. */
struct sockets *sockets_new(struct batch *batch, struct intake *intake);

/*
 * Replaces the listeners by n others.  Takes ownership of the array, which was
 * allocated, and of its descriptors.  Processes everything that is queued in
 * the former sockets, and closes them.  Returns the smallest receive buffer of
 * the new ones, in bytes.
 */
size_t sockets_replace(struct sockets *s, struct listener *listeners, size_t n);

/*
 * Moves listener i to *out; the caller owns its descriptor.  -1 if there is no
 * such listener, or it was moved before.
 */
int sockets_move(struct sockets *s, size_t i, struct listener *out);

/*
 * Replaces the socket of listener i by fd, which it then owns, as
 * sockets_replace does.  *smallest is then the smallest receive buffer.  -1 if
 * there is no such listener.
 */
int sockets_renew(struct sockets *s, size_t i, int fd, size_t *smallest);

/* Processes the datagrams that a former collector left in the batch. */
void sockets_resume(struct sockets *s);

size_t sockets_count(const struct sockets *s);

/* The datagrams that listener i, below sockets_count(), has received. */
uint64_t sockets_received(const struct sockets *s, size_t i);

/* Whether its interface has been removed: listener_lost_interface. */
bool sockets_lost_interface(const struct sockets *s, size_t i);

/* Sets sockets_npollfds() elements, for input. */
size_t sockets_npollfds(const struct sockets *s);
void sockets_pollfds(const struct sockets *s, struct pollfd *pfds);

/*
 * Processes datagrams of the sockets with events, a limited number of each, so
 * that all sockets are served.  Adds their number to *n.  True if there may be
 * more.
 */
bool sockets_read(struct sockets *s, const struct pollfd *pfds, size_t *n);

/*
 * Processes all datagrams that are queued now.  Ends even if a sender does not
 * pause: a queue holds no more octets than its socket's buffer.
 */
void sockets_drain(struct sockets *s);

/* Datagrams that the kernel has dropped because a buffer was full. */
uint64_t sockets_dropped(struct sockets *s);

#endif
