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

#include "compat/compat.h"

#include <netinet/in.h>
#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "errors.h"

#define V4_LEN    4 /* bytes */
#define V6_LEN    16
#define V6_GROUPS 8 /* of 16 bits */

struct addr
addr_v4(const uint8_t bytes[4])
{
	struct addr a = { .family = ADDR_V4 };

	memcpy(a.bytes, bytes, V4_LEN);
	return (a);
}

struct addr
addr_v6(const uint8_t bytes[16])
{
	struct addr a = { .family = ADDR_V6 };

	memcpy(a.bytes, bytes, V6_LEN);
	return (a);
}

unsigned int
addr_bits(uint32_t family)
{
	switch (family) {
	case ADDR_V4:
		return (V4_LEN * 8);
	case ADDR_V6:
		return (V6_LEN * 8);
	default:
		return (0);
	}
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return (a->family == b->family &&
	    memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0);
}

bool
addr_is_multicast(const struct addr *a)
{
	switch (a->family) {
	case ADDR_V4:
		return (a->bytes[0] >> 4 == 0xe);
	case ADDR_V6:
		return (a->bytes[0] == 0xff);
	default:
		return (false);
	}
}

bool
addr_is_any(const struct addr *a)
{
	static const uint8_t zero[sizeof(a->bytes)];

	return (a->family != ADDR_NONE &&
	    memcmp(a->bytes, zero, sizeof(zero)) == 0);
}

int
addr_pton(const char *text, struct addr *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, a->bytes) == 1)
		a->family = ADDR_V4;
	else if (inet_pton(AF_INET6, text, a->bytes) == 1)
		a->family = ADDR_V6;
	else {
		memset(a, 0, sizeof(*a));
		return (FLOWD_EINVAL);
	}
	return (0);
}

/* The put_ functions write text without a NUL, and return its end. */
static char *
put_u8(char *p, unsigned int v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return (p);
}

static char *
put_hex16(char *p, unsigned int v)
{
	static const char digits[] = "0123456789abcdef";

	if (v >= 0x1000)
		*p++ = digits[v >> 12];
	if (v >= 0x100)
		*p++ = digits[v >> 8 & 0xf];
	if (v >= 0x10)
		*p++ = digits[v >> 4 & 0xf];
	*p++ = digits[v & 0xf];
	return (p);
}

static char *
put_v4(char *p, const uint8_t *bytes)
{
	p = put_u8(p, bytes[0]);
	*p++ = '.';
	p = put_u8(p, bytes[1]);
	*p++ = '.';
	p = put_u8(p, bytes[2]);
	*p++ = '.';
	return (put_u8(p, bytes[3]));
}

/*
 * The longest run of at least two zero groups, the first of equals, which "::"
 * replaces (RFC 5952 section 4.2).  *len is 0 where there is none.
 */
static unsigned int
longest_zero_run(const unsigned int *group, unsigned int *len)
{
	unsigned int i, run = 0, best = 0;

	*len = 1;
	for (i = 0; i < V6_GROUPS; i++) {
		run = group[i] == 0 ? run + 1 : 0;
		if (run > *len) {
			*len = run;
			best = i + 1 - run;
		}
	}
	if (*len == 1)
		*len = 0;
	return (best);
}

static char *
put_v6(char *p, const uint8_t *bytes)
{
	unsigned int group[V6_GROUPS], i, zero, zeros;

	for (i = 0; i < V6_GROUPS; i++)
		group[i] = (unsigned int)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	zero = longest_zero_run(group, &zeros);
	for (i = 0; i < V6_GROUPS; i++) {
		if (zeros != 0 && i == zero) {
			*p++ = ':';
			*p++ = ':';
			i += zeros - 1;
			continue;
		}
		/*
		 * IPv4-compatible and IPv4-mapped addresses (RFC 4291 section
		 * 2.5.5) end in dotted decimal, as inet_ntop(3) shows them.
		 */
		if (i == 6 && zero == 0 &&
		    (zeros == 6 || (zeros == 5 && group[5] == 0xffff))) {
			if (zeros == 5)
				*p++ = ':';
			return (put_v4(p, bytes + 12));
		}
		if (i != 0 && !(zeros != 0 && i == zero + zeros))
			*p++ = ':';
		p = put_hex16(p, group[i]);
	}
	return (p);
}

char *
addr_put(char *p, const struct addr *a)
{
	switch (a->family) {
	case ADDR_V4:
		return (put_v4(p, a->bytes));
	case ADDR_V6:
		return (put_v6(p, a->bytes));
	default:
		return (p);
	}
}

const char *
addr_ntop(const struct addr *a, char buf[ADDR_STRLEN])
{
	*addr_put(buf, a) = '\0';
	return (buf);
}

bool
addr_host_bits_clear(const struct addr *a, unsigned int len)
{
	const unsigned int bytes = addr_bits(a->family) / 8;
	unsigned int i = len / 8;

	if (len % 8 != 0 && (a->bytes[i++] & 0xff >> len % 8) != 0)
		return (false);
	for (; i < bytes; i++) {
		if (a->bytes[i] != 0)
			return (false);
	}
	return (true);
}

int
prefix_pton(const char *text, struct prefix *p)
{
	const char *slash = strchr(text, '/'), *errstr;
	char buf[ADDR_STRLEN];
	const size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
	struct addr a;
	unsigned int len;

	memset(p, 0, sizeof(*p));
	if (n >= sizeof(buf))
		return (FLOWD_EINVAL);
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (addr_pton(buf, &a) != 0)
		return (FLOWD_EINVAL);
	len = addr_bits(a.family);
	if (slash != NULL) {
		/* Only digits: strtonum would accept spaces and a sign. */
		if (slash[1 + strspn(slash + 1, "0123456789")] != '\0')
			return (FLOWD_EINVAL);
		len = (unsigned int)strtonum(slash + 1, 0, len, &errstr);
		if (errstr != NULL)
			return (FLOWD_EINVAL);
	}
	if (!addr_host_bits_clear(&a, len))
		return (FLOWD_EHOSTBITS);
	p->addr = a;
	p->len = (uint8_t)len;
	return (0);
}

const char *
prefix_ntop(const struct prefix *p, char buf[PREFIX_STRLEN])
{
	char *end = addr_put(buf, &p->addr);

	*end++ = '/';
	*put_u8(end, p->len) = '\0';
	return (buf);
}

int
prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order;

	if (a->addr.family != b->addr.family)
		return (a->addr.family < b->addr.family ? -1 : 1);
	order = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
	return (order != 0 ? order : a->len - b->len);
}

bool
prefix_contains(const struct prefix *p, const struct addr *a)
{
	const unsigned int bytes = p->len / 8, bits = p->len % 8;

	if (a->family != p->addr.family ||
	    memcmp(a->bytes, p->addr.bytes, bytes) != 0)
		return (false);
	return (bits == 0 ||
	    (a->bytes[bytes] ^ p->addr.bytes[bytes]) >> (8 - bits) == 0);
}

socklen_t
addr_to_sockaddr(const struct addr *a, uint16_t port, uint32_t scope,
    struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	switch (a->family) {
	case ADDR_V4:
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->bytes, V4_LEN);
		return (sizeof(*in));
	case ADDR_V6:
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		in6->sin6_scope_id = scope;
		memcpy(&in6->sin6_addr, a->bytes, V6_LEN);
		return (sizeof(*in6));
	default:
		return (0);
	}
}

int
addr_from_sockaddr(const struct sockaddr *sa, struct addr *a, uint16_t *port)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	in_port_t net_port = 0;
	int error = 0;

	memset(a, 0, sizeof(*a));
	switch (sa->sa_family) {
	case AF_INET:
		a->family = ADDR_V4;
		memcpy(a->bytes, &in->sin_addr, V4_LEN);
		net_port = in->sin_port;
		break;
	case AF_INET6:
		a->family = ADDR_V6;
		memcpy(a->bytes, &in6->sin6_addr, V6_LEN);
		net_port = in6->sin6_port;
		break;
	default:
		error = FLOWD_EINVAL;
	}
	if (port != NULL)
		*port = ntohs(net_port);
	return (error);
}
