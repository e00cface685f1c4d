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
 * HOST:PORT as text.  An IPv6 address is in brackets.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

/* Parts of the text that was split; host is not terminated. */
struct endpoint {
	const char *host; /* without its brackets */
	size_t host_len;
	bool brackets;
	const char *port;
};

/*
 * Splits text at its last colon.  Checks neither part: either may be empty,
 * and a host without brackets may contain colons.  FLOWD_EINVAL without a
 * colon.
 */
int endpoint_split(const char *text, struct endpoint *e)
    __attribute__((warn_unused_result));

/* Whether the address exists once on each interface: it is link-local. */
bool endpoint_is_scoped(const struct addr *addr);

/*
 * Splits the zone from a host in brackets, as in [fe80::1%eth0] (RFC 4007,
 * section 11).  *zone, which is not terminated, has *len bytes.  False if there
 * is none.
 */
bool endpoint_split_zone(struct endpoint *e, const char **zone, size_t *len);

/*
 * Parses the host: an IPv4 address, or an IPv6 address in brackets.
 * FLOWD_EINVAL for anything else.
 */
int endpoint_addr(const struct endpoint *e, struct addr *addr)
    __attribute__((warn_unused_result));

#endif
