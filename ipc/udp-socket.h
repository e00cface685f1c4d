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
 * Properties of a listening UDP socket that the monitor, which opens it, and
 * the collector, which reads it, both need.
 */
#ifndef UDP_SOCKET_H
#define UDP_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * The worker for an address follows from the sum of the address's 32-bit words:
 * times a secret, then the exclusive or with the result shifted, times
 * UDP_SPREAD, shifted again, modulo the number of workers.  So a network has all
 * workers, and a stranger cannot choose addresses that all have the same one.
 */
#define UDP_SPREAD       UINT32_C(0x9e3779b1)
#define UDP_MIX_SHIFT    15 /* bits */
#define UDP_SPREAD_SHIFT 16 /* bits */

/*
 * Chooses the secret, an odd number.  Processes that are started later inherit
 * it.  -1 with errno if the system has no random numbers.
 */
int udp_secret_init(void);
uint32_t udp_secret(void);

/*
 * The index, from 0 on, of the worker out of n whose socket receives datagrams
 * from this address.  Datagrams to a multicast group are an exception: worker
 * 0 receives them.
 */
uint32_t udp_worker(const struct addr *from, uint32_t n);

/* The receive buffer of a socket, in bytes; 0 with errno if it is unknown. */
size_t udp_buffer(int fd);

#endif
