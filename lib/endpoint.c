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

#include <string.h>

#include "errors.h"
#include "lib/endpoint.h"

int
endpoint_split(const char *text, struct endpoint *e)
{
	const char *colon = strrchr(text, ':');

	if (colon == NULL)
		return (FLOWD_EINVAL);
	e->host = text;
	e->host_len = (size_t)(colon - text);
	e->port = colon + 1;
	e->brackets = e->host_len >= 2 && text[0] == '[' && colon[-1] == ']';
	if (e->brackets) {
		e->host++;
		e->host_len -= 2;
	}
	return (0);
}

/* fe80::/10, and multicast of the scopes 1 and 2: RFC 4291, section 2. */
bool
endpoint_is_scoped(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;
	const uint8_t scope = b[1] & 0x0f;

	if (addr->family != ADDR_V6)
		return (false);
	if (b[0] == 0xff)
		return (scope == 1 || scope == 2);
	return (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

bool
endpoint_split_zone(struct endpoint *e, const char **zone, size_t *len)
{
	const char *percent;

	if (!e->brackets ||
	    (percent = memchr(e->host, '%', e->host_len)) == NULL)
		return (false);
	*zone = percent + 1;
	*len = e->host_len - (size_t)(*zone - e->host);
	e->host_len = (size_t)(percent - e->host);
	return (true);
}

int
endpoint_addr(const struct endpoint *e, struct addr *addr)
{
	char text[ADDR_STRLEN];

	if (e->host_len >= sizeof(text))
		return (FLOWD_EINVAL);
	memcpy(text, e->host, e->host_len);
	text[e->host_len] = '\0';
	if (addr_pton(text, addr) != 0 ||
	    (addr->family == ADDR_V6) != e->brackets)
		return (FLOWD_EINVAL);
	return (0);
}
