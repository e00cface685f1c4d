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
 * Sends a load at a given pace, with as few system calls as possible.
 */
#ifndef FLOW_TRANSMIT_H
#define FLOW_TRANSMIT_H

#include <netdb.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "send/flow-load.h"

struct transmit_how {
	const char *target; /* host:port, for messages */
	char host[NI_MAXHOST];
	const char *port;
	int family;         /* AF_UNSPEC, AF_INET or AF_INET6 */
	struct addr source; /* the first, or ADDR_NONE: any */
	size_t nsources;    /* at least 1 */
	uint64_t rate;      /* datagrams a second; 0: no limit */
	double speed;       /* factor of the recorded pace; 0: no limit */
	bool still;         /* all stamps have the time of gen */
};

struct transmitted {
	uint64_t datagrams, flows, octets;
	double seconds;
	int error; /* errno of an ICMP error, or 0 */
};

/*
 * Sends load until its end or until SIGINT or SIGTERM.  Stores an ICMP error in
 * sent; all other failures exit with a message.
 */
void transmit(const struct transmit_how *how, const struct load *load,
    struct transmitted *sent);

#endif
