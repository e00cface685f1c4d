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
 * Sockets that datagrams come from: opened by the monitor, read by the
 * collector in batches.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "ipc/batch.h"
#include "config/config.h"

#define RCVBUF_WANTED (32U << 20) /* bytes, without a bufsize */
#define LISTEN_STRLEN \
	(ADDR_STRLEN + sizeof("[]:65535 interface ") + IF_NAMESIZE)

/* "192.0.2.1:2055" or "[2001:db8::1]:2055 interface eth0".  Returns buf. */
const char *listen_name(const struct conf_listen *conf,
    char buf[LISTEN_STRLEN]);

/* Whether several sockets can divide datagrams by their senders. */
bool listen_can_divide(void);

/*
 * Which of n sockets that were opened together gets the datagrams from this
 * address, unless they were sent to a multicast group: these the first gets.
 */
uint32_t listen_worker(const struct addr *from, uint32_t n);

/*
 * Opens n sockets that are bound to the same address, with their receive
 * buffers set.  -1 after a message.  Says what buffer the system gave.  Beside
 * sockets that are shared at that moment they may have addresses in common with
 * them.
 */
int listen_open(const struct conf_listen *conf, bool beside, int *fds,
    uint32_t n);

void listen_share(int fd, const struct conf_listen *conf, bool share);

/*
 * The socket gets no more datagrams, which go to others that have its address.
 * Those that it has got can be read.
 */
void listen_retire(int fd, const struct conf_listen *conf);

/* The receive buffer that a socket has, in bytes; 0 if that cannot be told. */
size_t listen_buffer(int fd);

/* Sets the receive buffers of n sockets that are open already. */
void listen_set_buffer(const int *fds, uint32_t n,
    const struct conf_listen *conf);

/*
 * Joins or leaves the group where it is of the listener's family.  To join
 * what was joined before is no error; -1 after a message.
 */
int listen_join(int fd, const struct conf_listen *conf,
    const struct conf_join *join);
void listen_leave(int fd, const struct conf_listen *conf,
    const struct conf_join *join);

/* A socket as the collector has it. */
struct listener {
	int fd;
	uint32_t kernel_drops; /* as last told by the kernel, wraps */
};

struct receiver;

/*
 * Receives into batch, which has to live as long.  NULL without memory.
 */
struct receiver *receiver_new(struct batch *batch);

/*
 * Takes up to BATCH_MAX datagrams that are there, and adds to *dropped
 * what the kernel dropped before them for want of buffer.  Returns their
 * number; 0 when there are none; -1 with errno.
 */
int receiver_batch(struct receiver *r, struct listener *listener,
    uint64_t *dropped);

/*
 * Adds to *dropped what the kernel dropped up to now, where it can be asked
 * (Linux 4.12): receiver_batch is told of drops only by datagrams that come
 * after them.
 */
void listener_drops(struct listener *listener, uint64_t *dropped);

/* When the latest batch was received. */
const struct timespec *receiver_time(const struct receiver *r);

/*
 * Datagram i of the latest batch, which is in hand from here on, until the
 * next one, or the end of the batch.
 */
void receiver_take(struct receiver *r, int i, struct batch_datagram *out);
void receiver_end(struct receiver *r);

#endif
