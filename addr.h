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
 * IPv4 and IPv6 addresses and prefixes.
 */
#ifndef ADDR_H
#define ADDR_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the shared library exports this */

enum addr_family {
	ADDR_NONE = 0,
	ADDR_V4 = 4,
	ADDR_V6 = 6,
};

/*
 * An address in network order.  IPv4 uses the first 4 bytes.  The others are
 * zero, so that two addresses are equal if their structures are.
 */
struct addr {
	uint32_t family; /* enum addr_family */
	uint8_t bytes[16];
};

/* The bits of addr after the first len are zero. */
struct prefix {
	struct addr addr;
	uint8_t len; /* bits: 0-32 or 0-128 */
};

#define ADDR_STRLEN   46 /* longest text, with its NUL */
#define PREFIX_STRLEN 50

/* Returns the address with these bytes, which are in network order. */
struct addr addr_v4(const uint8_t bytes[4]);
struct addr addr_v6(const uint8_t bytes[16]);

/*
 * Returns the bits of an address of this family: 32, 128, or 0 for ADDR_NONE.
 */
unsigned int addr_bits(uint32_t family);

/* Addresses of different families differ; ADDR_NONE equals itself. */
bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_is_multicast(const struct addr *a); /* 224.0.0.0/4, ff00::/8 */
bool addr_is_any(const struct addr *a);       /* 0.0.0.0 or :: */

/* Returns whether all bits of a after the first len are zero. */
bool addr_host_bits_clear(const struct addr *a, unsigned int len);

/* Parses numeric text without brackets or scope.  FLOWD_EINVAL otherwise. */
int addr_pton(const char *text, struct addr *a);

/* Returns buf with the canonical text (RFC 5952 for IPv6), "" for ADDR_NONE. */
const char *addr_ntop(const struct addr *a, char buf[ADDR_STRLEN]);

/*
 * Writes the same text without the NUL to p, which has ADDR_STRLEN bytes.
 * Returns the end of the text.
 */
char *addr_put(char *p, const struct addr *a);

/*
 * Parses ADDR or ADDR/LEN; without LEN the prefix is one address.
 * FLOWD_EINVAL, or FLOWD_EHOSTBITS if bits after the first LEN are set.
 */
int prefix_pton(const char *text, struct prefix *p);

/* Formats ADDR/LEN, also if LEN is that of one address.  Returns buf. */
const char *prefix_ntop(const struct prefix *p, char buf[PREFIX_STRLEN]);

/*
 * Compares like strcmp: IPv4 first, then by address, then by length.  A prefix
 * therefore comes right before the prefixes inside it.
 */
int prefix_compare(const struct prefix *a, const struct prefix *b);

/* Returns false if the families differ. */
bool prefix_contains(const struct prefix *p, const struct addr *a);

/*
 * port is in host order.  scope is the interface index of a link-local IPv6
 * address, or 0.  Returns the number of bytes used of ss, 0 for ADDR_NONE.
 */
socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port, uint32_t scope,
    struct sockaddr_storage *ss);

/*
 * Returns FLOWD_EINVAL, and sets *a to ADDR_NONE, for a family other than
 * AF_INET and AF_INET6.  port is in host order, and may be NULL.
 */
int addr_from_sockaddr(const struct sockaddr *sa, struct addr *a,
    uint16_t *port);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
