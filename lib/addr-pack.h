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
 * Addresses in bytes between processes: the family, and 16 bytes.
 */
#ifndef ADDR_PACK_H
#define ADDR_PACK_H

#include <string.h>

#include "addr.h"
#include "lib/cursor.h"

static inline int
addr_pack(struct wcursor *w, const struct addr *addr)
{
	if (wcur_u8(w, (uint8_t)addr->family) != 0)
		return (FLOWD_ESPACE);
	return (wcur_bytes(w, addr->bytes, sizeof(addr->bytes)));
}

/* FLOWD_EINVAL for bytes that addr_pack does not write; it writes ADDR_NONE. */
static inline int
addr_unpack(struct cursor *c, struct addr *addr)
{
	uint8_t bytes[16], family;

	*addr = (struct addr){ .family = ADDR_NONE };
	if (cur_u8(c, &family) != 0 || cur_bytes(c, bytes, sizeof(bytes)) != 0)
		return (FLOWD_ESHORT);
	if (family == ADDR_V4)
		*addr = addr_v4(bytes);
	else if (family == ADDR_V6)
		*addr = addr_v6(bytes);
	else if (family != ADDR_NONE)
		return (FLOWD_EINVAL);
	/* addr_pack writes zeros after an IPv4 address. */
	return (
	    memcmp(addr->bytes, bytes, sizeof(bytes)) == 0 ? 0 : FLOWD_EINVAL);
}

#endif
