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
 * Receives datagrams in batches from the sockets that the monitor opened.
 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "ipc/batch.h"

/* A listening socket in the collector. */
struct listener {
	int fd;                /* -1: moved to the next configuration */
	uint32_t kernel_drops; /* the kernel's latest count; wraps */
	uint64_t number;       /* of its name; filter_listener_number */
	uint64_t datagrams;    /* received */
};

struct receiver;

/*
 * Receives into batch, which must outlive the receiver.  NULL if memory is
 * exhausted.
 */
struct receiver *receiver_new(struct batch *batch);

/*
 * Receives the datagrams that are queued, up to BATCH_MAX, without waiting.
 * Adds to *dropped the number of datagrams that the kernel dropped before them
 * because the receive buffer was full.  Returns the number of datagrams; 0 if
 * none is queued; -1 with errno.
 */
int receiver_batch(struct receiver *r, struct listener *listener,
    uint64_t *dropped);

/*
 * Adds to *dropped the datagrams that the kernel has dropped up to now, if the
 * kernel can be asked (Linux 4.12).  receiver_batch learns of drops only with
 * the next datagram.
 */
void listener_drops(struct listener *listener, uint64_t *dropped);

/*
 * Whether the interface to which the socket is bound has been removed; false if
 * the system cannot tell (it can on Linux).
 */
bool listener_lost_interface(const struct listener *listener);

/* The time at which the latest batch was received. */
const struct timespec *receiver_time(const struct receiver *r);

/*
 * Begins datagram i of the latest batch and sets *out, whose data is valid
 * until the next batch.  If the collector dies before the next call of one of
 * these two functions, the monitor regards this datagram as the cause.
 */
void receiver_begin(struct receiver *r, int i, struct batch_datagram *out);
void receiver_end(struct receiver *r); /* the whole batch is processed */

#endif
