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
 * Opens the sockets on which the collectors receive datagrams.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "config/config.h"

#define RCVBUF_WANTED (32U << 20) /* bytes; the default bufsize */
#define LISTEN_STRLEN \
	(ADDR_STRLEN + sizeof("[]:65535 interface ") + IF_NAMESIZE)

/* "192.0.2.1:2055" or "[2001:db8::1]:2055 interface eth0".  Returns buf. */
const char *listen_name(const struct conf_listen *conf,
    char buf[LISTEN_STRLEN]);

/* Whether the kernel can distribute datagrams over sockets by their sender. */
bool listen_can_divide(void);

/*
 * Opens n sockets that are bound to the same address, and sets the size of
 * their receive buffers.  beside: other sockets on overlapping addresses exist,
 * for which listen_share is turned on.  -1 with errno.
 */
int listen_open(const struct conf_listen *conf, bool beside, int *fds,
    uint32_t n);

/*
 * Turns SO_REUSEADDR on or off, so that another socket can or cannot be bound
 * to an overlapping address.
 */
void listen_share(int fd, const struct conf_listen *conf, bool share);

/*
 * The socket receives no more datagrams: the kernel delivers them to other
 * sockets on its address.  Those in its buffer can still be read.
 */
void listen_retire(int fd, const struct conf_listen *conf);

/* Sets the size of the receive buffers of n open sockets. */
void listen_set_buffer(const int *fds, uint32_t n,
    const struct conf_listen *conf);

/* Logs the listener, of which fd is one socket, with its receive buffer. */
void listen_report(int fd, const struct conf_listen *conf);

/*
 * Joins or leaves the group if it is of the listener's family.  Joining a group
 * twice is no error.  -1 with errno, which is ENODEV if the group's interface
 * does not exist.
 */
int listen_join(int fd, const struct conf_listen *conf,
    const struct conf_join *join);
void listen_leave(int fd, const struct conf_listen *conf,
    const struct conf_join *join);

/*
 * As listen_join, for a group whose interface had another index when it was
 * joined.
 */
int listen_rejoin(int fd, const struct conf_listen *conf,
    const struct conf_join *join, unsigned int old_index);

#endif
